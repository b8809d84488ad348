package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

var kim = journey.Actor{ID: "key_kim", Name: "Kim", Role: journey.RoleMarketer}

// crowd lets n customers enter win-back and get their first mail; they wait for five days then.
func crowd(w *world, n int) (enrollments []string) {
	w.t.Helper()
	w.publish(winBack("never"))
	for i := range n {
		w.identify(fmt.Sprintf("u%d", i), nil)
		w.track(fmt.Sprintf("u%d", i), "Signed Up", nil)
		id := w.enrollment(fmt.Sprintf("u%d", i), "win-back")
		w.step(id, journey.CauseStart)
		enrollments = append(enrollments, id)
	}
	w.exec(`UPDATE messages SET state = 'accepted', sent_at = $1`, w.wall.now())
	return enrollments
}

func (w *world) pause(scope journey.Scope, target string, how journey.OnResume, until *time.Time) {
	w.t.Helper()
	require.NoError(w.t, w.StartPause(w.t.Context(), journey.Pause{ID: journey.NewID(journey.PrefixPause), Scope: scope, Target: target,
		Reason: "a wrong price", By: kim.Name, Since: w.wall.now(), Until: until, OnResume: how, Spread: spreadOf(scope, how)}, kim, nil))
}

// spreadOf is what control gives a pause that ends by itself.
func spreadOf(scope journey.Scope, how journey.OnResume) time.Duration {
	if scope.IsWide() && how == journey.CatchUp {
		return journey.SpreadMost
	}
	return 0
}

