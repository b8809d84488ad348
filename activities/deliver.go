package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"perennial/faults/point"
	"perennial/journey"
)

// Ledger is the part of the store that a sender needs. Its rules are there: what is claimed may be tried, what passes the dot
// may be finished, and a claim that has passed to somebody else changes nothing any more.
type Ledger interface {
	ClaimMessages(ctx context.Context, o journey.ClaimOptions) ([]journey.Claimed, error)
	RenewClaims(ctx context.Context, fences []journey.Fence, lease time.Duration) error
	ReachDot(ctx context.Context, sandbox bool, dots []journey.Dot) (map[string]bool, error)
	RecordReplies(ctx context.Context, replies []journey.Reply) error
	SweepDoubtful(ctx context.Context, lane string) (journey.Swept, error)
	NextDue(ctx context.Context, lane string) (wall time.Time, some bool, err error)
	Version(ctx context.Context, journeyKey string, number int) (journey.Version, error)
	Listen(ctx context.Context, channel string) <-chan struct{}
}

// Wire is one connection to a relay. Deliver asks atDot after the body was written; unless that returns nil the final dot never
// goes out. Cancelling ctx ends an attempt at any moment before the dot, never after it.
type Wire interface {
	Deliver(ctx context.Context, from, to string, body []byte, atDot func(context.Context) error) journey.Outcome
	Usable() bool
	Used() bool
	Quit()
}

// Refusal is an error of dialling that says what it means for the lane.
type Refusal interface{ Outcome() journey.Outcome }

// Templates are the compiled messages of one version.
type Templates interface {
	Render(c journey.Claimed, links journey.Links) (journey.Rendered, error)
}

// Sender is what sends needs. One serves all lanes of a process, and lives as long as the process: a connection that waits for
// the reply after a dot outlives the activity that began it. All fields but Sandbox and those after Log are required; a lane of
// mail asks for nothing of Hand and Secret, one of endpoints for nothing of Dial and Compose.
type Sender struct {
	Ledger  Ledger
	Clock   *journey.Clock
	Dial    func(ctx context.Context) (Wire, error) // an error that is a Refusal says more
	Compile func(v journey.Version) (Templates, error)
	Compose func(journey.Envelope) ([]byte, error)
	Brand   journey.Brand
	Tokens  journey.Tokens
	Sandbox bool // the relay is the inbox of the installation

	// Hand gives a message to the endpoint that is its channel; it asks atDot before the last byte, as a Wire does.
	Hand   func(ctx context.Context, p journey.Post, atDot func(ctx context.Context, inside bool) error) journey.Outcome
	Secret func(variable string) string // of an endpoint, out of the environment; "" there is none

	Log   *slog.Logger
	Slots int           // messages of one lane on their way at a time; 0: 8
	Aside time.Duration // how long a reply may take before the slot of its message goes to another; 0: 5 seconds
	Drain time.Duration // how long a run that ends waits for what is under way; 0: 10 seconds

	// Tide raises the ledger's tide above what the lane has seen, and holds all sending where it was lower: the database went back to
	// an older backup, and would send again what was sent since. nil: it is not watched.
	Tide func(ctx context.Context, seen int64) (int64, error)

	// Shut notes that a lane, or one destination of it, is shut for a while, for people to see. nil: it stands in the log alone.
	Shut func(ctx context.Context, b journey.Breaker) error

	// Closed takes the destinations of a lane whose breakers people have closed, "" being the lane itself. nil: nobody can.
	Closed func(ctx context.Context, lane string) ([]string, error)

	Rate        Rate            // of each lane; 0: no limit
	DomainRates map[string]Rate // of each lane, by domain of the recipient in lower case

	// BounceDomain takes what comes back: each message has a return address of its own there (VERP). "": the sender's address.
	BounceDomain string

	mu        sync.Mutex
	lanes     map[string]*lane
	versions  map[string]Templates // by hash
	compiling sync.Mutex           // one at a time: a batch of a new version would compile it many times over
}

// DeliverInput asks for one run of a lane.
type DeliverInput struct {
	Lane string
	For  time.Duration // wall time after which nothing new is begun; 0: 50 seconds
	Tide int64         // the highest tide that the lane has seen
}

// DeliverResult counts what a run did. Messages whose reply came after its end are counted by nobody: the ledger has them.
type DeliverResult struct {
	Accepted, Deferred, Failed, Unknown, Unsent, Refused int
	Tide                                                 int64 // of the ledger at the end of the run
}

