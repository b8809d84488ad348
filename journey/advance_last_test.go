package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestExitWithLastSteps(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit:
  - { event: Cancelled, as: cancelled, then: [ { send: sorry }, { wait: 2d }, { send: come-back } ] }
  - { event: Closed, as: closed }
goal: { event: Bought, value: total }
steps:
  - send: hello
  - wait: 5d
  - send: never
`)
	s.advance().pass(Day)
	s.does("Cancelled", nil).pass(Day)
	assert.Equal(t, "wait-2d", s.st.Step)
	s.does("Closed", nil).does("Cancelled", nil).does("Bought", map[string]any{"total": 5.0}).pass(10 * Day)
	assert.Equal(t, []string{
		"0d entered", "0d send hello", "1d leaving Cancelled cancelled", "1d send sorry", "2d goal Bought", "3d send come-back",
		"3d exited cancelled",
	}, s.timeline(), "no exit rule ends the last steps; the goal still counts")
	assert.Equal(t, []string{ReasonExited}, s.drops)
	assert.InDelta(t, 5.0, s.st.GoalWorth, 0)
}

func TestExitWithLastStepsInAPause(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { event: Cancelled, as: cancelled, then: [ { wait_for: { any: [ { event: Bought, then: [ { send: thanks } ] } ], timeout: { after: 1d, then: [ { send: sorry } ] } } } ] } ]
steps: [ { send: hello }, { wait: 5d } ]
`)
	s.advance()
	until := monday().Add(3 * Day)
	s.facts.Pauses = []Pause{{ID: "p", Scope: ScopeCustomer, Since: monday().Add(time.Hour), Until: &until, OnResume: Keep}}
	s.pass(Day).track("Bought", nil).track("Cancelled", nil).advance()
	assert.Equal(t, "wait-for-bought", s.st.Step, "exit rules act at once")
	s.pass(9 * Day)
	assert.Equal(t, []string{"0d hello", "4d sorry"}, s.sent(), "her order came before the last steps, which begin after the pause")
}

func TestExitWhenAConditionLasts(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"exit: [ { if: { attribute: plan, eq: free }, for: 14d, as: downgraded } ]\nsteps: [ { wait: 60d } ]\n")
	s.facts.Customer.Attributes["plan"] = "free"
	s.advance()
	assert.Equal(t, monday().Add(14*Day), *s.plan.At)
	s.pass(10 * Day)
	s.facts.Customer.Attributes["plan"] = "pro"
	s.advance()
	assert.Nil(t, s.st.Lasting)
	s.pass(Day)
	s.facts.Customer.Attributes["plan"] = "free"
	s.advance().pass(20 * Day)
	assert.Equal(t, []string{"0d entered", "25d exited downgraded"}, s.timeline(), "the count began anew on day 11")
}

func TestGoalThatIsACondition(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"goal: { if: { attribute: plan, eq: pro }, for: 3d, exit: true, as: upgraded, then: [ { send: welcome } ] }\nsteps: [ { wait: 60d } ]\n")
	s.advance()
	s.facts.Customer.Attributes["plan"] = "pro"
	s.pass(Day).advance().pass(9 * Day)
	assert.Equal(t, []string{"0d entered", "4d goal", "4d leaving upgraded", "4d send welcome", "4d exited upgraded"}, s.timeline())
}

func TestMovingOutOfLastSteps(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"exit: [ { event: Cancelled, as: cancelled, then: [ { wait: 2d } ] } ]\nsteps: [ { send: hello }, { wait: 5d } ]\n")
	s.advance().does("Cancelled", nil)
	s.facts.Requests = []Request{{Verb: VerbMove, To: "wait-5d", By: "Kim"}}
	s.advance().pass(9 * Day)
	assert.Equal(t, ReasonFinished, s.st.Reason)
	assert.Equal(t, "cancelled", s.def.leavingAt("wait-2d"))
}

