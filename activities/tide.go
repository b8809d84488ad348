package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// tide is how far the ledger has come, as a lane knows it. The lane keeps it in Temporal, in its heartbeats and results: a Postgres
// that knows less is an older one.
type tide struct {
	ask func(ctx context.Context, seen int64) (int64, error)

	mu   sync.Mutex
	seen int64
}

// tideCall is the deadline of one question.
const tideCall = 2 * time.Second

// seaLevel compares the ledger with what the lane has seen, before anything is claimed. A run that died has left what it saw in its
// last heartbeat.
func (s *Sender) seaLevel(ctx context.Context, seen int64) (*tide, error) {
	if activity.HasHeartbeatDetails(ctx) {
		var beaten int64
		if err := activity.GetHeartbeatDetails(ctx, &beaten); err == nil {
			seen = max(seen, beaten)
		}
	}
	t := &tide{ask: s.Tide, seen: seen}
	if s.Tide == nil {
		return t, nil
	}
	var err error
	t.seen, err = s.Tide(ctx, seen)
	return t, err
}

// raise compares once more, and returns the highest that is known. A database that is away is asked the next time.
func (t *tide) raise(ctx context.Context) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ask == nil {
		return t.seen
	}
	ctx, cancel := context.WithTimeout(ctx, tideCall)
	defer cancel()
	if level, err := t.ask(ctx, t.seen); err == nil {
		t.seen = level
	}
	return t.seen
}
