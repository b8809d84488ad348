package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pause lets everything stand still from now on; 0 is until someone resumes.
func (s *story) pause(policy OnResume, length time.Duration) *story {
	p := Pause{ID: "pau", Scope: ScopeCustomer, Reason: "on holiday", By: "Sam", Since: s.now, OnResume: policy}
	if length > 0 {
		until := s.now.Add(length)
		p.Until = &until
	}
	s.facts.Pauses = append(s.facts.Pauses, p)
	return s
}

// resume ends the pause that began last.
func (s *story) resume() *story {
	now := s.now
	s.facts.Pauses[len(s.facts.Pauses)-1].EndedAt = &now
	return s.advance()
}

const twoSends = head + `
exit: [ { event: Cancelled, as: cancelled } ]
goal: { event: Upgraded }
steps: [ { send: a }, { wait: 5d }, { send: b }, { wait: 5d }, { send: c } ]
`

func TestPauseKeepsTheRemainingWait(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(2*Day + 7*time.Second)
	s.pause(Keep, 0).advance()
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.Nil(t, s.plan.At)
	assert.Equal(t, "paused", s.plan.Summary)

	s.pass(9*Day + 13*time.Second).resume()
	assert.Equal(t, 9*Day+13*time.Second, s.shift, "what is queued moves by the same")
	assert.Equal(t, PlanWait, s.plan.Kind)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d a", "14d 13s b", "19d 13s c"}, s.sent())
	assert.Equal(t, []string{
		"0d entered", "0d send a", "2d 7s paused on holiday Sam", "11d 20s resumed", "14d 13s send b", "19d 13s send c",
		"19d 13s exited finished",
	}, s.timeline())
	assert.Equal(t, 9*Day+13*time.Second, s.shift, "once")
}

func TestPauseThatEndsByItself(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).pause(Keep, time.Minute).advance()
	require.NotNil(t, s.plan.At)
	assert.Equal(t, monday().Add(Day+time.Minute), *s.plan.At)
	assert.Equal(t, "paused until Tue 10:01", s.plan.Summary)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d a", "5d 1m0s b", "10d 1m0s c"}, s.sent())
}

// Nobody looked while she was paused, or in between: the outcome is the same.
func TestPausesCountThoughNobodyLooked(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().sleep(Day).pause(Keep, time.Hour).sleep(2*Day).pause(Keep, time.Hour).sleep(Day).advance()
	assert.Equal(t, 2*time.Hour, s.shift)
	assert.Equal(t, []string{
		"0d entered", "0d send a", "1d paused on holiday Sam", "1d 1h0m0s resumed", "3d paused on holiday Sam", "3d 1h0m0s resumed",
	}, s.timeline())
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d a", "5d 2h0m0s b", "10d 2h0m0s c"}, s.sent())
}

func TestPausesThatOverlapCountOnce(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().sleep(Day).pause(Keep, 3*time.Hour).sleep(2*time.Hour).pause(Keep, 4*time.Hour).advance()
	assert.Equal(t, monday().Add(Day+6*time.Hour), *s.plan.At, "the earliest moment at which both are over")
	s.pass(30 * Day)
	assert.Equal(t, 6*time.Hour, s.shift)
	assert.Equal(t, []string{"0d a", "5d 6h0m0s b", "10d 6h0m0s c"}, s.sent())
}

func TestKeepBeatsCatchUpBeatsSkip(t *testing.T) {
	t.Parallel()
	// Keep from day 4 to 6, catch-up from day 5 to 8: the clock stands for two days, then it runs, and b falls due on day 7.
	s := tell(t, twoSends).advance().pass(4*Day).pause(Keep, 2*Day).sleep(Day).pause(CatchUp, 3*Day).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "8d b", "13d c"}, s.sent())
	assert.Equal(t, 2*Day, s.shift)
	// Catch-up from day 4 to 6, skip from day 3 to 8: b falls due on day 5, where catch-up rules.
	s = tell(t, twoSends).advance().pass(3*Day).pause(Skip, 5*Day).sleep(Day).pause(CatchUp, 2*Day).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "8d b", "13d c"}, s.sent())
	// Without catch-up it is dropped.
	s = tell(t, twoSends).advance().pass(3*Day).pause(Skip, 5*Day).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "10d c"}, s.sent())
}

