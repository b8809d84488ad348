package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"perennial/activities"
	"perennial/journey"
	"perennial/mail"
	"perennial/mailtest"
	"perennial/store"
	"perennial/testenv"
)

// office is a sender on real parts: a ledger in Postgres and an SMTP relay. Its wall clock is real time plus an offset.
type office struct {
	t      *testing.T
	store  *store.Store
	pool   *pgxpool.Pool
	relay  *mailtest.Server
	sender *activities.Sender
	offset atomic.Int64
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, relay: mailtest.NewServer(t)}
	url := testenv.Database(t)
	var err error
	o.store, err = store.Open(t.Context(), url, store.Options{Wall: func() time.Time { return time.Now().Add(time.Duration(o.offset.Load())) }})
	require.NoError(t, err)
	t.Cleanup(o.store.Close)
	o.pool, err = pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(o.pool.Close)
	o.exec(`INSERT INTO journeys (key, id, name, state, live_version, created_at, updated_at) VALUES ('welcome', 'jrn_1', 'Welcome', 'live', 1, $1, $1)`, o.now())
	o.exec(`INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
		VALUES ('ver_1', 'welcome', 1, 'h1', 'journey: welcome', '{"hello.html": "<p>Hello</p>"}', $1, 'test')`, o.now())
	o.exec(`UPDATE settings SET live = true`)
	o.sender = o.newSender()
	return o
}

func (o *office) newSender() *activities.Sender {
	relay, err := mail.NewRelay(o.relay.URL(), mail.RelayOptions{})
	require.NoError(o.t, err)
	s := &activities.Sender{
		Ledger: o.store, Clock: o.store.Clock(), Compose: mail.Compose, Log: slog.New(slog.DiscardHandler), Drain: time.Second,
		Dial: func(ctx context.Context) (activities.Wire, error) {
			c, err := relay.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
		Compile: func(v journey.Version) (activities.Templates, error) { return plain{v.Files}, nil },
		Brand: journey.Brand{Name: "Oak & Linen", From: "Mara from Oak & Linen <mara@example.com>", ReplyTo: "help@example.com",
			PublicURL: "https://shop.example.com"},
		Tokens: journey.Tokens{Key: make([]byte, 32)},
	}
	o.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = s.Shutdown(ctx) // what is stalled on purpose stays in doubt
	})
	return s
}

// plain renders without templates: what templates do is tested with them.
type plain struct{ files map[string]string }

func (p plain) Render(c journey.Claimed, links journey.Links) (journey.Rendered, error) {
	if _, there := p.files[c.Message.Template+".html"]; !there {
		return journey.Rendered{}, journey.Faultf(journey.CodeNotFound, "there is no template %q", c.Message.Template)
	}
	return journey.Rendered{Subject: "Hello, " + c.Customer.FirstName, Text: "Hello\n",
		HTML: fmt.Sprintf(`<p>Hello</p><a href="%s">shop</a> <a href="%s">leave</a>`, links.Click("https://oak.example/sale?a=1"), links.Unsubscribe)}, nil
}

func (o *office) now() time.Time { return o.store.Clock().Now() }

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	_, err := o.pool.Exec(o.t.Context(), sql, args...)
	require.NoError(o.t, err, sql)
}

// queue puts messages of so many customers into the ledger: msg_… ids, one each, due now.
func (o *office) queue(lane string, customers int) {
	o.t.Helper()
	topic := "offers"
	if lane == journey.LaneTransactional {
		topic = journey.TopicTransactional
	}
	at := o.now()
	o.exec(`INSERT INTO customers (id, email, first_name, created_at) SELECT 'cus_' || n, 'ann' || n || '@example.net', 'Ann', $2
		FROM generate_series(1, $1) n`, customers, at)
	o.exec(`INSERT INTO consents SELECT 'cus_' || n, 'offers', 'given', $2 FROM generate_series(1, $1) n`, customers, at)
	o.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
		SELECT 'enr_' || n, 'welcome', 1, 'cus_' || n, '', 'active', '{}', $2 FROM generate_series(1, $1) n`, customers, at)
	o.more(lane, topic, "a", customers, at)
}

// more adds another message for each customer.
func (o *office) more(lane, topic, step string, customers int, at time.Time) {
	o.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			not_before_at, expires_at, queued_at, message_id)
		SELECT 'msg_' || gen_random_uuid(), 'enr_' || n, $3::text, 1, 'cus_' || n, 'email', 'welcome', 1, $4, $5, 'hello', 'queued', $2::timestamptz,
			$2::timestamptz + interval '2 days', $2::timestamptz, $3::text || n || '@example.com'
		FROM generate_series(1, $1) n`, customers, at, step, lane, topic)
}

