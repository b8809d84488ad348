package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
	"perennial/journey"
)

// Deadlines of one Advance. The local attempt must be over before 80 % of the workflow task timeout (10 s), or it costs
// heartbeats; statement and lock timeouts of the store lie below advanceRun.
const (
	advanceQueue    = 7 * time.Second  // the local attempt, the wait for a slot included
	advanceRun      = 5 * time.Second  // the local attempt itself
	advanceFallback = 15 * time.Second // one attempt as a regular activity
	advanceRetry    = 10 * time.Second // the longest pause between two of them
)

// shortestRest keeps a plan whose moment has just passed from spinning inside one workflow task.
const shortestRest = time.Millisecond

// Enrollment drives one customer through one version of one journey. It has six events of history per rest: the timer, one
// workflow task, the marker of Advance and the next timer.
//
// Wake signals are levels, not edges: those that came before an Advance are covered by it and are thrown away; one that comes
// while Advance runs is looked at right after it.
//
// A run that continues another carries its search attributes, but not the static summary: Temporal has no way to hand it on.
// That is after some 680 rests, and the current details say the rest.
func Enrollment(ctx workflow.Context, in EnrollmentInput) error {
	wakes := workflow.GetSignalChannel(ctx, SignalWake)
	seq, cause, summary := in.Seq, in.firstCause(), ""
	var under calling
	for {
		drain(wakes)
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, TypeEnrollment, EnrollmentInput{ID: in.ID, Seq: seq, Cause: cause})
		}
		plan, err := advance(ctx, activities.AdvanceInput{ID: in.ID, Seq: seq + 1, Cause: cause}, summary)
		if isGone(err) {
			return nil // erased: there is nobody to drive
		}
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, details(plan))
		if plan.Kind == journey.PlanDone {
			return nil
		}
		seq, summary = plan.Seq, plan.Summary // the seq is adopted: another driver may have gone ahead
		under.follow(ctx, plan)
		if cause, err = rest(ctx, wakes, plan, under.done); err != nil {
			return err
		}
	}
}

func (in EnrollmentInput) firstCause() journey.Cause {
	switch {
	case in.Cause != "":
		return in.Cause
	case in.Seq == 0:
		return journey.CauseStart
	}
	return journey.CauseWake
}

// advance makes one local attempt, which costs a single event; if that cannot finish, a regular activity takes over and is
// tried until it can. Both may have run, and may run at once: seq makes that harmless.
func advance(ctx workflow.Context, in activities.AdvanceInput, summary string) (journey.Directive, error) {
	if summary == "" {
		summary = string(in.Cause)
	}
	var plan journey.Directive
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: advanceQueue,
		StartToCloseTimeout:    advanceRun,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	})
	err := workflow.ExecuteLocalActivity(local, ActivityAdvance, in).Get(ctx, &plan)
	if err == nil || isGone(err) || ctx.Err() != nil {
		return plan, err
	}
	regular := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: advanceFallback,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: advanceRetry,
		},
		Summary: summary,
	})
	err = workflow.ExecuteActivity(regular, ActivityAdvance, in).Get(ctx, &plan)
	return plan, err
}

// rest waits for the plan's moment, a wake signal or the end of what it asked to be done, whichever comes first, and says which it
// was. A plan without a moment waits for the others alone; done is nil where nothing is being done.
func rest(ctx workflow.Context, wakes workflow.ReceiveChannel, plan journey.Directive, done workflow.Future) (cause journey.Cause, err error) {
	timing, stop := workflow.WithCancel(ctx)
	defer stop()
	first := workflow.NewSelector(ctx)
	if plan.At != nil {
		d := max(plan.At.Sub(workflow.Now(ctx)), shortestRest)
		timer := workflow.NewTimerWithOptions(timing, d, workflow.TimerOptions{Summary: plan.Summary})
		first.AddFuture(timer, func(f workflow.Future) { cause, err = journey.CauseTimer, f.Get(ctx, nil) })
	}
	if done != nil {
		first.AddFuture(done, func(workflow.Future) { cause = journey.CauseOutcome }) // what came of it is in Postgres
	}
	first.AddReceive(wakes, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		cause = journey.CauseWake
	})
	first.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { err = ctx.Err() })
	first.Select(ctx)
	return cause, err
}

func drain(wakes workflow.ReceiveChannel) {
	for wakes.ReceiveAsync(nil) {
	}
}

// details is what Temporal's page shows of a running driver: where she is and what comes next.
func details(plan journey.Directive) string {
	text := string(plan.Kind)
	if plan.Step != "" {
		text += " at " + plan.Step
	}
	if plan.At != nil {
		text += " until " + plan.At.UTC().Format(time.RFC3339)
	}
	if plan.Summary != "" {
		text += ": " + plan.Summary
	}
	return text
}

// isGone says whether an activity answered that what it was asked about is not there any more.
func isGone(err error) bool {
	code := activities.CodeOf(err)
	return code == journey.CodeNotFound || code == journey.CodeGone
}
