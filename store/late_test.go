package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// An order that is reported late counts from when it was placed, and one that is older still takes nothing back.
func TestInactivityIsCountedFromWhenTheLastOrderWasPlaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: quiet", "name: Quiet", "topic: offers", "enter: { when: { inactive: { event: Order Completed, for: 60d } } }",
		"reentry: never", "steps:", "  - wait: 5d"))
	w.identify("ada", nil)
	w.track("ada", "Order Completed", nil)
	day := 24 * time.Hour
	w.wall.pass(59 * day)
	for _, ago := range []time.Duration{20 * day, 25 * day} {
		late := w.event("ada", "Order Completed", nil)
		late.At = w.wall.now().Add(-ago)
		w.accept(late)
		w.apply()
	}
	scan := func() int {
		n, err := w.ScanInactive(t.Context(), 100)
		require.NoError(t, err)
		return n
	}
	w.wall.pass(2 * day)
	assert.Zero(t, scan(), "61 days after the first, 22 after the last")
	w.wall.pass(37 * day)
	assert.Zero(t, scan(), "59 days")
	w.wall.pass(2 * day)
	assert.Equal(t, 1, scan())
}

// Who moves to another zone while she waits for a local time is woken, and the wait ends at that time where she is now.
func TestAnotherZoneMovesAWait(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{"Asia/Tokyo": "2030-05-07T00:30:00Z", "America/New_York": "2030-05-07T13:30:00Z"} {
		w := newWorld(t)
		w.publish(yaml("journey: morning", "name: Morning", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
			`  - wait: { at: "09:30", day: tue }`, "  - send: hello"))
		w.identify("ada", map[string]any{"timezone": "Europe/Vienna"})
		w.track("ada", "Signed Up", nil)
		id := w.enrollment("ada", "morning")
		first := w.step(id, journey.CauseStart)
		require.NotNil(t, first.At)
		assert.Equal(t, "2030-05-07T07:30:00Z", first.At.UTC().Format(time.RFC3339))
		w.exec(`DELETE FROM wakeups`)
		w.identify("ada", map[string]any{"timezone": zone})
		require.Equal(t, 1, w.wakeups(id), zone)
		moved := w.step(id, journey.CauseWake)
		require.NotNil(t, moved.At)
		assert.Equal(t, want, moved.At.UTC().Format(time.RFC3339), zone)
	}
}
