package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWaitUntil(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait: { until: { attribute: starts_at }, offset: -24h, if_past: %s, if_missing: %s, then: [ { send: tomorrow } ] }
  - send: after
`
	play := func(startsAt any, ifPast, ifMissing string) *story {
		s := tell(t, fmt.Sprintf(src, ifPast, ifMissing))
		if startsAt != nil {
			s.facts.Customer.Attributes["starts_at"] = startsAt
		}
		return s.advance()
	}
	in := func(d time.Duration) string { return monday().Add(d).Format(time.RFC3339) }

	s := play(in(10*Day), "skip", "3d")
	assert.Equal(t, []string{"attribute:starts_at"}, s.out.Listens)
	assert.Equal(t, "until 2 Dec 10:00, then tomorrow", s.plan.Summary)
	assert.Equal(t, []string{"9d tomorrow", "9d after"}, s.pass(20*Day).sent())

	assert.Equal(t, []string{"0d after"}, play(in(0), "skip", "3d").pass(20*Day).sent(), "past and skip")
	assert.Equal(t, []string{"0d tomorrow", "0d after"}, play(in(0), "run", "3d").pass(20*Day).sent(), "past and run")
	assert.Equal(t, ReasonPast, play(in(0), "exit", "3d").st.Reason)
	assert.Equal(t, []string{"3d tomorrow", "3d after"}, play(nil, "skip", "3d").pass(20*Day).sent(), "missing and a time")
	assert.Equal(t, []string{"0d after"}, play(nil, "skip", "skip").pass(20*Day).sent(), "missing and skip")
	assert.Equal(t, ReasonMissing, play("soon", "skip", "exit").st.Reason)
	assert.Equal(t, []string{"timezone"}, play("2026-12-10", "skip", "3d").out.Listens[1:], "a date hangs on the zone")
	assert.Equal(t, []string{"15d 14h0m0s tomorrow", "15d 14h0m0s after"}, play("2026-12-10", "skip", "3d").pass(30*Day).sent())
}

func TestWaitMovesWithItsValue(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait: { until: { attribute: starts_at }, if_past: %s, if_missing: skip, then: [ { send: now } ] }
  - send: after
`
	begin := func(ifPast string) *story {
		s := tell(t, fmt.Sprintf(src, ifPast))
		s.facts.Customer.Attributes["starts_at"] = "2026-12-10T09:00:00Z"
		return s.advance().pass(3 * Day)
	}
	move := func(s *story, to any) *story {
		s.facts.Customer.Attributes["starts_at"] = to
		return s.advance()
	}
	s := move(begin("skip"), "2026-12-20T09:00:00Z")
	assert.Equal(t, "3d recomputed", s.timeline()[1])
	assert.Equal(t, []string{"27d now", "27d after"}, s.pass(90*Day).sent(), "later")
	assert.Equal(t, []string{"7d now", "7d after"}, move(begin("skip"), "2026-11-30T09:00:00Z").pass(90*Day).sent(), "earlier")
	assert.Equal(t, []string{"3d after"}, move(begin("skip"), "2026-11-24T09:00:00Z").sent(), "into the past, and skip")
	assert.Equal(t, []string{"3d now", "3d after"}, move(begin("run"), "2026-11-24T09:00:00Z").sent(), "into the past, and run")
	assert.Equal(t, []string{"3d after"}, move(begin("run"), nil).sent(), "gone")
}

func TestWaitForANumberOfDays(t *testing.T) {
	t.Parallel()
	const src = head + "steps: [ { wait: { for: { attribute: trial }, unit: d, default: 30d } }, { send: a } ]"
	play := func(trial any) []string {
		s := tell(t, src)
		s.facts.Customer.Attributes["trial"] = trial
		return s.advance().pass(500 * Day).sent()
	}
	assert.Equal(t, []string{"14d a"}, play(int64(14)))
	assert.Equal(t, []string{"1d 12h0m0s a"}, play(1.5))
	assert.Equal(t, []string{"30d a"}, play("two weeks"))
	assert.Equal(t, []string{"30d a"}, play(nil))
	assert.Equal(t, []string{"400d a"}, play(1e300))
	assert.Equal(t, []string{"0d a"}, play(-3.0))

	s := tell(t, src).advance()
	assert.Equal(t, []string{"attribute:trial"}, s.out.Listens)
	s.pass(3 * Day)
	s.facts.Customer.Attributes["trial"] = int64(5)
	assert.Equal(t, []string{"5d a"}, s.advance().pass(90*Day).sent(), "counted from the beginning of the wait")

	s = tell(t, head+"steps: [ { wait: { for: { attribute: trial }, default: 30d } }, { wait: 2d }, { send: a } ]").advance().pass(20 * Day)
	s.facts.Customer.Attributes["trial"] = int64(5)
	assert.Equal(t, []string{"22d a"}, s.advance().pass(90*Day).sent(), "what moves into the past is due now, not then")
}

