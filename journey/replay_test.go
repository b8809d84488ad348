package journey

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replay asks what migrating her would do, without doing it.
func (s *story) replay(src string, moves map[string]string) Effect {
	s.t.Helper()
	to, problems := Parse("", []byte(src))
	require.Empty(s.t, problems.Errors(), src)
	facts := s.facts
	facts.Events = nil
	r := Recalled{Version: 3, State: s.st, Facts: facts}
	for _, e := range s.facts.Events {
		if e.Number > s.st.Began {
			r.Events = append(r.Events, e)
		}
	}
	for _, m := range s.queued {
		r.Had = append(r.Had, m.Template)
	}
	return Replay(Crossing{From: s.def, To: to, FromN: 3, ToN: 4, Map: moves}, r, s.now)
}

func TestReplayFindsWhoGetsAMessageTwiceOrNever(t *testing.T) {
	t.Parallel()
	s := tell(t, twoMails).advance().pass(2 * Day)
	assert.Empty(t, s.replay(twoMails, nil))
	assert.Equal(t, Effect{Twice: []string{"hello"}}, s.replay(head+`
steps:
  - send: hello
  - wait: 5d
    id: rest
  - { send: hello, id: hello-once-more }
`, nil), "a step with another id is a new message")
	assert.Equal(t, Effect{Skips: []string{"first-of-all"}}, s.replay(head+`
steps:
  - send: first-of-all
  - send: hello
  - wait: 5d
    id: rest
  - send: offer
`, nil), "what is put before her does not reach her")
	assert.Equal(t, Effect{}, s.replay(head+`
steps:
  - wait: 5d
    id: rest
  - send: hello
`, nil), "the same step is not sent again")
	assert.Equal(t, ReasonStepGone, s.replay(head+"steps:\n  - send: hello\n", nil).Ends)
}

func TestReplayFollowsWhatSheDid(t *testing.T) {
	t.Parallel()
	src := func(also string) string {
		return head + `
steps:
  - wait_for:
      any: [ { event: Clicked Through, then: [ ` + also + ` { send: thanks } ] } ]
      timeout: { after: 10d, then: [ { send: reminder } ] }
    id: listen
  - wait: 20d
    id: rest
`
	}
	s := tell(t, src("")).advance().pass(2*Day).does("Clicked Through", nil).pass(Day)
	require.Equal(t, []string{"2d thanks"}, s.sent())
	assert.Equal(t, Effect{Skips: []string{"a-gift"}}, s.replay(src("{ send: a-gift },"), nil))

	survey := func(then string) string {
		return head + "steps:\n  - survey: { ask: nps, send: how, wait: 7d, answers: [ { if: { answer: score, lte: 6 }, then: [ { send: sorry }" + then +
			" ] } ] }\n    id: ask\n  - wait: 20d\n    id: rest\n"
	}
	s = tell(t, survey("")).advance().pass(Day)
	s.does(EventSurveyAnswered, map[string]any{"invitation": s.st.Survey, "step": "ask", "score": 3.0})
	require.Equal(t, []string{"0d how", "1d sorry"}, s.sent())
	assert.Equal(t, Effect{Skips: []string{"a-gift"}}, s.replay(survey(", { send: a-gift }"), nil), "her answer counts in the replay too")
}

func TestReplayFindsWhoLeavesAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t, twoMails)
	s.facts.Customer.Attributes["plan"] = "gold"
	s.advance().pass(Day)
	before := s.st
	e := s.replay("journey: test\nname: Test\ntopic: offers\nenter: { when: { event: Order Completed } }\nreentry: always\n"+
		"exit: [ { if: { attribute: plan, eq: gold }, as: upgraded } ]\nsteps:\n  - send: hello\n  - wait: 5d\n    id: rest\n", nil)
	assert.Equal(t, "upgraded", e.Ends)
	assert.Equal(t, before, s.st, "a replay changes nothing")
}
