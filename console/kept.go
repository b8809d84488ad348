package console

import (
	"context"
	"sync"
	"time"

	"perennial/journey"
)

// A report that takes longer than worthKeeping to count is shown as it was last counted, for keptMost at most, and counted again behind
// that page once it is older than keptTimes what counting takes: nobody waits for a million rows, and small installations see every
// second. Who comes first waits countingWait; then the page comes without figures, which come by themselves as a part of it, or when it is
// loaded again.
const (
	worthKeeping = 50 * time.Millisecond
	keptTimes    = 20
	keptMost     = time.Hour
	countingWait = 30 * time.Millisecond
	countingMost = time.Minute
)

// reports are the figures of journeys as they were last counted in this process.
type reports struct {
	count func(ctx context.Context, key string) (journey.Report, error)
	clock *journey.Clock

	mu       sync.Mutex
	kept     map[string]keptReport
	counting map[string]chan struct{} // closed when it has been counted
	owed     map[string]bool          // a page went without it, and comes for it
	failed   map[string]error         // of the last time
}

// keptReport is a report as it was counted.
type keptReport struct {
	journey.Report
	At      time.Time     // product time, where it was not counted for this page; zero otherwise
	Pending bool          // nobody has counted it yet
	wall    time.Time     // when it was counted
	cost    time.Duration // of counting it
	counted time.Time     // product time
}

// of returns the report of a journey.
func (r *reports) of(ctx context.Context, key string) (keptReport, error) {
	r.mu.Lock()
	k, known := r.kept[key]
	age := r.clock.Wall().Sub(k.wall)
	done := r.counting[key]
	if known && r.owed[key] && done == nil && age <= countingMost {
		delete(r.owed, key)
		r.mu.Unlock()
		return k.asCounted(), nil
	}
	usable := known && k.cost >= worthKeeping && age <= keptMost
	if usable && age <= keptTimes*k.cost {
		r.mu.Unlock()
		return k.asCounted(), nil
	}
	if done == nil {
		done = r.begin(ctx, key)
	}
	r.mu.Unlock()
	if usable {
		return k.asCounted(), nil
	}
	select {
	case <-done:
	case <-ctx.Done():
		return k, ctx.Err()
	case <-time.After(countingWait):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.owed[key] = true
		return keptReport{Pending: true}, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept[key], r.failed[key]
}

func (k keptReport) asCounted() keptReport { k.At = k.counted; return k }

// begin counts behind the page that asks; the lock is held.
func (r *reports) begin(ctx context.Context, key string) chan struct{} {
	if r.kept == nil {
		r.kept, r.counting, r.owed, r.failed = map[string]keptReport{}, map[string]chan struct{}{}, map[string]bool{}, map[string]error{}
	}
	done := make(chan struct{})
	r.counting[key] = done
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingMost)
		defer cancel()
		k := keptReport{counted: r.clock.Now(), wall: r.clock.Wall()}
		report, err := r.count(ctx, key)
		k.Report, k.cost = report, r.clock.Wall().Sub(k.wall)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.counting, key)
		if r.failed[key] = err; err == nil {
			r.kept[key] = k
		} else {
			delete(r.owed, key) // whoever comes next counts again, and waits for what comes of it
		}
		close(done)
	}()
	return done
}
