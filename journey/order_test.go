package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheStagesOfALife(t *testing.T) {
	t.Parallel()
	last := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	bought := func(orders float64) map[string]any {
		return map[string]any{AttributeOrdersCount: orders, AttributeLastOrderAt: "2030-01-01T12:00:00Z"}
	}
	for _, c := range []struct {
		attributes map[string]any
		days       int
		stage      string
		until      time.Time
	}{
		{nil, 0, StageProspect, time.Time{}},
		{bought(0), 0, StageProspect, time.Time{}},
		{map[string]any{AttributeOrdersCount: 2.0}, 0, "", time.Time{}},
		{bought(1), 0, StageNew, last.Add(30 * Day)},
		{bought(1), 30, StageActive, last.Add(90 * Day)},
		{bought(2), 0, StageActive, last.Add(90 * Day)},
		{bought(2), 90, StageAtRisk, last.Add(180 * Day)},
		{bought(9), 179, StageAtRisk, last.Add(180 * Day)},
		{bought(9), 180, StageLapsed, time.Time{}},
	} {
		stage, until := Lifecycle(c.attributes, last.Add(time.Duration(c.days)*Day))
		assert.Equal(t, c.stage, stage, "%v after %d days", c.attributes, c.days)
		assert.Equal(t, c.until, until, "%v after %d days", c.attributes, c.days)
	}
}

// What two knew of one order counts once when they become one customer.
func TestMergedOrdersCountOnce(t *testing.T) {
	t.Parallel()
	order := Order{Completed: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC), Total: 30}
	she := func(count, spent float64, orders map[string]Order) Customer {
		return Customer{Attributes: map[string]any{AttributeOrdersCount: count, AttributeTotalSpent: spent}, Orders: orders}
	}
	both := MergeProfiles(she(2, 50, map[string]Order{"1": order}), she(1, 30, map[string]Order{"1": order}))
	assert.Equal(t, map[string]any{AttributeOrdersCount: 2.0, AttributeTotalSpent: 50.0}, both.Attributes)

	cancelled := MergeProfiles(she(2, 50, map[string]Order{"1": order}), Customer{Orders: map[string]Order{"1": {Void: true}}})
	assert.Equal(t, map[string]any{AttributeOrdersCount: 1.0, AttributeTotalSpent: 20.0}, cancelled.Attributes)
}
