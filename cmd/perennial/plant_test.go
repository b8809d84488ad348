package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// plant is the whole product in this process (API, worker, sender) on parts that a test may take away: a database of its own, a
// namespace of its own, and the inbox.
type plant struct {
	t         *testing.T
	db        *pgxpool.Pool // straight to the database, whatever the product sees of it
	url       string        // of the database
	temporal  string        // host:port as the product reaches it
	namespace string
	speed     float64
	address   string // of the API
	key       string // admin's

	configure func(*config) // what is not as every plant has it; nil: nothing

	app    *app
	cancel context.CancelFunc
	ended  chan error
	said   *transcript
}

// dayOf makes a day of product time pass in d.
func dayOf(d time.Duration) float64 { return float64(24*time.Hour) / float64(d) }

func newPlant(t *testing.T, speed float64) *plant {
	t.Helper()
	p := &plant{t: t, url: testenv.Database(t), temporal: testenv.TheEngine(t).TemporalAddress, namespace: newNamespace(t), speed: speed}
	p.connect()
	return p
}

func (p *plant) connect() {
	p.t.Helper()
	var err error
	p.db, err = pgxpool.New(p.t.Context(), p.url)
	require.NoError(p.t, err)
	p.t.Cleanup(p.db.Close)
}

// newNamespace makes a namespace that goes with the test.
func newNamespace(t *testing.T) string {
	t.Helper()
	name := journey.NewID("test-")
	c := testenv.Temporal(t)
	_, err := workflows.MakeNamespace(t.Context(), c, name)
	require.NoError(t, err)
	t.Cleanup(func() { dropNamespace(t, c, name) })
	return name
}

func dropNamespace(t *testing.T, c client.Client, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := c.OperatorService().DeleteNamespace(ctx, &operatorservice.DeleteNamespaceRequest{Namespace: name}); err != nil {
		t.Logf("deleting the namespace %s: %v", name, err)
	}
}

// start runs the product, through other addresses where they are given, until stop or the end of the test.
func (p *plant) start(databaseURL string) {
	p.t.Helper()
	c, err := readConfig(nil)
	require.NoError(p.t, err)
	c.DatabaseURL, c.SMTPURL, c.SMTPTLS, c.Sandbox = databaseURL, testenv.TheInbox(p.t).SMTPURL, "none", true
	c.DatabaseMax, c.Senders, c.Speed = 8, 2, p.speed
	p.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort()))
	c.Listen, c.PublicURL = p.address, "http://perennial.example"
	if p.configure != nil {
		p.configure(&c)
	}
	p.said = &transcript{}
	log := slog.New(slog.NewTextHandler(p.said, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p.app, err = openApp(p.t.Context(), c, client.Options{HostPort: p.temporal, Namespace: p.namespace}, log)
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	p.cancel, p.ended = cancel, make(chan error, 1)
	a, ended := p.app, p.ended
	go func() { ended <- a.run(ctx) }()
	p.t.Cleanup(p.stop)
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Log(tail(p.said.String()))
			p.t.Log(p.ledger())
		}
	})
	require.NoError(p.t, p.app.awaitReady(p.t.Context()))
	if p.key == "" {
		_, p.key, err = p.app.control.CreateKey(p.t.Context(), itself, "test", journey.RoleAdmin)
		require.NoError(p.t, err)
	}
}

// stop ends the product as SIGTERM does.
func (p *plant) stop() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	p.cancel = nil
	select {
	case err := <-p.ended:
		require.NoError(p.t, err)
	case <-time.After(30 * time.Second):
		require.Fail(p.t, "the product does not end")
	}
	p.app.close()
}

// environment is what a command of the operator is told.
func (p *plant) environment() []string {
	return []string{"DATABASE_URL=" + p.url, "TEMPORAL_ADDRESS=" + testenv.TheEngine(p.t).TemporalAddress, "TEMPORAL_NAMESPACE=" + p.namespace,
		"SMTP_URL=" + testenv.TheInbox(p.t).SMTPURL, "SMTP_TLS=none", "PUBLIC_URL=http://perennial.example", "BRAND_NAME=Oak & Linen",
		"MAIL_FROM=hello@oak-and-linen.example", "POSTAL_ADDRESS=Bath"}
}

// api is somebody with the admin's key.
func (p *plant) api() *server {
	return &server{url: "http://" + p.address, key: p.key, http: &http.Client{Timeout: 10 * time.Second}}
}

