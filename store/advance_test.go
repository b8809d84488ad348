package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

func TestAdvanceWalksFromTheFirstMailToTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	ada := w.identify("ada", nil)
	w.track("ada", "Signed Up", map[string]any{"plan": "pro"})
	id := w.enrollment("ada", key)

	d := w.step(id, journey.CauseStart)
	assert.Equal(t, int64(1), d.Seq)
	require.NotNil(t, d.At)
	assert.Equal(t, w.wall.now().Add(5*24*time.Hour), *d.At, "the plan is in wall time")
	assert.Equal(t, "entered send wait", w.log(id))
	assert.Zero(t, w.wakeups(id), "the start was taken")
	assert.Equal(t, ada.ID, one[string](w, `SELECT customer_id FROM messages WHERE template = 'we-miss-you' AND state = 'queued'`))
	assert.Regexp(t, `^[0-9a-f]{32}@perennial\.invalid$`, one[string](w, `SELECT message_id FROM messages`))
	assert.Equal(t, "pro", one[string](w, `SELECT data->'trigger'->>'plan' FROM messages`))

	d = w.until(id, d)
	assert.Equal(t, int64(2), d.Seq)
	d = w.until(id, d)
	assert.Equal(t, journey.PlanDone, d.Kind)
	assert.Equal(t, "finished", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM messages WHERE state = 'queued'`), "finishing drops nothing")
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count FROM event_totals WHERE name = 'Journey Exited'`))
}

func TestAdvanceTwiceWithOneSeqDecidesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)

	got := make([]journey.Directive, 8)
	errs := together(len(got), func(i int) (err error) {
		got[i], err = w.Advance(t.Context(), id, 1, journey.CauseStart)
		return err
	})
	require.Empty(t, errs)
	for _, d := range got {
		assert.Equal(t, got[0], d, "every caller gets the plan that was made")
	}
	assert.Equal(t, int64(1), got[0].Seq)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM messages`))
	assert.Equal(t, "entered send wait", w.log(id))
}

func TestAdvanceBehindAdoptsAndAheadIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	first := w.step(id, journey.CauseStart)

	again, err := w.Advance(t.Context(), id, 0, journey.CauseWake)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	ahead, err := w.Advance(t.Context(), id, 9, journey.CauseTimer)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanHold, ahead.Kind)
	assert.Nil(t, ahead.At, "only a person ends it")
	assert.Equal(t, int64(1), ahead.Seq, "the driver goes on from what is stored")
	w.wall.pass(6 * 24 * time.Hour)
	held := w.step(id, journey.CauseTimer)
	assert.Equal(t, journey.PlanHold, held.Kind)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM messages`), "nothing goes out while it is held")

	require.NoError(t, w.Release(t.Context(), id, "key_support"))
	assert.Equal(t, 1, w.wakeups(id))
	w.step(id, journey.CauseWake)
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM messages`))
	require.Equal(t, journey.CodeNotFound, journey.CodeOf(w.Release(t.Context(), id, "key_support")))
}

func TestAdvanceAnswersDoneForWhatHasEndedOrIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	w.track("ada", "Order Completed", map[string]any{"total": 12.5})
	d := w.step(id, journey.CauseWake)
	assert.Equal(t, journey.PlanDone, d.Kind)
	assert.Equal(t, "won-back", one[string](w, `SELECT reason FROM enrollments`))
	assert.InDelta(t, 12.5, one[float64](w, `SELECT goal_value FROM enrollments`), 0)
	assert.Equal(t, "dropped/exited", one[string](w, `SELECT state || '/' || reason FROM messages`))
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count FROM event_totals WHERE name = 'Message Dropped'`))

	late, err := w.Advance(t.Context(), id, 77, journey.CauseTimer)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanDone, late.Kind)
	gone, err := w.Advance(t.Context(), "enr_nobody", 3, journey.CauseTimer)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanDone, gone.Kind)
}