// Times of a run. StartToClose of the activity lies above runFor + drainFor, its heartbeat timeout above several beats.
const (
	runFor     = 50 * time.Second
	drainFor   = 10 * time.Second
	beat       = 2 * time.Second
	claimLease = 30 * time.Second

	longestClaim = 5 * time.Second
	sweepEvery   = 5 * time.Second
	idleLook     = time.Second // a notification may be missed; a pause ends by itself

	shortestIdle = 2 * time.Millisecond
	dearClaim    = 20 * time.Millisecond // a claim that takes longer and finds nothing is not made again at once
)

// Deliver sends what is due in a lane until its time is up or the worker stops, then takes up nothing new and drains.
func (s *Sender) Deliver(ctx context.Context, in DeliverInput) (DeliverResult, error) {
	if in.For <= 0 {
		in.For = runFor
	}
	tide, err := s.seaLevel(ctx, in.Tide)
	if err != nil {
		return DeliverResult{}, Coded(s.Log, "delivering "+in.Lane, err)
	}
	open, shut := context.WithTimeout(ctx, in.For)
	defer shut()
	beating, still := context.WithCancel(ctx)
	defer still()
	go func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			activity.RecordHeartbeat(ctx, tide.raise(beating))
			select {
			case <-activity.GetWorkerStopChannel(ctx):
				shut()
				<-beating.Done()
				return
			case <-beating.Done():
				return
			case <-tick.C:
			}
		}
	}()
	result, err := s.Run(open, in.Lane)
	result.Tide = tide.raise(context.WithoutCancel(ctx))
	return result, Coded(s.Log, "delivering "+in.Lane, err)
}

// Run sends what is due in a lane until ctx ends, then drains: what has not begun its DATA goes back into the queue, what is under way
// gets a few seconds, and what waits for its reply is left to go on by itself. The error is that of the ledger.
func (s *Sender) Run(ctx context.Context, name string) (DeliverResult, error) {
	r := &run{lane: s.lane(name)}
	err := r.loop(ctx)
	r.drain()
	if ctx.Err() != nil {
		err = nil // what was interrupted is no fault
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result, err
}

func (s *Sender) slots() int {
	if s.Slots > 0 {
		return s.Slots
	}
	return 8
}

func (s *Sender) lane(name string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lanes == nil {
		s.lanes = map[string]*lane{}
	}
	if s.lanes[name] == nil {
		s.lanes[name] = newLane(s, name)
	}
	return s.lanes[name]
}

// Shutdown waits until no connection waits for a reply and every reply is stored, or ctx ends. What is left is in doubt, and
// settled by the next sender after its lease.
func (s *Sender) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := make(chan error, len(s.lanes))
	for _, l := range s.lanes {
		go func() { ends <- l.close(ctx) }()
	}
	var errs []error
	for range s.lanes {
		errs = append(errs, <-ends)
	}
	return errors.Join(errs...)
}

// run is one execution of Deliver.
type run struct {
	lane  *lane
	wg    sync.WaitGroup
	rest  time.Duration // after a claim that was dear and found nothing
	swept time.Time     // wall time of the last sweep

	mu     sync.Mutex
	result DeliverResult
	cut    context.CancelFunc // ends every attempt that is not at the dot
}

func (r *run) loop(ctx context.Context) error {
	l, s := r.lane, r.lane.sender
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	r.cut = cut
	changed := s.Ledger.Listen(ctx, "messages")
	for away := time.Duration(0); ctx.Err() == nil; {
		err := r.turn(ctx, attempts, changed)
		switch {
		case err == nil:
			away = 0
		case codeOf(err) != journey.CodeUnavailable || ctx.Err() != nil:
			return err
		default: // the database is away; starting this activity anew would take longer than waiting for it
			l.log("looking for mail", err)
			away = min(max(2*away, 100*time.Millisecond), 2*time.Second)
			pause(ctx, away)
		}
	}
	return nil
}

