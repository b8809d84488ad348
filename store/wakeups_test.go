package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

func TestWakesComeBeforeStartsAndStartsArePaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	woken := w.enrollment("ada", key)
	w.step(woken, journey.CauseStart)
	var many []journey.Event
	for i := range 30 {
		many = append(many, w.event(fmt.Sprint("u", i), "Signed Up", nil))
	}
	w.accept(append(many, w.event("ada", "Order Completed", nil))...)
	w.apply()

	s := w.open(store.Options{StartsPace: 10})
	got, err := s.LeaseWakeups(t.Context(), 100, time.Minute)
	require.NoError(t, err)
	require.Len(t, got, 11)
	assert.Equal(t, woken, got[0].EnrollmentID)
	assert.Equal(t, "Win back", got[0].JourneyName)
	assert.False(t, got[0].Start)
	assert.Equal(t, int64(1), got[0].Seq)
	assert.True(t, got[1].Start)

	seen := map[string]bool{}
	for range 3 {
		more, err := s.LeaseWakeups(t.Context(), 100, time.Minute)
		require.NoError(t, err)
		for _, up := range more {
			assert.False(t, seen[up.EnrollmentID], "leased once")
			seen[up.EnrollmentID] = true
		}
	}
	assert.Len(t, seen, 20)
}

// A wake-up that led to nothing comes back when its lease is over, each time later.
func TestALeaseEndsAndGrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	w.track("ada", "Signed Up", nil)
	for try, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		got, err := w.LeaseWakeups(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Equal(t, try, got[0].Tries)
		w.wall.pass(wait - time.Second)
		got, err = w.LeaseWakeups(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		require.Empty(t, got)
		w.wall.pass(time.Second)
	}
}

func TestInactiveCustomersEnterOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: quiet", "name: Quiet", "topic: offers",
		"enter: { when: { inactive: { event: Order Completed, for: 60d } }, if: { attribute: orders_count, gte: 2 } }",
		"reentry: { after: 180d }", "exit: [ { event: Order Completed, as: won-back } ]", "steps:", "  - send: we-miss-you", "  - wait: 5d"))
	for _, u := range []string{"ada", "bo"} {
		w.identify(u, nil)
		w.track(u, "Order Completed", nil)
	}
	w.track("ada", "Order Completed", nil)
	scan := func() int {
		n, err := w.ScanInactive(t.Context(), 1)
		require.NoError(t, err)
		return n
	}
	w.wall.pass(59 * 24 * time.Hour)
	assert.Zero(t, scan())
	w.wall.pass(24 * time.Hour)
	assert.Equal(t, 1, scan(), "who has ordered twice")
	assert.Zero(t, scan())
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	w.track("ada", "Order Completed", nil)
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	w.wall.pass(61 * 24 * time.Hour)
	assert.Zero(t, scan(), "not so soon again")
	w.wall.pass(120 * 24 * time.Hour)
	assert.Equal(t, 1, scan())
	w.exec(`UPDATE customers SET attributes = attributes || '{"orders_count": 2}' WHERE external_id = 'bo'`)
	assert.Equal(t, 1, scan(), "the condition holds by now")
}

func TestEnrollByAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: gift", "name: Gift", "topic: offers", "enter: { when: api, if: { attribute: tier, eq: top } }",
		"reentry: { per: order_id }", "steps:", "  - send: gift", "  - wait: 1d"))
	w.identify("ada", map[string]any{"tier": "low"})
	ask := journey.EnrollRequest{JourneyKey: key, CustomerID: "user:ada", Properties: map[string]any{"order_id": 7.0}}
	got, err := w.Enroll(t.Context(), ask)
	require.NoError(t, err)
	assert.Equal(t, journey.Enrolled{Reason: journey.NoEntryFilter}, got)
	w.identify("ada", map[string]any{"tier": "top"})
	first, err := w.Enroll(t.Context(), ask)
	require.NoError(t, err)
	require.NotEmpty(t, first.EnrollmentID)
	again, err := w.Enroll(t.Context(), ask)
	require.NoError(t, err)
	assert.Equal(t, journey.Enrolled{EnrollmentID: first.EnrollmentID, Existing: true, Reason: journey.NoEntryActive}, again)

	ask.CustomerID = "user:nobody"
	_, err = w.Enroll(t.Context(), ask)
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
	ask.CustomerID, ask.JourneyKey = "user:ada", "none"
	_, err = w.Enroll(t.Context(), ask)
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
	w.exec(`UPDATE journeys SET state = 'archived'`)
	ask.JourneyKey = key
	_, err = w.Enroll(t.Context(), ask)
	assert.Equal(t, journey.CodeConflict, journey.CodeOf(err))
}

func TestAJourneyStartsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.publish(yaml("journey: gift", "name: Gift", "topic: offers", "enter: { when: api, if: { attribute: tier, eq: top } }",
		"reentry: never", "steps:", "  - send: gift", "  - wait: 1d"))
	key := w.publish(yaml("journey: first", "name: First", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
		"  - set: { tier: top }", "  - start: gift", "  - start: { journey: gift }", "  - wait: 1d"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	assert.Equal(t, 1, w.wakeups(w.enrollment("ada", other)))
	assert.Equal(t, "active", one[string](w, `SELECT detail->>'reason' FROM step_log WHERE what = 'not_started'`))
	c, err := w.Customer(t.Context(), "user:ada")
	require.NoError(t, err)
	assert.Equal(t, "top", c.Attributes["tier"])
}
