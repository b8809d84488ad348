package activities

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"perennial/journey"
)

// lane is what one lane keeps between runs: connections, the committer of dots, the recorder of replies, the breaker.
type lane struct {
	sender  *Sender
	name    string
	life    context.Context // ends when nobody waits for the lane any more
	end     context.CancelFunc
	wg      sync.WaitGroup // messages under way
	dots    chan dotAsk
	replies chan storing
	begun   atomic.Int64 // messages on their way to the dot: the committer waits a moment for them
	breaker breaker

	mu   sync.Mutex
	idle []Wire
}

func newLane(s *Sender, name string) *lane {
	l := &lane{sender: s, name: name, dots: make(chan dotAsk), replies: make(chan storing)}
	l.life, l.end = context.WithCancel(context.Background())
	go l.commit()
	go l.record()
	return l
}

// close waits for what is under way, at most until ctx ends, and lets the lane go.
func (l *lane) close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { l.wg.Wait(); close(done) }()
	defer l.end()
	defer l.park()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return journey.Faultf(journey.CodeUnavailable, "messages of %s still wait for the relay's reply", l.name)
	}
}

// park takes leave of connections that nobody uses: the next run may be in another process.
func (l *lane) park() {
	l.mu.Lock()
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	for _, w := range idle {
		go w.Quit()
	}
}

// ready says whether a message can be sent now: the breaker is closed, and there is a connection or a new one can be had.
func (l *lane) ready(ctx context.Context) bool {
	if l.shutFor() > 0 {
		return false
	}
	w, err := l.wire(ctx)
	if err != nil {
		return false
	}
	l.keep(w)
	return true
}

// wire takes an idle connection, or dials.
func (l *lane) wire(ctx context.Context) (Wire, error) {
	l.mu.Lock()
	if n := len(l.idle); n > 0 {
		w := l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.mu.Unlock()
		return w, nil
	}
	l.mu.Unlock()
	return l.dial(ctx)
}

func (l *lane) dial(ctx context.Context) (Wire, error) {
	w, err := l.sender.Dial(ctx)
	if err == nil {
		l.breaker.reached()
		return w, nil
	}
	if ctx.Err() == nil {
		l.log("connecting", err)
		var refusal Refusal
		if errors.As(err, &refusal) && refusal.Outcome().Kind != journey.OutcomeUnsent {
			l.trip(refusal.Outcome().Kind)
		} else {
			l.breaker.unreachable(l.sender.Clock.Wall())
		}
	}
	return nil, err
}

func (l *lane) keep(w Wire) {
	if !w.Usable() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, w)
}

// judge lets the breaker know how an attempt went.
func (l *lane) judge(o journey.Outcome) {
	switch o.Kind {
	case journey.OutcomeSenderFault, journey.OutcomeAuthFault:
		l.trip(o.Kind)
	case journey.OutcomeAccepted, journey.OutcomeFailed, journey.OutcomeRetry:
		l.breaker.passed()
	}
}

func (l *lane) trip(kind journey.OutcomeKind) {
	if shut := l.breaker.fault(l.sender.Clock.Wall(), kind == journey.OutcomeAuthFault); shut > 0 {
		l.sender.Log.Error("the relay refuses us; the lane stands still for a while", "lane", l.name, "why", string(kind), "for", shut)
	}
}

func (l *lane) shutFor() time.Duration { return l.breaker.shutFor(l.sender.Clock.Wall()) }

func (l *lane) log(doing string, err error) {
	l.sender.Log.Warn("sending is delayed", "lane", l.name, "doing", doing, "code", string(codeOf(err)), "error", redact(err.Error()))
}

// storing is one reply on its way into the ledger.
type storing struct {
	reply journey.Reply
	done  chan struct{}
}

// report stores a reply and returns once it is committed, or the lane is let go.
func (l *lane) report(r journey.Reply) {
	st := storing{reply: r, done: make(chan struct{})}
	select {
	case l.replies <- st:
		<-st.done
	case <-l.life.Done():
	}
}

// record commits replies in groups: all that came while the last group was being written. A reply is kept until the ledger has
// it, however long the database is away.
func (l *lane) record() {
	for {
		var batch []storing
		select {
		case st := <-l.replies:
			batch = append(batch, st)
		case <-l.life.Done():
			return
		}
		batch = gather(l.replies, batch)
		replies := make([]journey.Reply, len(batch))
		for i, st := range batch {
			replies[i] = st.reply
		}
		l.insist("recording replies", func(ctx context.Context) error { return l.sender.Ledger.RecordReplies(ctx, replies) })
		for _, st := range batch {
			close(st.done)
		}
	}
}

// insist does something until it succeeds or the lane is let go, with growing pauses up to 5 s.
func (l *lane) insist(doing string, do func(context.Context) error) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		ctx, cancel := context.WithTimeout(l.life, 10*time.Second)
		err := do(ctx)
		cancel()
		if err == nil || l.life.Err() != nil {
			return
		}
		l.log(doing, err)
		timer := time.NewTimer(pause)
		select {
		case <-l.life.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// gather takes what else is waiting to be sent, without waiting for it.
func gather[T any](from <-chan T, batch []T) []T {
	for {
		select {
		case one := <-from:
			batch = append(batch, one)
		default:
			return batch
		}
	}
}
