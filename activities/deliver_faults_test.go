package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/activities"
	"perennial/journey"
	"perennial/mailtest"
	"perennial/testenv"
)

func TestClosedBeforeTheDotIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, phase := range []mailtest.Phase{mailtest.Mail, mailtest.Rcpt, mailtest.Data, mailtest.Body} {
		o := newOffice(t)
		o.queue(journey.LaneMarketing, 1)
		o.relay.Script(mailtest.Rule{Phase: phase, Drop: true, Times: 1})
		o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 1}))
		require.Equal(t, map[string]int{"a1@example.com": 1}, o.relay.Counts(), phase)
		require.Equal(t, map[string]int{"accepted": 1}, o.states())
	}
}

func TestMarketingInDoubtIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 1)
	o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, Drop: true, Times: 1})
	o.run(journey.LaneMarketing, o.settled(map[string]int{"unknown in_doubt": 1}))
	o.offset.Store(int64(time.Hour))
	o.more(journey.LaneMarketing, "offers", "b", 1, o.now())
	o.run(journey.LaneMarketing, o.settled(map[string]int{"unknown in_doubt": 1, "accepted": 1}))
	require.Equal(t, map[string]int{"a1@example.com": 1, "b1@example.com": 1}, o.relay.Counts())
}

func TestReceiptInDoubtIsSentOnceMoreTheSame(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneTransactional, 1)
	o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, Drop: true, Times: 2})
	o.run(journey.LaneTransactional, func() bool { return len(o.relay.Messages()) == 1 && o.states()["at_dot"] == 1 })
	o.exec(`UPDATE customers SET email = 'new@example.net', first_name = 'Anna'`)
	o.offset.Store(int64(10*time.Minute + time.Second))
	o.run(journey.LaneTransactional, o.settled(map[string]int{"unknown in_doubt": 1}))
	o.offset.Store(int64(time.Hour))
	o.more(journey.LaneTransactional, journey.TopicTransactional, "b", 1, o.now())
	o.run(journey.LaneTransactional, o.settled(map[string]int{"accepted": 1}))
	got := o.relay.Messages()
	require.Equal(t, map[string]int{"a1@example.com": 2, "b1@example.com": 1}, o.relay.Counts(), "one extra copy, not two")
	require.Equal(t, string(got[0].Raw), string(got[1].Raw))
	require.Equal(t, got[0].To, got[1].To)
}

// What is committed while a message stands between claim and dot stops it: the relay never sees its dot.
func TestStoppedBetweenClaimAndDot(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ sql, state string }{
		"pause": {`INSERT INTO pauses (id, scope, target, reason, by, since_at, on_resume)
			VALUES ('pau_1', 'customer', 'cus_1', 'ill', 'test', now(), 'keep')`, "queued"},
		"kill":                   {`UPDATE settings SET sending = false`, "queued"},
		"switch of the journey":  {`INSERT INTO switches VALUES ('journey', 'welcome', 'a wrong price', 'test', now())`, "queued"},
		"switch of the template": {`INSERT INTO switches VALUES ('template', 'welcome/hello', 'a wrong price', 'test', now())`, "queued"},
		"switch of the domain":   {`INSERT INTO switches VALUES ('domain', 'example.net', 'they asked', 'test', now())`, "queued"},
		"hold":                   {`UPDATE settings SET held_reason = 'restored'`, "queued"},
		"unsubscribe":            {`UPDATE consents SET state = 'withdrawn'`, "dropped no_consent"},
		"sandbox":                {`UPDATE settings SET live = false`, "dropped sandbox"},
	} {
		o := newOffice(t)
		o.queue(journey.LaneMarketing, 1)
		release := make(chan struct{})
		o.relay.Script(mailtest.Rule{Phase: mailtest.Data, Stall: release, Times: 1})
		done := false
		o.run(journey.LaneMarketing, func() bool {
			if !done && o.states()["claimed"] == 1 && o.relay.Dials() > 0 {
				o.exec(tc.sql)
				close(release)
				done = true
			}
			return done && o.states()[tc.state] == 1
		})
		require.Zero(t, o.relay.Dots(), name)
		require.Empty(t, o.relay.Messages(), name)
		require.Equal(t, map[string]int{tc.state: 1}, o.states(), name)
	}
}

