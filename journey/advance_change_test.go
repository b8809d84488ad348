package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRepeatGoesRoundUntilItHolds(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - repeat: { times: 5, until: { event: Watered, since: entry }, then: [ { send: water-me }, { wait: 2d } ] }
  - send: done
`)
	s.advance().pass(5 * Day)
	s.does("Watered", nil).pass(10 * Day)
	assert.Equal(t, []string{"0d water-me", "2d water-me", "4d water-me", "6d done"}, s.sent())
	assert.Nil(t, s.st.Rounds)
}

func TestRepeatEndsAfterItsTimes(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - repeat:
      times: 2
      then:
        - repeat: { times: 2, then: [ { send: inner }, { wait: 1d } ] }
        - send: outer
  - exit: enough
`)
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"0d inner", "1d inner", "2d outer", "2d inner", "3d inner", "4d outer"}, s.sent(),
		"the inner repeat begins anew in each round of the outer")
	assert.Equal(t, "enough", s.st.Reason)
}

func TestRepeatForgetsItsRoundsWhenSheIsMovedOut(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - send: first
  - repeat: { times: 2, then: [ { send: again }, { wait: 1d } ] }
`)
	s.advance().pass(36 * time.Hour)
	s.facts.Requests = []Request{{Verb: VerbMove, To: "first", By: "Kim"}}
	s.advance().pass(10 * Day)
	assert.Equal(t, []string{"0d first", "0d again", "1d again", "1d 12h0m0s first", "1d 12h0m0s again", "2d 12h0m0s again"}, s.sent())
}

func TestConsentChangesWhatFollows(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"exit: [ { if: { consent: offers, is: withdrawn }, as: gone } ]\n"+
		"steps: [ { consent: { topic: news, is: given, reason: asked for it } }, { send: { message: n, topic: news } },"+
		" { consent: { topic: offers, is: withdrawn } }, { send: never } ]\n")
	s.advance()
	assert.Equal(t, []string(nil), s.sent(), "what is queued in the decision of an exit is dropped")
	assert.Equal(t, "gone", s.st.Reason)
	require.Len(t, s.out.Effects.Consents, 2)
	assert.Equal(t, ConsentChange{
		CustomerID: "cus_1", Topic: "news", Is: ConsentGiven, Source: "journey test", Wording: "asked for it",
		Address: "ada@example.com", At: monday(),
	}, s.out.Effects.Consents[0])
}

func TestSuppressLeaveAndPause(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
steps:
  - leave: [win-back, onboarding]
  - pause: { topics: [news], for: 30d }
  - send: hello
  - pause: { topics: [news, offers], for: 30d }
  - send: after-the-pause
  - suppress: { reason: never opens anything }
  - send: never
`)
	s.advance()
	assert.Equal(t, []string{"win-back", "onboarding"}, s.leaves)
	assert.Equal(t, []string{"0d hello"}, s.sent())
	assert.Equal(t, PlanHold, s.plan.Kind)
	assert.Equal(t, monday().Add(30*Day), *s.plan.At)
	require.Len(t, s.facts.Pauses, 1, "only her topic makes this journey stand still")
	s.pass(40 * Day)
	assert.Equal(t, []string{"0d hello", "30d after-the-pause"}, s.sent())
	assert.Equal(t, []string{
		"0d entered", "0d leave", "0d snooze", "0d send hello", "0d snooze", "0d paused step pause-news-2 journey test",
		"30d resumed", "30d send after-the-pause", "30d suppress never opens anything", "30d not_sent never suppressed", "30d exited finished",
	}, s.timeline())
}

func TestRepeatNeedsAWait(t *testing.T) {
	t.Parallel()
	for steps, bad := range map[string]bool{
		`[ { repeat: { times: 2, then: [ { send: a } ] } } ]`:                                                                                                   true,
		`[ { repeat: { times: 2, then: [ { send: a }, { wait: 1d } ] } } ]`:                                                                                     false,
		`[ { repeat: { times: 2, then: [ { branch: [ { if: { attribute: a, eq: 1 }, then: [ { wait: 1d } ] } ] } ] } } ]`:                                       true,
		`[ { repeat: { times: 2, then: [ { wait_for: { any: [ { event: A, then: [ { exit: a } ] } ], timeout: { after: 1d, then: [ { send: b } ] } } } ] } } ]`: false,
	} {
		_, problems := Parse("", []byte(minimal+"steps: "+steps+"\n"))
		assert.Equal(t, bad, len(problems.Errors()) > 0, "%s: %v", steps, problems)
	}
}