func TestWaitForALocalTime(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`steps: [ { wait: { at: "09:30", day: sat } }, { send: a } ]`).advance()
	assert.Equal(t, "until Sat 09:30, then a", s.plan.Summary)
	assert.Equal(t, []string{ListenTimezone}, s.out.Listens)
	s.facts.Zone = zone(t, "America/New_York")
	assert.Equal(t, []string{"5d 5h30m0s a"}, s.advance().pass(9*Day).sent(), "she flew to New York")
}

func TestWaitForTimeoutAtAMoment(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait_for:
      any: [ { event: Paid, where: { sum: { gte: 10 } }, then: [ { send: thanks } ] } ]
      timeout: { at: { attribute: due }, offset: -1d, if_missing: exit, then: [ { send: last-day } ] }
`
	s := tell(t, src)
	s.facts.Customer.Attributes["due"] = "2026-12-03T09:00:00Z"
	s.advance().pass(Day).does("Paid", map[string]any{"sum": 9.5}).pass(time.Hour)
	assert.Equal(t, []string{"attribute:due", "event:Paid"}, s.out.Listens)
	s.facts.Customer.Attributes["due"] = "2026-12-05T09:00:00Z"
	assert.Equal(t, []string{"11d last-day"}, s.advance().pass(30*Day).sent())

	s = tell(t, src)
	s.facts.Customer.Attributes["due"] = "2026-12-03T09:00:00Z"
	s.advance().pass(5 * Day)
	s.facts.Customer.Attributes["due"] = "2026-11-25T09:00:00Z"
	s.track("Paid", map[string]any{"sum": 10.0}).sleep(time.Minute).advance()
	assert.Equal(t, "thanks", s.queued[0].Template, "she paid before the change was seen")
}

func TestWaitForACondition(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait_for:
      any:
        - { event: Paid, then: [ { send: paid } ] }
        - { if: { attribute: plan, eq: pro }, then: [ { send: pro } ] }
      timeout: { after: 9d, then: [ { send: nothing } ] }
`
	s := tell(t, src).advance().pass(Day)
	s.facts.Customer.Attributes["plan"] = "pro"
	assert.Equal(t, []string{"1d pro"}, s.advance().sent())

	s = tell(t, src)
	s.facts.Customer.Attributes["plan"] = "pro"
	assert.Equal(t, []string{"0d pro"}, s.advance().sent(), "true on arrival")

	s = tell(t, src).advance().pass(Day)
	s.facts.Customer.Attributes["plan"] = "pro"
	assert.Equal(t, []string{"1d paid"}, s.does("Paid", nil).sent(), "both at once: the first in the file")
}

func TestConditionThatBecomesTrueByTimeAlone(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { if: { event: Login, count: { lt: 1 }, within: 10d }, as: asleep } ]
steps:
  - wait_for:
      any: [ { if: { attribute: renews_at, within_next: 7d }, then: [ { send: renewal } ] } ]
      timeout: { after: 90d, then: [ { exit: never } ] }
  - wait: 90d
`)
	s.facts.Customer.Attributes["renews_at"] = "2026-12-07T09:00:00Z"
	s.track("Login", nil).sleep(time.Hour).advance().pass(40 * Day)
	assert.Equal(t, []string{"7d renewal"}, s.sent())
	assert.Equal(t, "asleep", s.st.Reason)
	assert.Equal(t, monday().Add(10*Day), *s.st.EndedAt)
}

func TestBranchTakesTheFirst(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - branch:
      - { if: { attribute: orders_count, gte: 5 }, then: [ { send: regular } ] }
      - { if: { trigger: total, gte: 100 }, then: [ { send: big } ] }
      - { else: [ { send: other } ] }
  - send: all
`
	play := func(orders any, total any) *story {
		s := tell(t, src)
		s.facts.Customer.Attributes["orders_count"] = orders
		s.st.Trigger["total"] = total
		return s.advance()
	}
	s := play(7.0, 200.0)
	assert.Equal(t, []string{"0d regular", "0d all"}, s.sent())
	assert.Equal(t, map[string]any{"arm": "1", "values": map[string]any{"attribute.orders_count": 7.0}}, s.log[1].Detail)
	assert.Equal(t, []string{"0d big", "0d all"}, play(1.0, 200.0).sent())
	assert.Equal(t, []string{"0d other", "0d all"}, play(nil, nil).sent())
}