// turn settles what was left behind, begins to send what is due, or waits for something to be due.
func (r *run) turn(ctx, attempts context.Context, changed <-chan struct{}) error {
	l, s := r.lane, r.lane.sender
	if now := s.Clock.Wall(); now.Sub(r.swept) >= sweepEvery {
		if _, err := s.Ledger.SweepDoubtful(ctx, l.name); err != nil {
			return fmt.Errorf("sweeping: %w", err)
		}
		if err := l.reopen(ctx, now); err != nil {
			return fmt.Errorf("looking for closed breakers: %w", err)
		}
		r.swept = now
	}
	sent, err := r.fill(ctx, attempts)
	if err != nil || sent {
		return err
	}
	return r.idle(ctx, changed)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// fill claims as many messages as there are free slots and the rates allow, and begins to send them. It claims nothing while the
// relay of a lane of mail cannot be reached: a message that is claimed and stands still would hold up a pause.
func (r *run) fill(ctx, attempts context.Context) (sent bool, err error) {
	l, s := r.lane, r.lane.sender
	free := l.seats(ctx)
	used := 0
	defer func() {
		for range free - used {
			<-l.slots
		}
	}()
	room := l.pace.room(s.Clock.Wall(), free)
	if room == 0 || !l.ready(ctx) || ctx.Err() != nil {
		return false, nil
	}
	begun := s.Clock.Wall()
	// A claim that is under way when the run ends is waited for: it may be committed, and what nobody knows of would rest for a lease.
	claiming, done := context.WithTimeout(context.WithoutCancel(ctx), longestClaim)
	defer done()
	claimed, err := s.Ledger.ClaimMessages(claiming, journey.ClaimOptions{
		Lane: l.name, Limit: room, Lease: claimLease, Sandbox: s.Sandbox, Skip: l.skip()})
	if err != nil {
		return false, fmt.Errorf("claiming: %w", err)
	}
	r.rest = 0
	if cost := s.Clock.Wall().Sub(begun); len(claimed) == 0 && cost > dearClaim {
		r.rest = min(10*cost, idleLook)
	}
	used = len(claimed)
	if used > 0 {
		point.Hit(point.AfterClaim)
	}
	for _, c := range claimed {
		r.begin(attempts, c)
	}
	return len(claimed) > 0, nil
}

// seats takes all free slots of the lane, at least one; 0: ctx has ended. While fewer than half of them are free it waits a moment for
// more, so that claims, and with them dots and replies, come in groups.
func (l *lane) seats(ctx context.Context) (free int) {
	select {
	case l.slots <- struct{}{}:
		free++
	case <-ctx.Done():
		return 0
	}
	end := time.NewTimer(longestLinger)
	defer end.Stop()
	for free < cap(l.slots) {
		select {
		case l.slots <- struct{}{}:
			free++
			continue
		default:
		}
		if 2*free >= cap(l.slots) {
			return free
		}
		select {
		case l.slots <- struct{}{}:
			free++
		case <-end.C:
			return free
		case <-ctx.Done():
			return free
		}
	}
	return free
}

// begin sends one message in a goroutine of its own, which keeps its slot until the reply is stored, or is long in coming.
func (r *run) begin(ctx context.Context, c journey.Claimed) {
	l := r.lane
	fence := journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}
	domain := journey.Destination(c.Message.Channel, c.Customer.Email)
	if c.Bytes != nil {
		domain = journey.Destination(c.Message.Channel, c.Message.Address)
	}
	l.pace.take(l.sender.Clock.Wall(), domain)
	l.hold(fence, true)
	r.wg.Add(1)
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		defer r.wg.Done()
		seat := &seat{lane: l}
		defer seat.leave()
		passed := false
		reply := l.send(ctx, c, func() {
			passed = true
			l.passed.Add(1)
			seat.wait()
		})
		l.judge(domain, reply.Outcome)
		l.report(reply)
		l.hold(fence, false)
		if passed {
			l.passed.Add(-1)
		}
		r.count(reply.Kind)
	}()
}

func (r *run) count(kind journey.OutcomeKind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch kind {
	case journey.OutcomeAccepted:
		r.result.Accepted++
	case journey.OutcomeRetry, journey.OutcomeSenderFault:
		r.result.Deferred++
	case journey.OutcomeFailed:
		r.result.Failed++
	case journey.OutcomeUnknown:
		r.result.Unknown++
	case journey.OutcomeRefused:
		r.result.Refused++
	default:
		r.result.Unsent++
	}
}

// idle waits until something may be due.
func (r *run) idle(ctx context.Context, changed <-chan struct{}) error {
	s := r.lane.sender
	wall := s.Clock.Wall()
	_, wait := r.lane.gates.shut(wall, r.lane.pace.wait(wall, idleLook))
	if shut := r.lane.shutFor(); shut > 0 {
		wait, changed = min(shut, sweepEvery), nil
	} else if r.rest > 0 {
		wait, changed = max(wait, r.rest), nil
	} else {
		next, some, err := s.Ledger.NextDue(ctx, r.lane.name)
		if err != nil {
			return fmt.Errorf("looking ahead: %w", err)
		}
		if some {
			wait = min(wait, next.Sub(s.Clock.Wall()))
		}
	}
	timer := time.NewTimer(max(wait, shortestIdle))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-changed:
	}
	return nil
}

// drain waits for what is under way, then cuts what is not at the dot yet. What waits for a reply goes on without the run.
func (r *run) drain() {
	done := make(chan struct{})
	go func() { r.wg.Wait(); close(done) }()
	patience := r.lane.sender.Drain
	if patience <= 0 {
		patience = drainFor
	}
	timer := time.NewTimer(patience / 2)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	r.cut()
	timer.Reset(patience / 4)
	select {
	case <-done:
	case <-timer.C:
	}
	r.lane.park()
}
