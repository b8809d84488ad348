package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
)

// Scan enters everyone whose time of silence is up. It gives up after a while: the schedule starts another.
func Scan(ctx workflow.Context) (activities.ScanResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: 15 * time.Minute,
		StartToCloseTimeout:    5 * time.Minute,
		HeartbeatTimeout:       30 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:                "who has gone silent",
	})
	var result activities.ScanResult
	err := workflow.ExecuteActivity(ctx, ActivityScanInactive).Get(ctx, &result)
	return result, err
}

// EnsureSchedules makes the schedules of the scan and of the reconciler, or brings the scan's to the given speed of product time
// (1 is real time). A pause that an operator set on one stays.
func EnsureSchedules(ctx context.Context, c client.Client, queues Queues, speed float64) error {
	for _, s := range []client.ScheduleOptions{
		every(scanInterval(speed), ScanScheduleID, client.ScheduleWorkflowAction{
			ID: ScanID, Workflow: TypeScan, TaskQueue: queues.Enrollment, StaticSummary: "Customers who have gone silent",
		}),
		every(reconcileEvery, ReconcileScheduleID, client.ScheduleWorkflowAction{
			ID: ReconcileID, Workflow: TypeReconcile, TaskQueue: queues.Enrollment, StaticSummary: "Do Postgres and Temporal agree",
		}),
	} {
		if err := ensureSchedule(ctx, c, s); err != nil {
			return fmt.Errorf("scheduling %s: %w", s.ID, err)
		}
	}
	return nil
}

// every runs the action at that interval of wall time. One run finds all that is due: those that were missed need not be made up
// for, and no two run at once.
func every(interval time.Duration, id string, action client.ScheduleWorkflowAction) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID: id, Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: interval}}},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: time.Minute, Action: &action,
	}
}

func ensureSchedule(ctx context.Context, c client.Client, want client.ScheduleOptions) error {
	_, err := c.ScheduleClient().Create(ctx, want)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return c.ScheduleClient().GetHandle(ctx, want.ID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			is := in.Description.Schedule
			is.Spec, is.Action = &want.Spec, want.Action
			is.Policy.Overlap, is.Policy.CatchupWindow = want.Overlap, want.CatchupWindow
			return &client.ScheduleUpdate{Schedule: &is}, nil
		},
	})
}
