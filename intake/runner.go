package intake

import (
	"context"
	"log/slog"
	"time"

	"perennial/journey"
)

// Inbox is where accepted events wait; the store is one.
type Inbox interface {
	// ApplyInbox applies events in order, in one transaction, and says how many; 0: none were waiting, or somebody else is at it.
	ApplyInbox(ctx context.Context, profile func(journey.Customer, journey.Event) journey.Change, limit int) (int, error)
	// TendSegments looks at customers whom time, or something else than an event, brings into a segment or out of it, and fills new
	// ones. It says how many it looked at, 0 when nothing is to do, and when time will change something, in wall time (zero: unknown).
	TendSegments(ctx context.Context, limit int) (int, time.Time, error)
	// Listen yields when events have come in.
	Listen(ctx context.Context, channel string) <-chan struct{}
}

// Runner applies the inbox whenever it has grown, and tends the segments when their time has come.
type Runner struct {
	Inbox Inbox
	Wall  func() time.Time // the one reading of the wall clock
	Log   *slog.Logger     // required
	Batch int              // events per transaction; 0: 500
	Every time.Duration    // looks this often without being told, too; 0: 2 s
}

// Backoff after an error: the events stay where they are, so nothing is lost by waiting.
const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = 10 * time.Second
)

// Segments are tended this many customers at a time, and as often as this at most.
const (
	tendBatch  = 200
	tendAtMost = 50 * time.Millisecond
)

// Run applies events until ctx ends, which it returns as nil.
func (r *Runner) Run(ctx context.Context) error {
	every := r.Every
	if every == 0 {
		every = 2 * time.Second
	}
	grown := r.Inbox.Listen(ctx, "events")
	pause := backoffFirst
	for {
		wait, told := every, grown
		due, err := r.drain(ctx)
		if !due.IsZero() {
			wait = min(every, max(due.Sub(r.Wall()), tendAtMost))
		}
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("applying the inbox; trying again", "code", journey.CodeOf(err), "error", err, "in", pause)
			wait, told = pause, nil // new events do not hurry a database that is in trouble
			pause = min(2*pause, backoffMost)
		} else {
			pause = backoffFirst
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case _, open := <-told:
			if !open {
				grown = nil // the store is closing; ctx will end too
			}
		}
		timer.Stop()
	}
}

// drain applies batches until none is left, then tends segments; events that come in meanwhile go first. It returns when segments
// are due next, zero when that is not known.
func (r *Runner) drain(ctx context.Context) (due time.Time, err error) {
	for {
		if err := r.apply(ctx); err != nil {
			return due, err
		}
		tended, next, err := r.Inbox.TendSegments(ctx, tendBatch)
		if err != nil || tended == 0 {
			return next, err
		}
	}
}

// apply applies batches until none is left.
func (r *Runner) apply(ctx context.Context) error {
	batch := r.Batch
	if batch == 0 {
		batch = 500
	}
	for {
		n, err := r.Inbox.ApplyInbox(ctx, Profile, batch)
		if err != nil || n == 0 {
			return err
		}
	}
}