func TestSplitIsFairAndStable(t *testing.T) {
	t.Parallel()
	def := tell(t, head+`
steps:
  - split: [ { name: a, share: 60, then: [ { send: a } ] }, { name: b, share: 30, then: [ { send: b } ] }, { name: c, share: 10, then: [ { send: c } ] } ]
`).def
	n := map[string]int{}
	for i := range 5000 {
		in := tellOf(t, def).input()
		in.Facts.Customer.ID = fmt.Sprintf("cus_%d", i)
		out := Advance(def, in)
		n[out.Log[1].Detail["variant"].(string)]++
		assert.Equal(t, out.Log[1], Advance(def, in).Log[1])
	}
	assert.InDelta(t, 3000, n["a"], 150)
	assert.InDelta(t, 1500, n["b"], 150)
	assert.InDelta(t, 500, n["c"], 100)
}

func TestUnsendable(t *testing.T) {
	t.Parallel()
	const src = head + "steps: [ { send: { message: a, if_unsendable: %s } }, { send: { message: b, topic: transactional } } ]"
	t.Run("go on", func(t *testing.T) {
		s := tell(t, fmt.Sprintf(src, "go_on"))
		s.facts.Customer.Consents = nil
		s.advance()
		assert.Equal(t, []string{"0d b"}, s.sent(), "a receipt needs no consent")
		assert.Equal(t, LaneTransactional, s.queued[0].Lane)
		assert.Equal(t, s.now.Add(7*Day), s.queued[0].ExpiresAt)
		assert.Contains(t, s.timeline(), "0d not_sent a no_consent")
	})
	t.Run("exit", func(t *testing.T) {
		s := tell(t, fmt.Sprintf(src, "exit"))
		s.facts.Suppressed = true
		assert.Equal(t, ReasonSuppressed, s.advance().st.Reason)
	})
	t.Run("hold", func(t *testing.T) {
		s := tell(t, fmt.Sprintf(src, "hold"))
		s.facts.Customer.Email = ""
		s.advance()
		assert.Equal(t, PlanHold, s.plan.Kind)
		assert.Equal(t, []string{"attribute:email", "consent:offers"}, s.out.Listens)
		s.sleep(Day).advance()
		assert.Len(t, s.log, 2, "said once")
		s.facts.Customer.Email = "ada@example.com"
		assert.Equal(t, []string{"1d a", "1d b"}, s.advance().sent())
	})
	t.Run("double opt-in", func(t *testing.T) {
		s := tell(t, head+"topics: { offers: { name: Offers, double_opt_in: true } }\nsteps: [ { send: a } ]")
		assert.Empty(t, s.advance().sent())
		s = tell(t, head+"topics: { offers: { name: Offers, double_opt_in: true } }\nsteps: [ { send: a } ]")
		s.facts.Customer.Consents["offers"] = ConsentConfirmed
		assert.Equal(t, []string{"0d a"}, s.advance().sent())
	})
	t.Run("unless", func(t *testing.T) {
		s := tell(t, head+"steps: [ { send: { message: a, unless: { attribute: first_name, eq: Ada } } } ]").advance()
		assert.Contains(t, s.timeline(), "0d not_sent a unless")
	})
}

