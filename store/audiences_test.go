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

// silent wins back those who have not ordered for ten days.
var silent = yaml("journey: silent", "name: Silent", "topic: offers", "enter: { when: { inactive: { event: Order Completed, for: 10d } } }",
	"reentry: never", "steps:", "  - send: we-miss-you")

// guarded is a live installation that asks about more than five people.
func guarded(t *testing.T) *world {
	w := newWorld(t)
	w.Store = w.open(store.Options{StartsPace: 1000})
	w.exec(`UPDATE settings SET live = true, audience_floor = 5`)
	return w
}

func (w *world) scan() int {
	w.t.Helper()
	n, err := w.ScanInactive(w.t.Context(), 3)
	require.NoError(w.t, err)
	return n
}

func (w *world) audience() journey.Approval {
	w.t.Helper()
	all, err := w.Audiences(w.t.Context())
	require.NoError(w.t, err)
	require.NotEmpty(w.t, all)
	return all[0]
}

func (w *world) watch() []journey.Approval {
	w.t.Helper()
	news, err := w.WatchAudiences(w.t.Context())
	require.NoError(w.t, err)
	return news
}

// leased are the starts that the relay gets.
func (w *world) leased() int {
	w.t.Helper()
	got, err := w.LeaseWakeups(w.t.Context(), 1000, time.Hour)
	require.NoError(w.t, err)
	return len(got)
}

func TestAudienceFarAboveTheUsualWaitsForApprovalThenGoesUpTheRamp(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.publish(silent)
	const n = 40
	for i := range n {
		w.accept(w.event(fmt.Sprintf("u%d", i), "Order Completed", nil))
	}
	w.apply()
	w.wall.pass(11 * journey.Day)
	require.Zero(t, w.scan(), "nobody enters")
	require.Zero(t, w.scan())
	a := w.audience()
	assert.Equal(t, "40 people are about to enter silent, and 5 would be usual at most: nobody is let in until it is approved", a.Words)

	_, err := w.DecideAudience(t.Context(), journey.Decision{ID: a.ID, Approve: true, Count: 4}, kim)
	require.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "the number must be typed")
	_, err = w.DecideAudience(t.Context(), journey.Decision{ID: a.ID, Approve: true, Count: n}, kim)
	require.NoError(t, err)
	_, err = w.DecideAudience(t.Context(), journey.Decision{ID: a.ID, Approve: true, Count: n}, kim)
	require.Equal(t, journey.CodeConflict, journey.CodeOf(err))
	require.Equal(t, n, w.scan(), "they enter")

	lots := func(below int) int { return one[int](w, `SELECT count(*) FROM wakeups WHERE lot < $1`, below) }
	require.Equal(t, lots(1), w.leased(), "and 1 % of them begin")
	w.watch()
	require.Equal(t, 1, w.audience().Share, "not before it has been looked at")
	w.wall.pass(24 * time.Hour) // six times the pace: the share is too small to tell anything
	w.watch()
	require.Equal(t, 10, w.audience().Share)
	w.exec(`DELETE FROM wakeups WHERE leased_wall IS NOT NULL`)
	require.Equal(t, lots(10), w.leased())
	w.wall.pass(24 * time.Hour)
	w.watch()
	require.Equal(t, journey.AudienceThrough, w.audience().State)
	w.exec(`DELETE FROM wakeups WHERE leased_wall IS NOT NULL`)
	require.Equal(t, lots(100), w.leased(), "everybody")
	require.Empty(t, w.watch(), "and what was approved is not asked about again")
	require.Equal(t, 3, one[int](w, `SELECT count(*) FROM audit WHERE verb IN ('audience.ask', 'audience.approve') OR verb = 'ramp.share' AND (detail->>'share')::int = 10`))
}

