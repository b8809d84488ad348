package main

import (
	"context"
	"errors"
	"time"

	"perennial/journey"
	"perennial/workflows"
)

// every does it now and then again and again, until ctx ends.
func every(ctx context.Context, period time.Duration, do func()) error {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// seeTime lets product time run where it does not run as fast as the wall's, for as long as everything is there: the database,
// Temporal, and we. Otherwise it stands still: at a day per second, a restart of Postgres would else be a week that nobody lived.
func (a *app) seeTime(ctx context.Context) error {
	const ahead = 400 * time.Millisecond
	return every(ctx, 100*time.Millisecond, func() {
		if a.drives(ctx, ahead) {
			_ = a.store.SeeTime(ctx, ahead) // a database that is away says so elsewhere; the next tick tries again
		}
	})
}

// drives says whether Temporal answers for workflows, and not only at its door: after a restart it takes its shards back one by
// one.
func (a *app) drives(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for _, lane := range journey.Lanes() {
		if _, err := a.temporal.DescribeWorkflowExecution(ctx, workflows.DeliveryID(lane), ""); err != nil {
			return false
		}
	}
	return true
}

// keepBytes is how long the bytes of a mail are kept; then only their hash is.
const keepBytes = 30 * 24 * time.Hour

// upkeep forgets, now and every hour, what need not be kept any longer.
func (a *app) upkeep(ctx context.Context) error {
	return every(ctx, time.Hour, func() {
		_, err := a.store.ForgetBytes(ctx, a.store.Clock().Wall().Add(-keepBytes))
		if err = errors.Join(err, a.store.Upkeep(ctx)); err != nil && ctx.Err() == nil {
			a.log.Warn("upkeep did not come to its end; it tries again in an hour", "error", err)
		}
	})
}

// watch goes on with what a process that died has begun and left, and watches over audiences, ramps and pools of coupons.
func (a *app) watch(ctx context.Context) error {
	const period = 5 * time.Second
	said := map[string]journey.ApprovalState{}
	return every(ctx, period, func() {
		news, err := a.store.WatchAudiences(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("audiences and ramps are not watched; trying again", "in", period, "error", err)
		}
		for _, n := range news {
			if said[n.ID] != n.State {
				said[n.ID] = n.State
				a.log.Error("a person must decide: see GET /api/approvals", "journey", n.Journey, "why", n.Words)
			}
		}
		if _, err = a.control.WatchPools(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("teams are not told of pools that run out; trying again", "in", period, "error", err)
		}
		if err = a.store.FinishResumes(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("what a pause held is not all awake yet; trying again", "in", period, "error", err)
		}
	})
}

// gatherCounts keeps the counters of coupons and surveys short.
func (a *app) gatherCounts(ctx context.Context) error {
	const period = time.Minute
	return every(ctx, period, func() {
		if err := a.store.GatherCounts(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("counters are not gathered, and take longer to read; trying again", "in", period, "error", err)
		}
	})
}

// punctual does again and again what has its moment: in rounds until nothing is left, and at the moment of the next one, which do returns in
// wall time (zero: it knows of none). What comes up meanwhile may be due before that, so it looks every second; a database that is away is
// asked less often.
func (a *app) punctual(ctx context.Context, what string, do func(context.Context) (n int, next time.Time, err error)) error {
	const most, patience = time.Second, 5 * time.Second
	for {
		n, next, err := do(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Warn(what+"; trying again", "in", patience, "error", err)
		}
		if err == nil && n > 0 {
			continue
		}
		rest := most
		if err != nil {
			rest = patience
		}
		if wait := next.Sub(a.store.Clock().Wall()); err == nil && !next.IsZero() && wait < rest {
			rest = max(wait, time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(rest):
		}
	}
}

// expire ends coupons at the moment at which their time is over.
func (a *app) expire(ctx context.Context) error {
	return a.punctual(ctx, "coupons whose time is over are not told of", func(ctx context.Context) (int, time.Time, error) {
		return a.store.ExpireCoupons(ctx, momentBatch)
	})
}

// goOn tells of pauses that end by themselves.
func (a *app) goOn(ctx context.Context) error {
	return a.punctual(ctx, "pauses that are over are not told of", func(ctx context.Context) (int, time.Time, error) {
		return a.store.TellPausesOver(ctx, momentBatch)
	})
}

// escalate tells teams of tasks that are overdue.
func (a *app) escalate(ctx context.Context) error {
	return a.punctual(ctx, "teams are not told of overdue tasks", a.control.Escalate)
}

// momentBatch is how many of those whose moment has come one transaction takes.
const momentBatch = 200
