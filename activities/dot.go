package activities

import (
	"context"
	"errors"
	"time"

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

// linger is how long a group of dots waits for those that are on their way to join it.
const linger = 2 * time.Millisecond

// commit lets messages pass in groups, one commit for each.
func (l *lane) commit() {
	for {
		var batch []dotAsk
		select {
		case ask := <-l.dots:
			batch = append(batch, ask)
		case <-l.life.Done():
			return
		}
		l.allow(l.company(batch))
	}
}

// company waits for others that are on their way to the dot, for at most a moment.
func (l *lane) company(batch []dotAsk) []dotAsk {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for batch = gather(l.dots, batch); int64(len(batch)) < l.begun.Load(); {
		select {
		case ask := <-l.dots:
			batch = append(batch, ask)
		case <-timer.C:
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
	pass, err := l.sender.Ledger.ReachDot(ctx, l.sender.Sandbox, dots)
	if err != nil {
		l.log("asking to pass the dot", err)
	}
	for _, ask := range batch {
		if pass[ask.dot.ID] {
			ask.answer <- nil
		} else {
			ask.answer <- errNotNow
		}
	}
}
