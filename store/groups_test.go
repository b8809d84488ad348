package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestOneJourneyOfAGroupAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for key, priority := range map[string]string{"low": "1", "high": "2", "peer": "2"} {
		w.publish(yaml("journey: "+key, "name: N", "topic: offers", "group: g", "priority: "+priority,
			"enter: { when: { event: "+key+" } }", "reentry: never", "steps: [ { wait: 5d } ]"))
	}
	w.identify("ada", nil)
	w.track("ada", "low", nil)
	low := w.enrollment("ada", "low")
	w.step(low, journey.CauseStart)
	w.accept(w.event("ada", "high", nil), w.event("ada", "peer", nil), w.event("ada", "low", nil))
	w.apply()
	assert.Equal(t, journey.PlanDone, w.step(low, journey.CauseWake).Kind)
	assert.Equal(t, "replaced", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, low))
	assert.NotEmpty(t, w.enrollment("ada", "high"))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM enrollments WHERE journey_key = 'peer'`), "the one that is in stays, where neither is higher")
	assert.Equal(t, "group", one[string](w, `SELECT outcome->'ignored'->0->>'reason' FROM events WHERE name = 'peer'`))
}

func TestCapsCountTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := func(key, over string) string {
		return yaml("journey: "+key, "name: N", "topic: offers", "enter: { when: { event: "+key+" } }", "reentry: always",
			"steps: [ { send: "+key+" }, { wait: 1d } ]")
	}
	w.publish(source("one", "drop"))
	w.publish(source("two", "drop"))
	w.exec(`INSERT INTO topics (key, name, cap) VALUES ('offers', 'Offers', $1)`, journey.Cap{Messages: 1, Per: journey.Day, Over: journey.OverDrop})
	w.identify("ada", nil)
	w.track("ada", "one", nil)
	w.step(w.enrollment("ada", "one"), journey.CauseStart)
	w.track("ada", "two", nil)
	two := w.enrollment("ada", "two")
	w.step(two, journey.CauseStart)
	require.Equal(t, "one", one[string](w, `SELECT string_agg(template, ' ') FROM messages`))
	assert.Equal(t, "entered not_sent wait", w.log(two))
}
