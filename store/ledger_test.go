package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

// ledger is a store over a database of its own, whose wall clock the test owns, and a pool to arrange and look.
type ledger struct {
	*store.Store
	t    *testing.T
	pool *pgxpool.Pool

	mu   sync.Mutex
	wall time.Time
}

const lease = 30 * time.Second

// newLedger has one live journey `welcome`, topic offers, and the settings live.
func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{t: t, wall: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	url := testenv.Database(t)
	var err error
	l.Store, err = store.Open(t.Context(), url, store.Options{Wall: l.now})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	l.pool, err = pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(l.pool.Close)
	l.exec(`INSERT INTO journeys (key, id, name, state, live_version, created_at, updated_at) VALUES ('welcome', 'jrn_1', 'Welcome', 'live', 1, $1, $1)`, l.wall)
	l.exec(`INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
		VALUES ('ver_1', 'welcome', 1, 'h1', 'journey: welcome', '{}', $1, 'test')`, l.wall)
	l.exec(`INSERT INTO topics (key, name) VALUES ('offers', 'Offers')`)
	l.exec(`UPDATE settings SET live = true`)
	return l
}

// each runs a case on the same database, as new: a database of its own for each would cost more than the case.
func (l *ledger) each(t *testing.T, name string, run func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		l.exec(`DELETE FROM messages`)
		for _, table := range []string{"events", "switches", "pauses", "suppressions", "consents", "enrollments", "customers"} {
			l.exec(`DELETE FROM ` + table)
		}
		l.exec(`UPDATE settings SET live = true, sending = true, allow_list = '{}', held_reason = '', daily_ceiling = 5`)
		l.exec(`UPDATE topics SET double_opt_in = false`)
		run(t)
	})
}

func (l *ledger) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wall
}

func (l *ledger) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wall = l.wall.Add(d)
}

func (l *ledger) exec(sql string, args ...any) {
	l.t.Helper()
	_, err := l.pool.Exec(context.WithoutCancel(l.t.Context()), sql, args...)
	require.NoError(l.t, err, sql)
}

// customer makes cus_<n>, who agreed to offers, with an enrollment enr_<n>.
func (l *ledger) customer(n int) {
	l.exec(`INSERT INTO customers (id, email, first_name, created_at) VALUES ($1, $2, 'Ann', $3)`,
		fmt.Sprintf("cus_%d", n), fmt.Sprintf("Ann%d@example.net", n), l.now())
	l.exec(`INSERT INTO consents (customer_id, topic, state, changed_at) VALUES ($1, 'offers', 'given', $2)`, fmt.Sprintf("cus_%d", n), l.now())
	l.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
		VALUES ($1, 'welcome', 1, $2, '', 'active', '{}', $3)`, fmt.Sprintf("enr_%d", n), fmt.Sprintf("cus_%d", n), l.now())
}

// queue puts a message of customer n into the ledger: due now, expiring in two days.
func (l *ledger) queue(id string, n int, lane string) {
	topic := "offers"
	if lane == journey.LaneTransactional {
		topic = journey.TopicTransactional
	}
	l.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			not_before_at, expires_at, queued_at, message_id)
		VALUES ($1, $2, $1, 1, $3, 'email', 'welcome', 1, $4, $5, 'hello', 'queued', $6, $7, $6, $1 || '@example.com')`,
		id, fmt.Sprintf("enr_%d", n), fmt.Sprintf("cus_%d", n), lane, topic, l.now(), l.now().Add(48*time.Hour))
}

func (l *ledger) claim(lane string) []journey.Claimed {
	l.t.Helper()
	got, err := l.ClaimMessages(l.t.Context(), journey.ClaimOptions{Lane: lane, Limit: 100, Lease: lease})
	require.NoError(l.t, err)
	return got
}

func (l *ledger) dot(c journey.Claimed) bool {
	l.t.Helper()
	pass, err := l.ReachDot(l.t.Context(), false, []journey.Dot{dotOf(c)})
	require.NoError(l.t, err)
	return pass[c.Message.ID]
}

func dotOf(c journey.Claimed) journey.Dot {
	return journey.Dot{Fence: fence(c), Address: c.Customer.Email, Subject: "Hi", Bytes: []byte("bytes of " + c.Message.ID),
		Links: []string{"https://example.com/a", "https://example.com/b"}}
}

func fence(c journey.Claimed) journey.Fence {
	return journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}
}

