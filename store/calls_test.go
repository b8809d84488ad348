package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

const callJourney = `
journey: calls
name: Calls
topic: transactional
enter: { when: { event: Signed Up } }
reentry: always
exit: [ { event: Left, as: left } ]
webhooks: { crm: { url: https://crm.example.com, secret_env: WEBHOOK_CRM } }
steps:
  - webhook: { to: %TO%, body: { plan: { trigger: plan } }, as: reply }
  - branch: [ { if: { var: reply.body.ok, eq: true }, then: [ { send: yes } ] }, { else: [ { send: no } ] } ]
`

// called brings Ada to a call and returns her enrollment and the call.
func called(t *testing.T, to string) (w *world, enrollment, call string) {
	t.Helper()
	w = newWorld(t)
	w.publish(strings.Replace(callJourney, "%TO%", to, 1))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", map[string]any{"plan": "pro"})
	enrollment = w.enrollment("ada", "calls")
	d := w.step(enrollment, journey.CauseStart)
	require.Equal(t, journey.PlanDo, d.Kind)
	text, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Less(t, len(text), 300)
	again, err := w.Advance(t.Context(), enrollment, w.seq(enrollment), journey.CauseWake)
	require.NoError(t, err)
	assert.Equal(t, d, again, "asked again, the answer is the same")
	return w, enrollment, d.Call
}

func (w *world) begin(call string) journey.Calling {
	w.t.Helper()
	c, err := w.BeginCall(w.t.Context(), call)
	require.NoError(w.t, err)
	return c
}

func (w *world) end(call string, attempt int, reply journey.PostReply) time.Duration {
	w.t.Helper()
	again, err := w.EndCall(w.t.Context(), call, attempt, reply)
	require.NoError(w.t, err)
	return again
}

func TestCallIsTriedAndItsReplyLeadsOn(t *testing.T) {
	t.Parallel()
	w, id, call := called(t, "crm")
	first := w.begin(call)
	require.NotNil(t, first.Post, "%+v %s", first, one[string](w, `SELECT state || reason FROM calls`))
	assert.Equal(t, "https://crm.example.com", first.Post.URL)
	assert.Equal(t, "WEBHOOK_CRM", first.SecretEnv)
	assert.Equal(t, call, first.Post.ID)
	assert.JSONEq(t, `{"plan": "pro"}`, string(first.Post.Body))
	assert.Positive(t, w.begin(call).Wait, "one attempt at a time")

	assert.Equal(t, 5*time.Second, w.end(call, 1, journey.PostReply{Status: 503, Reason: journey.ReasonStatus}))
	assert.Equal(t, 5*time.Second, w.begin(call).Wait)
	w.wall.pass(5 * time.Second)
	second := w.begin(call)
	assert.Equal(t, 2, second.Attempt)
	assert.Equal(t, first.Post.Body, second.Post.Body)
	assert.Zero(t, w.end(call, 1, journey.PostReply{Status: 200}), "an attempt that was given up has no say")
	assert.Equal(t, journey.PlanDo, w.step(id, journey.CauseWake).Kind)
	assert.Equal(t, 40*time.Second, w.end(call, 2, journey.PostReply{Status: 429, Reason: journey.ReasonStatus, After: 40 * time.Second}), "as the receiver asks")
	w.wall.pass(40 * time.Second)
	w.begin(call)
	assert.Zero(t, w.end(call, 3, journey.PostReply{Status: 200, Body: []byte(`{"ok":true}`)}))
	assert.Nil(t, w.begin(call).Post, "it has come to its end")
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseOutcome).Kind)
	assert.Equal(t, "entered call replied branch send exited", w.log(id))
	assert.Equal(t, "yes", one[string](w, `SELECT template FROM messages`))
}

func TestCallGivesUp(t *testing.T) {
	t.Parallel()
	w, id, call := called(t, "crm")
	total := time.Duration(0)
	for attempt := 1; ; attempt++ {
		require.NotNil(t, w.begin(call).Post)
		again := w.end(call, attempt, journey.PostReply{Reason: journey.ReasonTimeout})
		if again == 0 {
			assert.Equal(t, 10, attempt)
			break
		}
		total += again
		w.wall.pass(again)
	}
	assert.InDelta(t, 3.5, total.Hours(), 0.2)
	w.step(id, journey.CauseOutcome)
	assert.Equal(t, "entered call call_failed branch send exited", w.log(id))
	assert.Equal(t, "no", one[string](w, `SELECT template FROM messages`))

	w, id, call = called(t, "nobody")
	assert.Nil(t, w.begin(call).Post, "nobody has declared it")
	w.step(id, journey.CauseOutcome)
	assert.Equal(t, journey.ReasonNoEndpoint, one[string](w, `SELECT detail->>'reason' FROM step_log WHERE what = 'call_failed'`))
}

