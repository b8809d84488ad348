package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// sent queues a message of customer n and has the relay take it.
func (l *ledger) sent(id string, n int) {
	l.t.Helper()
	l.queue(id, n, journey.LaneMarketing)
	for _, c := range l.claim(journey.LaneMarketing) {
		require.True(l.t, l.dot(c))
		l.reply(c, journey.Outcome{Kind: journey.OutcomeAccepted, Code: 250})
	}
	require.Equal(l.t, "accepted", l.state(id))
}

func (l *ledger) suppression(n int) string {
	l.t.Helper()
	list, err := l.Suppressions(l.t.Context(), "", journey.PageRequest{Limit: 10})
	require.NoError(l.t, err)
	for _, s := range list.Data {
		if s.Address == fmt.Sprintf("ann%d@example.net", n) {
			until := ""
			if s.Until != nil {
				until = " until " + s.Until.UTC().Format("01-02")
			}
			return string(s.Scope) + " " + s.Reason + until
		}
	}
	return ""
}

func TestFeedbackActsOnceAndOnTheAddressThatTheMessageWentTo(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.sent("msg_1", 1)
	f := journey.Feedback{Kind: journey.FeedbackHard, MessageID: "msg_1@example.com", Recipient: "somebody@else.example", Code: 550,
		Status: "5.1.1", Text: "no such user", Source: "test"}
	n, err := l.TakeFeedback(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, journey.Noted{Message: "msg_1"}, n)
	require.Equal(t, "all bounced", l.suppression(1))
	n, err = l.TakeFeedback(t.Context(), f)
	require.NoError(t, err)
	require.True(t, n.Again)
	require.Equal(t, []string{"Message Sent", "Message Bounced hard"}, l.events(1, "bounce"), "told once")
	require.Equal(t, "accepted", l.state("msg_1"), "what the relay did stays what it was")
	var rows int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM suppressions`).Scan(&rows))
	require.Equal(t, 1, rows, "the address that a report names is not asked")

	l.queue("msg_2", 1, journey.LaneTransactional)
	require.Empty(t, l.claim(journey.LaneTransactional))
	require.Equal(t, "dropped suppressed", l.state("msg_2"))
}

func TestComplaintsStopMarketingOnly(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.sent("msg_1", 1)
	_, err := l.TakeFeedback(t.Context(), journey.Feedback{Kind: journey.FeedbackComplaint, Message: "msg_1", MessageID: "x@forged.example", Source: "test"})
	require.NoError(t, err)
	require.Equal(t, "marketing complaint", l.suppression(1))
	require.Contains(t, l.events(1, "message"), "Message Complained hello")
	l.queue("msg_2", 1, journey.LaneMarketing)
	l.queue("msg_3", 1, journey.LaneTransactional)
	require.Empty(t, l.claim(journey.LaneMarketing))
	require.Len(t, l.claim(journey.LaneTransactional), 1)
}

func TestFeedbackOnNothingOfOursIsNotFound(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	l.queue("msg_1", 1, journey.LaneMarketing)
	for name, f := range map[string]journey.Feedback{
		"nothing named": {}, "unknown": {MessageID: "x@example.com"}, "not sent yet": {MessageID: "msg_1@example.com"}, "unknown token": {Message: "msg_x"},
	} {
		f.Kind, f.Source = journey.FeedbackHard, "test"
		_, err := l.TakeFeedback(t.Context(), f)
		require.Equal(t, journey.CodeNotFound, journey.CodeOf(err), name)
	}
	require.Empty(t, l.suppression(1))
}

func TestFiveSoftBouncesInSevenDaysSuspendForThirty(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	soft := func(i int, status string) journey.Noted {
		id := fmt.Sprintf("msg_%02d", i)
		l.sent(id, 1)
		n, err := l.TakeFeedback(t.Context(), journey.Feedback{Kind: journey.FeedbackSoft, Message: id, Status: status, Source: "test"})
		require.NoError(t, err)
		return n
	}
	for i := range 4 { // one a day, twice as long as it takes: never five in seven days, were it not for the fifth
		require.False(t, soft(i, "5.2.2").Suspended)
		l.pass(2 * 24 * time.Hour)
	}
	require.False(t, soft(4, "4.2.2").Suspended, "the first is eight days old")
	require.False(t, soft(5, "5.7.1").Suspended, "a refusal of us is not hers")
	require.True(t, soft(6, "5.2.2").Suspended, "now it is five")
	require.Equal(t, "suspended soft_bounces until 12-29", l.suppression(1))
	for _, lane := range journey.Lanes() {
		id := "msg_" + lane
		l.queue(id, 1, lane)
		require.Empty(t, l.claim(lane))
		require.Equal(t, "dropped suppressed", l.state(id))
	}
	_, err := l.TakeFeedback(t.Context(), journey.Feedback{Kind: journey.FeedbackComplaint, Message: "msg_00", Source: "test"})
	require.NoError(t, err)
	require.Equal(t, "marketing complaint until 12-29", l.suppression(1), "both hold")

	l.pass(30*24*time.Hour + time.Minute)
	l.queue("msg_late_receipt", 1, journey.LaneTransactional)
	require.Len(t, l.claim(journey.LaneTransactional), 1, "the suspension is over")
	l.queue("msg_late_offer", 1, journey.LaneMarketing)
	require.Empty(t, l.claim(journey.LaneMarketing), "the complaint is not")
}

func TestSuspensionsLapseByThemselves(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	for i := range 5 { // refused by the relay after the dot, each
		l.queue(fmt.Sprintf("msg_%d", i), 1, journey.LaneMarketing)
		for _, c := range l.claim(journey.LaneMarketing) {
			l.reply(c, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonRejected, Code: 552})
		}
	}
	require.Equal(t, "suspended soft_bounces until 12-21", l.suppression(1))
	l.pass(31 * 24 * time.Hour)
	require.Empty(t, l.suppression(1))
	l.sent("msg_after", 1)
}

func TestFiveReportsAtOnceSuspendOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.customer(1)
	for i := range 5 {
		l.sent(fmt.Sprintf("msg_%d", i), 1)
	}
	suspended := make([]bool, 10)
	require.Empty(t, together(10, func(i int) error {
		n, err := l.TakeFeedback(t.Context(), journey.Feedback{Kind: journey.FeedbackSoft, Message: fmt.Sprintf("msg_%d", i/2), Source: "test"})
		suspended[i] = n.Suspended
		return err
	}))
	count := 0
	for _, yes := range suspended {
		if yes {
			count++
		}
	}
	require.Equal(t, 1, count)
	require.NotEmpty(t, l.suppression(1))
}
