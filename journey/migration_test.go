package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// migrate takes her to another version, as the next decision finds it asked.
func (s *story) migrate(src string, moves map[string]string, waits Waits) *story {
	s.t.Helper()
	return s.migrating(src, moves, waits).advance()
}

func (s *story) migrating(src string, moves map[string]string, waits Waits) *story {
	s.t.Helper()
	to, problems := Parse("", []byte(src))
	require.Empty(s.t, problems.Errors(), src)
	s.crossings = append(s.crossings, Crossing{
		From: s.def, To: to, FromN: s.facts.Version, ToN: s.facts.Version + 1, Map: moves, Recompute: waits == WaitsRecompute,
	})
	s.def, s.facts.Version = to, s.facts.Version+1
	return s
}

const twoMails = head + `
steps:
  - send: hello
  - wait: 5d
    id: rest
  - send: offer
`

func TestMigratingKeepsTheWaitOrComputesItAnew(t *testing.T) {
	t.Parallel()
	longer := head + "steps:\n  - send: hello\n  - wait: 8d\n    id: rest\n  - send: offer\n  - wait: 1d\n  - send: thanks\n"
	shorter := head + "steps:\n  - send: hello\n  - wait: 1d\n    id: rest\n  - send: offer\n"
	for name, is := range map[string]struct {
		to    string
		waits Waits
		sent  []string
	}{
		"kept":                  {longer, WaitsKeep, []string{"0d hello", "5d offer", "6d thanks"}},
		"recomputed":            {longer, WaitsRecompute, []string{"0d hello", "8d offer", "9d thanks"}},
		"a shorter one is kept": {shorter, WaitsKeep, []string{"0d hello", "5d offer"}},
		"what is over is over":  {shorter, WaitsRecompute, []string{"0d hello", "3d offer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tell(t, twoMails).advance().pass(3*Day).migrate(is.to, nil, is.waits)
			s.pass(30 * Day)
			assert.Equal(t, is.sent, s.sent())
			assert.Equal(t, PlanDone, s.plan.Kind)
			assert.Equal(t, ReasonFinished, s.st.Reason)
			assert.Empty(t, s.drops)
			assert.False(t, s.st.Kept)
		})
	}
}

func TestMigratingAWaitThatIsTheSameLetsItLive(t *testing.T) {
	t.Parallel()
	const src = head + "steps:\n  - wait: { until: { attribute: renews_at }, if_missing: 3d }\n    id: rest\n  - send: offer\n"
	s := tell(t, src)
	s.facts.Customer.Attributes["renews_at"] = "2026-12-01T09:00:00Z"
	s.advance().pass(Day).migrate(src+"  - send: thanks\n", nil, WaitsKeep)
	s.facts.Customer.Attributes["renews_at"] = "2026-11-27T09:00:00Z" // four days in
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"4d offer", "4d thanks"}, s.sent())
}

func TestMigratingFollowsTheMap(t *testing.T) {
	t.Parallel()
	renamed := head + "steps:\n  - send: hi\n  - wait: 5d\n    id: pause-for-breath\n  - send: offer\n"
	s := tell(t, twoMails).advance().pass(2*Day).migrate(renamed, map[string]string{"rest": "pause-for-breath", "hello": "hi"}, WaitsKeep)
	assert.Equal(t, "pause-for-breath", s.st.Step)
	assert.Equal(t, map[string]int{"hi": 1, "pause-for-breath": 1}, s.st.Visits)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "5d offer"}, s.sent())
	assert.Empty(t, s.dropSteps)
}

func TestWhoseStepIsGoneLeaves(t *testing.T) {
	t.Parallel()
	s := tell(t, twoMails).advance().pass(2*Day).migrate(head+"steps:\n  - send: welcome\n  - send: offer\n", nil, WaitsKeep)
	assert.Equal(t, PlanDone, s.plan.Kind)
	assert.Equal(t, ReasonStepGone, s.st.Reason)
	assert.Equal(t, []string{"hello", "rest"}, s.dropSteps)
	assert.Equal(t, []string{ReasonExited}, s.drops)
	assert.Equal(t, EventJourneyExited, s.told[len(s.told)-1].Name)
}

// What lies behind her is not sent again when the new version has it before her once more; a step that is new is.
func TestNobodyIsSentAStepTwiceByMigrating(t *testing.T) {
	t.Parallel()
	s := tell(t, twoMails).advance().pass(Day).migrate(head+`
steps:
  - wait: 5d
    id: rest
  - send: offer
  - send: hello
  - { send: hello, id: hello-once-more }
`, nil, WaitsKeep)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "5d offer", "5d hello"}, s.sent())
	assert.Contains(t, s.timeline(), "5d not_sent hello had_it")
	assert.Equal(t, "hello-once-more", s.queued[2].Step)

	inRounds := head + "steps:\n  - repeat: { times: 3, then: [ { send: hello }, { wait: 2d, id: rest } ] }\n"
	s = tell(t, inRounds).advance().pass(3*Day).migrate(inRounds+"  - send: offer\n", nil, WaitsKeep)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "2d hello", "4d hello", "6d offer"}, s.sent(), "rounds go on")
}

