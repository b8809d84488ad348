package activities_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/webhook"
)

// gateway is an endpoint of others that takes messages: it notes what it got whole, and what broke off.
type gateway struct {
	office *office
	server *httptest.Server
	secret string
	answer func(w http.ResponseWriter, n int) // to the n-th whole message
	before func()                             // runs in the sender, before the ledger is asked about the last byte
	public bool                               // the sender is to take its address for one of the open net

	mu     sync.Mutex
	bodies []string
	ids    []string
	broken int
	faults []error
}

// newGateway opens an endpoint `sms`, and queues that many messages to it in the lane.
func newGateway(t *testing.T, lane string, messages int) *gateway {
	t.Helper()
	g := &gateway{office: newOffice(t), secret: journey.NewSecret(), answer: func(http.ResponseWriter, int) {}, before: func() {}}
	g.server = httptest.NewServer(http.HandlerFunc(g.take))
	t.Cleanup(g.server.Close)
	o := g.office
	o.exec(`UPDATE versions SET source = $1`, "journey: welcome\nname: Welcome\ntopic: offers\nenter: { when: api }\nsteps: [ { send: hello } ]\n")
	o.exec(`INSERT INTO endpoints (key, url, secret, created_at, updated_at) VALUES ('sms', $1, $2, $3, $3)`, g.server.URL, g.secret, o.now())
	client := webhook.NewClient(webhook.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	o.sender.Hand = func(ctx context.Context, p journey.Post, atDot func(context.Context, bool) error) journey.Outcome {
		return client.Hand(ctx, p, func(ctx context.Context, inside bool) error {
			g.before()
			return atDot(ctx, inside && !g.public)
		})
	}
	o.sender.Dial = nil // a lane of endpoints opens no connection to the relay
	topic := "offers"
	if lane == journey.LaneWebhookTransactional {
		topic = journey.TopicTransactional
	}
	o.queue(lane, messages)
	o.exec(`UPDATE messages SET channel = 'sms', topic = $1`, topic)
	o.exec(`UPDATE customers SET email = '', external_id = 'u-' || id, attributes = '{"phone": "+43 1 234"}'`)
	return g
}

func (g *gateway) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	g.mu.Lock()
	if err != nil {
		g.broken++
		g.mu.Unlock()
		return
	}
	wh, err := standard.NewWebhook(g.secret)
	if err == nil {
		err = wh.VerifyIgnoringTimestamp(body, r.Header) // the office has a clock of its own
	}
	if err != nil {
		g.faults = append(g.faults, err)
	}
	g.bodies, g.ids = append(g.bodies, string(body)), append(g.ids, r.Header.Get("webhook-id"))
	n := len(g.bodies)
	g.mu.Unlock()
	g.answer(w, n)
}

func (g *gateway) got() (bodies, ids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Empty(g.office.t, g.faults, "every request is signed")
	return g.bodies, g.ids
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter, _ int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestEndpointGetsAMessageOfItsChannel(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 20)
	o := g.office
	o.exec(`INSERT INTO suppressions (address, scope, reason, at) VALUES ('', 'all', 'bounced', $1)`, o.now())
	o.run(journey.LaneWebhookMarketing, o.settled(map[string]int{"accepted": 20}))
	bodies, ids := g.got()
	require.Len(t, bodies, 20)
	require.Subset(t, ids, []string{"a1@example.com", "a20@example.com"}, "the id is the Message-ID, once each")
	var h journey.Handover
	require.NoError(t, json.Unmarshal([]byte(bodies[0]), &h))
	assert.Equal(t, "message", h.Type)
	assert.Equal(t, "+43 1 234", h.Data.Customer.Phone)
	assert.Equal(t, "u-"+h.Data.Customer.ID, h.Data.Customer.ExternalID)
	assert.Equal(t, "Hello, Ann", h.Data.Subject)
	assert.Contains(t, h.Data.HTML, "https://shop.example.com/u/", "she can unsubscribe by it")
	assert.Equal(t, []string{"welcome", "a", "hello", "offers"}, []string{h.Data.Journey, h.Data.Step, h.Data.Message, h.Data.Topic})
	m, err := o.store.SentMessage(t.Context(), h.ID)
	require.NoError(t, err)
	assert.Equal(t, bodies[0], string(m.Bytes), "the ledger has what went out")
	assert.Equal(t, "sms", m.Channel)
	assert.Empty(t, m.Address)
}

func TestWhatAnEndpointAnswersDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, int)
		want   string
	}{
		"a no is a no":             {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusUnprocessableEntity) }, "failed status"},
		"a redirect is none":       {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusFound) }, "failed redirect"},
		"busy is asked again":      {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusTooManyRequests) }, "deferred status"},
		"out of order, too":        {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusBadGateway) }, "deferred status"},
		"no answer leaves a doubt": {hangUp, "unknown in_doubt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, journey.LaneWebhookMarketing, 1)
			g.answer = c.answer
			g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{c.want: 1}))
			g.office.offset.Add(int64(20 * time.Second)) // a doubt stays one, and what was put off waits a minute
			g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{c.want: 1}))
			bodies, _ := g.got()
			assert.Len(t, bodies, 1)
		})
	}
}

