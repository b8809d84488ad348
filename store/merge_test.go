package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestIdentifyJoinsTheAnonymousVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	visit := journey.Event{Kind: journey.KindTrack, AnonymousID: "a1", Name: "Viewed", MessageID: w.id()}
	w.accept(visit, journey.Event{Kind: journey.KindIdentify, UserID: "ada", AnonymousID: "a1", MessageID: w.id(),
		Properties: map[string]any{"email": "ada@example.com"}})
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM customers`), "an unknown user takes the visitor over as she is")

	visit.AnonymousID, visit.MessageID = "a2", w.id()
	w.accept(visit, journey.Event{Kind: journey.KindIdentify, UserID: "ada", AnonymousID: "a2", MessageID: w.id()}, w.event("ada", "After", nil))
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM customers WHERE merged_into IS NULL`), "a known one merges with her")
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM customers WHERE merged_into IS NOT NULL`))
	assert.Equal(t, int64(2), one[int64](w, `SELECT count FROM event_totals WHERE name = 'Viewed'`))
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM events WHERE name = 'Customer Merged' AND number IS NOT NULL`))

	w.accept(journey.Event{Kind: journey.KindIdentify, UserID: "bo", AnonymousID: "a2", MessageID: w.id()})
	w.apply()
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM customers WHERE merged_into IS NULL`), "two people share a browser")
}

func TestAliasMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.identify("old", map[string]any{"city": "Graz"})
	w.identify("new", nil)
	w.accept(journey.Event{Kind: journey.KindAlias, UserID: "new", MessageID: w.id(), Properties: map[string]any{"previous_id": "old"}})
	w.apply()
	c, err := w.Customer(t.Context(), old.ID)
	require.NoError(t, err)
	assert.Equal(t, "new", c.ExternalID)
	assert.Equal(t, "Graz", c.Attributes["city"])
	byOld, err := w.Customer(t.Context(), "user:old")
	require.NoError(t, err)
	assert.Equal(t, c.ID, byOld.ID)
}

func TestMergeKeepsTheEnrollmentThatIsFurther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.identify("work", nil)
	w.track("ada", "Signed Up", nil)
	w.track("work", "Signed Up", nil)
	ahead, behind := w.enrollment("ada", key), w.enrollment("work", key)
	d := w.step(ahead, journey.CauseStart)
	w.until(ahead, d)
	w.step(behind, journey.CauseStart)

	require.NoError(t, w.MergeCustomers(t.Context(), "user:ada", "user:work", "test"))
	assert.Equal(t, "merged", one[string](w, `SELECT reason FROM messages WHERE enrollment_id = $1 AND state = 'dropped'`, behind))
	assert.Equal(t, 1, w.wakeups(behind))
	assert.Equal(t, journey.PlanDone, w.step(behind, journey.CauseWake).Kind)
	assert.Equal(t, "merged", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, behind))
	assert.NotEqual(t, journey.PlanDone, w.step(ahead, journey.CauseWake).Kind)
	assert.Equal(t, 1, one[int](w, `SELECT count(DISTINCT customer_id) FROM enrollments`))
	assert.Equal(t, 1, one[int](w, `SELECT count(DISTINCT customer_id) FROM messages`))
	w.apply()
	require.NoError(t, w.MergeCustomers(t.Context(), "user:ada", "user:work", "test"), "what is one stays one")
}

// The other customer's old orders are no news for an enrollment; what she did and was not decided on yet is.
func TestMergeMakesNoNewsOfTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.identify("guest", nil)
	w.track("guest", "Order Completed", map[string]any{"total": 5.0})
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	w.apply()
	w.step(id, journey.CauseWake)

	require.NoError(t, w.MergeCustomers(t.Context(), "user:guest", "user:ada", "test"))
	assert.NotEqual(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind, "the guest's order came before")
	c, err := w.Customer(t.Context(), "user:ada")
	require.NoError(t, err)
	assert.InDelta(t, 1, c.Attributes["orders_count"], 0)

	w.identify("third", nil)
	w.track("third", "Order Completed", nil)
	w.track("ada", "Order Completed", nil) // not decided on when the merge comes
	require.NoError(t, w.MergeCustomers(t.Context(), "user:third", "user:ada", "test"))
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	w.apply()
	assert.Zero(t, one[int](w, `SELECT count(*) FROM (SELECT customer_id, count(*) n, max(number) m FROM events
		WHERE number IS NOT NULL GROUP BY 1) x WHERE n <> m`))
	assert.Equal(t, one[int64](w, `SELECT max(number) FROM events`), one[int64](w, `SELECT max(applied) FROM customers`))
}

func TestMergeOfConsents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.identify("a", nil), w.identify("b", nil)
	at := w.wall.now().Add(time.Hour)
	for _, c := range []struct {
		id, topic, state string
		at               time.Time
	}{
		{a.ID, "later", "given", at.Add(time.Minute)}, {b.ID, "later", "withdrawn", at},
		{a.ID, "tie", "withdrawn", at}, {b.ID, "tie", "given", at},
		{a.ID, "tie2", "given", at}, {b.ID, "tie2", "withdrawn", at},
		{a.ID, "only", "given", at},
	} {
		w.exec(`INSERT INTO consents VALUES ($1, $2, $3, $4)`, c.id, c.topic, c.state, c.at)
	}
	require.NoError(t, w.MergeCustomers(t.Context(), a.ID, b.ID, "test"))
	c, err := w.Customer(t.Context(), a.ID)
	require.NoError(t, err)
	assert.Equal(t, b.ID, c.ID)
	assert.Equal(t, map[string]journey.Consent{
		"offers": journey.ConsentGiven, "later": journey.ConsentGiven, "tie": journey.ConsentWithdrawn,
		"tie2": journey.ConsentWithdrawn, "only": journey.ConsentGiven,
	}, c.Consents)
}

// Merges that cross, with intake and decisions beside them, end in one customer.
func TestMergesThatCross(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	users := []string{"a", "b", "c", "d"}
	for _, u := range users {
		w.identify(u, nil)
		w.track(u, "Signed Up", nil)
	}
	errs := together(8, func(i int) error {
		switch {
		case i < 4:
			return w.MergeCustomers(t.Context(), "user:"+users[i], "user:"+users[(i+1)%4], "test")
		case i < 6:
			if _, err := w.AppendEvents(t.Context(), []journey.Event{w.event(users[i%4], "Viewed", nil)}); err != nil {
				return err
			}
			return drain(context.WithoutCancel(t.Context()), w.Store)
		}
		return advanceAll(t.Context(), w)
	})
	require.Empty(t, errs)
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM customers WHERE merged_into IS NULL`))
	assert.Equal(t, 1, one[int](w, `SELECT count(DISTINCT customer_id) FROM enrollments`))
	require.NoError(t, advanceAll(t.Context(), w))
	for range 3 {
		w.wall.pass(time.Hour)
		require.NoError(t, advanceAll(t.Context(), w))
	}
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM enrollments WHERE status = 'active'`))
}
