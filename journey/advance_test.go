package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const winBack = `
journey: win-back
name: Win back inactive customers
topic: offers
enter:
  when: { inactive: { event: Order Completed, for: 60d } }
  if: { attribute: orders_count, gte: 1 }
reentry: { after: 180d }
exit:
  - { event: Order Completed, as: won-back }
goal: { event: Order Completed, within: 45d, value: total }
holdout: 10
send_window: { from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri] }
steps:
  - send: we-miss-you
  - wait: 5d
  - coupon: { pool: comeback, expires: 14d, as: offer }
  - send: comeback-offer
  - wait_for:
      any:
        - { if: { coupon: offer, was: redeemed }, then: [ { exit: redeemed } ] }
      timeout: { after: 10d, then: [ { send: last-call } ] }
  - survey:
      ask: nps
      send: how-are-we-doing
      wait: 7d
      answers:
        - if: { answer: score, lte: 6 }
          then:
            - task: { title: "Call {{ customer.first_name }}", team: support, due: 1d }
      no_answer: [ { exit: silent } ]
`

func TestWinBackStaysSilent(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack).advance()
	assert.Equal(t, PlanWait, s.plan.Kind)
	assert.Equal(t, "wait 5 days, then comeback-offer", s.plan.Summary)
	assert.Equal(t, []string{"event:Order Completed"}, s.out.Listens)

	s.pass(30 * Day)
	assert.Equal(t, []string{
		"0d entered",
		"0d send we-miss-you",
		"5d coupon comeback",
		"5d window comeback-offer", // Saturday
		"6d 23h0m0s send comeback-offer",
		"16d 23h0m0s timeout",
		"16d 23h0m0s send last-call",
		"16d 23h0m0s send how-are-we-doing",
		"16d 23h0m0s survey",
		"23d 23h0m0s timeout",
		"23d 23h0m0s exited silent",
	}, s.timeline())
	assert.Equal(t, "silent", s.st.Reason)
	assert.Equal(t, PlanDone, s.plan.Kind)
	assert.Empty(t, s.drops, "an end by the steps leaves what is queued")

	offer := s.queued[1]
	assert.Equal(t, map[string]string{"offer": s.facts.Coupons["offer"].ID}, offer.Coupons)
	assert.Equal(t, offer.NotBefore.Add(14*Day), *s.facts.Coupons["offer"].ExpiresAt, "counted from the promised time")
	assert.Equal(t, offer.NotBefore.Add(3*Day), offer.ExpiresAt)
	assert.Equal(t, LaneMarketing, offer.Lane)
	assert.Equal(t, "enr_1", offer.EnrollmentID)
	assert.Equal(t, []string{EventJourneyEntered, EventCouponIssued, EventJourneyExited}, []string{s.told[0].Name, s.told[1].Name, s.told[2].Name})
	assert.Equal(t, map[string]any{"journey": "win-back", "version": 3, "enrollment": "enr_1", "step": "coupon-offer", "pool": "comeback", "as": "offer",
		"coupon": s.facts.Coupons["offer"].ID, "code": s.facts.Coupons["offer"].Code}, s.told[1].Properties)
	assert.Equal(t, map[string]any{"journey": "win-back", "version": 3, "enrollment": "enr_1", "reason": "silent"}, s.told[2].Properties)
}

func TestWinBackWonBack(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack).advance().pass(2*Day + 3*time.Hour)
	s.does("Order Completed", map[string]any{"total": 49.5, "currency": "EUR"})
	assert.Equal(t, []string{
		"0d entered", "0d send we-miss-you", "2d 3h0m0s goal Order Completed", "2d 3h0m0s exited Order Completed won-back",
	}, s.timeline())
	assert.Equal(t, "won-back", s.st.Reason)
	assert.Equal(t, []string{ReasonExited}, s.drops)
	assert.InDelta(t, 49.5, s.st.GoalWorth, 0)
	assert.Equal(t, EventGoalReached, s.told[1].Name)
	assert.Equal(t, 49.5, s.told[1].Properties["value"])
	assert.Equal(t, "EUR", s.told[1].Properties["currency"])
	assert.Empty(t, s.out.Listens)
}

