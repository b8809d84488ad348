package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// What a colleague's group event says of the account ends a wait on it at once.
func TestAccountAttributeWakesWhoWaitsOnIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: upgrade", "name: Upgrade", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
		"  - wait_for: { any: [ { if: { account: plan, eq: pro }, then: [ { exit: upgraded } ] } ], timeout: { after: 30d, then: [ { exit: late } ] } }"))
	group := func(user, plan string) {
		w.accept(journey.Event{Kind: journey.KindGroup, UserID: user, MessageID: w.id(),
			Properties: map[string]any{"group_id": "acme", "traits": map[string]any{"plan": plan}}})
		w.apply()
	}
	w.identify("ada", nil)
	w.identify("bo", nil)
	group("ada", "free")
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "upgrade")
	require.Equal(t, journey.PlanWait, w.step(id, journey.CauseStart).Kind)
	w.exec(`DELETE FROM wakeups`)
	group("bo", "pro")
	require.Equal(t, 1, w.wakeups(id), "she is woken")
	require.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	require.Equal(t, "upgraded", one[string](w, `SELECT reason FROM enrollments`))
}
