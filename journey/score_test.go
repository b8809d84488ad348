package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestScores(t *testing.T) {
	t.Parallel()
	b := ScoreBounds{Recency: []string{"30d", "60d", "120d", "365d"}, Frequency: []float64{2, 3, 5, 10}, Monetary: []float64{50, 150, 400, 1000}}
	assert.Empty(t, b.Check())
	at := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	her := func(ago time.Duration, orders, spent any) map[string]any {
		return map[string]any{AttributeOrdersCount: orders, AttributeTotalSpent: spent, AttributeLastOrderAt: at.Add(-ago).Format(time.RFC3339Nano)}
	}
	for _, one := range []struct {
		attributes map[string]any
		rfm        string
		until      time.Duration
	}{
		{her(0, int64(1), 49.99), "511", 30 * Day},
		{her(30*Day, 2.0, int64(50)), "422", 30 * Day},
		{her(119*Day, int64(4), 399.0), "333", Day},
		{her(364*Day, int64(10), int64(1000)), "255", Day},
		{her(900*Day, int64(5), int64(400)), "144", 0},
	} {
		a := one.attributes
		_, until := b.Score(a, at)
		if one.until == 0 {
			assert.Zero(t, until, one.rfm)
		} else {
			assert.Equal(t, at.Add(one.until), until, one.rfm)
		}
		assert.True(t, b.Due(a, at))
		assert.Equal(t, ScoreAttributes(), b.Apply(a, at))
		assert.Equal(t, one.rfm, a[AttributeRFM])
		a[AttributeRecency] = int64(a[AttributeRecency].(float64)) //nolint:errcheck // as Postgres may give it back
		assert.False(t, b.Due(a, at))
		assert.Empty(t, b.Apply(a, at), "the same again changes nothing")
		a[AttributeOrdersCount] = int64(0)
		assert.Len(t, b.Apply(a, at), 4, "who has no order that stands has no score")
		assert.NotContains(t, a, AttributeRFM)
	}
	assert.Empty(t, b.Apply(map[string]any{AttributeOrdersCount: int64(1)}, at))
	assert.Len(t, ScoreBounds{Recency: []string{"30d", "30d", "x"}, Frequency: []float64{0, 1, 2, 3}, Monetary: []float64{3, 2, 1}}.Check(), 7)
}
