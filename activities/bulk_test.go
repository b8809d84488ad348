package activities_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/activities"
	"perennial/journey"
)

// counted is a ledger that counts its transactions that write.
type counted struct {
	activities.Ledger
	claims, dots, replies atomic.Int64
}

func (c *counted) ClaimMessages(ctx context.Context, o journey.ClaimOptions) ([]journey.Claimed, error) {
	c.claims.Add(1)
	return c.Ledger.ClaimMessages(ctx, o)
}

func (c *counted) ReachDot(ctx context.Context, sandbox bool, dots []journey.Dot) (map[string]bool, error) {
	c.dots.Add(1)
	return c.Ledger.ReachDot(ctx, sandbox, dots)
}

func (c *counted) RecordReplies(ctx context.Context, replies []journey.Reply) error {
	c.replies.Add(1)
	return c.Ledger.RecordReplies(ctx, replies)
}

// Each message is committed three times (claimed, at the dot, settled), but in company: a bulk send costs one commit for every five
// messages at most, on a slow disk and on a fast one.
func TestBulkSendSharesItsCommits(t *testing.T) {
	t.Parallel()
	const messages = 640
	o := newOffice(t)
	ledger := &counted{Ledger: o.store}
	o.sender.Ledger, o.sender.Slots = ledger, 128
	o.queue(journey.LaneMarketing, messages)
	result := o.run(journey.LaneMarketing, func() bool { return o.states()["accepted"] == messages })
	require.Equal(t, messages, result.Accepted)
	for id, times := range o.relay.Counts() {
		require.Equal(t, 1, times, id)
	}
	t.Logf("%d claims, %d dots, %d replies", ledger.claims.Load(), ledger.dots.Load(), ledger.replies.Load())
	require.LessOrEqual(t, float64(ledger.claims.Load()+ledger.dots.Load()+ledger.replies.Load())/messages, 0.2)
}