// What the preview says, message by message, is what then happens: how many, over how long, the first and the last.
func TestResumePreviewIsWhatHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := crowd(w, 8)
	w.wall.pass(3 * journey.Day)
	w.pause(journey.ScopeJourney, "win-back", journey.Keep, nil)
	w.wall.pass(4 * journey.Day)
	w.track("u7", "Order Completed", nil)
	require.Equal(t, journey.PlanDone, w.step(all[7], journey.CauseWake).Kind, "an exit acts in a pause")
	all = all[:7]
	preview, err := w.Resuming(t.Context(), journey.ScopeJourney, "win-back")
	require.NoError(t, err)
	require.Len(t, preview.Pauses, 1)

	keep, _ := preview.Choice(journey.Keep)
	assert.Equal(t, "no message falls due; the wait of 7 enrollments goes on where it stood", keep.Words)
	skip, _ := preview.Choice(journey.Skip)
	assert.Equal(t, "no message falls due; 7 messages will not be sent", skip.Words)
	catchUp, _ := preview.Choice(journey.CatchUp)
	assert.Equal(t, map[string]int{"win-back/last-call": 7}, catchUp.ByMessage)
	assert.Equal(t, "7 messages fall due; they will go out over 2 hours; the first at "+catchUp.FirstAt.Format("15:04"), catchUp.Words)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM messages WHERE state <> 'accepted'`), "asking changes nothing")

	_, err = w.EndPauses(t.Context(), journey.ScopeJourney, "win-back", journey.CatchUp, catchUp.Spread, kim, nil)
	require.NoError(t, err)
	var due []time.Time
	for _, id := range all {
		if d := w.step(id, journey.CauseWake); d.Kind == journey.PlanSleep || d.Kind == journey.PlanWait {
			due = append(due, *d.At)
		}
	}
	slices.SortFunc(due, time.Time.Compare)
	require.Len(t, due, 7, "each has her turn")
	assert.Equal(t, *catchUp.FirstAt, due[0])
	assert.Equal(t, *catchUp.LastAt, due[6])
	assert.LessOrEqual(t, due[6].Sub(w.wall.now()), 2*time.Hour)
	w.wall.pass(2 * time.Hour)
	for _, id := range all {
		w.step(id, journey.CauseTimer)
	}
	assert.Equal(t, 7, one[int](w, `SELECT count(*) FROM messages WHERE template = 'last-call' AND state = 'queued'`))
}

// What a pause would hold is said before it begins, message by message, and is what it then holds.
func TestPausingSaysWhatItWouldHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := crowd(w, 3)
	none, err := w.Pausing(t.Context(), journey.ScopeJourney, "win-back")
	require.NoError(t, err)
	assert.Equal(t, "3 enrollments stand still; no message is due within a day; of each enrollment its next decision counts, not what comes after that", none.Words)
	due := one[time.Time](w, `SELECT min(due_at) FROM enrollments`)
	w.wall.pass(due.Sub(w.wall.now()) - 3*time.Hour)
	day, err := w.Pausing(t.Context(), journey.ScopeJourney, "win-back")
	require.NoError(t, err)
	assert.Equal(t, "3 enrollments stand still; 3 messages due within a day; of each enrollment its next decision counts, not what comes after that", day.Words)
	assert.Equal(t, []int{3, 3}, []int{day.Asked, day.Of})
	assert.Equal(t, "what is due goes out afterwards, over 40 minutes; waits end when they would have ended", day.Choices[1].Words)
	assert.Equal(t, "3 messages will not be sent, if it lasts a day; waits end when they would have ended", day.Choices[2].Words)
	w.wall.pass(150 * time.Minute)
	hour, err := w.Pausing(t.Context(), journey.ScopeCustomer, one[string](w, `SELECT customer_id FROM enrollments WHERE id = $1`, all[0]))
	require.NoError(t, err)
	assert.Equal(t, "1 enrollment stands still; 1 message due within a day; 1 message of them within an hour; of each enrollment its next decision counts, not what comes after that", hour.Words)
	w.wall.pass(time.Hour)
	w.step(all[0], journey.CauseTimer)
	queued, err := w.Pausing(t.Context(), journey.ScopeJourney, "win-back")
	require.NoError(t, err)
	assert.Equal(t, 3, queued.Hour, "one of them stands in the ledger by now")
	w.pause(journey.ScopeJourney, "win-back", journey.Keep, nil)
	held, err := w.Pausing(t.Context(), journey.ScopeEverything, "")
	require.NoError(t, err)
	assert.Zero(t, held.Day, "what is held already is held by the other pause")
}

// What was queued already when the pause began takes its turn in the claim; a receipt does not.
func TestCatchUpSpreadsWhatWasQueued(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const n = 30
	for i := range n {
		l.customer(i)
		l.queue(fmt.Sprintf("msg_%d", i), i, journey.LaneMarketing)
	}
	l.queue("msg_receipt", 0, journey.LaneTransactional)
	until := l.now().Add(time.Hour)
	require.NoError(t, l.StartPause(t.Context(), journey.Pause{ID: "pau_1", Scope: journey.ScopeEverything, Reason: "x", By: "Kim", Since: l.now(),
		Until: &until, OnResume: journey.CatchUp, Spread: journey.SpreadMost}, kim, nil))
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Empty(t, l.claim(journey.LaneTransactional))
	l.pass(time.Hour)
	require.Len(t, l.claim(journey.LaneTransactional), 1, "nobody waits for a receipt because of a campaign")
	got := len(l.claim(journey.LaneMarketing))
	require.Less(t, got, 3, "they do not all go at once")
	half := 0
	for minutes := range 120 {
		l.pass(time.Minute)
		got += len(l.claim(journey.LaneMarketing))
		if minutes == 59 {
			half = got
		}
	}
	require.Equal(t, n, got)
	require.InDelta(t, n/2, half, 8, "evenly")
}

// The clock stands for the union of the pauses, and of those that hold at the moment the strongest rules: to the second, and through a
// restart of the program.
func TestOverlappingPausesThroughARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := crowd(w, 1)[0]
	customer := one[string](w, `SELECT customer_id FROM enrollments`)
	until := func(d time.Duration) *time.Time { at := w.wall.now().Add(d); return &at }
	w.wall.pass(4 * journey.Day)                                                // a day is left
	w.pause(journey.ScopeCustomer, customer, journey.Keep, until(24*time.Hour)) // day 4 to 5
	w.wall.pass(12 * time.Hour)
	w.pause(journey.ScopeTopic, "offers", journey.CatchUp, until(48*time.Hour)) // day 4½ to 6½
	w.pause(journey.ScopeEverything, "", journey.Skip, until(60*time.Hour))     // day 4½ to 7
	d := w.step(id, journey.CauseWake)
	require.Equal(t, journey.PlanHold, d.Kind)
	require.Equal(t, w.wall.now().Add(60*time.Hour), *d.At, "until the last of them is over")
	restarted := w.open(store.Options{})
	w.wall.pass(60 * time.Hour)
	d, err := restarted.Advance(t.Context(), id, w.seq(id)+1, journey.CauseTimer)
	require.NoError(t, err)
	// A day of clock stood still (keep), so the mail falls due on day 6, where catch-up rules over skip.
	require.Equal(t, 1, one[int](w, `SELECT count(*) FROM messages WHERE template = 'last-call'`), "%+v %s", d, w.log(id))
}

// Entering while the journey is paused: held at the door, and entered in the moment in which it goes on.
func TestEnteringWhileTheJourneyIsPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	w.identify("ada", nil)
	w.pause(journey.ScopeJourney, "win-back", journey.Keep, nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	require.Equal(t, journey.PlanHold, w.step(id, journey.CauseStart).Kind)
	require.Zero(t, one[int](w, `SELECT count(*) FROM messages`))
	w.wall.pass(25*time.Hour + 7*time.Second)
	_, err := w.EndPauses(t.Context(), journey.ScopeJourney, "win-back", "", 0, kim, nil)
	require.NoError(t, err)
	require.Equal(t, 1, w.wakeups(id))
	w.step(id, journey.CauseWake)
	require.Equal(t, w.wall.now(), one[time.Time](w, `SELECT entered_at FROM enrollments`).UTC())
	require.Equal(t, w.wall.now(), one[time.Time](w, `SELECT not_before_at FROM messages`).UTC())
}

func TestTopicPauseHoldsItsJourneysAndItsMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := crowd(w, 1)[0]
	fault := w.StartPause(t.Context(), journey.Pause{ID: "pau_x", Scope: journey.ScopeTopic, Target: "ofers", Reason: "x", Since: w.wall.now(), OnResume: journey.Keep}, kim, nil)
	require.Equal(t, journey.CodeNotFound, journey.CodeOf(fault), "a typing error is no pause")
	w.pause(journey.ScopeTopic, "offers", journey.Keep, nil)
	view, err := w.Enrollment(t.Context(), id)
	require.NoError(t, err)
	require.Contains(t, view.Next, "the topic was paused by Kim")
	w.wall.pass(6 * journey.Day)
	require.Equal(t, journey.PlanHold, w.step(id, journey.CauseTimer).Kind)
	preview, err := w.Resuming(t.Context(), journey.ScopeTopic, "offers")
	require.NoError(t, err)
	c, _ := preview.Choice(journey.CatchUp)
	require.Equal(t, "1 message falls due; it will go out at once", c.Words)
	_, err = w.EndPauses(t.Context(), journey.ScopeTopic, "offers", "", 0, kim, nil)
	require.NoError(t, err)
	d := w.step(id, journey.CauseWake)
	require.Equal(t, w.wall.now().Add(5*journey.Day), *d.At, "the whole wait is left")
}

// A sender died at the dot of a receipt. It is in doubt, and may be sent once more in ten minutes; her next receipt does not wait for that.
func TestReceiptDoesNotWaitBehindADeadSendersReceipt(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneTransactional)
	require.True(t, l.dot(l.claim(journey.LaneTransactional)[0]))
	l.pass(time.Second)
	l.queue("msg_2", 1, journey.LaneTransactional)
	require.Empty(t, l.claim(journey.LaneTransactional), "its sender may live: the order is kept")
	l.pass(lease)
	_, err := l.SweepDoubtful(t.Context(), journey.LaneTransactional)
	require.NoError(t, err)
	require.Equal(t, "at_dot", l.state("msg_1"))
	got := l.claim(journey.LaneTransactional)
	require.Len(t, got, 1)
	require.Equal(t, "msg_2", got[0].Message.ID)
}
