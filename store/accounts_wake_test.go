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

// What support says of an account wakes whoever waits on it, and a send goes to whom support has given the role.
func TestWhatSupportSaysOfAnAccountHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := journey.Actor{ID: "key_support", Role: journey.RoleSupport}
	w.publish(yaml("journey: upgrade", "name: Upgrade", "topic: transactional", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
		"  - wait_for: { any: [ { if: { account: plan, eq: pro }, then: [ { send: { message: bill, to: { account: finance } } } ] } ], timeout: { after: 30d, then: [ { exit: late } ] } }"))
	for _, user := range []string{"ada", "bo"} {
		w.identify(user, map[string]any{"email": user + "@example.com"})
		w.accept(journey.Event{Kind: journey.KindGroup, UserID: user, MessageID: w.id(), Properties: map[string]any{"group_id": "acme"}})
		w.apply()
	}
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "upgrade")
	require.Equal(t, journey.PlanWait, w.step(id, journey.CauseStart).Kind)
	w.exec(`DELETE FROM wakeups`)
	require.NoError(t, w.SetAccountRole(t.Context(), "account:acme", "user:bo", "finance", by))
	require.NoError(t, w.SetAccount(t.Context(), "account:acme", map[string]any{"plan": "pro"}, by))
	require.Equal(t, 1, w.wakeups(id))
	require.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	require.Equal(t, "bo", one[string](w, `SELECT c.external_id FROM messages m JOIN customers c ON c.id = m.customer_id`))
}