// The event that starts a journey does not end it: it lies at the cursor, and only numbers above count.
func TestTheOrderThatStartsAJourneyDoesNotEndIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: thanks", "name: Thanks", "topic: offers", "enter: { when: { event: Order Completed } }",
		"reentry: { per: order_id }", "exit: [ { event: Order Completed, as: again } ]", "steps:", "  - send: thanks", "  - wait: 5d"))
	w.identify("ada", nil)
	w.accept(w.event("ada", "Order Completed", map[string]any{"order_id": "1"}))
	w.apply()
	id := w.enrollment("ada", key)
	assert.NotEqual(t, journey.PlanDone, w.step(id, journey.CauseStart).Kind)

	// The next order of the same batch does.
	w.accept(w.event("bo", "Order Completed", map[string]any{"order_id": "1"}), w.event("bo", "Order Completed", map[string]any{"order_id": "2"}))
	w.apply()
	first := one[string](w, `SELECT e.id FROM enrollments e JOIN customers c ON c.id = e.customer_id
	                         WHERE c.external_id = 'bo' AND entry_key LIKE '%1'`)
	assert.Equal(t, journey.PlanDone, w.step(first, journey.CauseStart).Kind)
}

// A wake-up that is raised while Advance runs, after it has read, is not taken away by it: Advance deletes the row at the
// version that it read, and has to wait for the one who raises it.
func TestAWakeUpDuringAdvanceIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)

	raising, err := w.sql.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, store.Wake(t.Context(), w.Store, raising, id))
	advanced := w.later(func(ctx context.Context) error {
		_, err := w.Advance(ctx, id, 1, journey.CauseStart)
		return err
	})
	w.blocked(1)
	require.NoError(t, raising.Commit(t.Context()))
	require.NoError(t, <-advanced)
	require.Equal(t, 1, w.wakeups(id), "the row stands, at a newer version")
	w.step(id, journey.CauseWake)
	assert.Zero(t, w.wakeups(id))
}

// A merge has the locks, Advance waits for them, and then finds that she is somebody else by now.
func TestAMergeThatComesInBetweenStartsAdvanceOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	other := w.identify("ada-at-work", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)

	stopping, err := w.sql.Begin(t.Context()) // the merge halfway: it needs this row last
	require.NoError(t, err)
	_, err = stopping.Exec(t.Context(), `SELECT FROM customer_ids WHERE external_id = 'ada' FOR UPDATE`)
	require.NoError(t, err)
	merged := w.later(func(ctx context.Context) error { return w.MergeCustomers(ctx, "user:ada", other.ID, "test") })
	w.blocked(1)
	advanced := w.later(func(ctx context.Context) error {
		_, err := w.Advance(ctx, id, 1, journey.CauseStart)
		return err
	})
	w.blocked(2)
	require.NoError(t, stopping.Rollback(t.Context()))
	require.NoError(t, <-merged)
	require.NoError(t, <-advanced)
	assert.Equal(t, other.ID, one[string](w, `SELECT customer_id FROM messages WHERE enrollment_id = $1`, id),
		"the decision was made for who she is now")
}

// Someone whose decision panics stands still until a person has looked; nothing of that decision is kept.
func TestADecisionThatPanicsIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	s := w.open(store.Options{})
	store.Poison(s, key, 1)
	d, err := s.Advance(t.Context(), id, 1, journey.CauseStart)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanHold, d.Kind)
	assert.Equal(t, "held: poison", d.Summary)
	assert.Zero(t, w.wakeups(id))
	assert.Zero(t, w.seq(id))

	require.NoError(t, w.Release(t.Context(), id, "key_admin"))
	assert.Equal(t, journey.PlanWait, w.step(id, journey.CauseWake).Kind, "mended, she goes on")
}

// What a sender has claimed is taken from him when her journey ends; what is at the dot has left.
func TestAnExitTakesClaimedMessagesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: two", "name: Two", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"exit: [ { event: Order Completed, as: won-back } ]", "steps:", "  - send: one", "  - send: two", "  - send: three", "  - wait: 5d"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	w.exec(`UPDATE messages SET state = 'claimed', attempt = 1 WHERE template = 'one'`)
	w.exec(`UPDATE messages SET state = 'at_dot', attempt = 1 WHERE template = 'two'`)
	w.track("ada", "Order Completed", nil)
	w.step(id, journey.CauseWake)
	assert.Equal(t, "dropped/exited at_dot/exited dropped/exited", one[string](w, `
		SELECT string_agg(state || '/' || reason, ' ' ORDER BY CASE template WHEN 'one' THEN 1 WHEN 'two' THEN 2 ELSE 3 END) FROM messages`))
	w.apply()
	assert.Equal(t, 2, one[int](w, `SELECT count FROM event_totals WHERE name = 'Message Dropped'`))
}