func TestConditionOnItemsOfTheTrigger(t *testing.T) {
	t.Parallel()
	line := func(sku string, n float64) any { return map[string]any{"sku": sku, "n": n} }
	for _, c := range []struct {
		cond string
		list any
		want bool
	}{
		{"{ trigger: lines, any: { sku: { eq: x } } }", []any{line("y", 1), line("x", 2)}, true},
		{"{ trigger: lines, any: { sku: x, n: { gt: 2 } } }", []any{line("y", 3), line("x", 2)}, false},
		{"{ trigger: lines, all: { n: { gte: 1 } } }", []any{line("y", 3), line("x", 2)}, true},
		{"{ trigger: lines, all: { n: { gte: 3 } } }", []any{line("y", 3), line("x", 2)}, false},
		{"{ trigger: lines, all: { n: { gte: 3 } } }", []any{}, false},
		{"{ trigger: lines, none: { sku: x } }", []any{line("y", 1), "x", nil}, true},
		{"{ trigger: lines, none: { sku: x } }", []any{line("x", 1)}, false},
		{"{ trigger: lines, none: { sku: x } }", nil, false},
		{"{ trigger: lines, any: { sku: x } }", "x", false},
	} {
		d := parsed(t, minimal+"steps: [ { branch: [ { if: "+c.cond+", then: [ { exit: a } ] } ] } ]\n")
		l := Lookup{State: &State{Trigger: map[string]any{"lines": c.list}}, Facts: &Facts{}}
		assert.Equal(t, c.want, d.Steps[0].Branch[0].If.Holds(l, map[string]any{}), "%s of %v", c.cond, c.list)
	}
}

func TestMessagesAreCountedWithinATime(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - repeat:
      times: 4
      until: { message: hello, was: sent, count: { gte: 2 }, within: 3d }
      then: [ { send: hello }, { wait: 1d } ]
  - wait_for: { any: [ { if: { message: any, was: sent, count: { lt: 1 }, within: 5d }, then: [ { exit: quiet } ] } ], timeout: { after: 30d, then: [ { exit: no } ] } }
`)
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "1d hello"}, s.sent())
	assert.Equal(t, "quiet", s.st.Reason)
	assert.Equal(t, monday().Add(6*Day), *s.st.EndedAt, "the moment at which the last one is five days old")
}

func TestColleaguesCountWhereTheRuleSaysSo(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
exit: [ { event: Subscribed, by: account, where: { plan: pro }, as: somebody }, { event: Left, as: left } ]
steps:
  - wait_for: { any: [ { event: Subscribed, then: [ { exit: herself } ] }, { if: { event: Shared, by: account, since: entry, count: { gte: 2 } }, then: [ { send: team } ] } ], timeout: { after: 60d, then: [ { exit: no } ] } }
  - wait: 5d
`)
	assert.Contains(t, s.advance().out.Listens, ListenColleague+"Subscribed")
	assert.Contains(t, s.out.Listens, ListenColleague+"Shared")
	colleague := func(name string, properties map[string]any) {
		s.track(name, properties)
		s.facts.Events[len(s.facts.Events)-1].Kind = KindColleague
		s.facts.History[name] = nil
	}
	colleague("Left", nil)
	colleague("Subscribed", map[string]any{"plan": "free"})
	assert.Equal(t, "wait-for-subscribed", s.advance().st.Step)
	s.facts.AccountHistory = map[string][]Event{"Shared": {
		{Name: "Shared", CustomerID: "cus_2", Number: 1, ReceivedAt: s.now.Add(time.Minute)},
		{Name: "Shared", CustomerID: "cus_1", Number: s.st.Began + 1},
		{Name: "Shared", CustomerID: "cus_2", Number: 99, ReceivedAt: monday().Add(-time.Minute)},
	}}
	assert.Equal(t, []string{"0d team"}, s.advance().sent())
	s.pass(Day)
	colleague("Subscribed", map[string]any{"plan": "pro"})
	assert.Equal(t, "somebody", s.advance().st.Reason)
}
