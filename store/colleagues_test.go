package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// What somebody of her account does ends her journey where it says `by: account`; it is no event of hers otherwise.
func TestColleaguesEndAJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: trial", "name: Trial", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"exit: [ { event: Subscribed, by: account, match: plan, as: somebody } ]",
		"steps: [ { wait: 5d }, { branch: [ { if: { event: Report Shared, by: account, count: { gte: 2 } }, then: [ { exit: team } ] } ] } ]"))
	w.publish(yaml("journey: thanks", "name: Thanks", "topic: offers", "enter: { when: { event: Subscribed } }", "reentry: never", "steps: [ { wait: 5d } ]"))
	for _, user := range []string{"ada", "bob", "eve"} {
		w.identify(user, nil)
		group := "acme"
		if user == "eve" {
			group = "other"
		}
		w.accept(journey.Event{Kind: journey.KindGroup, UserID: user, MessageID: w.id(), Properties: map[string]any{"group_id": group}})
		w.track(user, "Signed Up", map[string]any{"plan": "pro"})
	}
	ada, eve := w.enrollment("ada", "trial"), w.enrollment("eve", "trial")
	w.track("bob", "Subscribed", map[string]any{"plan": "free"}) // before ada's first decision
	w.step(eve, journey.CauseStart)
	assert.Equal(t, "wait-5d", w.step(ada, journey.CauseStart).Step, "another plan")
	w.track("bob", "Subscribed", map[string]any{"plan": "pro"})
	w.apply()
	assert.Equal(t, journey.PlanDone, w.step(ada, journey.CauseWake).Kind)
	assert.Equal(t, "somebody", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, ada))
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM enrollments WHERE journey_key = 'thanks'`), "only he has subscribed")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM event_totals t JOIN customer_ids i USING (customer_id) WHERE i.external_id = 'ada' AND name = 'Subscribed'`))
	assert.Equal(t, "{}", one[string](w, `SELECT DISTINCT properties::text FROM events WHERE kind = 'colleague'`), "what he said stays with him")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM events e JOIN customer_ids i USING (customer_id) WHERE i.external_id = 'eve' AND e.kind = 'colleague'`))

	w.accept(journey.Event{Kind: journey.KindGroup, UserID: "mia", MessageID: w.id(), Properties: map[string]any{"group_id": "other"}})
	for range 2 {
		w.track("mia", "Report Shared", nil)
	}
	w.wall.pass(5 * journey.Day)
	w.step(eve, journey.CauseTimer)
	assert.Equal(t, "team", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, eve))
}