func TestEndpointThatWasOutOfOrderGetsItLater(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 1)
	g.answer = func(w http.ResponseWriter, n int) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"deferred status": 1}))
	g.office.offset.Add(int64(2 * time.Minute))
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"accepted": 1}))
	bodies, ids := g.got()
	assert.Equal(t, bodies[0], bodies[1])
	assert.Equal(t, ids[0], ids[1])
}

func TestReceiptInDoubtGoesToItsEndpointOnceMore(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookTransactional, 1)
	g.answer = hangUp
	g.office.run(journey.LaneWebhookTransactional, g.office.settled(map[string]int{"at_dot": 1}))
	g.office.offset.Add(int64(11 * time.Minute))
	g.office.run(journey.LaneWebhookTransactional, g.office.settled(map[string]int{"unknown in_doubt": 1}))
	bodies, ids := g.got()
	require.Len(t, bodies, 2, "once more, and never again")
	assert.Equal(t, bodies[0], bodies[1])
	assert.Equal(t, ids[0], ids[1], "a receiver recognises the repeat")
}

// Whatever is committed before the last byte goes out holds: the endpoint never gets the message whole.
func TestNothingForbiddenReachesAnEndpoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql, want string
	}{
		"paused":            {`INSERT INTO pauses (id, scope, target, since_at, on_resume, by, reason) VALUES ('pau_1', 'customer', 'cus_1', now(), 'keep', 'test', '')`, "queued"},
		"consent withdrawn": {`UPDATE consents SET state = 'withdrawn'`, "dropped no_consent"},
		"switched off":      {`UPDATE settings SET sending = false`, "queued"},
		"she has left":      {`UPDATE messages SET state = 'dropped', reason = 'exited'`, "dropped exited"},
		"somebody else's":   {`UPDATE messages SET attempt = attempt + 1, state = 'at_dot', leased_wall = now() + interval '1 hour'`, "at_dot"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, journey.LaneWebhookMarketing, 1)
			var once sync.Once
			asked := make(chan struct{})
			g.before = func() { once.Do(func() { g.office.exec(c.sql); close(asked) }) }
			g.office.run(journey.LaneWebhookMarketing, func() bool {
				select {
				case <-asked:
					return g.office.settled(map[string]int{c.want: 1})()
				default:
					return false
				}
			})
			bodies, _ := g.got()
			assert.Empty(t, bodies)
		})
	}
}

func TestSandboxReachesOnlyTheOperatorsOwnEndpoints(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 1)
	g.office.exec(`UPDATE settings SET live = false`)
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"accepted": 1}))
	outside := newGateway(t, journey.LaneWebhookMarketing, 1)
	outside.public = true
	outside.office.exec(`UPDATE settings SET live = false`)
	outside.office.run(journey.LaneWebhookMarketing, outside.office.settled(map[string]int{"dropped sandbox": 1}))
	bodies, _ := outside.got()
	assert.Empty(t, bodies)
}

// What a sender that was killed leaves behind: before the dot it goes, after the dot it is in doubt.
func TestKilledSenderLeavesNoSecondCopyAtAnEndpoint(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 2)
	past := time.Now().Add(-time.Hour)
	g.office.exec(`UPDATE messages SET attempt = 1, leased_wall = $1::timestamptz, state = CASE customer_id WHEN 'cus_1' THEN 'claimed' ELSE 'at_dot' END,
		dot_wall = CASE customer_id WHEN 'cus_1' THEN NULL ELSE $1::timestamptz END`, past)
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"accepted": 1, "unknown in_doubt": 1}))
	bodies, _ := g.got()
	assert.Len(t, bodies, 1)
}

func TestEndpointThatIsGoneFailsWithItsReason(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 1)
	g.office.exec(`DELETE FROM endpoints`)
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"failed no_endpoint": 1}))
	var reason string
	require.NoError(t, g.office.pool.QueryRow(t.Context(),
		`SELECT properties->>'reason' FROM events WHERE name = 'Message Dropped'`).Scan(&reason))
	assert.Equal(t, journey.ReasonNoEndpoint, reason)
}

func TestEndpointThatCannotBeReachedIsTriedAgain(t *testing.T) {
	t.Parallel()
	g := newGateway(t, journey.LaneWebhookMarketing, 1)
	g.server.Close()
	g.office.run(journey.LaneWebhookMarketing, g.office.settled(map[string]int{"deferred unreachable": 1}))
}
