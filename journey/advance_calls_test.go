package journey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const calling = head + `
webhooks: { billing: { url: https://billing.example.com, secret_env: WEBHOOK_BILLING } }
exit: [ { event: Order Cancelled, as: cancelled } ]
steps:
  - webhook:
      to: billing
      body: { order: { id: { trigger: order_id }, gone: { trigger: gone } }, list: [ { trigger: gone }, { attribute: first_name } ] }
      as: bill
      on_error: %ON_ERROR%
  - branch:
      - { if: { var: bill.status, eq: 200 }, then: [ { branch: [ { if: { var: bill.body.credit, gt: 3 }, then: [ { send: credit } ] } ] } ] }
      - { if: { var: bill.status, gte: 400 }, then: [ { send: sorry } ] }
  - send: bye
`

func callStory(t *testing.T, onError string) *story {
	t.Helper()
	s := tell(t, strings.Replace(calling, "%ON_ERROR%", onError, 1)).advance()
	assert.Equal(t, PlanDo, s.plan.Kind)
	assert.Equal(t, s.calls[0].ID, s.plan.Call)
	assert.Equal(t, "call billing, then branch-bill-status", s.plan.Summary)
	return s
}

// outcome is what the activity stores.
func (s *story) outcome(state CallState, status int, body any, reason string) *story {
	s.facts.Call = &CallFact{ID: s.st.Call, State: state, Status: status, Body: body, Reason: reason}
	return s.advance()
}

func TestWebhookIsCalledAndItsReplyRead(t *testing.T) {
	t.Parallel()
	s := callStory(t, "go_on")
	assert.JSONEq(t, `{"order": {"id": "o-1"}, "list": [null, "Ada"]}`, string(s.calls[0].Body), "what is missing is left out")
	assert.Equal(t, 1, s.calls[0].Visit)

	s.sleep(Day).advance()
	assert.Equal(t, PlanDo, s.plan.Kind, "woken for another reason, the same call stands")
	assert.Len(t, s.calls, 1)

	s.outcome(CallAnswered, 200, map[string]any{"credit": 5.0}, "")
	assert.Equal(t, []string{"1d credit", "1d bye"}, s.sent())
	assert.Equal(t, []string{"0d entered", "0d call billing", "1d replied billing 200", "1d branch 1", "1d branch 1", "1d send credit",
		"1d send bye", "1d exited finished"}, s.timeline())
}

func TestWebhookThatFails(t *testing.T) {
	t.Parallel()
	s := callStory(t, "go_on").outcome(CallFailed, 402, map[string]any{"error": "no"}, ReasonStatus)
	assert.Equal(t, []string{"0d sorry", "0d bye"}, s.sent())
	s = callStory(t, "go_on").outcome(CallFailed, 0, nil, ReasonTimeout)
	assert.Equal(t, []string{"0d bye"}, s.sent(), "no reply, no status")
	s = callStory(t, "exit").outcome(CallFailed, 0, nil, ReasonBlocked)
	assert.Equal(t, ReasonCallFailed, s.st.Reason)
	assert.Equal(t, "the call of billing failed: its address is private, or not https", LogWords(s.log[2], nil))

	s = callStory(t, "hold").outcome(CallFailed, 500, nil, ReasonStatus).sleep(Day).advance()
	assert.Equal(t, "held: the call of webhook-billing failed", s.plan.Summary)
	assert.Len(t, s.calls, 1, "it is not called again by itself")
	s.facts.Requests = []Request{{Verb: VerbMove, To: "webhook-billing", By: "mara"}}
	s.advance()
	assert.Len(t, s.calls, 2, "a person lets it be called again")
	assert.Equal(t, 2, s.calls[1].Visit, "which is another call")

	s = callStory(t, "go_on")
	s.facts.Call = nil
	assert.Equal(t, []string{"0d bye"}, s.advance().sent(), "a call that is not there any more holds up nobody")
}

func TestWebhookInAPauseAnExitAndAHoldout(t *testing.T) {
	t.Parallel()
	s := callStory(t, "go_on")
	s.facts.Pauses = []Pause{{ID: "pau_1", Scope: ScopeCustomer, Target: "cus_1", Since: s.now, OnResume: Keep}}
	assert.Equal(t, PlanHold, s.advance().plan.Kind, "paused in mid-call")
	s.outcome(CallAnswered, 200, nil, "")
	assert.Equal(t, PlanHold, s.plan.Kind, "the reply waits")
	end := s.sleep(2 * Day).now
	s.facts.Pauses[0].EndedAt = &end
	assert.Equal(t, []string{"2d bye"}, s.advance().sent())

	s = callStory(t, "go_on").sleep(Day).does("Order Cancelled", nil)
	assert.Equal(t, "cancelled", s.st.Reason)
	assert.Equal(t, s.calls[0].ID, s.closed[len(s.closed)-1], "the call is given up")
	assert.Empty(t, s.sent())

	s = tell(t, strings.Replace(calling, "%ON_ERROR%", "go_on", 1))
	s.st.Holdout = true
	assert.Empty(t, s.advance().calls, "who is held out is not told of elsewhere")
}

func TestNotifyTellsATeamAndGoesOn(t *testing.T) {
	t.Parallel()
	const src = head + "steps: [ { notify: { team: sales, text: \" {{ customer.first_name }} ordered {{ trigger.order_id }}\\nCall her. \" } }, { send: a } ]"
	s := tell(t, src).advance()
	assert.Equal(t, []Notice{{Team: "sales", Text: "Ada ordered o-1\nCall her."}}, s.out.Effects.Notices)
	assert.Equal(t, []string{"0d a"}, s.sent(), "nobody waits for the team")
	assert.Equal(t, "told sales: “Ada ordered o-1\nCall her.”", LogWords(s.log[1], nil))
	s = tell(t, src)
	s.st.Holdout = true
	assert.Empty(t, s.advance().out.Effects.Notices)
}
