package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"perennial/journey"
)

// asidePerSlot bounds the messages that wait long for their replies, beside the slots of a lane.
const asidePerSlot = 4

// aside is how long a reply may take before it counts as long.
const aside = 5 * time.Second

// seat is the slot that a message has in its lane. One that waits long for the reply after its dot (nine minutes, at most) leaves
// it to another, as long as not too many do: one relay behind ours that hangs must not stop the mail to all others.
type seat struct {
	lane  *lane
	mu    sync.Mutex
	timer *time.Timer
	aside bool
	left  bool
}

// wait is called when the message has passed the dot.
func (s *seat) wait() {
	patience := s.lane.sender.Aside
	if patience <= 0 {
		patience = aside
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(patience, s.stepAside)
}

func (s *seat) stepAside() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return
	}
	select {
	case s.lane.aside <- struct{}{}:
		s.aside = true
		<-s.lane.slots
	default:
	}
}

// leave frees what the message has taken.
func (s *seat) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.left = true
	if s.aside {
		<-s.lane.aside
	} else {
		<-s.lane.slots
	}
}

// ready says whether a message can be sent now: the breaker is closed, and there is a connection or a new one can be had. Endpoints
// share no connection: each is reached or not when its message is handed over.
func (l *lane) ready(ctx context.Context) bool {
	if l.shutFor() > 0 {
		return false
	}
	if !journey.IsMailLane(l.name) {
		return true
	}
	if len(l.idle) > 0 {
		return true
	}
	w, err := l.wire(ctx)
	if err != nil {
		return false
	}
	l.keep(w)
	return true
}

type dialled struct {
	wire Wire
	err  error
}

// wire takes an idle connection, or dials; whichever comes first. A relay that is slow with its banner holds up nobody who could
// use a connection that is there already.
func (l *lane) wire(ctx context.Context) (Wire, error) {
	select {
	case w := <-l.idle:
		return w, nil
	default:
	}
	select {
	case w := <-l.idle:
		return w, nil
	case l.dialing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	fresh := make(chan dialled, 1)
	go func() {
		defer func() { <-l.dialing }()
		w, err := l.dial(ctx)
		fresh <- dialled{w, err}
	}()
	select {
	case d := <-fresh:
		return d.wire, d.err
	case w := <-l.idle:
		go func() {
			if d := <-fresh; d.err == nil {
				l.keep(d.wire)
			}
		}()
		return w, nil
	}
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
			l.trip("", refusal.Outcome().Kind)
		} else {
			if shut := l.breaker.unreachable(l.sender.Clock.Wall()); shut >= longestMiss {
				l.tell("", journey.BreakerUnreachable, 2*shut) // it is told of again before that is over
			}
		}
	}
	return nil, err
}

// keep makes a connection ready for the next message.
func (l *lane) keep(w Wire) {
	if !w.Usable() {
		return
	}
	if l.life.Err() == nil {
		select {
		case l.idle <- w:
			return
		default:
		}
	}
	go w.Quit()
}

// park takes leave of connections that nobody uses: the next run may be in another process.
func (l *lane) park() {
	for {
		select {
		case w := <-l.idle:
			go w.Quit()
		default:
			return
		}
	}
}