func TestCallOfAnEndpointOfTheServer(t *testing.T) {
	t.Parallel()
	w, _, call := called(t, "billing")
	_, made, err := w.PutEndpoint(t.Context(), "billing", "https://billing.example.com", "", "whsec_fresh", eraser)
	require.NoError(t, err)
	assert.True(t, made)
	_, made, err = w.PutEndpoint(t.Context(), "billing", "https://billing.example.com/v2", "", "whsec_other", eraser)
	require.NoError(t, err)
	assert.False(t, made, "it keeps its secret")
	begun := w.begin(call)
	assert.Equal(t, "https://billing.example.com/v2 whsec_fresh", begun.Post.URL+" "+begun.Post.Secret)
	assert.NotContains(t, one[string](w, `SELECT string_agg(detail::text, '') FROM audit`), "whsec")
	require.NoError(t, w.DeleteEndpoint(t.Context(), "billing", eraser))
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(w.DeleteEndpoint(t.Context(), "billing", eraser)))
	unknown, err := w.Unknown(t.Context(), journey.References{Webhooks: []string{"billing"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"billing"}, unknown.Webhooks)
}

func TestCallWaitsForPauseSwitchAndHold(t *testing.T) {
	t.Parallel()
	w, _, call := called(t, "crm")
	off, on := false, true
	_, err := w.SetSwitch(t.Context(), journey.Switch{Sending: &off})
	require.NoError(t, err)
	assert.Equal(t, time.Minute, w.begin(call).Wait, "the kill switch")
	_, err = w.SetSwitch(t.Context(), journey.Switch{Sending: &on})
	require.NoError(t, err)
	w.exec(`INSERT INTO pauses (id, scope, target, reason, by, since_at, on_resume) VALUES ('pau_1', 'everything', '', 'test', 'test', $1, 'keep')`, w.wall.now())
	c := w.begin(call)
	assert.Nil(t, c.Post)
	assert.Positive(t, c.Wait, "a pause")
	w.exec(`UPDATE pauses SET ended_at = $1`, w.wall.now())
	assert.NotNil(t, w.begin(call).Post)
	assert.Equal(t, 1, one[int](w, `SELECT attempt FROM calls`), "waiting is no attempt")
}

func TestCallOfHerWhoLeaves(t *testing.T) {
	t.Parallel()
	w, id, call := called(t, "crm")
	w.begin(call)
	w.track("ada", "Left", nil)
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	assert.Equal(t, "dropped", one[string](w, `SELECT state FROM calls`))
	assert.Zero(t, w.end(call, 1, journey.PostReply{Status: 200, Body: []byte("late")}))
	assert.Equal(t, "answered late", one[string](w, `SELECT state || ' ' || convert_from(reply, 'UTF8') FROM calls`), "the reply is recorded")
	assert.Equal(t, "entered exited", strings.Replace(w.log(id), " call", "", 1), "and nothing follows from it")

	w, id, call = called(t, "crm")
	w.begin(call)
	w.track("ada", "Left", nil)
	w.step(id, journey.CauseWake)
	assert.Zero(t, w.end(call, 1, journey.PostReply{Reason: journey.ReasonTimeout}), "it is not tried again")
	assert.Nil(t, w.begin(call).Post)
}

func TestErasureTakesCalls(t *testing.T) {
	t.Parallel()
	w, id, call := called(t, "crm")
	w.begin(call)
	e, err := w.Export(t.Context(), "user:ada", eraser)
	require.NoError(t, err)
	found := ""
	for _, section := range e.Sections {
		for row, err := range section.Rows(t.Context()) {
			require.NoError(t, err)
			if section.Name == "calls" {
				found += string(row)
			}
		}
	}
	assert.Contains(t, found, `"plan": "pro"`)
	_, err = w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	assert.Zero(t, w.end(call, 1, journey.PostReply{Status: 200, Body: []byte("Ada")}), "in mid-call")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM calls`))
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseOutcome).Kind)
	assert.Nil(t, w.begin(call).Post)
}

func TestBodiesOfCallsAreForgotten(t *testing.T) {
	t.Parallel()
	w, _, call := called(t, "crm")
	w.begin(call)
	w.end(call, 1, journey.PostReply{Status: 200, Body: []byte("x")})
	w.wall.pass(31 * 24 * time.Hour)
	require.NoError(t, w.open(store.Options{}).Upkeep(t.Context()))
	assert.True(t, one[bool](w, `SELECT body IS NULL AND reply IS NULL AND status = 200 FROM calls`))
}