func TestAPoolThatIsEmptyHoldsAndACodeThatComesGoesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: gift", "name: Gift", "topic: offers", "enter: { when: api }", "reentry: never", "steps:",
		"  - coupon: { pool: codes, expires: 14d, as: offer }", "  - send: gift", "  - wait: 1d"))
	w.exec(`INSERT INTO pools (key) VALUES ('codes')`)
	ada := w.identify("ada", nil)
	in, err := w.Enroll(t.Context(), journey.EnrollRequest{JourneyKey: key, CustomerID: ada.ID})
	require.NoError(t, err)
	id := in.EnrollmentID
	assert.Equal(t, journey.PlanHold, w.step(id, journey.CauseStart).Kind)
	assert.Equal(t, []string{"pool:codes"}, one[[]string](w, `SELECT listens FROM enrollments`))

	w.exec(`INSERT INTO coupons (id, pool, code, state) VALUES ('cpn_1', 'codes', 'ABC', 'free')`)
	w.step(id, journey.CauseWake)
	assert.Equal(t, "issued", one[string](w, `SELECT state FROM coupons`))
	assert.Equal(t, w.wall.now().Add(14*24*time.Hour), one[time.Time](w, `SELECT expires_at FROM coupons`).UTC())
	assert.Equal(t, "cpn_1", one[string](w, `SELECT coupons->>'offer' FROM messages`))
}

func TestCodesMadeOnDemandAreUniqueUnderRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: gift", "name: Gift", "topic: offers", "enter: { when: api }", "reentry: never", "steps:",
		"  - coupon: { pool: codes, as: offer }", "  - send: gift", "  - wait: 1d"))
	w.exec(`INSERT INTO pools (key, alphabet, length) VALUES ('codes', 'abcdefghjk', 3)`) // 100 codes and a check digit
	ids := make([]string, 40)
	for i := range ids {
		c := w.identify(w.id(), nil)
		in, err := w.Enroll(t.Context(), journey.EnrollRequest{JourneyKey: key, CustomerID: c.ID})
		require.NoError(t, err)
		ids[i] = in.EnrollmentID
	}
	require.Empty(t, together(len(ids), func(i int) error {
		_, err := w.Advance(t.Context(), ids[i], 1, journey.CauseStart)
		return err
	}))
	issued := one[int](w, `SELECT count(DISTINCT code) FROM coupons WHERE state = 'issued' AND code ~ '^[A-K]{3}$'`)
	held := one[int](w, `SELECT count(*) FROM enrollments WHERE listens = '{pool:codes}'`)
	assert.Equal(t, len(ids), issued+held, "each has a code of her own, or waits for one")
	assert.Greater(t, issued, 30)
}

// A decision is one commit of ours and a handful of round trips; the figures are printed.
func TestWhatAWaitAndSendCosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	s, count := store.Counted(t, w.url, store.Options{Wall: w.wall.now})
	advance := func(user string, seq int64, cause journey.Cause) store.Count {
		*count = store.Count{}
		_, err := s.Advance(t.Context(), w.enrollment(user, key), seq, cause)
		require.NoError(t, err)
		return *count
	}
	for _, user := range []string{"ada", "bo"} {
		w.identify(user, nil)
		w.track(user, "Signed Up", nil)
	}
	advance("ada", 1, journey.CauseStart) // reads the version, prepares the statements
	start := advance("bo", 1, journey.CauseStart)
	w.wall.pass(5 * 24 * time.Hour)
	advance("ada", 2, journey.CauseTimer)
	timer := advance("bo", 2, journey.CauseTimer)
	t.Logf("start and send: %+v; wait and send: %+v", start, timer)
	assert.Equal(t, 1, timer.Commits)
	assert.LessOrEqual(t, timer.RoundTrips, 5)
	assert.LessOrEqual(t, timer.Statements, 18)
	again := advance("bo", 2, journey.CauseTimer)
	t.Logf("asked again: %+v", again)
	assert.LessOrEqual(t, again.RoundTrips, 3)
}
