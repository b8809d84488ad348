package workflows_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/webhook"
	"perennial/workflows"
)

// A journey calls a receiver on the real parts: it verifies the signature, fails once, and its reply leads on.
func TestJourneyCallsOutside(t *testing.T) {
	t.Parallel()
	secret := journey.NewSecret()
	verifier, err := standard.NewWebhook(secret)
	require.NoError(t, err)
	var mu sync.Mutex
	var ids, bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.NoError(t, verifier.Verify(body, r.Header))
		mu.Lock()
		defer mu.Unlock()
		ids, bodies = append(ids, r.Header.Get("webhook-id")), append(bodies, string(body))
		if len(ids) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"credit": 5}`))
	}))
	t.Cleanup(server.Close)
	s := newSpine(t, "  - webhook: { to: billing, body: { who: { attribute: email } }, as: bill }\n"+
		"  - branch: [ { if: { var: bill.body.credit, gte: 5 }, then: [ { exit: credited } ] } ]\n"+
		"webhooks: { billing: { url: "+server.URL+", secret_env: WEBHOOK_BILLING } }\n")
	allow, err := webhook.ParseAllow("127.0.0.0/8")
	require.NoError(t, err)
	caller := &activities.Caller{Store: s.store, Post: webhook.NewClient(webhook.Guard{Allow: allow}).Post,
		Secret: func(name string) string { return map[string]string{"WEBHOOK_BILLING": secret}[name] }}
	for _, w := range workflows.NewWorkers(s.client, workflows.WorkerOptions{Queues: s.queues, PoolSize: 4, Log: s.log.logger()},
		workflows.Activities{Caller: caller}) {
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	id := s.enroll("ada")
	testenv.Eventually(t, patience, func() bool { return s.ended(id) }, "the end of the journey")
	assert.Equal(t, 1, s.number(`SELECT count(*) FROM enrollments WHERE reason = 'credited'`))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []string{`{"who":"ada@example.com"}`, `{"who":"ada@example.com"}`}, bodies)
	assert.Equal(t, ids[0], ids[1], "every attempt has the same id")
	assert.NotContains(t, text(t, historyOf(t, s.client, workflows.EnrollmentID(id), "")), "credit\"")
}
