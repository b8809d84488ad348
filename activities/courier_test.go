package activities_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/webhook"
)

// A courier on real parts: Postgres, SMTP, HTTP.
func TestCourierTellsTeams(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var mu sync.Mutex
	var texts []string
	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in map[string]string
		assert.NoError(t, json.Unmarshal(body, &in))
		assert.Empty(t, r.Header.Get("webhook-signature"), "its address is the secret")
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, in["text"])
	}))
	t.Cleanup(chat.Close)
	by := journey.Actor{ID: "test", Role: journey.RoleAdmin}
	_, err := o.store.PutTeam(t.Context(), journey.Team{Key: "sales", Emails: []string{"sales@example.com"}, URL: chat.URL}, false, by)
	require.NoError(t, err)
	for _, kind := range []string{"mail", "notice"} {
		address := ""
		if kind == "mail" {
			address = "sales@example.com"
		}
		o.exec(`INSERT INTO parcels (id, kind, team, address, text, state, due_wall, created_at) VALUES ($1, $2, 'sales', $3, $4, 'queued', $5, $5)`,
			"par_"+kind, kind, address, "<!channel> Ada & co. want a call\nSoon.", o.now())
	}
	allow, err := webhook.ParseAllow("127.0.0.0/8")
	require.NoError(t, err)
	c := &activities.Courier{
		Outbox: o.store, Post: webhook.NewClient(webhook.Guard{Allow: allow}).Post, Dial: o.sender.Dial, Compose: o.sender.Compose, Brand: o.sender.Brand,
		Clock: o.store.Clock(), Log: o.sender.Log,
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	letter := o.relay.WaitFor(t, 1)[0]
	testenv.Eventually(t, 10*time.Second, func() bool {
		var left int
		return o.pool.QueryRow(t.Context(), `SELECT count(*) FROM parcels WHERE state <> 'delivered'`).Scan(&left) == nil && left == 0
	}, "both delivered")
	cancel()
	require.NoError(t, <-done)
	h := letter.Header(t)
	assert.Equal(t, "<!channel> Ada & co. want a call", h.Get("Subject"))
	assert.Equal(t, "<par_mail@example.com>", h.Get("Message-ID"))
	assert.Empty(t, h.Get("List-Unsubscribe"))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []string{"&lt;!channel&gt; Ada &amp; co. want a call\nSoon."}, texts, "what a customer wrote rings no bell")
}