func TestFloodOfEventsWaitsAtTheDoorAndLeavesByItWhenRefused(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.publish(winBack("never"))
	for i := range 12 {
		w.accept(w.event(fmt.Sprintf("u%d", i), "Signed Up", nil))
	}
	w.apply()
	news := w.watch()
	require.Len(t, news, 1)
	require.Equal(t, int64(12), news[0].Count)
	require.Zero(t, w.leased(), "nobody begins")
	w.watch()
	require.Equal(t, 1, one[int](w, `SELECT count(*) FROM audiences`), "it is asked once")
	_, err := w.DecideAudience(t.Context(), journey.Decision{ID: news[0].ID, Reason: "a faulty import"}, kim)
	require.NoError(t, err)
	require.Equal(t, 12, w.leased())
	id := w.enrollment("u3", "win-back")
	require.Equal(t, journey.PlanDone, w.step(id, journey.CauseStart).Kind)
	require.Equal(t, "refused", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
	require.Zero(t, one[int](w, `SELECT count(*) FROM messages`))
	require.Empty(t, w.watch())
	w.track("late", "Signed Up", nil)
	require.Equal(t, 1, w.leased(), "who comes by herself comes in")
}

func TestRefusedScanStaysRefusedUntilPublishedAnew(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.publish(silent)
	for i := range 8 {
		w.accept(w.event(fmt.Sprintf("u%d", i), "Order Completed", nil))
	}
	w.apply()
	w.wall.pass(11 * journey.Day)
	require.Zero(t, w.scan())
	_, err := w.DecideAudience(t.Context(), journey.Decision{ID: w.audience().ID, Reason: "wrong segment"}, kim)
	require.NoError(t, err)
	require.Zero(t, w.scan())
	require.Equal(t, 1, one[int](w, `SELECT count(*) FROM audiences`))
	w.publish(silent)
	require.Zero(t, w.scan())
	require.Equal(t, journey.AudienceAsked, w.audience().State, "it is asked about again")
	w.exec(`UPDATE settings SET audience_floor = 0`)
	_, err = w.DecideAudience(t.Context(), journey.Decision{ID: w.audience().ID, Approve: true, Count: 8, AtOnce: true}, kim)
	require.NoError(t, err)
	require.Equal(t, 8, w.scan())
	require.Equal(t, 8, w.leased())
}

func TestRampStopsByItselfOnBouncesAndIsResumedByAPerson(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.publish(winBack("never"))
	_, err := w.BeginRamp(t.Context(), "win-back", time.Hour, kim)
	require.NoError(t, err)
	_, err = w.BeginRamp(t.Context(), "win-back", time.Hour, kim)
	require.Equal(t, journey.CodeConflict, journey.CodeOf(err))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	mail := func(from, to int, state, reason string) {
		w.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state, reason,
				not_before_at, expires_at, queued_at, message_id)
			SELECT 'msg_' || n, $1, 'x' || n, 1, (SELECT customer_id FROM enrollments WHERE id = $1), 'email', 'win-back', 1, 'email-marketing', 'offers',
				'we-miss-you', $2, $3, $4, $4, $4, 'x' || n FROM generate_series($5::int, $6::int - 1) n`, id, state, reason, w.wall.now(), from, to)
	}
	mail(0, 95, "accepted", "")
	mail(95, 100, "failed", "bounced")
	require.Empty(t, w.watch(), "5 of 100 is not over 5 %")
	mail(100, 101, "failed", "bounced")
	stopped := w.watch()
	require.Len(t, stopped, 1)
	require.Equal(t, "stopped by itself: 6 of 101 messages bounced, more than 5 %", stopped[0].Words)
	stops, err := w.Stops(t.Context())
	require.NoError(t, err)
	require.Len(t, stops, 1, "and the journey's mail with it")
	require.Zero(t, w.leased(), "nobody begins")
	w.wall.pass(time.Minute)
	_, err = w.ResumeRamp(t.Context(), "win-back", "the list was cleaned", kim)
	require.NoError(t, err)
	stops, err = w.Stops(t.Context())
	require.NoError(t, err)
	require.Empty(t, stops)
	require.Empty(t, w.watch(), "what bounced before is known")
	mail(200, 240, "accepted", "")
	w.exec(`INSERT INTO bounces (message_id, kind, source, at) SELECT 'msg_' || n, 'complaint', 'test', $1 FROM generate_series(200, 201) n`, w.wall.now())
	stopped = w.watch()
	require.Len(t, stopped, 1)
	require.Contains(t, stopped[0].Words, "2 complaints about 40 messages")
}

func TestUsualIsTheBusiestDayOfFourWeeks(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.publish(silent)
	for i := range 9 { // nine entered in one day, two weeks ago
		w.accept(w.event(fmt.Sprintf("u%d", i), "Order Completed", nil))
	}
	w.apply()
	w.exec(`UPDATE settings SET audience_floor = 0`)
	w.wall.pass(11 * journey.Day)
	require.Equal(t, 9, w.scan())
	w.exec(`UPDATE settings SET audience_floor = 5`)
	w.wall.pass(4 * journey.Day)
	for i := range journey.UsualTimes*9 + 1 {
		w.accept(w.event(fmt.Sprintf("v%d", i), "Order Completed", nil))
	}
	w.apply()
	w.wall.pass(10*journey.Day + time.Hour)
	require.Zero(t, w.scan())
	require.Equal(t, int64(journey.UsualTimes*9), w.audience().Most)
}