func TestWinBackRedeemed(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack).advance().pass(9 * Day)
	assert.Contains(t, s.out.Listens, "event:Coupon Redeemed")
	c := s.facts.Coupons["offer"]
	c.RedeemedAt = &s.now
	s.facts.Coupons["offer"] = c
	s.does(EventCouponRedeemed, nil)
	assert.Equal(t, "redeemed", s.st.Reason)
	assert.Empty(t, s.drops, "an exit step is an end by the steps")
}

func TestWinBackUnhappyCustomerIsCalled(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack).advance().pass(18 * Day)
	require.Len(t, s.surveys, 1)
	assert.Equal(t, s.surveys[0].ID, s.queued[3].SurveyID)
	assert.Contains(t, s.out.Listens, "event:Survey Answered")

	s.does(EventSurveyAnswered, map[string]any{"invitation": "srv_of_another", "score": 9.0})
	assert.Equal(t, PhaseAsked, s.st.Phase)
	s.does(EventSurveyAnswered, map[string]any{"invitation": s.surveys[0].ID, "score": 3.0, "comment": "slow"})
	require.Len(t, s.tasks, 1)
	assert.Equal(t, "Call Ada", s.tasks[0].Title)
	assert.Equal(t, s.now.Add(Day), *s.tasks[0].DueAt)
	assert.Equal(t, ReasonFinished, s.st.Reason)
	assert.Equal(t, "answered", s.log[len(s.log)-3].What)
	assert.NotContains(t, s.log[len(s.log)-3].Detail, "comment")
}

func TestWinBackHoldoutReceivesNothing(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack)
	s.st.Holdout = true
	s.advance().pass(60 * Day)
	assert.Empty(t, s.queued)
	assert.Empty(t, s.facts.Coupons, "and takes no code")
	assert.Equal(t, "silent", s.st.Reason)
	assert.Equal(t, []string{
		"0d entered", "0d holdout we-miss-you", "5d holdout", "5d window comeback-offer", "6d 23h0m0s holdout comeback-offer",
		"16d 23h0m0s timeout", "16d 23h0m0s holdout last-call", "16d 23h0m0s holdout how-are-we-doing", "16d 23h0m0s timeout",
		"16d 23h0m0s exited silent",
	}, s.timeline())
}

func TestEndedStaysEnded(t *testing.T) {
	t.Parallel()
	s := tell(t, winBack)
	s.st.Status, s.st.Reason = StatusEnded, "won-back"
	s.advance()
	assert.Equal(t, PlanDone, s.plan.Kind)
	assert.Empty(t, s.log)
}

// Two things that happened before anybody looked are decided on in their order.
func TestWhatFellDueFirstHappensFirst(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait_for:
      any: [ { event: Paid, then: [ { send: thanks } ] } ]
      timeout: { after: 2d, then: [ { set: { late: true } }, { wait_for: { any: [ { event: Paid, as: paid, then: [ { send: thanks-at-last } ] } ], timeout: { after: 9d, then: [ { exit: late } ] } } } ] }
`
	t.Run("the event", func(t *testing.T) {
		s := tell(t, src).advance().sleep(2*Day-time.Second).track("Paid", nil).sleep(Day).advance()
		assert.Equal(t, "thanks", s.queued[0].Template)
		assert.NotContains(t, s.facts.Customer.Attributes, "late")
	})
	t.Run("the timeout", func(t *testing.T) {
		s := tell(t, src).advance().sleep(2*Day+time.Second).track("Paid", map[string]any{"sum": 3.0}).sleep(Day).advance()
		assert.Equal(t, "thanks-at-last", s.queued[0].Template)
		assert.Equal(t, true, s.facts.Customer.Attributes["late"])
		assert.Equal(t, map[string]any{"paid": map[string]any{"sum": 3.0}}, s.st.Vars)
		assert.Equal(t, map[string]any{"paid": map[string]any{"sum": 3.0}}, s.queued[0].Data.Vars)
	})
	t.Run("in the same instant", func(t *testing.T) {
		s := tell(t, src).advance().sleep(2*Day).track("Paid", nil).advance()
		assert.Equal(t, "thanks-at-last", s.queued[0].Template)
	})
}

func TestWhatCameBeforeTheWaitDoesNotEndIt(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { event: Cancelled } ]
steps:
  - wait: 1d
  - wait_for: { any: [ { event: Paid, then: [ { exit: paid } ] } ], timeout: { after: 5d, then: [ { send: reminder } ] } }
`)
	s.advance().does("Paid", nil).pass(7 * Day)
	assert.Equal(t, []string{"6d reminder"}, s.sent())
}

