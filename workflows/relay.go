package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"perennial/faults/point"
	"perennial/journey"
)

// RelayStore hands out wake-ups. A lease is committed before it is returned; a wake-up whose lease is over and that no Advance
// has deleted is handed out again, so whatever is lost between Postgres and Temporal is said once more. Wakes come before starts,
// and a call holds a bounded number of starts per journey.
type RelayStore interface {
	LeaseWakeups(ctx context.Context, limit int, lease time.Duration) ([]journey.Wakeup, error)
	Listen(ctx context.Context, channel string) <-chan struct{}
}

// Relay carries wake-ups from Postgres to Temporal: it signals drivers, and starts those that are not there. Any number of
// relays may run.
type Relay struct {
	Store  RelayStore
	Client client.Client
	Queues Queues
	Log    *slog.Logger

	// Recognize is asked before the first wake-up, and again whenever Temporal was away: whether it is still the one that we know.
	// While it fails nothing is carried. nil: nobody is asked.
	Recognize func(context.Context) error
}

const (
	relayChannel  = "wakeups"
	relayBatch    = 64
	relayCalls    = 8                      // at once to Temporal
	relayCall     = 5 * time.Second        // deadline of one of them
	relayLease    = 10 * time.Second       // after that a wake-up that is still there is said again; the store lets it double
	relaySafety   = 2 * time.Second        // looks without having been notified
	relayPace     = 100 * time.Millisecond // between two batches that hold starts
	relayBackoff  = 250 * time.Millisecond // first pause when Postgres or Temporal does not answer; doubles
	relayPatience = 5 * time.Second        // the longest
)

// Run carries wake-ups until ctx ends; it returns nil then, and nothing else ends it.
func (r *Relay) Run(ctx context.Context) error {
	notified := r.Store.Listen(ctx, relayChannel)
	backoff, known := time.Duration(0), r.Recognize == nil
	for ctx.Err() == nil {
		limit := relayBatch
		if backoff > 0 {
			limit = 1 // one wake-up finds out whether they answer again; the others keep no lease meanwhile
		}
		var leased []journey.Wakeup
		var err error
		if !known || backoff > 0 && r.Recognize != nil {
			err = r.Recognize(ctx)
			known = err == nil
		}
		if known {
			leased, err = r.carry(ctx, limit)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			backoff = min(max(relayBackoff, 2*backoff), relayPatience)
			r.Log.Warn("relay is backing off", "for", backoff, "error", err)
			pause(ctx, nil, backoff)
		case backoff > 0:
			backoff = 0
			r.Log.Info("relay is draining")
		case len(leased) > 0 && leased[len(leased)-1].Start:
			pause(ctx, nil, relayPace) // a bulk start leaves room for answers
		case len(leased) < limit:
			pause(ctx, notified, relaySafety)
		}
	}
	return nil
}

// carry leases a batch and tells Temporal. The error says that a service is away; one wake-up that is refused for itself is
// logged, and comes again when its lease is over.
func (r *Relay) carry(ctx context.Context, limit int) ([]journey.Wakeup, error) {
	leased, err := r.Store.LeaseWakeups(ctx, limit, relayLease)
	if err != nil {
		return nil, fmt.Errorf("leasing wake-ups: %w", err)
	}
	if len(leased) > 0 {
		point.Hit(point.AfterLease)
	}
	var away atomic.Bool
	calls := errgroup.Group{}
	calls.SetLimit(relayCalls)
	for _, w := range leased {
		calls.Go(func() error {
			if away.Load() {
				return nil // the first answer is enough
			}
			err := r.tell(ctx, w)
			point.Hit(point.AfterSignal)
			if isAway(err) {
				away.Store(true)
				return fmt.Errorf("calling Temporal: %w", err)
			}
			if err != nil {
				r.Log.Error("relay cannot wake an enrollment", "enrollment", w.EnrollmentID, "tries", w.Tries, "error", err)
			}
			return nil
		})
	}
	return leased, calls.Wait()
}

// tell starts what was never started, and signals everything else. A driver that has ended or was never there is started:
// Advance answers `done` for an enrollment that has ended. Only the very first attempt of a start goes without a signal: after it
// a driver may be running that needs one.
func (r *Relay) tell(ctx context.Context, w journey.Wakeup) error {
	ctx, cancel := context.WithTimeout(ctx, relayCall)
	defer cancel()
	if w.Start && w.Version == 1 && w.Tries == 0 {
		return r.start(ctx, w)
	}
	err := r.Client.SignalWorkflow(ctx, EnrollmentID(w.EnrollmentID), "", SignalWake, nil)
	if isA[*serviceerror.NotFound](err) {
		return r.start(ctx, w)
	}
	return err
}

// start begins a driver, or finds it running. ALLOW_DUPLICATE because a driver that has ended must be started again, or the
// wake-up would be lost without an error.
func (r *Relay) start(ctx context.Context, w journey.Wakeup) error {
	_, err := r.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       EnrollmentID(w.EnrollmentID),
		TaskQueue:                r.Queues.Enrollment,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            w.JourneyName,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(AttributeJourney).ValueSet(w.JourneyKey),
			temporal.NewSearchAttributeKeyKeyword(AttributeCustomer).ValueSet(w.CustomerID),
		),
	}, TypeEnrollment, EnrollmentInput{ID: w.EnrollmentID, Seq: w.Seq})
	return err
}

// isAway says whether the error is about Temporal as a whole, not about one wake-up.
func isAway(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		isA[*serviceerror.Unavailable](err) || isA[*serviceerror.DeadlineExceeded](err) ||
		isA[*serviceerror.Canceled](err) || isA[*serviceerror.ResourceExhausted](err) ||
		isA[*serviceerror.NamespaceNotFound](err)
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// pause waits until d has passed, ctx has ended or sooner is ready.
func pause(ctx context.Context, sooner <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-sooner:
	case <-timer.C:
	}
}
