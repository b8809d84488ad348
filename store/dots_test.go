package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestDotStoresWhatGoesOut(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	c := l.claim(journey.LaneMarketing)[0]
	require.True(t, l.dot(c))
	m, err := l.SentMessage(t.Context(), "msg_1")
	require.NoError(t, err)
	require.Equal(t, "bytes of msg_1", string(m.Bytes))
	require.Equal(t, []string{"https://example.com/a", "https://example.com/b"}, m.Links)
	require.Equal(t, "Hi", m.Subject)
	require.Equal(t, "Ann1@example.net", m.Address)
	require.Equal(t, journey.MessageAtDot, m.State)
	require.False(t, l.dot(c), "nobody passes twice")
}

func TestDotFencesAZombie(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	zombie := l.claim(journey.LaneMarketing)[0]
	l.pass(lease)
	swept, err := l.SweepDoubtful(t.Context(), journey.LaneMarketing)
	require.NoError(t, err)
	require.Equal(t, journey.Swept{Requeued: 1}, swept)
	require.False(t, l.dot(zombie), "its claim has lapsed")
	living := l.claim(journey.LaneMarketing)[0]
	require.False(t, l.dot(zombie))
	require.NoError(t, l.RenewClaims(t.Context(), []journey.Fence{fence(zombie)}, time.Hour))
	l.reply(zombie, journey.Outcome{Kind: journey.OutcomeFailed, Suppress: true, Reason: journey.ReasonBounced})
	require.Equal(t, "claimed", l.state("msg_1"), "0 rows")
	require.True(t, l.dot(living))
	l.reply(zombie, journey.Outcome{Kind: journey.OutcomeAccepted})
	require.Equal(t, "at_dot", l.state("msg_1"))
	l.reply(living, journey.Outcome{Kind: journey.OutcomeAccepted})
	require.Equal(t, "accepted", l.state("msg_1"))
	require.Equal(t, []string{"Message Sent"}, l.events(1, "none"))
}

// Many senders stand before their dots while something stops them all: when that has committed, the number of messages that have
// passed does not grow any more. This is the promise that "after a pause, unsubscribe or kill nothing passes the dot".
func TestNothingPassesTheDotAfterAStop(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, stop := range map[string]string{
		"pause":    `INSERT INTO pauses (id, scope, target, reason, by, since_at, on_resume) VALUES ('pau_1', 'everything', '', '', '', $1, 'keep')`,
		"kill":     `UPDATE settings SET sending = $1::timestamptz IS NULL`,
		"sandbox":  `UPDATE settings SET live = $1::timestamptz IS NULL`,
		"consent":  `UPDATE consents SET state = 'withdrawn', changed_at = $1`,
		"suppress": `INSERT INTO suppressions SELECT lower(email), 'all', 'bounced', $1 FROM customers`,
	} {
		for round := range 4 {
			l.each(t, fmt.Sprintf("%s %d", name, round), func(t *testing.T) {
				const n = 60
				for i := range n {
					l.customer(i)
					l.queue(fmt.Sprintf("msg_%d", i), i, journey.LaneMarketing)
				}
				claimed := l.claim(journey.LaneMarketing)
				require.Len(t, claimed, n)
				var wg sync.WaitGroup
				begun := make(chan struct{}, n)
				for _, group := range [][]journey.Claimed{claimed[:20], claimed[20:40], claimed[40:]} {
					wg.Go(func() {
						for _, c := range group {
							_, _ = l.ReachDot(t.Context(), false, []journey.Dot{dotOf(c)}) // an error is a no
							begun <- struct{}{}
						}
					})
				}
				for range 1 + 10*round {
					<-begun
				}
				l.exec(stop, l.now())
				passed := func() (k int) {
					require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM messages WHERE state = 'at_dot'`).Scan(&k))
					return k
				}
				atStop := passed()
				wg.Wait()
				require.Equal(t, atStop, passed())
				require.Less(t, atStop, n)
			})
		}
	}
}

func TestInFlightNamesWhatRemains(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.customer(2)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 2, journey.LaneTransactional)
	first, second := l.claim(journey.LaneMarketing)[0], l.claim(journey.LaneTransactional)[0]
	require.True(t, l.dot(second))
	for _, tc := range []struct {
		scope  journey.Scope
		target string
		want   []string
	}{
		{journey.ScopeEverything, "", []string{"msg_1", "msg_2"}},
		{journey.ScopeJourney, "welcome", []string{"msg_1", "msg_2"}},
		{journey.ScopeCustomer, "cus_1", []string{"msg_1"}},
		{journey.ScopeEnrollment, "enr_2", []string{"msg_2"}},
		{journey.ScopeTopic, "offers", []string{"msg_1"}},
		{journey.ScopeTopic, "news", nil},
	} {
		got, err := l.InFlight(t.Context(), tc.scope, tc.target)
		require.NoError(t, err)
		require.ElementsMatch(t, tc.want, got, "%s %s", tc.scope, tc.target)
	}
	l.reply(first, journey.Outcome{Kind: journey.OutcomeRefused})
	l.reply(second, journey.Outcome{Kind: journey.OutcomeAccepted})
	got, err := l.InFlight(t.Context(), journey.ScopeEverything, "")
	require.NoError(t, err)
	require.Empty(t, got)
	require.Equal(t, "queued", l.state("msg_1"))
}
