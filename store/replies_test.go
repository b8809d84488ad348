package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestRepliesLeadToStates(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, tc := range map[string]struct {
		atDot   bool
		outcome journey.Outcome
		state   string
		events  []string
	}{
		"accepted":              {true, journey.Outcome{Kind: journey.OutcomeAccepted}, "accepted", []string{"Message Sent"}},
		"accepted, never asked": {false, journey.Outcome{Kind: journey.OutcomeAccepted}, "claimed", nil},
		"4xx at RCPT":           {false, journey.Outcome{Kind: journey.OutcomeRetry, Code: 450}, "deferred", nil},
		"4xx at the dot":        {true, journey.Outcome{Kind: journey.OutcomeRetry, Code: 451}, "deferred", nil},
		"5.1.1": {false, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonBounced, Suppress: true, Code: 550},
			"failed bounced", []string{"Message Bounced hard"}},
		"5xx":          {true, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonRejected, Code: 552}, "failed rejected", []string{"Message Bounced soft"}},
		"5.7.1":        {true, journey.Outcome{Kind: journey.OutcomeSenderFault, Code: 550, Reason: journey.ReasonSenderFault}, "deferred sender_fault", nil},
		"unsent":       {false, journey.Outcome{Kind: journey.OutcomeUnsent}, "queued", nil},
		"credentials":  {false, journey.Outcome{Kind: journey.OutcomeAuthFault, Code: 535}, "queued", nil},
		"refused":      {false, journey.Outcome{Kind: journey.OutcomeRefused}, "queued", nil},
		"cut, certain": {true, journey.Outcome{Kind: journey.OutcomeRefused}, "queued", nil},
		"unknown":      {true, journey.Outcome{Kind: journey.OutcomeUnknown}, "unknown in_doubt", nil},
		"unrenderable": {false, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonRender}, "failed render", []string{"Message Dropped"}},
	} {
		l.each(t, name, func(t *testing.T) {
			l.customer(1)
			l.queue("msg_1", 1, journey.LaneMarketing)
			c := l.claim(journey.LaneMarketing)[0]
			if tc.atDot {
				require.True(t, l.dot(c))
			}
			l.reply(c, tc.outcome)
			require.Equal(t, tc.state, l.state("msg_1"))
			require.Equal(t, tc.events, l.events(1, "bounce"))
		})
	}
}

func TestRepliesSuppressWhoDoesNotExist(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 1, journey.LaneTransactional)
	require.NoError(t, l.Suppress(t.Context(), "ann1@EXAMPLE.net", journey.SuppressMarketing, "complaint", journey.Actor{ID: "key_1"}))
	require.Empty(t, l.claim(journey.LaneMarketing))
	c := l.claim(journey.LaneTransactional)[0]
	l.reply(c, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonBounced, Suppress: true, Code: 550, Text: strings.Repeat("x", 2000)})
	page, err := l.Suppressions(t.Context(), "", journey.PageRequest{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []journey.Suppression{{Address: "ann1@example.net", Scope: journey.SuppressAll, Reason: "bounced", At: l.now()}}, page.Data)

	require.NoError(t, l.Suppress(t.Context(), "ann1@example.net", journey.SuppressMarketing, "complaint", journey.Actor{ID: "key_1"}))
	l.queue("msg_3", 1, journey.LaneTransactional)
	require.Empty(t, l.claim(journey.LaneTransactional), "a complaint does not narrow what a bounce has stopped")
	require.NoError(t, l.LiftSuppression(t.Context(), "Ann1@example.net", "a mistake", journey.Actor{ID: "key_1"}, anyone))
	require.Equal(t, journey.CodeNotFound, journey.CodeOf(l.LiftSuppression(t.Context(), "ann1@example.net", "a mistake", journey.Actor{ID: "key_1"}, anyone)))
	l.queue("msg_4", 1, journey.LaneTransactional)
	require.Equal(t, []string{"msg_4"}, ids(l.claim(journey.LaneTransactional)))
}

func TestRepliesBackOff(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		c := l.claim(journey.LaneMarketing)
		require.Len(t, c, 1)
		l.reply(c[0], journey.Outcome{Kind: journey.OutcomeRetry, Code: 450})
		next, some, err := l.NextDue(t.Context(), journey.LaneMarketing)
		require.NoError(t, err)
		require.True(t, some)
		require.Equal(t, wait, next.Sub(l.now()))
		l.pass(wait)
	}
	l.pass(48 * time.Hour)
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Equal(t, "dropped expired", l.state("msg_1"))
}

func TestDoubtOfMarketingIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	for name, prepare := range map[string]struct{ lane, sql string }{
		"marketing": {journey.LaneMarketing, `SELECT`},
		"survey":    {journey.LaneTransactional, `UPDATE messages SET survey_id = 'srv_1'`},
		"coupon":    {journey.LaneTransactional, `UPDATE messages SET coupons = '{"offer": "cpn_1"}'`},
	} {
		l.each(t, name, func(t *testing.T) {
			l.customer(1)
			l.queue("msg_1", 1, prepare.lane)
			l.exec(prepare.sql)
			c := l.claim(prepare.lane)[0]
			require.True(t, l.dot(c))
			for range 18 { // nine minutes, in which its sender lives and waits for the reply
				l.pass(29 * time.Second)
				require.NoError(t, l.RenewClaims(t.Context(), []journey.Fence{{ID: c.Message.ID, Attempt: c.Message.Attempt}}, 30*time.Second))
			}
			l.pass(29 * time.Second)
			swept, err := l.SweepDoubtful(t.Context(), prepare.lane)
			require.NoError(t, err)
			require.Zero(t, swept, "the reply may still come")
			l.pass(time.Second) // nobody renews it: its sender is dead, and she is not to wait for it
			swept, err = l.SweepDoubtful(t.Context(), prepare.lane)
			require.NoError(t, err)
			require.Equal(t, journey.Swept{Unknown: 1}, swept)
			require.Equal(t, "unknown in_doubt", l.state("msg_1"))
			l.pass(time.Hour)
			require.Empty(t, l.claim(prepare.lane))
			l.reply(c, journey.Outcome{Kind: journey.OutcomeAccepted})
			require.Equal(t, "accepted", l.state("msg_1"), "a late reply settles it")
		})
	}
}

func TestDoubtOfTransactionalIsSentOnceMore(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneTransactional)
	first := l.claim(journey.LaneTransactional)[0]
	require.True(t, l.dot(first))
	l.reply(first, journey.Outcome{Kind: journey.OutcomeUnknown})
	require.Equal(t, "at_dot", l.state("msg_1"))
	sweep := func() journey.Swept {
		t.Helper()
		swept, err := l.SweepDoubtful(t.Context(), journey.LaneTransactional)
		require.NoError(t, err)
		return swept
	}
	l.pass(9*time.Minute + 59*time.Second)
	require.Zero(t, sweep())
	l.pass(time.Second)
	require.Equal(t, journey.Swept{Resend: 1}, sweep())
	l.exec(`UPDATE customers SET email = 'new@example.net', first_name = 'Anna'`)
	again := l.claim(journey.LaneTransactional)
	require.Len(t, again, 1)
	require.Equal(t, "bytes of msg_1", string(again[0].Bytes))
	require.Equal(t, "Ann1@example.net", again[0].Message.Address, "the same bytes to the same address")
	d := dotOf(again[0])
	d.Address = again[0].Message.Address
	pass, err := l.ReachDot(t.Context(), false, []journey.Dot{d})
	require.NoError(t, err)
	require.True(t, pass["msg_1"])
	l.reply(first, journey.Outcome{Kind: journey.OutcomeAccepted})
	require.Equal(t, "at_dot", l.state("msg_1"), "the first attempt's reply is too late now")
	l.reply(again[0], journey.Outcome{Kind: journey.OutcomeUnknown})
	require.Equal(t, "unknown in_doubt", l.state("msg_1"), "never a third time")
	l.pass(time.Hour)
	require.Zero(t, sweep())
}

func TestLateReplyStopsTheSecondCopy(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneTransactional)
	first := l.claim(journey.LaneTransactional)[0]
	require.True(t, l.dot(first))
	l.pass(10 * time.Minute)
	_, err := l.SweepDoubtful(t.Context(), journey.LaneTransactional)
	require.NoError(t, err)
	require.Equal(t, "queued", l.state("msg_1"))
	l.reply(first, journey.Outcome{Kind: journey.OutcomeAccepted})
	require.Equal(t, "accepted", l.state("msg_1"))
	require.Empty(t, l.claim(journey.LaneTransactional))
}

func TestSecondCopyThatMayNotGoStaysUnknown(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneTransactional)
	require.True(t, l.dot(l.claim(journey.LaneTransactional)[0]))
	l.pass(49 * time.Hour)
	_, err := l.SweepDoubtful(t.Context(), journey.LaneTransactional)
	require.NoError(t, err)
	require.Empty(t, l.claim(journey.LaneTransactional))
	require.Equal(t, "unknown expired", l.state("msg_1"))
}

func TestForgetBytesKeepsTheHash(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.customer(2)
	l.queue("msg_1", 1, journey.LaneMarketing)
	l.queue("msg_2", 2, journey.LaneMarketing)
	for i, c := range l.claim(journey.LaneMarketing) {
		require.True(t, l.dot(c))
		if i == 0 {
			l.reply(c, journey.Outcome{Kind: journey.OutcomeAccepted})
		}
	}
	n, err := l.ForgetBytes(t.Context(), l.now())
	require.NoError(t, err)
	require.Zero(t, n)
	l.pass(time.Second)
	n, err = l.ForgetBytes(t.Context(), l.now())
	require.NoError(t, err)
	require.Equal(t, 1, n, "what is not settled keeps its bytes")
	var bytes, hash []byte
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT bytes, bytes_hash FROM messages WHERE id = 'msg_1'`).Scan(&bytes, &hash))
	require.Nil(t, bytes)
	require.Len(t, hash, 32)
}

func anyone(journey.Suppression) error { return nil }
