package activities

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perennial/faults/point"
	"perennial/journey"
)

// lane is what one lane keeps between runs: connections, the committer of dots, the recorder of replies, the breaker.
type lane struct {
	sender  *Sender
	name    string
	life    context.Context //nolint:containedctx // it is the lane's own: it ends when nobody waits for the lane any more
	end     context.CancelFunc
	wg      sync.WaitGroup // messages under way
	dots    chan dotAsk
	replies chan storing
	begun   atomic.Int64 // messages on their way to the dot: the committer waits a moment for them
	passed  atomic.Int64 // messages that have passed it, until their reply is stored: the recorder waits a moment for them
	breaker breaker
	gates   gates
	pace    *pace
	slots   chan struct{} // one in it for each message under way
	aside   chan struct{} // one in it for each message that waits long for its reply, and has given its slot to another
	idle    chan Wire
	dialing chan struct{} // one in it for each dial under way

	mu   sync.Mutex
	held map[journey.Fence]bool // claimed, until the reply is stored; true: for so long that it is to be renewed
}

func newLane(s *Sender, name string) *lane {
	slots := s.slots()
	pace := newPace(s.Rate, s.DomainRates)
	if !journey.IsMailLane(name) {
		pace = newPace(0, nil) // the rates are those of the relay
	}
	l := &lane{sender: s, name: name, dots: make(chan dotAsk), replies: make(chan storing), pace: pace,
		slots: make(chan struct{}, slots), aside: make(chan struct{}, slots*asidePerSlot),
		idle: make(chan Wire, slots*(1+asidePerSlot)), dialing: make(chan struct{}, slots),
		held: map[journey.Fence]bool{}}
	l.life, l.end = context.WithCancel(context.Background())
	go l.commit()
	go l.record()
	go l.renew()
	return l
}

func (l *lane) hold(f journey.Fence, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held {
		l.held[f] = false
	} else {
		delete(l.held, f)
	}
}

// renew keeps what this process has under way, for as long as it lives: a relay may take minutes for its banner, and nine for its
// reply. What nobody renews is soon somebody else's, so that the death of a sender holds up no customer for long. What has only
// just been claimed is left alone: renewing it would lock its row while it asks for the dot, and the dot waits for nobody.
func (l *lane) renew() {
	tick := time.NewTicker(claimLease / 3)
	defer tick.Stop()
	for {
		select {
		case <-l.life.Done():
			return
		case <-tick.C:
		}
		fences := l.longHeld()
		if len(fences) == 0 {
			continue
		}
		if err := l.sender.Ledger.RenewClaims(l.life, fences, claimLease); err != nil {
			l.log("renewing claims", err)
		}
	}
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

// longHeld lists what was under way at the last look already.
func (l *lane) longHeld() []journey.Fence {
	l.mu.Lock()
	defer l.mu.Unlock()
	var long []journey.Fence
	for f, seen := range l.held {
		if seen {
			long = append(long, f)
		}
		l.held[f] = true
	}
	return long
}

// judge lets the breakers know how an attempt went.
func (l *lane) judge(domain string, o journey.Outcome) {
	switch o.Kind {
	case journey.OutcomeAuthFault:
		l.trip("", o.Kind)
	case journey.OutcomeSenderFault:
		l.trip(domain, o.Kind)
		l.putOff(domain, o)
	case journey.OutcomeRetry:
		l.breaker.passed()
		if !strings.HasPrefix(o.Text, "4.2.") { // that is about her mailbox
			l.putOff(domain, o)
		}
	case journey.OutcomeAccepted, journey.OutcomeFailed:
		l.breaker.passed()
		l.gates.passed(domain)
	}
}

func (l *lane) trip(domain string, kind journey.OutcomeKind) {
	if shut := l.breaker.fault(l.sender.Clock.Wall(), domain, kind == journey.OutcomeAuthFault); shut > 0 {
		l.sender.Log.Error("the relay refuses us; the lane stands still for a while", "lane", l.name, "why", string(kind), "for", shut)
		l.tell("", string(kind), shut)
	}
}

// tell notes that the lane, or one destination of it, is shut, for people to see. It is not waited for: the shutting is done.
func (l *lane) tell(domain, why string, shut time.Duration) {
	if l.sender.Shut == nil {
		return
	}
	b := journey.Breaker{Lane: l.name, Domain: domain, Why: why, UntilWall: l.sender.Clock.Wall().Add(shut)}
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		ctx, cancel := context.WithTimeout(l.life, 5*time.Second)
		defer cancel()
		if err := l.sender.Shut(ctx, b); err != nil && l.life.Err() == nil {
			l.log("noting a breaker", err)
		}
	}()
}

func (l *lane) putOff(domain string, o journey.Outcome) {
	if shut := l.gates.fault(l.sender.Clock.Wall(), domain); shut > 0 {
		l.sender.Log.Warn("a destination puts us off; what goes to it waits for a while, the rest goes on", "lane", l.name, "to", domain,
			"code", o.Code, "for", shut)
		l.tell(domain, journey.BreakerPutOff, shut)
	}
}

// reopen tries at once what is shut and a person has closed the breaker of.
func (l *lane) reopen(ctx context.Context, wall time.Time) error {
	domains, _ := l.gates.shut(wall, 0)
	if l.sender.Closed == nil || len(domains) == 0 && l.shutFor() == 0 {
		return nil
	}
	closed, err := l.sender.Closed(ctx, l.name)
	for _, domain := range closed {
		if domain == "" {
			l.breaker.open()
		} else {
			l.gates.passed(domain)
		}
	}
	return err
}

// skip lists the destinations to which nothing is to go now: they are shut, or have had what their rate lets through.
func (l *lane) skip() []string {
	wall := l.sender.Clock.Wall()
	shut, _ := l.gates.shut(wall, 0)
	return append(shut, l.pace.spent(wall)...)
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

// record commits replies in groups: all that came while the last group was being written, or come in a moment. A reply is kept until the ledger has
// it, however long the database is away.
func (l *lane) record() {
	took := time.Duration(0)
	for {
		var batch []storing
		select {
		case st := <-l.replies:
			batch = append(batch, st)
		case <-l.life.Done():
			return
		}
		batch = company(l.replies, batch, &l.passed, linger(took))
		replies := make([]journey.Reply, len(batch))
		for i, st := range batch {
			replies[i] = st.reply
		}
		begun := l.sender.Clock.Wall()
		point.Hit(point.BeforeReply)
		l.insist("recording replies", func(ctx context.Context) error { return l.sender.Ledger.RecordReplies(ctx, replies) })
		point.Hit(point.AfterReply)
		took = l.sender.Clock.Wall().Sub(begun)
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