func (l *ledger) reply(c journey.Claimed, o journey.Outcome) {
	l.t.Helper()
	require.NoError(l.t, l.RecordReplies(l.t.Context(), []journey.Reply{{Fence: fence(c), Outcome: o, Address: c.Customer.Email}}))
}

// state is "state reason" of a message.
func (l *ledger) state(id string) string {
	l.t.Helper()
	var s string
	require.NoError(l.t, l.pool.QueryRow(context.WithoutCancel(l.t.Context()), `SELECT trim(state || ' ' || reason) FROM messages WHERE id = $1`, id).Scan(&s))
	return s
}

// events are the names of our own events of customer n, with a property of each.
func (l *ledger) events(n int, property string) []string {
	l.t.Helper()
	rows, err := l.pool.Query(l.t.Context(), `SELECT trim(name || ' ' || coalesce(properties->>$2, '')) FROM events WHERE customer_id = $1 ORDER BY seq`,
		fmt.Sprintf("cus_%d", n), property)
	require.NoError(l.t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(l.t, rows.Scan(&name))
		names = append(names, name)
	}
	return names
}

func (l *ledger) pause(scope, target string) {
	l.exec(`INSERT INTO pauses (id, scope, target, reason, by, since_at, on_resume) VALUES ($1, $2, $3, 'ill', 'test', $4, 'keep')`,
		journey.NewID(journey.PrefixPause), scope, target, l.now())
}

// Every way in which the world can stop the message of customer 1, and what becomes of it.
var stops = map[string]struct {
	do    func(*ledger)
	state string // afterwards
}{
	"her pause":            {func(l *ledger) { l.pause("customer", "cus_1") }, "queued"},
	"enrollment's pause":   {func(l *ledger) { l.pause("enrollment", "enr_1") }, "queued"},
	"journey's pause":      {func(l *ledger) { l.pause("journey", "welcome") }, "queued"},
	"topic's pause":        {func(l *ledger) { l.pause("topic", "offers") }, "queued"},
	"pause of everything":  {func(l *ledger) { l.pause("everything", "") }, "queued"},
	"journey switched off": {func(l *ledger) { l.stop(journey.StopJourney, "welcome") }, "queued"},
	"message switched off": {func(l *ledger) { l.stop(journey.StopTemplate, "welcome/hello") }, "queued"},
	"domain switched off":  {func(l *ledger) { l.stop(journey.StopDomain, "example.net") }, "queued"},
	"held":                 {func(l *ledger) { l.exec(`UPDATE settings SET held_reason = 'restored'`) }, "queued"},
	"over the ceiling":     {func(l *ledger) { l.had(1, 5, l.now()) }, "queued over_ceiling"},
	"kill switch":          {func(l *ledger) { l.exec(`UPDATE settings SET sending = false`) }, "queued"},
	"unsubscribed":         {func(l *ledger) { l.exec(`UPDATE consents SET state = 'withdrawn'`) }, "dropped no_consent"},
	"never asked":          {func(l *ledger) { l.exec(`DELETE FROM consents`) }, "dropped no_consent"},
	"double opt-in":        {func(l *ledger) { l.exec(`UPDATE topics SET double_opt_in = true`) }, "dropped no_consent"},
	"bounced": {func(l *ledger) {
		l.exec(`INSERT INTO suppressions VALUES ('ann1@example.net', 'all', 'bounced', $1)`, l.now())
	}, "dropped suppressed"},
	"complained": {func(l *ledger) {
		l.exec(`INSERT INTO suppressions VALUES ('ann1@example.net', 'marketing', 'complaint', $1)`, l.now())
	}, "dropped suppressed"},
	"sandbox": {func(l *ledger) { l.exec(`UPDATE settings SET live = false`) }, "dropped sandbox"},
	"another domain": {func(l *ledger) {
		l.exec(`UPDATE settings SET live = false, allow_list = '{@example.org,x@example.net}'`)
	}, "dropped sandbox"},
	"too late": {func(l *ledger) { l.pass(49 * time.Hour) }, "dropped expired"},
}

func TestClaimChecks(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, stop := range stops {
		l.each(t, name, func(t *testing.T) {
			l.customer(1)
			l.queue("msg_1", 1, journey.LaneMarketing)
			stop.do(l)
			require.Empty(t, l.claim(journey.LaneMarketing))
			require.Equal(t, stop.state, l.state("msg_1"))
			if strings.HasPrefix(stop.state, "queued") {
				require.Empty(t, l.events(1, "reason"))
			} else {
				require.Equal(t, []string{"Message Dropped " + stop.state[len("dropped "):]}, l.events(1, "reason"))
			}
		})
	}
}

