package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

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

// Links are the addresses that a mail carries; empty ones are left out. Click turns a link of the body into one of ours.
type Links struct {
	Unsubscribe, Preferences, View, Survey, Back string
	Click                                        func(url string) string
}

// Templates are the compiled messages of one version.
type Templates interface {
	Render(c journey.Claimed, links Links) (journey.Rendered, error)
}

// Sender is what sends needs. One serves all lanes of a process, and lives as long as the process: a connection that waits for
// the reply after a dot outlives the activity that began it. All fields but Sandbox, Slots and Drain are required.
type Sender struct {
	Ledger  Ledger
	Clock   *journey.Clock
	Dial    func(ctx context.Context) (Wire, error) // an error that is a Refusal says more
	Compile func(v journey.Version) (Templates, error)
	Compose func(journey.Envelope) ([]byte, error)
	Brand   journey.Brand
	Tokens  journey.Tokens
	Sandbox bool // the relay is the inbox of the installation
	Log     *slog.Logger
	Slots   int           // messages of one lane on their way at a time; 0: 8
	Drain   time.Duration // how long a run that ends waits for what is under way; 0: 10 seconds

	mu       sync.Mutex
	lanes    map[string]*lane
	versions map[string]Templates // by hash
}

// DeliverInput asks for one run of a lane.
type DeliverInput struct {
	Lane string
	For  time.Duration // wall time after which nothing new is begun; 0: 50 seconds
}

// DeliverResult counts what a run did. Messages whose reply came after its end are counted by nobody: the ledger has them.
type DeliverResult struct {
	Accepted, Deferred, Failed, Unknown, Unsent, Refused int
}

// Times of a run. StartToClose of the activity lies above runFor + drainFor, its heartbeat timeout above several beats.
const (
	runFor     = 50 * time.Second
	drainFor   = 10 * time.Second
	beat       = 2 * time.Second
	claimLease = 30 * time.Second
	sweepEvery = 5 * time.Second
	idleLook   = time.Second // a notification may be missed; a pause ends by itself

	shortestIdle = 2 * time.Millisecond
)

// Deliver sends what is due in a lane until its time is up or the worker stops, then takes up nothing new and drains.
func (s *Sender) Deliver(ctx context.Context, in DeliverInput) (DeliverResult, error) {
	if in.For <= 0 {
		in.For = runFor
	}
	open, shut := context.WithTimeout(ctx, in.For)
	defer shut()
	beating, still := context.WithCancel(ctx)
	defer still()
	go func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			activity.RecordHeartbeat(ctx)
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
	return result, Coded(s.Log, "delivering "+in.Lane, err)
}

// Run sends what is due in a lane until ctx ends, then drains: what has not begun its DATA goes back into the queue, what is under way
// gets a few seconds, and what waits for its reply is left to go on by itself. The error is that of the ledger.
func (s *Sender) Run(ctx context.Context, name string) (DeliverResult, error) {
	r := &run{lane: s.lane(name), sending: map[journey.Fence]bool{}}
	r.slots = make(chan struct{}, s.slots())
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
	var errs []error
	for _, l := range s.lanes {
		errs = append(errs, l.close(ctx))
	}
	return errors.Join(errs...)
}

// run is one execution of Deliver.
type run struct {
	lane  *lane
	slots chan struct{}
	wg    sync.WaitGroup

	mu      sync.Mutex
	result  DeliverResult
	sending map[journey.Fence]bool // claimed, not yet at the dot: to be renewed
	cut     context.CancelFunc     // ends every attempt that is not at the dot
}

func (r *run) loop(ctx context.Context) error {
	l, s := r.lane, r.lane.sender
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	r.cut = cut
	changed := s.Ledger.Listen(ctx, "messages")
	go r.renew(attempts)
	swept := time.Time{}
	for ctx.Err() == nil {
		if now := s.Clock.Wall(); now.Sub(swept) >= sweepEvery {
			if _, err := s.Ledger.SweepDoubtful(ctx, l.name); err != nil {
				return fmt.Errorf("sweeping: %w", err)
			}
			swept = now
		}
		sent, err := r.fill(ctx, attempts)
		if err != nil {
			return err
		}
		if !sent {
			if err := r.idle(ctx, changed); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill claims as many messages as there are free slots, and begins to send them. It claims nothing while the relay cannot be
// reached: a message that is claimed and stands still would hold up a pause.
func (r *run) fill(ctx, attempts context.Context) (sent bool, err error) {
	l, s := r.lane, r.lane.sender
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return false, nil
	}
	free := 1
	for more := true; more && free < cap(r.slots); {
		select {
		case r.slots <- struct{}{}:
			free++
		default:
			more = false
		}
	}
	var claimed []journey.Claimed
	defer func() {
		for range free - len(claimed) {
			<-r.slots
		}
	}()
	if !l.ready(ctx) {
		return false, nil
	}
	claimed, err = s.Ledger.ClaimMessages(ctx, journey.ClaimOptions{Lane: l.name, Limit: free, Lease: claimLease, Sandbox: s.Sandbox})
	if err != nil {
		claimed = nil
		return false, fmt.Errorf("claiming: %w", err)
	}
	for _, c := range claimed {
		r.begin(attempts, c)
	}
	return len(claimed) > 0, nil
}

// begin sends one message in a goroutine of its own, which keeps its slot until the reply is stored.
func (r *run) begin(ctx context.Context, c journey.Claimed) {
	fence := journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}
	r.hold(fence, true)
	r.wg.Add(1)
	r.lane.wg.Add(1)
	go func() {
		defer r.lane.wg.Done()
		defer r.wg.Done()
		defer func() { <-r.slots }()
		reply := r.lane.send(ctx, c, func() { r.hold(fence, false) })
		r.hold(fence, false)
		r.lane.judge(reply.Outcome)
		r.lane.report(reply)
		r.count(reply.Kind)
	}()
}

func (r *run) hold(f journey.Fence, held bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held {
		r.sending[f] = true
	} else {
		delete(r.sending, f)
	}
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

// renew keeps the claims of slow attempts: a relay may take minutes for its banner.
func (r *run) renew(ctx context.Context) {
	tick := time.NewTicker(claimLease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		fences := make([]journey.Fence, 0, len(r.sending))
		for f := range r.sending {
			fences = append(fences, f)
		}
		r.mu.Unlock()
		if len(fences) == 0 {
			continue
		}
		if err := r.lane.sender.Ledger.RenewClaims(ctx, fences, claimLease); err != nil {
			r.lane.log("renewing claims", err)
		}
	}
}

// idle waits until something may be due.
func (r *run) idle(ctx context.Context, changed <-chan struct{}) error {
	s := r.lane.sender
	wait := idleLook
	if shut := r.lane.shutFor(); shut > 0 {
		wait, changed = min(shut, sweepEvery), nil
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
