package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// A step that takes rights away acts in the transaction of its decision: what it forbids is forbidden when it has answered.
func TestStepsThatChangeRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("always"))
	w.publish(yaml("journey: sunset", "name: Sunset", "topic: transactional", "enter: { when: { event: Quiet } }", "reentry: always",
		"steps:", "  - pause: { topics: [offers], for: 30d }", "  - wait: 1d",
		"  - leave: win-back", "  - consent: { topic: offers, is: withdrawn, reason: never opens }", "  - suppress: { reason: sunset }"))
	c := w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	back := w.enrollment("ada", "win-back")
	d := w.step(back, journey.CauseStart)
	require.Equal(t, journey.PlanWait, d.Kind)

	w.track("ada", "Quiet", nil)
	sunset := w.enrollment("ada", "sunset")
	d = w.step(sunset, journey.CauseStart)
	assert.Equal(t, "wait-1d", d.Step, "the topic of this journey is another")
	assert.Equal(t, 1, w.wakeups(back), "the other journey is told")
	held := w.step(back, journey.CauseWake)
	assert.Equal(t, journey.PlanHold, held.Kind, "her mail on offers stands still")
	claimed, err := w.ClaimMessages(t.Context(), claimAll())
	require.NoError(t, err)
	assert.Empty(t, claimed, "what was queued before the pause waits, too")

	w.until(sunset, d)
	assert.Equal(t, "withdrawn", one[string](w, `SELECT state FROM consents WHERE customer_id = $1 AND topic = 'offers'`, c.ID))
	assert.Equal(t, "journey sunset: never opens", one[string](w,
		`SELECT source || ': ' || wording FROM consent_changes WHERE customer_id = $1 AND state = 'withdrawn'`, c.ID))
	assert.Equal(t, "marketing: sunset", one[string](w, `SELECT scope || ': ' || reason FROM suppressions WHERE address = 'ada@example.com'`))
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM events WHERE customer_id = $1 AND name = 'Topic Unsubscribed' AND number > 0`, c.ID))

	w.step(back, journey.CauseWake)
	assert.Equal(t, "left", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, back), "leave acts in a pause, too")
	assert.Equal(t, "dropped exited", one[string](w, `SELECT state || ' ' || reason FROM messages WHERE enrollment_id = $1`, back))
}

func claimAll() journey.ClaimOptions {
	return journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 10, Lease: 60e9, Sandbox: true}
}

// Support can end such a pause, and a merge takes it along.
func TestPauseOfOneTopicOfACustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("always"))
	c := w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	w.step(id, journey.CauseStart)
	target := journey.TopicOf(c.ID, "offers")
	pause := journey.Pause{ID: "pau_1", Scope: journey.ScopeCustomerTopic, Target: target, Reason: "r", By: "b", Since: w.wall.now(), OnResume: journey.Keep}
	require.NoError(t, w.StartPause(t.Context(), pause, journey.Actor{Name: "Kim"}, nil))
	assert.Equal(t, journey.PlanHold, w.step(id, journey.CauseWake).Kind)
	_, err := w.EndPauses(t.Context(), journey.ScopeCustomerTopic, target, "", 0, journey.Actor{Name: "Kim"}, nil)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanWait, w.step(id, journey.CauseWake).Kind)
}