// A zombie stands at RCPT while its claim lapses and another sender delivers: it cuts its connection, and changes nothing.
func TestZombieIsFenced(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 1)
	release := make(chan struct{})
	o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, Stall: release, Times: 1})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan activities.DeliverResult, 1)
	zombie := o.newSender()
	go func() {
		result, _ := zombie.Run(ctx, journey.LaneMarketing)
		ended <- result
	}()
	testenv.Eventually(t, 10*time.Second, o.settled(map[string]int{"claimed": 1}), "the zombie to claim")
	o.exec(`UPDATE messages SET leased_wall = leased_wall - interval '1 hour'`)
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 1}))
	require.Equal(t, 1, o.relay.Dots())
	close(release)
	testenv.Eventually(t, 10*time.Second, func() bool { stop(); return len(ended) == 1 }, "the zombie to end")
	require.Equal(t, 1, (<-ended).Refused) // it may have come back for the message as any other sender
	require.Equal(t, 1, o.relay.Dots())
	require.Equal(t, map[string]int{"accepted": 1}, o.states())
}

func TestDeferredKeepsTheOrderOfACustomer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 2)
	o.more(journey.LaneMarketing, "offers", "b", 2, o.now())
	o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, To: "ann1@example.net", Reply: "450 4.2.0 later", Times: 1})
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 2, "deferred": 1, "queued": 1}))
	o.offset.Store(int64(61 * time.Second))
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 4}))
	var hers []string
	for _, m := range o.relay.Messages() {
		if m.To == "ann1@example.net" {
			hers = append(hers, m.MessageID)
		}
	}
	require.Equal(t, []string{"a1@example.com", "b1@example.com"}, hers)
}

func TestNoSuchUserIsSuppressed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 2)
	o.more(journey.LaneMarketing, "offers", "b", 2, o.now())
	o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, To: "ann1@example.net", Reply: "550 5.1.1 no such user"})
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 2, "failed bounced": 1, "dropped suppressed": 1}))
}

// Being refused is not her fault: nobody is suppressed, and the lane stands still instead of trying everybody in turn.
func TestBreakerShutsTheLane(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule  mailtest.Rule
		state string
		tries int
	}{
		"policy":      {mailtest.Rule{Phase: mailtest.Dot, Reply: "550 5.7.1 we do not like you"}, "deferred sender_fault", 3 + 8},
		"credentials": {mailtest.Rule{Phase: mailtest.Mail, Reply: "535 5.7.8 no"}, "queued", 8},
	} {
		o := newOffice(t)
		o.queue(journey.LaneMarketing, 60)
		o.relay.Script(tc.rule)
		quiet := 0
		o.run(journey.LaneMarketing, func() bool { // the lane stands still: nothing in flight for a while
			if s := o.states(); s["claimed"]+s["at_dot"] > 0 || o.relay.Dials() == 0 || s["queued"] == 60 && name == "policy" {
				quiet = 0
			}
			quiet++
			return quiet > 20
		})
		require.GreaterOrEqual(t, o.states()["queued"], 60-tc.tries, name)
		o.relay.Reset()
		o.offset.Store(int64(2 * time.Minute))
		o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 60}))
	}
}

func TestRelayAwayThenBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 5)
	o.relay.Script(mailtest.Rule{Phase: mailtest.Banner, Drop: true, Times: 3})
	result := o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 5}))
	require.Equal(t, 5, result.Accepted)
	require.Len(t, o.relay.Counts(), 5)
}

// A run that ends does not wait minutes for a slow relay; the reply is recorded all the same, and holds up nobody else.
func TestSlowReplyOutlivesTheRun(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 3)
	release := make(chan struct{})
	o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, To: "ann1@example.net", Stall: release})
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 2, "at_dot": 1}))
	require.Equal(t, 1, o.states()["at_dot"])
	close(release)
	testenv.Eventually(t, 10*time.Second, o.settled(map[string]int{"accepted": 3}), "the late reply")
	require.NoError(t, o.sender.Shutdown(t.Context()))
}

func TestDrainBeginsNoData(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 1)
	o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, Stall: make(chan struct{})})
	o.run(journey.LaneMarketing, o.settled(map[string]int{"claimed": 1}))
	require.Equal(t, map[string]int{"queued": 1}, o.states())
	require.Zero(t, o.relay.Dots())
}

func TestDatabaseGoesAwayInTheMiddle(t *testing.T) {
	t.Parallel()
	const n = 400
	o := newOffice(t)
	o.queue(journey.LaneTransactional, n)
	cut := 0
	for o.states()["accepted"] < n {
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		ended := make(chan struct{})
		go func() { _, _ = o.sender.Run(ctx, journey.LaneTransactional); close(ended) }()
		testenv.Eventually(t, 30*time.Second, func() bool {
			if cut < 3 && len(o.relay.Messages()) > 60*(cut+1) {
				cut++
				o.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE datname = current_database() AND application_name = 'perennial'`)
			}
			return o.states()["accepted"] == n || isClosed(ended)
		}, "all to be sent, or the run to end")
		stop()
		<-ended
	}
	require.Positive(t, cut)
	counts := o.relay.Counts()
	require.Len(t, counts, n)
	for id, times := range counts {
		require.Equal(t, 1, times, id)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
