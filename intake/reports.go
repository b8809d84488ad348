package intake

import (
	"context"
	"log/slog"
	"time"

	"perennial/journey"
)

// Reports is what ReportRunner works on; the store is one.
type Reports interface {
	// CountReports takes up to so many applied events and as many moves into the reports and says how many it took; 0: none were left, or
	// somebody else is at it.
	CountReports(ctx context.Context, limit int) (int, error)
}

// ReportRunner keeps the figures of the reports up with what has been applied.
type ReportRunner struct {
	Reports Reports
	Log     *slog.Logger  // required
	Every   time.Duration // looks this often; 0: 2 s
}

// reportBatch is how many events and moves, or customers of a first count, one transaction takes.
const reportBatch = 500

// Run counts until ctx ends, which it returns as nil.
func (r *ReportRunner) Run(ctx context.Context) error {
	every := r.Every
	if every == 0 {
		every = 2 * time.Second
	}
	pause := backoffFirst
	for {
		n, err := r.Reports.CountReports(ctx, reportBatch)
		wait := every
		switch {
		case err != nil && ctx.Err() == nil:
			r.Log.Warn("counting for the reports; trying again", "code", journey.CodeOf(err), "error", err, "in", pause)
			wait = pause
			pause = min(2*pause, backoffMost)
		case err == nil:
			pause = backoffFirst
		}
		if n >= reportBatch && ctx.Err() == nil { // there is more; what trickles in is waited for, so that a customer is counted once for all of it
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}