func TestCatchUpLetsDeadlinesStand(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).pause(CatchUp, 0).advance().pass(6 * Day).resume()
	assert.Equal(t, []string{"0d a", "7d b"}, s.sent(), "what is due goes out")
	assert.Zero(t, s.shift)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d a", "7d b", "12d c"}, s.sent(), "and what follows keeps its distance")

	s = tell(t, twoSends).advance().pass(Day).pause(CatchUp, Day).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "5d b", "10d c"}, s.sent(), "a pause that nothing fell into changes nothing")
}

func TestSkipDropsWhatFellDue(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).pause(Skip, 6*Day).advance().pass(30 * Day)
	assert.Equal(t, []string{
		"0d entered", "0d send a", "1d paused on holiday Sam", "7d resumed", "5d not_sent b skipped", "10d send c",
		"10d exited finished",
	}, s.timeline())
}

func TestExitRulesAndGoalActInAPause(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).pause(Keep, 0).advance().sleep(time.Hour)
	s.does("Upgraded", nil).does("Upgraded", nil)
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.Equal(t, 1, count(s.told, EventGoalReached), "once")
	s.sleep(time.Hour).does("Cancelled", nil)
	assert.Equal(t, "cancelled", s.st.Reason)
	assert.Equal(t, []string{ReasonExited}, s.drops)
	assert.Equal(t, 1, count(s.told, EventGoalReached))
}

func count(events []Event, name string) int {
	n := 0
	for _, e := range events {
		if e.Name == name {
			n++
		}
	}
	return n
}