func TestWaitsDoNotDrift(t *testing.T) {
	t.Parallel()
	steps := "steps: [ { send: a }, { wait: 1d }, { send: b }, { wait: 1d }, { send: c } ]"
	late := func(by time.Duration) []string {
		s := tell(t, head+steps).advance()
		for s.plan.Kind != PlanDone {
			s.now = s.plan.At.Add(by)
			s.advance()
		}
		return s.sent()
	}
	assert.Equal(t, []string{"0d a", "1d b", "2d c"}, late(0))
	assert.Equal(t, []string{"0d a", "1d 3s b", "2d 3s c"}, late(3*time.Second), "a driver that is slow loses nothing")
	assert.Equal(t, []string{"0d a", "6d b", "12d c"}, late(5*Day), "after an outage messages keep their distance")
}

func TestMatch(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { event: Order Cancelled, match: order_id, as: cancelled } ]
steps: [ { wait: 9d } ]
`).advance()
	s.does("Order Cancelled", map[string]any{"order_id": "o-2"}).does("Order Cancelled", nil)
	assert.Equal(t, StatusActive, s.st.Status)
	s.does("Order Cancelled", map[string]any{"order_id": "o-1"})
	assert.Equal(t, "cancelled", s.st.Reason)
}

func TestGoal(t *testing.T) {
	t.Parallel()
	const src = head + `
goal: { event: Upgraded, within: 3d, value: seats, where: { plan: pro }, exit: %v }
steps: [ { wait: 9d } ]
`
	s := tell(t, fmt.Sprintf(src, true)).advance().does("Upgraded", map[string]any{"plan": "basic"})
	assert.Nil(t, s.st.GoalAt)
	assert.Contains(t, s.out.Listens, "event:Upgraded")
	s.pass(Day).does("Upgraded", map[string]any{"plan": "pro", "seats": int64(3)})
	assert.Equal(t, ReasonGoal, s.st.Reason)
	assert.InDelta(t, 3, s.st.GoalWorth, 0)

	s = tell(t, fmt.Sprintf(src, false)).advance().does("Upgraded", map[string]any{"plan": "pro"})
	s.does("Upgraded", map[string]any{"plan": "pro"})
	assert.Equal(t, StatusActive, s.st.Status)
	assert.Equal(t, []string{"0d entered", "0d goal Upgraded"}, s.timeline(), "once")
	assert.NotContains(t, s.out.Listens, "event:Upgraded")

	s = tell(t, fmt.Sprintf(src, true)).advance().pass(3*Day+time.Second).does("Upgraded", map[string]any{"plan": "pro"})
	assert.Equal(t, StatusActive, s.st.Status, "too late to count")
}

func TestExitByCondition(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { if: { attribute: plan, eq: pro }, as: upgraded } ]
steps: [ { wait: 1d }, { send: a }, { set: { plan: pro } }, { send: b } ]
`).advance()
	assert.Equal(t, []string{"attribute:plan"}, s.out.Listens)
	s.pass(2 * Day)
	assert.Equal(t, "upgraded", s.st.Reason)
	assert.Empty(t, s.sent(), "what was queued in the same breath is not sent")
	assert.Contains(t, s.timeline(), "1d not_sent a exited")
}

