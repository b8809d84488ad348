package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const lots = head + `
goal: { event: Bought }
steps:
  - split:
      variants:
        - { name: a, share: 50, then: [ { send: { message: x, subjects: { one: "1", two: "2", three: "3" }, winner: { by: clicked, after: 1d, min: 5 } } } ] }
        - { name: b, share: 50, then: [ { send: y } ] }
      winner: { by: goal, after: 14d, min: 100 }
`

// Undecided, everybody is drawn, each always the same way; decided, the rest go the winning way.
func TestTheRestGoTheWinningWay(t *testing.T) {
	t.Parallel()
	ways, subjects := map[string]int{}, map[string]int{}
	for i := range 400 {
		s := tell(t, lots)
		s.facts.Customer.ID = fmt.Sprintf("cus_%d", i)
		s.advance()
		require.Len(t, s.out.Effects.Draws, 1)
		draw := s.out.Effects.Draws[0]
		assert.Equal(t, s.def.Contests()[0].Hash, draw.Contest)
		ways[draw.Variant]++
		if m := s.queued[0]; m.Template == "x" {
			assert.Equal(t, s.def.Contests()[1].Hash, m.Contest)
			subjects[m.Variant]++
		} else {
			assert.Empty(t, m.Variant)
		}

		again := tell(t, lots)
		again.facts.Customer.ID = s.facts.Customer.ID
		again.facts.Winners = map[string]string{"split-a": "a", "x": "two"}
		again.advance()
		assert.Equal(t, "two", again.queued[0].Variant)
		assert.Equal(t, "a", again.out.Effects.Draws[0].Variant)
	}
	assert.InDelta(t, 200, ways["a"], 40)
	assert.InDelta(t, 200, ways["b"], 40)
	assert.Len(t, subjects, 3)
	for _, n := range subjects {
		assert.InDelta(t, 67, n, 30)
	}

	gone := tell(t, lots)
	gone.facts.Winners = map[string]string{"split-a": "c"}
	assert.Contains(t, []string{"a", "b"}, gone.advance().out.Effects.Draws[0].Variant, "what has won and is gone is not taken")
}

func TestDecide(t *testing.T) {
	t.Parallel()
	c := Contest{Variants: []string{"a", "b"}, Winner: &Winner{By: MetricGoal, After: 14 * Day, Min: 10}}
	begin := monday()
	for name, x := range map[string]struct {
		tallies []Tally
		after   int
		won     string
	}{
		"too early":           {[]Tally{{"a", 20, 5, 0}, {"b", 20, 2, 9}}, 13, ""},
		"one has too few":     {[]Tally{{"a", 20, 5, 0}, {"b", 9, 2, 9}}, 99, ""},
		"one has had nobody":  {[]Tally{{"a", 20, 5, 0}}, 14, ""},
		"the larger share":    {[]Tally{{"a", 40, 9, 0}, {"b", 10, 3, 0}}, 14, "b"},
		"by the metric":       {[]Tally{{"a", 20, 5, 0}, {"b", 20, 2, 9}}, 14, "a"},
		"equal shares":        {[]Tally{{"a", 20, 4, 0}, {"b", 10, 2, 0}}, 14, ""},
		"nobody reached it":   {[]Tally{{"a", 20, 0, 4}, {"b", 10, 0, 2}}, 400, ""},
		"a variant of before": {[]Tally{{"a", 20, 4, 0}, {"b", 10, 1, 0}, {"c", 90, 90, 0}}, 14, "a"},
	} {
		won, decided := c.Decide(x.tallies, begin, begin.Add(time.Duration(x.after)*Day))
		assert.Equal(t, x.won, won, name)
		assert.Equal(t, x.won != "", decided, name)
	}
	three := Contest{Variants: []string{"a", "b", "c"}, Winner: &Winner{By: MetricClicked, After: Day, Min: 1}}
	won, _ := three.Decide([]Tally{{"a", 3, 0, 1}, {"b", 3, 0, 1}, {"c", 2, 0, 1}}, begin, begin.Add(Day))
	assert.Equal(t, "c", won, "a tie among the worse is none")
}

// The hash says what makes variants the same: names, subjects and the metric; not shares, order of time, or what the arms do.
func TestContestsGoOnThroughVersions(t *testing.T) {
	t.Parallel()
	hash := func(steps string) string {
		return parsed(t, minimal+"goal: { event: X }\nsteps: [ "+steps+", { wait: 1d } ]\n").Contests()[0].Hash
	}
	base := hash(`{ split: { variants: [ { name: a, share: 50, then: [ { send: x } ] }, { name: b, share: 50, then: [ { send: y } ] } ], winner: { by: goal, after: 1d, min: 5 } } }`)
	assert.Equal(t, base, hash(`{ split: { variants: [ { name: a, share: 10, then: [ { send: z } ] }, { name: b, share: 90, then: [ { send: y } ] } ], winner: { by: goal, after: 9d, min: 7 } } }`))
	assert.NotEqual(t, base, hash(`{ split: { variants: [ { name: a, share: 50, then: [ { send: x } ] }, { name: c, share: 50, then: [ { send: y } ] } ], winner: { by: goal, after: 1d, min: 5 } } }`))
	assert.NotEqual(t, base, hash(`{ split: { variants: [ { name: a, share: 50, then: [ { send: x } ] }, { name: b, share: 50, then: [ { send: y } ] } ], winner: { by: clicked, after: 1d, min: 5 } } }`))
	assert.NotEqual(t, hash(`{ send: { message: m, subjects: { a: "A", b: "B" } } }`), hash(`{ send: { message: m, subjects: { a: "A", b: "C" } } }`))
}