// publish publishes a journey that begins with Signed Up, and whose every message is called hello….
func (p *plant) publish(steps string) {
	p.t.Helper()
	source := "journey: steps\nname: Steps\ntopic: transactional\nenter: { when: { event: Signed Up } }\nreentry: always\nsteps:\n" + steps
	files := map[string]string{}
	for _, name := range []string{"hello", "hello-again"} {
		files[name+".html"] = "---\nsubject: " + name + "\n---\n<p>Hello.</p>\n"
	}
	s, ctx := p.app.store, p.t.Context()
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(p.t, problems)
	draft, err := s.EditDraft(ctx, def.Key, itself, func(d journey.Draft) (journey.Draft, error) {
		d.Name, d.Source, d.Files = def.Name, source, files
		return d, nil
	})
	require.NoError(p.t, err)
	_, _, err = s.Publish(ctx, journey.Publication{Key: def.Key, Name: def.Name, ETag: draft.ETag, Declares: def.Declares, By: itself})
	require.NoError(p.t, err)
}

// signUp brings n people in over the API, and returns their addresses, which nobody else has.
func (p *plant) signUp(n int) (addresses []string) {
	p.t.Helper()
	domain := strings.ToLower(journey.NewID("p")) + ".example.com"
	for i := range n {
		name := fmt.Sprintf("ann%d", i)
		addresses = append(addresses, name+"@"+domain)
		id := name + "-" + domain
		require.NoError(p.t, p.post("/v1/identify", map[string]any{"userId": id, "traits": map[string]any{"email": addresses[i]}}))
		require.NoError(p.t, p.post("/v1/track", map[string]any{"userId": id, "event": "Signed Up", "messageId": "up-" + id}))
	}
	return addresses
}

func (p *plant) post(path string, body any) error {
	return p.api().call(p.t.Context(), http.MethodPost, path, body, nil)
}

// report tells of one event as a shop does, under that messageId, and returns the status and Retry-After.
func (p *plant) report(messageID string) (status int, retry string) {
	p.t.Helper()
	body := fmt.Sprintf(`{"userId":"bo","event":"Seen","messageId":%q}`, messageID)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "http://"+p.address+"/v1/track", strings.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header.Get("Retry-After")
}

func (p *plant) number(sql string, args ...any) (n int) {
	p.t.Helper()
	require.NoError(p.t, p.db.QueryRow(p.t.Context(), sql, args...).Scan(&n))
	return n
}

// await waits for a figure of the database.
func (p *plant) await(want int, sql, what string) {
	p.t.Helper()
	testenv.Eventually(p.t, 40*time.Second, func() bool { return p.number(sql) == want }, "%d %s", want, what)
}

func (p *plant) enrollments() (ids []string) {
	p.t.Helper()
	rows, err := p.db.Query(p.t.Context(), `SELECT id FROM enrollments ORDER BY id`)
	require.NoError(p.t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		require.NoError(p.t, rows.Scan(&id))
		ids = append(ids, id)
	}
	return ids
}

// mails counts what came to the addresses.
func (p *plant) mails(addresses []string) (n int) {
	p.t.Helper()
	for _, a := range addresses {
		n += len(testenv.TheInbox(p.t).To(p.t, a))
	}
	return n
}

// ledger is what stands in the ledger, for somebody who looks at a test that failed.
func (p *plant) ledger() (text string) {
	_ = p.db.QueryRow(context.Background(), `SELECT coalesce(string_agg(concat_ws(' ', template, state, reason, attempt, reply_code, reply_text), E'\n'), 'no messages')
		FROM messages`).Scan(&text)
	return text
}

// direct is Temporal as nobody but the test reaches it.
func (p *plant) direct() client.Client {
	p.t.Helper()
	c, err := client.Dial(client.Options{
		HostPort: testenv.TheEngine(p.t).TemporalAddress, Namespace: p.namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(p.t, err)
	p.t.Cleanup(c.Close)
	return c
}

// quiet waits until nothing moves: nothing is due, and everything that was decided is sent.
func (p *plant) quiet() {
	p.t.Helper()
	p.await(0, `SELECT (SELECT count(*) FROM wakeups) + (SELECT count(*) FROM messages WHERE state IN ('queued', 'claimed', 'at_dot'))
		+ (SELECT count(*) FROM events WHERE applied_at IS NULL)`, "things to do")
}

// transcript is a log that can be read while it is written.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}
func (l *transcript) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }
