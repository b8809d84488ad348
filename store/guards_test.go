package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

var someone = journey.Actor{ID: "key_1", Name: "mara", Role: journey.RoleAdmin}

func (l *ledger) stop(scope journey.StopScope, target string) {
	l.t.Helper()
	_, err := l.Stop(l.t.Context(), journey.Stop{Scope: scope, Target: target, Reason: "a wrong price"}, someone)
	require.NoError(l.t, err)
}

// had makes so many marketing messages of customer n that went out at a moment.
func (l *ledger) had(n, count int, at time.Time) {
	l.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			not_before_at, expires_at, queued_at, message_id, sent_at, dot_wall)
		SELECT 'old_' || i, $1, 'old' || i, 1, $2, 'email', 'welcome', 1, $5, 'offers', 'hello', 'accepted', $4, $4, $4, 'old' || i || '@x', $4, $4
		FROM generate_series(1, $3) i`, fmt.Sprintf("enr_%d", n), fmt.Sprintf("cus_%d", n), count, at, journey.LaneMarketing)
}

// other publishes one more journey, and gives customer n an enrollment in it.
func (l *ledger) other(key string, n int) {
	l.exec(`INSERT INTO journeys (key, id, name, state, live_version, created_at, updated_at) VALUES ($1, 'jrn_' || $1, $1, 'live', 1, $2, $2)
		ON CONFLICT DO NOTHING`, key, l.now())
	l.exec(`INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
		VALUES ('ver_' || $1, $1, 1, 'h1', '', '{"sorry.html": ""}', $2, 'test') ON CONFLICT DO NOTHING`, key, l.now())
	l.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
		VALUES ($1, $2, 1, $3, '', 'active', '{}', $4)`, fmt.Sprintf("enr_%s_%d", key, n), key, fmt.Sprintf("cus_%d", n), l.now())
}

// move makes a message one of another journey.
func (l *ledger) move(id, key string, n int) {
	l.exec(`UPDATE messages SET journey_key = $2, enrollment_id = $3 WHERE id = $1`, id, key, fmt.Sprintf("enr_%s_%d", key, n))
}

func TestStopsAreListedAndLetGo(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.other("goodbye", l.withCustomer(1))
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.stop(journey.StopJourney, "welcome")
	l.stop(journey.StopTemplate, "goodbye/sorry")
	l.stop(journey.StopDomain, "example.net")
	l.stop(journey.StopDomain, "example.net")
	stops, err := l.Stops(t.Context())
	require.NoError(t, err)
	require.Len(t, stops, 3)
	assert.Equal(t, journey.Stop{Scope: "domain", Target: "example.net", Reason: "a wrong price", By: "mara", At: l.now()}, stops[0])

	require.Empty(t, l.claim(journey.LaneMarketing))
	require.NoError(t, l.Unstop(t.Context(), journey.StopJourney, "welcome", someone))
	require.Empty(t, l.claim(journey.LaneMarketing), "her domain still is")
	require.NoError(t, l.Unstop(t.Context(), journey.StopDomain, "example.net", someone))
	require.Len(t, l.claim(journey.LaneMarketing), 1)

	err = l.Unstop(t.Context(), journey.StopJourney, "welcome", someone)
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
	for _, unknown := range []journey.Stop{{Scope: journey.StopJourney, Target: "wellcome"}, {Scope: journey.StopTemplate, Target: "goodbye/sory"}} {
		_, err = l.Stop(t.Context(), unknown, someone)
		assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err), unknown.Target)
	}
	var audited int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM audit WHERE verb IN ('mail.stop', 'mail.go')`).Scan(&audited))
	assert.Equal(t, 6, audited)
}

func (l *ledger) withCustomer(n int) int { l.customer(n); return n }

func TestSwitchedOffJourneyDoesNotHoldBackAnother(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.other("goodbye", l.withCustomer(1))
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 1, journey.LaneMarketing)
	l.move("msg_2", "goodbye", 1)
	l.stop(journey.StopJourney, "welcome")
	require.Equal(t, []string{"msg_2"}, ids(l.claim(journey.LaneMarketing)))
}

func TestOverTheCeilingAMessageWaitsForRoom(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.had(1, 5, l.now())
	l.exec(`UPDATE messages SET dot_wall = dot_wall - interval '20 hours' WHERE id = 'old_3'`)
	l.queue("msg_1", 1, journey.LaneMarketing)
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Equal(t, "queued over_ceiling", l.state("msg_1"))
	next, some, err := l.NextDue(t.Context(), journey.LaneMarketing)
	require.NoError(t, err)
	require.True(t, some)
	require.Equal(t, l.now().Add(4*time.Hour), next, "when the oldest of five is a day old")
	l.pass(4*time.Hour - time.Second)
	require.Empty(t, l.claim(journey.LaneMarketing))
	l.pass(2 * time.Second)
	claimed := l.claim(journey.LaneMarketing)
	require.Equal(t, []string{"msg_1"}, ids(claimed))
	require.True(t, l.dot(claimed[0]))
	require.Empty(t, l.events(1, "reason"))
}

func TestOverTheCeilingAMessageIsDroppedWhenItExpires(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.had(1, 5, l.now())
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.exec(`UPDATE messages SET expires_at = $1 WHERE id = 'msg_1'`, l.now().Add(6*time.Hour))
	require.Empty(t, l.claim(journey.LaneMarketing))
	l.pass(7 * time.Hour)
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Equal(t, "dropped over_ceiling", l.state("msg_1"))
	require.Equal(t, []string{"Message Dropped over_ceiling"}, l.events(1, "reason"))
}

// Who asked for fewer mails gets one in so many days; at the dot it is asked once more.
func TestWhoAskedForFewerMailsWaits(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.had(1, 1, l.now())
	l.queue("msg_1", 1, journey.LaneMarketing)
	claimed := l.claim(journey.LaneMarketing)
	require.Len(t, claimed, 1)
	l.exec(`UPDATE customers SET mail_days = 7 WHERE id = 'cus_1'`)
	require.False(t, l.dot(claimed[0]), "she chose while it was being written")
	require.Equal(t, "queued fewer_mails", l.state("msg_1"))
	l.queue("msg_2", 1, journey.LaneTransactional)
	require.Len(t, l.claim(journey.LaneTransactional), 1)
	l.exec(`UPDATE messages SET expires_at = $1 WHERE id = 'msg_1'`, l.now().Add(20*journey.Day))
	l.pass(7*journey.Day - time.Second)
	require.Empty(t, l.claim(journey.LaneMarketing))
	l.pass(2 * time.Second)
	require.Len(t, l.claim(journey.LaneMarketing), 1)
}

func TestRaisedCeilingLetsGoAtOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.had(1, 5, l.now())
	l.queue("msg_1", 1, journey.LaneMarketing)
	require.Empty(t, l.claim(journey.LaneMarketing))
	six := 6
	got, err := l.SetSwitch(t.Context(), journey.Switch{Ceiling: &six})
	require.NoError(t, err)
	require.Equal(t, 6, got.DailyCeiling)
	require.Len(t, l.claim(journey.LaneMarketing), 1)
}

func TestPastDueMailIsDroppedAndSaysWhy(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.stop(journey.StopJourney, "welcome")
	l.pass(49 * time.Hour)
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Equal(t, "queued", l.state("msg_1"), "what is stopped is not looked at")
	require.NoError(t, l.Unstop(t.Context(), journey.StopJourney, "welcome", someone))
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Equal(t, "dropped expired", l.state("msg_1"))
	require.Equal(t, []string{"Message Dropped expired"}, l.events(1, "reason"))
}

func TestClonedInstallationIsHeldUntilReleased(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		moved     string // what was noted of the original
		publicURL string
		reason    string
	}{
		"another server":   {`UPDATE settings SET install = jsonb_set(install, '{server}', '"4711"')`, "https://mail.example.com", "restored or cloned"},
		"another database": {`UPDATE settings SET install = jsonb_set(install, '{database}', '"4711"')`, "https://mail.example.com", "restored or cloned"},
		"another address":  {`SELECT`, "https://staging.example.com", "PUBLIC_URL"},
	} {
		l := newLedger(t)
		l.customer(1)
		l.queue("msg_1", 1, journey.LaneMarketing)
		recognize := func(url string) string {
			held, err := l.Locate(t.Context(), url)
			require.NoError(t, err)
			return held
		}
		require.Empty(t, recognize("https://mail.example.com"), "the first start notes")
		require.Empty(t, recognize("https://mail.example.com"))
		l.exec(tc.moved)
		require.Contains(t, recognize(tc.publicURL), tc.reason, name)
		require.Contains(t, recognize(tc.publicURL), tc.reason, "a restart does not release it")
		require.Empty(t, l.claim(journey.LaneMarketing), name)

		settings, err := l.SetSwitch(t.Context(), journey.Switch{Release: true})
		require.NoError(t, err)
		require.Empty(t, settings.HeldReason)
		require.Empty(t, recognize(tc.publicURL), "it lives here now")
		require.Len(t, l.claim(journey.LaneMarketing), 1)
	}
}

func TestRestoredBackupHoldsTheInstallation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("always"))
	w.identify("ann", nil)
	w.track("ann", "Signed Up", nil)
	id := w.enrollment("ann", "win-back")
	held := func() string {
		settings, err := w.Settings(t.Context())
		require.NoError(t, err)
		return settings.HeldReason
	}
	ahead := func() {
		d, err := w.Advance(t.Context(), id, w.seq(id)+5, journey.CauseTimer)
		require.NoError(t, err)
		require.Equal(t, journey.PlanHold, d.Kind)
	}
	w.step(id, journey.CauseStart)
	require.Empty(t, held())
	ahead()
	require.Contains(t, held(), "older backup")

	w.wall.pass(time.Minute)
	_, err := w.SetSwitch(t.Context(), journey.Switch{Release: true})
	require.NoError(t, err)
	w.exec(`UPDATE enrollments SET held = ''`)
	ahead()
	require.Empty(t, held(), "whoever released it knows of that restore")

	w.exec(`UPDATE enrollments SET held = ''`)
	w.exec(`UPDATE step_log SET at = $1`, w.wall.now().Add(time.Minute))
	ahead()
	require.Contains(t, held(), "older backup", "stored after the release and gone again: another restore")
}

// A hundred thousand queued messages of one journey, and five of another that came later: the five go out with the next claims,
// whatever size they have, and a claim costs no more than one in a short queue.
func TestBulkJourneyDoesNotDelayAFewOfAnother(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const bulk = 100_000
	l.bulk(bulk)
	l.other("goodbye", l.withCustomer(1_000_001))
	for n := 1_000_002; n <= 1_000_005; n++ {
		l.other("goodbye", l.withCustomer(n))
	}
	l.pass(time.Minute)
	for n := 1_000_001; n <= 1_000_005; n++ {
		id := fmt.Sprintf("few_%d", n)
		l.queue(id, n, journey.LaneMarketing)
		l.move(id, "goodbye", n)
	}
	claims, few, before := 0, 0, 0
	begun := time.Now()
	for few < 5 {
		got, err := l.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 2, Lease: lease})
		require.NoError(t, err)
		require.Len(t, got, 2)
		for _, c := range got {
			if c.Message.JourneyKey == "goodbye" {
				few++
			} else {
				before++
			}
		}
		claims++
	}
	each := time.Since(begun) / time.Duration(claims)
	require.LessOrEqual(t, before, 5, "of the bulk, before the last of the few")
	t.Logf("5 messages behind %d: out after %d others, in %d claims of 2, %v each", bulk, before, claims, each)

	// One at a time, as in a lane whose slots fall free one after another, turns are taken by lot.
	l.exec(`UPDATE messages SET state = 'queued', leased_wall = NULL WHERE journey_key = 'goodbye'`)
	claims = 0
	for few = 0; few < 5; claims++ {
		require.Less(t, claims, 100)
		got, err := l.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 1, Lease: lease})
		require.NoError(t, err)
		require.Len(t, got, 1)
		if got[0].Message.JourneyKey == "goodbye" {
			few++
		}
	}
	t.Logf("one at a time: out after %d claims", claims)

	// What cannot go costs little even when it is all of the queue.
	l.stop(journey.StopJourney, "welcome")
	cost := func(skip ...string) time.Duration {
		begun := time.Now()
		got, err := l.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 8, Lease: lease, Skip: skip})
		require.NoError(t, err)
		require.Empty(t, got)
		return time.Since(begun)
	}
	t.Logf("a claim with the bulk switched off: %v", cost())
	require.NoError(t, l.Unstop(t.Context(), journey.StopJourney, "welcome", someone))
	t.Logf("a claim with all domains of the bulk shut: %v", cost("example.net"))
}

// bulk queues one message of `welcome` for each of so many customers.
func (l *ledger) bulk(n int) {
	l.exec(`INSERT INTO customers (id, email, created_at) SELECT 'cus_' || i, 'ann' || i || '@example.net', $2 FROM generate_series(1, $1) i`, n, l.now())
	l.exec(`INSERT INTO consents (customer_id, topic, state, changed_at) SELECT 'cus_' || i, 'offers', 'given', $2 FROM generate_series(1, $1) i`, n, l.now())
	l.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
		SELECT 'enr_' || i, 'welcome', 1, 'cus_' || i, '', 'active', '{}', $2 FROM generate_series(1, $1) i`, n, l.now())
	l.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			not_before_at, expires_at, queued_at, message_id)
		SELECT 'msg_' || i, 'enr_' || i, 'a', 1, 'cus_' || i, 'email', 'welcome', 1, $3, 'offers', 'hello', 'queued', $2::timestamptz, $2::timestamptz + interval '2 days', $2::timestamptz, i || '@x'
		FROM generate_series(1, $1) i`, n, l.now(), journey.LaneMarketing)
}