func TestRunInCirclesEnds(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "x", Topic: "offers", Steps: []*Step{{ID: "a", Kind: StepSet}, {ID: "b", Kind: StepSet}}}
	def.Compile()
	def.next["b"] = "a"
	s := tellOf(t, def).advance()
	assert.Equal(t, ReasonRunaway, s.st.Reason)
}

func TestStepThatTheVersionLostIsHeld(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"steps: [ { wait: 1d } ]")
	s.st.Step, s.st.Phase = "gone", PhaseWaiting
	s.advance()
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.Contains(t, s.plan.Summary, "not in this version")
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const src = head + `
exit: [ { event: Cancelled, as: cancelled } ]
steps: [ { send: a }, { wait: 5d }, { send: b }, { wait: 5d }, { send: c }, { wait: 5d } ]
`
	ask := func(s *story, verb, to string) *story {
		s.facts.Requests = append(s.facts.Requests, Request{Verb: verb, To: to, Reason: "she called", By: "Sam"})
		return s
	}
	t.Run("skip", func(t *testing.T) {
		s := ask(tell(t, src).advance().pass(Day), VerbSkip, "").advance()
		assert.Equal(t, []string{"0d a", "1d b"}, s.sent())
		assert.Equal(t, []string{ReasonSkipped}, s.drops)
		assert.Equal(t, "wait 5 days, then c", s.plan.Summary)
		assert.Contains(t, s.timeline(), "1d skipped she called Sam")
	})
	t.Run("move", func(t *testing.T) {
		s := ask(tell(t, src).advance().pass(Day), VerbMove, "c").advance()
		assert.Equal(t, []string{"0d a", "1d c"}, s.sent())
		ask(s, VerbMove, "a").advance()
		assert.Equal(t, []string{"0d a", "1d c", "1d a"}, s.sent(), "a second visit is a second message")
	})
	t.Run("move to nowhere", func(t *testing.T) {
		s := ask(tell(t, src).advance().pass(Day), VerbMove, "nowhere").advance()
		assert.Equal(t, []string{"0d a"}, s.sent())
		assert.Equal(t, "wait-5d", s.st.Step)
	})
	t.Run("exit", func(t *testing.T) {
		s := ask(tell(t, src).advance().pass(Day), VerbExit, "").advance()
		assert.Equal(t, "she called", s.st.Reason)
		assert.Equal(t, []string{ReasonExited}, s.drops)
	})
	t.Run("an exit that came before it wins", func(t *testing.T) {
		s := ask(tell(t, src).advance().pass(Day).track("Cancelled", nil), VerbSkip, "").advance()
		assert.Equal(t, []string{"0d a"}, s.sent())
		assert.Equal(t, "cancelled", s.st.Reason)
	})
	t.Run("skip at the door", func(t *testing.T) {
		s := ask(tell(t, src), VerbSkip, "").advance()
		assert.Empty(t, s.sent())
		assert.Equal(t, "wait-5d", s.st.Step)
	})
	t.Run("skip at the last step ends", func(t *testing.T) {
		s := tell(t, src).advance().pass(12 * Day)
		ask(s, VerbSkip, "").advance()
		assert.Equal(t, ReasonFinished, s.st.Reason)
	})
}

func BenchmarkAdvance(b *testing.B) {
	s := tell(b, winBack).advance()
	s.now = *s.plan.At
	in := s.input()
	in.Facts.Coupons = map[string]Coupon{"offer": {ID: "cpn_1", Pool: "comeback", Expires: 14 * Day}}
	in.NewID = func(prefix string) string { return prefix + "1" }
	b.ReportAllocs()
	for b.Loop() {
		if out := Advance(s.def, in); out.Take != nil {
			b.Fatal("asks for a coupon")
		}
	}
}
