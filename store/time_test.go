package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

const fiveDays = `
journey: five-days
name: Five days, twice
topic: transactional
enter: { when: { event: Signed Up } }
reentry: always
steps:
  - wait: 5d
  - send: hello
  - id: again
    wait: 5d
  - send: hello-again
`

// Rule 7: a timer that is on time decides at its promised moment, however short the road to Postgres; one that nobody heard in
// time decides by the clock; one that comes too soon waits on.
func TestADecisionIsMadeAtTheMomentThatWasPromised(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late  time.Duration // of the timer
		moves bool
		from  time.Duration // after the promised moment: where the next wait begins
	}{
		"on time":             {0, true, 0},
		"a moment late":       {2 * time.Second, true, 0},
		"by a clock ahead":    {-50 * time.Millisecond, true, 0},
		"long after":          {time.Hour, true, time.Hour},
		"before product time": {-time.Minute, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.publish(fiveDays)
			w.identify("ada", nil)
			w.track("ada", "Signed Up", nil)
			id := w.enrollment("ada", key)
			first := w.step(id, journey.CauseStart)
			promised := *first.At

			w.wall.pass(promised.Sub(w.wall.now()) + c.late)
			next := w.step(id, journey.CauseTimer)
			require.NotNil(t, next.At)
			if !c.moves {
				assert.Equal(t, promised, *next.At, "it waits for the same moment")
				return
			}
			assert.Equal(t, promised.Add(c.from+5*24*time.Hour), *next.At)
		})
	}
}

// At a speed other than 1 product time stands still while nobody says that everything is there, in the process and between two.
func TestDaysThatNobodyLivedAreNotSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := 24 * time.Hour
	s := w.open(store.Options{Speed: 86400, Standstill: true})
	opened := s.Clock().Now()
	w.wall.pass(10 * time.Second)
	assert.Equal(t, opened, s.Clock().Now(), "nobody has said that everything is there")

	require.NoError(t, s.SeeTime(t.Context(), 2*time.Second))
	w.wall.pass(time.Second)
	assert.Equal(t, opened.Add(day), s.Clock().Now())
	w.wall.pass(time.Minute)
	assert.Equal(t, opened.Add(2*day), s.Clock().Now(), "it stands where it was last seen")

	again := w.open(store.Options{Speed: 86400, Standstill: true})
	assert.Equal(t, opened.Add(2*day), again.Clock().Now(), "and goes on from there in the next process")
	require.NoError(t, again.SeeTime(t.Context(), 5*time.Second))
	w.wall.pass(3 * time.Second)
	assert.Equal(t, opened.Add(5*day), again.Clock().Now())
}