func TestWaitKeepsItsEventInAPause(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait_for:
      any: [ { event: Paid, as: paid, then: [ { wait: 1d }, { send: thanks } ] } ]
      timeout: { after: 3d, then: [ { send: reminder } ] }
`
	s := tell(t, src).advance().pass(Day).pause(Keep, 0).advance().sleep(Day).does("Paid", map[string]any{"sum": 3.0})
	assert.Equal(t, PhaseWaiting, s.st.Phase)
	assert.Equal(t, int64(7), s.st.Cursor, "the event is kept")
	s.does("Something Else", nil).sleep(5 * Day).resume()
	assert.Equal(t, map[string]any{"sum": 3.0}, s.st.Vars["paid"])
	s.pass(9 * Day)
	assert.Equal(t, []string{"8d thanks"}, s.sent(), "the clock went on with the resume")

	s = tell(t, src).advance().pass(Day).pause(CatchUp, 9*Day).advance().sleep(3*Day).does("Paid", nil).pass(20 * Day)
	assert.Equal(t, []string{"10d reminder"}, s.sent(), "with catch-up the timeout came first")
}

func TestEnteringWhilePaused(t *testing.T) {
	t.Parallel()
	for _, policy := range []OnResume{Keep, CatchUp, Skip} {
		s := tell(t, twoSends).pause(policy, 0).advance()
		assert.Equal(t, PlanHold, s.plan.Kind)
		assert.Empty(t, s.told)
		s.pass(2 * Day).resume()
		assert.Equal(t, monday().Add(2*Day), s.st.EnteredAt)
		assert.Equal(t, []string{"0d paused on holiday Sam", "2d resumed", "2d entered", "2d send a"}, s.timeline())
	}
	s := tell(t, twoSends).pause(Keep, 0).advance().sleep(Day).does("Upgraded", nil).does("Cancelled", nil)
	assert.Equal(t, "cancelled", s.st.Reason, "exit rules act before she is in")
	assert.Zero(t, count(s.told, EventGoalReached), "the goal does not")
}

func TestSupportMovesHerInAPause(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).pause(Skip, 9*Day).advance()
	s.facts.Requests = []Request{{Verb: VerbSkip, By: "Sam"}}
	s.advance()
	assert.Equal(t, "b", s.st.Step)
	assert.Equal(t, []string{"0d a"}, s.sent(), "it does not go out in the pause")
	s.pass(9 * Day)
	assert.Equal(t, []string{"0d a", "10d b"}, s.sent())

	s = tell(t, twoSends).advance().pass(Day).pause(Keep, 9*Day).advance().sleep(Day)
	s.facts.Requests = []Request{{Verb: VerbMove, To: "wait-5d-2", By: "Sam"}}
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "15d c"}, s.sent(), "the wait begins when the pause is over")
}

func TestWindowIsAskedAnewAfterAPause(t *testing.T) {
	t.Parallel()
	const src = head + `
send_window: { from: "09:00", to: "20:00" }
steps: [ { wait: 12h }, { send: a } ]
`
	s := tell(t, src).advance().pass(13 * time.Hour)
	assert.Equal(t, "until Tue 09:00, then send a", s.plan.Summary)
	s.pause(Keep, 23*time.Hour).advance().pass(9 * Day)
	assert.Equal(t, []string{"1d 23h0m0s a"}, s.sent(), "paused until Tuesday 22:00: Wednesday 09:00")

	s = tell(t, src).advance().pass(13*time.Hour).pause(Skip, 23*time.Hour).advance().pass(9 * Day)
	assert.Empty(t, s.sent())
}

func TestEffectiveDue(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return monday().Add(time.Duration(hour) * time.Hour) }
	pause := func(policy OnResume, from, to int) Pause {
		end := at(to)
		return Pause{Since: at(from), Until: &end, OnResume: policy}
	}
	open := func(from int) Pause { return Pause{Since: at(from), OnResume: Keep} }
	for name, c := range map[string]struct {
		pauses []Pause
		want   int // hours; -1: open
	}{
		"none":                           {nil, 10},
		"in the middle":                  {[]Pause{pause(Keep, 2, 5)}, 13},
		"before the wait began":          {[]Pause{pause(Keep, -9, -5)}, 10},
		"over its beginning":             {[]Pause{pause(Keep, -9, 4)}, 14},
		"after its end":                  {[]Pause{pause(Keep, 11, 20)}, 10},
		"from its end on":                {[]Pause{pause(Keep, 10, 20)}, 20},
		"two apart":                      {[]Pause{pause(Keep, 6, 7), pause(Keep, 2, 4)}, 13},
		"the first moves it into a next": {[]Pause{pause(Keep, 2, 5), pause(Keep, 12, 20)}, 21},
		"one inside another":             {[]Pause{pause(Keep, 2, 9), pause(Keep, 3, 4)}, 17},
		"that touch":                     {[]Pause{pause(Keep, 2, 4), pause(Keep, 4, 6)}, 14},
		"that let the clock run":         {[]Pause{pause(CatchUp, 2, 5), pause(Skip, 6, 7)}, 10},
		"mixed":                          {[]Pause{pause(Skip, 1, 8), pause(Keep, 2, 4), pause(CatchUp, 3, 6)}, 12},
		"open":                           {[]Pause{open(3)}, -1},
		"open after its end":             {[]Pause{open(11)}, 10},
		"open inside an ended one":       {[]Pause{pause(Keep, 2, 5), open(3)}, -1},
		"of no length":                   {[]Pause{pause(Keep, 3, 3)}, 10},
	} {
		due, known := newStillness(c.pauses).effectiveDue(at(0), at(10))
		if c.want < 0 {
			assert.False(t, known, name)
			continue
		}
		assert.True(t, known, name)
		assert.Equal(t, at(c.want), due, name)
	}
}