// run lets the sender work on a lane until the condition holds, and returns what it did.
func (o *office) run(lane string, until func() bool) activities.DeliverResult {
	o.t.Helper()
	ctx, stop := context.WithCancel(o.t.Context())
	defer stop()
	type end struct {
		result activities.DeliverResult
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		var e end
		e.result, e.err = o.sender.Run(ctx, lane)
		ended <- e
	}()
	testenv.Eventually(o.t, 60*time.Second, until, "the lane to do its work")
	stop()
	e := <-ended
	require.NoError(o.t, e.err)
	return e.result
}

// states counts the messages by "state reason".
func (o *office) states() map[string]int {
	o.t.Helper()
	rows, err := o.pool.Query(o.t.Context(), `SELECT trim(state || ' ' || reason), count(*) FROM messages GROUP BY 1`)
	require.NoError(o.t, err)
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		require.NoError(o.t, rows.Scan(&state, &n))
		counts[state] = n
	}
	return counts
}

func (o *office) settled(want map[string]int) func() bool {
	return func() bool {
		got := o.states()
		for state, n := range want {
			if got[state] != n {
				return false
			}
		}
		return true
	}
}

func TestCleanRunLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const n = 2000
	o := newOffice(t)
	o.queue(journey.LaneMarketing, n)
	begun := time.Now()
	result := o.run(journey.LaneMarketing, func() bool { return len(o.relay.Messages()) >= n && o.settled(map[string]int{"accepted": n})() })
	t.Logf("%d messages in %v: %.0f/s over %d connections", n, time.Since(begun), n/time.Since(begun).Seconds(), o.relay.Dials())
	require.Equal(t, activities.DeliverResult{Accepted: n}, result)
	counts := o.relay.Counts()
	require.Len(t, counts, n)
	for id, times := range counts {
		require.Equal(t, 1, times, id)
	}
	require.LessOrEqual(t, o.relay.Dials(), 8)
	var told int
	require.NoError(t, o.pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE name = 'Message Sent'`).Scan(&told))
	require.Equal(t, n, told)
}

func TestMarketingMailFollowsTheConventions(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 1)
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 1}))
	got := o.relay.Messages()[0]
	h := got.Header(t)
	require.Equal(t, "mara@example.com", got.From)
	require.Equal(t, "ann1@example.net", got.To)
	require.Equal(t, "<a1@example.com>", h.Get("Message-ID"))
	require.Equal(t, "List-Unsubscribe=One-Click", h.Get("List-Unsubscribe-Post"))
	require.Equal(t, "<offers.example.com>", h.Get("List-Id"))
	require.Equal(t, "hello:welcome:offers:oak-linen", h.Get("Feedback-ID"))
	require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
	ways := strings.Split(h.Get("List-Unsubscribe"), ", ")
	require.Len(t, ways, 2)
	require.Equal(t, "<mailto:help@example.com?subject=unsubscribe>", ways[1])
	token := strings.TrimSuffix(strings.TrimPrefix(ways[0], "<https://shop.example.com/u/"), ">")
	id, _, err := o.sender.Tokens.Open(journey.TokenUnsubscribe, token)
	require.NoError(t, err)
	m, err := o.store.SentMessage(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []string{"https://oak.example/sale?a=1"}, m.Links)
	require.Equal(t, string(got.Raw), string(m.Bytes), "the ledger has what went out")
	require.NotContains(t, string(got.Raw), "oak.example/sale")
}

func TestReceiptIsNoListMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneTransactional, 1)
	o.run(journey.LaneTransactional, o.settled(map[string]int{"accepted": 1}))
	h := o.relay.Messages()[0].Header(t)
	require.Empty(t, h.Get("List-Unsubscribe"))
	require.Empty(t, h.Get("List-Id"))
}

func TestUnrenderableMessageFailsAndOthersGoOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 2)
	o.exec(`UPDATE messages SET template = 'gone' WHERE customer_id = 'cus_1'`)
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 1, "failed render": 1}))
}

// The activity itself: it heartbeats, stops when its time is up, and answers with counts.
func TestDeliverAnswersWithCounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 3)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterActivity(o.sender.Deliver)
	value, err := env.ExecuteActivity(o.sender.Deliver, activities.DeliverInput{Lane: journey.LaneMarketing, For: 2 * time.Second})
	require.NoError(t, err)
	var result activities.DeliverResult
	require.NoError(t, value.Get(&result))
	require.Equal(t, activities.DeliverResult{Accepted: 3}, result)
}