func TestDotRepeatsEveryCheck(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, stop := range stops {
		l.each(t, name, func(t *testing.T) {
			l.customer(1)
			l.queue("msg_1", 1, journey.LaneMarketing)
			claimed := l.claim(journey.LaneMarketing)
			require.Len(t, claimed, 1)
			stop.do(l)
			require.False(t, l.dot(claimed[0]))
			require.Equal(t, stop.state, l.state("msg_1"))
		})
	}
}

func TestClaimLetsPass(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, tc := range map[string]struct {
		lane string
		do   func(*ledger)
	}{
		"as it is": {journey.LaneMarketing, func(*ledger) {}},
		"confirmed": {journey.LaneMarketing, func(l *ledger) {
			l.exec(`UPDATE topics SET double_opt_in = true`)
			l.exec(`UPDATE consents SET state = 'confirmed'`)
		}},
		"another journey's switch": {journey.LaneMarketing, func(l *ledger) {
			l.exec(`INSERT INTO switches VALUES ('journey', 'goodbye', '', '', $1), ('template', 'welcome/other', '', '', $1), ('domain', 'example.org', '', '', $1)`, l.now())
		}},
		"under the ceiling":          {journey.LaneMarketing, func(l *ledger) { l.had(1, 4, l.now()) }},
		"a day after the ceiling":    {journey.LaneMarketing, func(l *ledger) { l.had(1, 5, l.now().Add(-24*time.Hour)) }},
		"no ceiling":                 {journey.LaneMarketing, func(l *ledger) { l.had(1, 50, l.now()); l.exec(`UPDATE settings SET daily_ceiling = 0`) }},
		"a receipt over the ceiling": {journey.LaneTransactional, func(l *ledger) { l.had(1, 50, l.now()) }},
		"a pause that has ended":     {journey.LaneMarketing, func(l *ledger) { l.pause("customer", "cus_1"); l.exec(`UPDATE pauses SET ended_at = since_at`) }},
		"a pause that is over":       {journey.LaneMarketing, func(l *ledger) { l.pause("customer", "cus_1"); l.exec(`UPDATE pauses SET until_at = since_at`) }},
		"someone else's pause":       {journey.LaneMarketing, func(l *ledger) { l.pause("customer", "cus_2") }},
		"allow-listed address":       {journey.LaneMarketing, func(l *ledger) { l.exec(`UPDATE settings SET live = false, allow_list = '{ann1@example.net}'`) }},
		"allow-listed domain":        {journey.LaneMarketing, func(l *ledger) { l.exec(`UPDATE settings SET live = false, allow_list = '{@example.net}'`) }},
		"a receipt, without consent": {journey.LaneTransactional, func(l *ledger) { l.exec(`DELETE FROM consents`) }},
		"a receipt, after a complaint": {journey.LaneTransactional, func(l *ledger) {
			l.exec(`INSERT INTO suppressions VALUES ('ann1@example.net', 'marketing', 'x', $1)`, l.now())
		}},
		"a receipt, unsubscribed": {journey.LaneTransactional, func(l *ledger) { l.exec(`UPDATE consents SET state = 'withdrawn'`) }},
	} {
		l.each(t, name, func(t *testing.T) {
			l.customer(1)
			l.queue("msg_1", 1, tc.lane)
			tc.do(l)
			claimed := l.claim(tc.lane)
			require.Len(t, claimed, 1)
			require.True(t, l.dot(claimed[0]))
			l.reply(claimed[0], journey.Outcome{Kind: journey.OutcomeAccepted})
			require.Equal(t, "accepted", l.state("msg_1"))
			require.Equal(t, []string{"Message Sent hello"}, l.events(1, "message"))
		})
	}
}

func TestClaimNoAddress(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.exec(`UPDATE customers SET email = ''`)
	l.queue("msg_1", 1, journey.LaneTransactional)
	require.Empty(t, l.claim(journey.LaneTransactional))
	require.Equal(t, "dropped no_address", l.state("msg_1"))
}

func TestSandboxRelayTakesEveryAddress(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.exec(`UPDATE settings SET live = false`)
	l.queue("msg_1", 1, journey.LaneMarketing)
	got, err := l.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 1, Lease: lease, Sandbox: true})
	require.NoError(t, err)
	require.Len(t, got, 1)
	pass, err := l.ReachDot(t.Context(), true, []journey.Dot{dotOf(got[0])})
	require.NoError(t, err)
	require.True(t, pass["msg_1"])
}

