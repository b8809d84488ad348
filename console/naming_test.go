package console

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestAKeyIsMadeOfAName(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"Good customers": "good-customers", "  Été 2030: les fidèles!": "ete-2030-les-fideles", "a -- b": "a-b", "日本": "", "": "",
	} {
		assert.Equal(t, key, keyOf(name), name)
	}
	assert.Len(t, keyOf(strings.Repeat("a", 300)), mostKey)
}

// A month without a row stands between its neighbours, and one month alone is not the whole chart.
func TestAChartLeavesNoPeriodOut(t *testing.T) {
	t.Parallel()
	month := func(year int, m time.Month) journey.Date {
		return journey.Date(time.Date(year, m, 1, 0, 0, 0, 0, time.UTC))
	}
	assert.Equal(t, []journey.Date{month(2029, 10), month(2029, 11), month(2029, 12), month(2030, 1), month(2030, 2), month(2030, 3)},
		spanned(journey.ByMonth, []journey.Date{month(2030, 3), month(2029, 12)}))
	assert.Len(t, spanned(journey.ByQuarter, []journey.Date{month(2030, 1)}), leastPeriods)
	assert.Len(t, spanned(journey.ByMonth, []journey.Date{month(2029, 1), month(2030, 1)}), 13)
	assert.Empty(t, spanned(journey.ByMonth, nil))
}

func TestCodeInASentence(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "step <code>a&lt;b</code> waits", string(coded("step `a<b` waits")))
	assert.Equal(t, "one ` alone", string(coded("one ` alone")))
}

func TestAFormThatWasWrongStandsOpen(t *testing.T) {
	t.Parallel()
	wrong := frame{Path: "/customers/cus_1/address", Fault: &journey.Fault{}}
	assert.Equal(t, " open", string(wrong.Opens("/customers/", "cus_1", "/address")))
	assert.Empty(t, wrong.Opens("/customers/cus_1/topics"))
	assert.Empty(t, frame{Path: "/customers/cus_1/address"}.Opens("/customers/cus_1/address"), "nothing was wrong")
}