func TestExitsAndGoalOfTheNewVersionHoldAtOnce(t *testing.T) {
	t.Parallel()
	const after = `
journey: test
name: Test
topic: offers
enter: { when: { event: Order Completed } }
reentry: always
exit:
  - { if: { attribute: plan, eq: gold }, as: upgraded }
  - { event: Refunded, as: refunded }
steps:
  - send: hello
  - wait: 5d
    id: rest
`
	s := tell(t, twoMails)
	s.facts.Customer.Attributes["plan"] = "gold"
	s.advance().pass(Day).migrate(after, nil, WaitsKeep)
	assert.Equal(t, "upgraded", s.st.Reason)

	s = tell(t, twoMails).advance().pass(Day).does("Refunded", nil).migrate(after, nil, WaitsKeep)
	assert.Equal(t, StatusActive, s.st.Status, "what happened before does not count")
	assert.Contains(t, s.out.Listens, ListenEvent+"Refunded")
	assert.Equal(t, "refunded", s.does("Refunded", nil).st.Reason)
}

func TestMigratingAPausedCustomerLeavesHerPaused(t *testing.T) {
	t.Parallel()
	s := tell(t, twoMails).advance().pass(2 * Day)
	s.facts.Pauses = []Pause{{ID: "pau_1", Scope: ScopeCustomer, Reason: "on holiday", By: "Max", Since: s.now, OnResume: Keep}}
	s.advance().pass(Day).migrate(head+"steps:\n  - send: hello\n  - wait: 9d\n    id: rest\n  - send: offer\n", nil, WaitsKeep)
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.True(t, s.st.Paused)
	end := s.now.Add(4 * Day)
	s.now, s.facts.Pauses[0].EndedAt = end, &end
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "10d offer"}, s.sent(), "three days were left of the wait")
}

func TestAStepOfAnotherKindIsArrivedAt(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"steps:\n  - send: hello\n  - task: { title: Call her, team: support, wait: 9d }\n    id: rest\n").advance().pass(Day)
	require.NotEmpty(t, s.st.Task)
	s.migrate(twoMails, nil, WaitsKeep)
	assert.Equal(t, s.tasks[0].ID, s.out.Effects.CloseTask, "nobody needs to call her any more")
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "6d offer"}, s.sent(), "the wait begins when she comes to it")
	assert.Empty(t, s.st.Task)
}

func TestMigratingASurveyAndATask(t *testing.T) {
	t.Parallel()
	ask := func(survey string) string {
		return head + "steps:\n  - survey: { ask: nps, send: how, " + survey + ", no_answer: [ { send: never-mind } ] }\n    id: ask\n"
	}
	for name, is := range map[string]struct {
		from, to string
		waits    Waits
		sent     []string
	}{
		"kept":                  {"wait: 7d", "wait: 3d", WaitsKeep, []string{"0d how", "7d never-mind"}},
		"recomputed":            {"wait: 7d", "wait: 10d", WaitsRecompute, []string{"0d how", "10d never-mind"}},
		"the reminder is gone":  {"wait: 7d, reminder: { after: 3d, send: again }", "wait: 9d", WaitsKeep, []string{"0d how", "7d never-mind"}},
		"a reminder is kept":    {"wait: 7d, reminder: { after: 3d, send: again }", "wait: 7d, reminder: { after: 5d, send: again }", WaitsKeep, []string{"0d how", "3d again", "7d never-mind"}},
		"a reminder is counted": {"wait: 7d", "wait: 7d, reminder: { after: 5d, send: again }", WaitsRecompute, []string{"0d how", "5d again", "7d never-mind"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tell(t, ask(is.from)).advance().pass(Day).migrate(ask(is.to), nil, is.waits).pass(30 * Day)
			assert.Equal(t, is.sent, s.sent())
		})
	}
	call := func(wait string) string {
		return head + "steps:\n  - task: { title: Call, team: support, wait: " + wait + " }\n    id: call\n  - send: offer\n"
	}
	s := tell(t, call("9d")).advance().pass(Day).migrate(call("4d"), nil, WaitsRecompute).pass(30 * Day)
	assert.Equal(t, []string{"4d offer"}, s.sent())
	assert.Len(t, s.tasks, 1)
}

func TestTwoMigrationsInOneDecision(t *testing.T) {
	t.Parallel()
	third := head + "steps:\n  - send: hello\n  - wait: 9d\n    id: last\n  - send: offer\n"
	second := head + "steps:\n  - send: hello\n  - wait: 7d\n    id: middle\n  - send: offer\n"
	s := tell(t, twoMails).advance().pass(Day)
	s.migrating(second, map[string]string{"rest": "middle"}, WaitsKeep).migrating(third, map[string]string{"middle": "last"}, WaitsKeep).advance()
	assert.Equal(t, "last", s.st.Step)
	assert.Equal(t, 5, s.facts.Version)
	s.pass(30 * Day)
	assert.Equal(t, []string{"0d hello", "5d offer"}, s.sent())
}

func TestMigratingKeepsSinceWhenAConditionHolds(t *testing.T) {
	t.Parallel()
	src := func(rules string) string {
		return `
journey: test
name: Test
topic: offers
enter: { when: { event: Order Completed } }
reentry: always
exit:
` + rules + "steps:\n  - wait: 30d\n    id: rest\n"
	}
	const rule = "  - { if: { attribute: plan, eq: gold }, for: 10d, as: upgraded }\n"
	s := tell(t, src(rule))
	s.facts.Customer.Attributes["plan"] = "gold"
	s.advance().pass(6*Day).migrate(src("  - { event: Refunded, as: refunded }\n"+rule), nil, WaitsKeep).pass(30 * Day)
	assert.Equal(t, "upgraded", s.st.Reason)
	assert.Equal(t, monday().Add(10*Day), s.st.EndedAt.Round(time.Second))
}