func TestClaimCarriesWhatRenderingNeeds(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.exec(`INSERT INTO accounts (id, external_id, name, attributes) VALUES ('acc_1', 'a1', 'Acme', '{"plan": "pro"}')`)
	l.exec(`UPDATE customers SET account_id = 'acc_1'`)
	l.exec(`INSERT INTO pools (key) VALUES ('comeback')`)
	l.exec(`INSERT INTO coupons (id, pool, code, state, customer_id, alias) VALUES ('cpn_1', 'comeback', 'HELLO', 'issued', 'cus_1', 'offer')`)
	l.exec(`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, step, visit, opened_at, expires_at)
		VALUES ('srv_1', 'nps', '{"Kind": "nps"}', 'cus_1', 'enr_1', 'ask', 1, $1, $1)`, l.now())
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.exec(`UPDATE messages SET coupons = '{"offer": "cpn_1"}', survey_id = 'srv_1', data = '{"trigger": {"total": 5}}'`)
	got := l.claim(journey.LaneMarketing)
	require.Len(t, got, 1)
	c := got[0]
	require.Equal(t, 1, c.Message.Attempt)
	require.Equal(t, journey.MessageClaimed, c.Message.State)
	require.Equal(t, "HELLO", c.Coupons["offer"].Code)
	require.Equal(t, "nps", c.Survey.Ask)
	require.Equal(t, "nps", c.Survey.Form.Kind, "as it was when she was asked")
	require.Equal(t, "pro", c.Account.Attributes["plan"])
	require.Equal(t, "Ann1@example.net", c.Customer.Email)
	require.InDelta(t, 5, c.Message.Data.Trigger["total"], 0)
	require.Equal(t, "h1", c.Hash)
	require.Nil(t, c.Bytes)
}

func TestClaimKeepsTheOrderOfACustomer(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.customer(2)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 1, journey.LaneMarketing)
	l.queue("msg_3", 2, journey.LaneMarketing)
	first := l.claim(journey.LaneMarketing)
	require.Equal(t, []string{"msg_1", "msg_3"}, ids(first), "one of hers at a time")
	require.Empty(t, l.claim(journey.LaneMarketing))

	require.True(t, l.dot(first[0]))
	require.Empty(t, l.claim(journey.LaneMarketing), "the first is at the dot")
	l.reply(first[0], journey.Outcome{Kind: journey.OutcomeRetry, Code: 450, Text: "4.2.0 later"})
	require.Equal(t, "deferred", l.state("msg_1"))
	require.Empty(t, l.claim(journey.LaneMarketing), "a deferred one blocks the next")
	l.pass(59 * time.Second)
	require.Empty(t, l.claim(journey.LaneMarketing))
	l.pass(2 * time.Second)
	again := l.claim(journey.LaneMarketing)
	require.Equal(t, []string{"msg_1"}, ids(again))
	require.Equal(t, "bytes of msg_1", string(again[0].Bytes), "the same bytes")
	require.Equal(t, 2, again[0].Message.Attempt)

	require.True(t, l.dot(again[0]))
	l.reply(again[0], journey.Outcome{Kind: journey.OutcomeUnknown})
	require.Equal(t, "unknown in_doubt", l.state("msg_1"))
	require.Equal(t, []string{"msg_2"}, ids(l.claim(journey.LaneMarketing)), "an unknown one does not block")
}

func TestClaimOfAPausedJourneyDoesNotBlockAnother(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 1, journey.LaneMarketing)
	l.exec(`UPDATE messages SET topic = 'news' WHERE id = 'msg_1'`)
	l.pause("topic", "news")
	require.Equal(t, []string{"msg_2"}, ids(l.claim(journey.LaneMarketing)))
}

func TestClaimByManyAtOnceGivesEachOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for n := range 40 {
		l.customer(n)
		l.queue(fmt.Sprintf("msg_%d", 2*n), n, journey.LaneMarketing)
		l.queue(fmt.Sprintf("msg_%d", 2*n+1), n, journey.LaneMarketing)
	}
	var mu sync.Mutex
	seen, customers := map[string]int{}, map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				got, err := l.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 3, Lease: lease})
				mu.Lock()
				if err == nil {
					for _, c := range got {
						seen[c.Message.ID]++
						customers[c.Customer.ID]++
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 40)
	require.Len(t, customers, 40)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

func ids(claimed []journey.Claimed) []string {
	var out []string
	for _, c := range claimed {
		out = append(out, c.Message.ID)
	}
	return out
}
