package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
	"perennial/journey"
)

// Deadlines of one attempt of a call. The activity says itself how long the next one has to wait; what is here is for an attempt
// whose end nobody heard of.
const (
	callAttempt = 30 * time.Second
	callRetry   = 5 * time.Second
	callRetries = time.Minute // the longest pause between two of them
)

// calling is the call that is under way; the zero value is none. Its outcome is stored in Postgres by whoever makes it: the driver
// learns that it has come to its end and nothing else.
type calling struct {
	id   string
	done workflow.Future
	stop workflow.CancelFunc
}

// follow begins the call that the plan asks for, goes on with the one that is under way, or gives it up: when she is paused, or has
// left. An attempt that has begun comes to its end all the same, and is the last one.
func (c *calling) follow(ctx workflow.Context, plan journey.Directive) {
	if c.done != nil && plan.Kind == journey.PlanDo && plan.Call == c.id && !c.done.IsReady() {
		return
	}
	if c.stop != nil {
		c.stop()
	}
	*c = calling{}
	if plan.Kind != journey.PlanDo {
		return
	}
	ctx, c.stop = workflow.WithCancel(ctx)
	c.id = plan.Call
	c.done = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           CallQueue(workflow.GetInfo(ctx).TaskQueueName),
		StartToCloseTimeout: callAttempt,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: callRetry, BackoffCoefficient: 2, MaximumInterval: callRetries},
		Summary:             plan.Summary,
	}), ActivityCall, activities.CallInput{ID: plan.Call})
}
