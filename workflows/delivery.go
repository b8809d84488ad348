package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
	"perennial/journey"
)

// Names of the delivery's types, as they stand in histories.
const (
	TypeDelivery    = "Delivery"
	ActivityDeliver = "Deliver"
)

// Deadlines of one Deliver: its run and its drain fit into deliverRun; a worker that died is noticed by its missing heartbeats.
const (
	deliverRun   = 75 * time.Second
	deliverBeat  = 10 * time.Second
	deliverRetry = 2 * time.Second // at most: an attempt that died may have sent for long, so that a growing pause says nothing
	deliverRest  = 10 * time.Second
)

// deliveriesPerRun bounds a history should Temporal never suggest to continue as new: about a day.
const deliveriesPerRun = 1500

// DeliveryInput starts or continues a lane.
type DeliveryInput struct {
	Lane  string // e.g. email-marketing
	Slots int    // Deliver activities at a time; 0: one
	Tide  int64  // the highest tide of the ledger that the lane has seen
}

// Delivery keeps a lane's Deliver activities running, for ever. It knows nothing of messages: what is due, and what may go, the
// ledger says; a worker that dies is replaced after its heartbeat timeout.
func Delivery(ctx workflow.Context, in DeliveryInput) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: deliverRun,
		HeartbeatTimeout:    deliverBeat,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: deliverRetry},
		Summary:             in.Lane,
	})
	workflow.SetCurrentDetails(ctx, "Sends the messages of **"+in.Lane+"**.")
	running, begun := 0, 0
	selector := workflow.NewSelector(ctx)
	var fault error
	for {
		last := begun >= deliveriesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
		for ; running < max(1, in.Slots) && !last; running, begun = running+1, begun+1 {
			run := workflow.ExecuteActivity(ctx, ActivityDeliver, activities.DeliverInput{Lane: in.Lane, Tide: in.Tide})
			selector.AddFuture(run, func(f workflow.Future) {
				var did activities.DeliverResult
				running, fault = running-1, f.Get(ctx, &did)
				in.Tide = max(in.Tide, did.Tide)
			})
		}
		if running == 0 {
			return workflow.NewContinueAsNewError(ctx, TypeDelivery, in)
		}
		selector.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault != nil { // not to be retried, or there is no such activity: look again in a while rather than end the lane
			if err := workflow.Sleep(ctx, deliverRest); err != nil {
				return err
			}
			fault = nil
		}
	}
}

// RegisterDelivery makes the delivery's workflow and activity known under the names of the contract.
func RegisterDelivery(r worker.Registry, s *activities.Sender) {
	r.RegisterWorkflowWithOptions(Delivery, workflow.RegisterOptions{Name: TypeDelivery})
	r.RegisterActivityWithOptions(s.Deliver, activity.RegisterOptions{Name: ActivityDeliver})
}

// NewDeliveryWorker returns the worker of a process that sends, not yet started: two activities per lane, because one that was given up
// for dead may still be draining.
func NewDeliveryWorker(c client.Client, o WorkerOptions, s *activities.Sender) worker.Worker {
	w := worker.New(c, o.Queues.Delivery, o.options(2*len(journey.Lanes())))
	RegisterDelivery(w, s)
	return w
}

// EnsureDelivery starts the lanes that are not running.
func EnsureDelivery(ctx context.Context, c client.Client, queues Queues, lanes []string) error {
	for _, lane := range lanes {
		_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: DeliveryID(lane), TaskQueue: queues.Delivery, StaticSummary: "Delivery of " + lane,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, TypeDelivery, DeliveryInput{Lane: lane})
		var running *serviceerror.WorkflowExecutionAlreadyStarted
		if err != nil && !errors.As(err, &running) {
			return fmt.Errorf("starting the lane %s: %w", lane, err)
		}
	}
	return nil
}