func TestWindowAnyTimeAndZone(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
send_window: { from: "12:00", to: "13:00" }
steps: [ { send: { message: a, window: any } }, { send: b }, { wait: 1d }, { send: c } ]
`).advance()
	assert.Equal(t, "until Mon 12:00, then send b", s.plan.Summary)
	assert.Equal(t, []string{ListenTimezone}, s.out.Listens)
	s.facts.Zone = zone(t, "Asia/Kathmandu")
	s.advance().pass(9 * Day)
	assert.Equal(t, []string{"0d a", "21h15m0s b", "1d 21h15m0s c"}, trim(s.sent()), "waits count from the promised time")
}

func trim(lines []string) []string {
	for i, line := range lines {
		if len(line) > 3 && line[:3] == "0d " && line[3] != 'a' {
			lines[i] = line[3:]
		}
	}
	return lines
}

func TestEmptyPool(t *testing.T) {
	t.Parallel()
	const src = head + "steps: [ { coupon: { pool: comeback, expires: 14d, as: offer, when_empty: %s } }, { send: a } ]"
	empty := func(what string) *story {
		s := tell(t, fmt.Sprintf(src, what))
		s.pool = 0
		return s.advance()
	}
	s := empty("hold")
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.Equal(t, "held: pool comeback is empty", s.plan.Summary)
	assert.Equal(t, []string{"pool:comeback"}, s.out.Listens)
	s.advance().pool = 1
	s.sleep(Day).advance()
	assert.Equal(t, []string{"0d entered", "0d pool_empty comeback", "1d coupon comeback", "1d send a", "1d exited finished"}, s.timeline())

	assert.Equal(t, []string{"0d a"}, empty("go_on").sent())
	assert.Equal(t, ReasonPoolEmpty, empty("exit").st.Reason)
}

// Advance asks for one code at a time, and the second call starts over: nothing of the first counts.
func TestTakeStartsOver(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps: [ { send: a }, { coupon: { pool: p, as: one } }, { coupon: { pool: p, as: two } }, { send: b } ]
`)
	in := s.input()
	out := Advance(s.def, in)
	assert.Equal(t, Output{State: in.State, Take: &CouponRequest{Step: "coupon-one", Visit: 1, Pool: "p", As: "one"}}, out)
	in.Facts.Coupons = map[string]Coupon{"one": {ID: "cpn_1"}}
	assert.Equal(t, "two", Advance(s.def, in).Take.As)
	in.Facts.Coupons["two"] = Coupon{ID: "cpn_2"}
	out = Advance(s.def, in)
	require.Nil(t, out.Take)
	assert.Equal(t, map[string]string{"one": "cpn_1", "two": "cpn_2"}, out.State.Coupons)
	require.Len(t, out.Effects.Messages, 2)
	assert.Empty(t, out.Effects.Messages[0].Coupons)
	assert.Equal(t, out.State.Coupons, out.Effects.Messages[1].Coupons)
	assert.Empty(t, out.Effects.Expiries, "these never expire")
}

const surveySrc = head + `
send_window: { from: "09:00", to: "20:00" }
steps:
  - survey:
      ask: nps
      send: ask
      wait: 7d
      reminder: { after: %s, send: ask-again }
      answers:
        - { if: { answer: score, gte: 9 }, then: [ { send: thanks } ] }
      no_answer: [ { send: never-mind } ]
  - send: after
`

func TestSurveyReminds(t *testing.T) {
	t.Parallel()
	s := tell(t, fmt.Sprintf(surveySrc, "3d")).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d ask", "3d ask-again", "7d never-mind", "7d after"}, s.sent())
	assert.Equal(t, s.queued[0].SurveyID, s.queued[1].SurveyID)
	require.Len(t, s.surveys, 1)
	assert.Equal(t, monday().Add(7*Day), s.surveys[0].ExpiresAt)

	s = tell(t, fmt.Sprintf(surveySrc, "84h")).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d ask", "3d 23h0m0s ask-again", "7d never-mind", "7d after"}, s.sent(), "the reminder waits for its window")

	s = tell(t, fmt.Sprintf(surveySrc, "3d")).advance().pass(4*Day).pause(Keep, Day).advance().pass(30 * Day)
	assert.Equal(t, []string{"0d ask", "3d ask-again", "8d never-mind", "8d after"}, s.sent(), "a pause moves the end")
}

func TestSurveyAnswered(t *testing.T) {
	t.Parallel()
	answer := func(s *story, score any) *story {
		return s.does(EventSurveyAnswered, map[string]any{"invitation": s.surveys[0].ID, "score": score})
	}
	s := answer(tell(t, fmt.Sprintf(surveySrc, "3d")).advance().pass(Day), 9.0)
	assert.Equal(t, []string{"0d ask", "1d thanks", "1d after"}, s.sent())
	assert.Equal(t, map[string]any{"score": 9.0}, s.queued[1].Data.Answer)
	s = answer(tell(t, fmt.Sprintf(surveySrc, "3d")).advance().pass(5*Day), 8.0)
	assert.Equal(t, []string{"0d ask", "3d ask-again", "5d after"}, s.sent(), "an answer that matches no arm goes on")
}

func TestSurveyThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := tell(t, fmt.Sprintf(surveySrc, "3d"))
	s.facts.Customer.Consents = nil
	s.advance()
	assert.Equal(t, ReasonFinished, s.st.Reason, "nobody waits for an answer to a question that was not asked")
	assert.Empty(t, s.surveys)
	assert.Contains(t, s.timeline(), "0d not_sent ask no_consent")

	s = tell(t, head+"steps: [ { survey: { ask: csat, send: ask } }, { send: after } ]").advance()
	assert.Equal(t, []string{"0d ask", "0d after"}, s.sent(), "without `wait` it goes on")
	require.Len(t, s.surveys, 1)
	assert.Equal(t, monday().Add(30*Day), s.surveys[0].ExpiresAt)
}

func TestTask(t *testing.T) {
	t.Parallel()
	const src = head + `
exit: [ { event: Cancelled, as: cancelled } ]
steps:
  - task:
      title: Call {{ customer.first_name }} about {{ trigger.order_id }}
      team: support
      due: 4h
      wait: 3d
      outcomes: [ { if: { answer: outcome, eq: repaired }, then: [ { send: repaired } ] } ]
  - send: after
`
	s := tell(t, src).advance()
	require.Len(t, s.tasks, 1)
	assert.Equal(t, "Call Ada about o-1", s.tasks[0].Title)
	assert.Equal(t, s.tasks[0].ID, s.st.Task)
	assert.Equal(t, []string{"event:Cancelled", "event:Task Done"}, s.out.Listens)
	s.pass(time.Hour).does(EventTaskDone, map[string]any{"task": s.st.Task, "outcome": "repaired", "note": "glad"})
	assert.Equal(t, []string{"0d 1h0m0s repaired", "0d 1h0m0s after"}, s.sent())
	assert.Empty(t, s.out.Effects.CloseTask)

	s = tell(t, src).advance().pass(3 * Day)
	assert.Equal(t, []string{"3d after"}, s.sent())
	assert.Equal(t, s.tasks[0].ID, s.out.Effects.CloseTask)

	s = tell(t, src).advance().does("Cancelled", nil)
	assert.Equal(t, s.tasks[0].ID, s.out.Effects.CloseTask)

	s = tell(t, src)
	s.st.Holdout = true
	assert.Empty(t, s.advance().tasks, "who is held out is not called either")
}

func TestSetAndStart(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - set: { tier: top, points: { add: 100 }, last_order: { trigger: order_id }, gone: { trigger: nothing } }
  - set: { points: { add: 0.5 } }
  - branch: [ { if: { all: [ { attribute: tier, eq: top }, { attribute: points, eq: 100.5 } ] }, then: [ { send: top } ] } ]
  - start: { journey: loyalty, with: { order: { trigger: order_id }, kind: gold } }
`).advance()
	assert.Equal(t, []string{"0d top"}, s.sent())
	assert.ElementsMatch(t, []Attribute{
		{"tier", "top"}, {"points", int64(100)}, {"last_order", "o-1"}, {"points", 100.5},
	}, s.out.Effects.Set)
	require.Len(t, s.starts, 1)
	assert.Equal(t, "loyalty", s.starts[0].Journey)
	assert.Equal(t, map[string]any{"order": "o-1", "kind": "gold"}, s.starts[0].Properties)
	assert.Equal(t, "enr_1/"+s.def.Steps[3].ID+"/1", s.starts[0].EntryKey)
}

func TestPlanIsSmall(t *testing.T) {
	t.Parallel()
	long := func(n int, s string) string {
		text := ""
		for range n {
			text += s
		}
		return text
	}
	for _, id := range []string{long(300, "a"), long(100, "ü"), long(90, `<&"`), "\x00\xff\u2028", "ok"} {
		def := &Definition{Key: "x", Topic: "offers", Steps: []*Step{
			{ID: id, Kind: StepWaitFor, WaitFor: &WaitFor{Any: []Awaited{{Event: long(90, "<Ü>")}}, Timeout: &Timeout{After: 399 * Day}}},
		}}
		def.Compile()
		s := tellOf(t, def)
		s.check(s.ask())
	}
}
