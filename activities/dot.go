package activities

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"perennial/faults/point"
	"perennial/journey"
)

// errNotNow is what a message gets that may not pass the dot: its connection is cut.
var errNotNow = errors.New("the ledger does not let it pass")

// dotAsk is one message that stands before its dot.
type dotAsk struct {
	dot    journey.Dot
	answer chan error
}

// pass asks the ledger, together with others, whether the message may be finished; nil: it may, and it is committed that it does.
func (l *lane) pass(ctx context.Context, d journey.Dot) error {
	ask := dotAsk{dot: d, answer: make(chan error, 1)}
	select {
	case l.dots <- ask:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.life.Done():
		return l.life.Err()
	}
	return <-ask.answer
}

// A group waits for those that are on their way to join it: for the next one about half as long as the commit takes for which they
// would wait otherwise, and in all for a few of them. On a slow disk the groups are larger, and a single message never waits.
const (
	shortestLinger = 2 * time.Millisecond
	longestLinger  = 20 * time.Millisecond
	patience       = 4 // times linger
)

func linger(commit time.Duration) time.Duration {
	return max(shortestLinger, min(commit/2, longestLinger))
}

// commit lets messages pass in groups, one commit for each.
func (l *lane) commit() {
	took := time.Duration(0)
	for {
		var batch []dotAsk
		select {
		case ask := <-l.dots:
			batch = append(batch, ask)
		case <-l.life.Done():
			return
		}
		batch = company(l.dots, batch, &l.begun, linger(took))
		begun := l.sender.Clock.Wall()
		l.allow(batch)
		took = l.sender.Clock.Wall().Sub(begun)
	}
}

// company gathers a group around its first: who is there already, and who is on the way, for at most a moment. coming counts both.
func company[T any](from <-chan T, batch []T, coming *atomic.Int64, linger time.Duration) []T {
	next, end := time.NewTimer(linger), time.NewTimer(patience*linger)
	defer next.Stop()
	defer end.Stop()
	for batch = gather(from, batch); int64(len(batch)) < coming.Load(); batch = gather(from, batch) {
		select {
		case one := <-from:
			batch = append(batch, one)
			next.Reset(linger)
		case <-next.C:
			return batch
		case <-end.C:
			return batch
		}
	}
	return batch
}

// allow answers a group. When the ledger cannot be asked, or its answer is lost, nobody passes: their connections are cut before
// the dot, so that nothing was sent, whatever the ledger has come to believe; the report that follows says so.
func (l *lane) allow(batch []dotAsk) {
	ctx, cancel := context.WithTimeout(l.life, 10*time.Second)
	defer cancel()
	dots := make([]journey.Dot, len(batch))
	for i, ask := range batch {
		dots[i] = ask.dot
	}
	point.Hit(point.BeforeAtDot)
	pass, err := l.sender.Ledger.ReachDot(ctx, l.sender.Sandbox, dots)
	if err != nil {
		l.log("asking to pass the dot", err)
	}
	point.Hit(point.AfterAtDot)
	for _, ask := range batch {
		if pass[ask.dot.ID] {
			ask.answer <- nil
		} else {
			ask.answer <- errNotNow
		}
	}
}
