package store

import (
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"perennial/faults/point"
	"perennial/journey"
)

// Bounds of the group commit: how many events one transaction takes in, and how many such transactions run at a time. Two, so that
// one prepares while the other waits for the disk; more would only wait for each other, because NOTIFY lets one commit at a time.
const (
	groupEvents  = 2000
	groupsAtOnce = 2
)

// appender commits the events of requests that come in at the same time together. A request that comes alone is committed at once:
// nobody waits for company.
type appender struct {
	mu      sync.Mutex
	waiting []*appending
	running int
}

// appending is one call of AppendEvents.
type appending struct {
	ctx    context.Context //nolint:containedctx // it is that of the caller, who waits
	events []journey.WrittenEvent
	out    []journey.Acceptance
	err    error
	done   chan struct{}
}

// AppendEvents accepts events into the inbox, in their order, in one transaction: when it answers without error, they are
// committed and will be applied (law 6). An event whose MessageID is known has no effect (Duplicate), or is refused where its
// body differs (Conflict); the rest is taken. ID, ReceivedAt and At are filled in where they are empty.
func (s *Store) AppendEvents(ctx context.Context, events []journey.Event) (_ []journey.Acceptance, err error) {
	defer wrap(&err, "accepting %d events", len(events))
	written, err := writeDown(events)
	if err != nil {
		return nil, err
	}
	return s.acceptWritten(ctx, written)
}

// AppendWritten is AppendEvents for events whose JSON is written already.
func (s *Store) AppendWritten(ctx context.Context, events []journey.WrittenEvent) (_ []journey.Acceptance, err error) {
	defer wrap(&err, "accepting %d events", len(events))
	return s.acceptWritten(ctx, events)
}

func (s *Store) acceptWritten(ctx context.Context, events []journey.WrittenEvent) ([]journey.Acceptance, error) {
	if len(events) == 0 {
		return nil, nil
	}
	a := &appending{ctx: ctx, events: events, done: make(chan struct{})}
	if s.appends.join(a) {
		go s.appendGroups()
	}
	select {
	case <-a.done:
		return a.out, a.err
	case <-ctx.Done(): // it may be committed all the same; whoever asks again with the same message ids hears so
		return nil, ctx.Err()
	}
}

// join puts a call into the line, and says whether somebody must begin to work on it.
func (p *appender) join(a *appending) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, a)
	if p.running == groupsAtOnce {
		return false
	}
	p.running++
	return true
}

// next takes a group from the line; none: this worker is done.
func (p *appender) next() []*appending {
	p.mu.Lock()
	defer p.mu.Unlock()
	events, n := 0, 0
	for n < len(p.waiting) && (n == 0 || events+len(p.waiting[n].events) <= groupEvents) {
		events += len(p.waiting[n].events)
		n++
	}
	group := p.waiting[:n:n]
	p.waiting = p.waiting[n:]
	if n == 0 {
		p.waiting, p.running = nil, p.running-1
	}
	return group
}

// appendGroups works until the line is empty.
func (s *Store) appendGroups() {
	for group := s.appends.next(); len(group) > 0; group = s.appends.next() {
		s.appendGroup(group)
	}
}

// appendGroup commits a group, and where that fails for a reason that lies in one of its events, each call by itself: nobody's event is
// refused for another's.
func (s *Store) appendGroup(group []*appending) {
	ctx := context.WithoutCancel(group[0].ctx)
	together := make([][]journey.WrittenEvent, len(group))
	for i, a := range group {
		together[i] = a.events
	}
	out, err := s.appendTogether(ctx, slices.Concat(together...))
	if err != nil && len(group) > 1 && !unavailable(err) {
		for _, a := range group {
			a.out, a.err = s.appendTogether(ctx, slices.Clone(a.events))
			close(a.done)
		}
		return
	}
	for _, a := range group {
		a.err = err
		if err == nil {
			a.out, out = out[:len(a.events):len(a.events)], out[len(a.events):]
		}
		close(a.done)
	}
}

// appendTogether commits events, whose ids it fills in.
func (s *Store) appendTogether(ctx context.Context, events []journey.WrittenEvent) (out []journey.Acceptance, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var fresh []journey.WrittenEvent
		var err error
		if out, fresh, err = s.claimIDs(ctx, tx, events); err != nil {
			return err
		}
		if err := s.writeFresh(ctx, tx, fresh); err != nil {
			return err
		}
		return markConflicts(ctx, tx, events, out)
	})
	point.Hit(point.AfterAppend)
	return out, err
}

// writeFresh writes events into the inbox and tells who applies it.
func (s *Store) writeFresh(ctx context.Context, tx pgx.Tx, events []journey.WrittenEvent) error {
	if len(events) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	if len(events) < copyFrom {
		s.queueWritten(b, events)
	} else if err := s.copyWritten(ctx, tx, events); err != nil {
		return err
	}
	b.Queue(`SELECT pg_notify($1, '')`, channelEvents)
	return tx.SendBatch(ctx, b).Close()
}
