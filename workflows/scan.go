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

// EnsureSchedules makes the schedule of the scan, or brings it to the given speed of product time (1 is real time). A pause
// that an operator set on it stays.
func EnsureSchedules(ctx context.Context, c client.Client, queues Queues, speed float64) error {
	want := client.ScheduleOptions{
		ID:      ScanScheduleID,
		Spec:    client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: scanInterval(speed)}}},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		// One scan finds all that is due: those that were missed need not be made up for.
		CatchupWindow: time.Minute,
		Action: &client.ScheduleWorkflowAction{
			ID: ScanID, Workflow: TypeScan, TaskQueue: queues.Enrollment, StaticSummary: "Customers who have gone silent",
		},
	}
	schedules := c.ScheduleClient()
	_, err := schedules.Create(ctx, want)
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = schedules.GetHandle(ctx, want.ID).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				is := in.Description.Schedule
				is.Spec, is.Action = &want.Spec, want.Action
				is.Policy.Overlap, is.Policy.CatchupWindow = want.Overlap, want.CatchupWindow
				return &client.ScheduleUpdate{Schedule: &is}, nil
			},
		})
	}
	if err != nil {
		return fmt.Errorf("scheduling the scan: %w", err)
	}
	return nil
}
