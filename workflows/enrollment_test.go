package workflows_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// Six events per wait-and-send: the timer that fired, three of the workflow task, the marker of Advance, the next timer.
func TestSixEventsPerStep(t *testing.T) {
	t.Parallel()
	const steps = 7
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n > steps {
			return end(), nil
		}
		return rest(20 * time.Millisecond), nil
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))

	h := r.history("")
	// Started, one workflow task (3), marker, timer; then six per rest; the last one ends in Completed instead of a timer.
	require.Equal(t, 6+6*steps, len(h.GetEvents()), "%s", kinds(h))
	require.Equal(t, steps, count(h, enums.EVENT_TYPE_TIMER_STARTED))
	require.Equal(t, steps+1, count(h, enums.EVENT_TYPE_MARKER_RECORDED))
	require.Zero(t, count(h, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
}

func TestTimersAndDetailsAreLegible(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) {
		return rest(time.Hour), nil
	}}
	r := newRig(t, d)
	run := r.start("", 0)
	testenv.Eventually(t, patience, func() bool { return count(r.history(""), enums.EVENT_TYPE_TIMER_STARTED) == 1 }, "a timer")

	for _, e := range r.history("").GetEvents() {
		summary := summaryOf(t, e)
		switch e.GetEventType() {
		case enums.EVENT_TYPE_TIMER_STARTED:
			require.Equal(t, "wait 5 days, then comeback-offer", summary)
		case enums.EVENT_TYPE_MARKER_RECORDED:
			require.Equal(t, "start", summary)
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			require.Equal(t, "Win back", summary)
		default:
		}
	}
	meta, err := r.client.QueryWorkflow(t.Context(), run.GetID(), "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var page sdk.WorkflowMetadata
	require.NoError(t, meta.Get(&page))
	require.Regexp(t, `^wait at wait until 20.*: wait 5 days, then comeback-offer$`, page.GetCurrentDetails())
}

// Rule 1: what comes while Advance runs is looked at afterwards; any number of signals that came before are one look.
func TestWakeDuringAdvanceIsNotLost(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			close(entered)
			<-release
		}
		if n == 3 {
			return end(), nil
		}
		return hold(), nil
	}}
	r := newRig(t, d)
	run := r.start("", 0)
	<-entered
	for range 20 {
		r.wake()
	}
	close(release)
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 2 }, "a look after the signals")
	r.wake()
	done(t, run)
	require.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseWake, journey.CauseWake}, d.causes(),
		"twenty signals that came during one Advance are one look")
}

func TestTimerAndWakeRace(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		switch n {
		case 1:
			return rest(time.Hour), nil // the wake-up wins
		case 2:
			return rest(10 * time.Millisecond), nil // the timer wins
		case 3:
			return journey.Directive{Kind: journey.PlanSleep, At: in(-time.Minute), Step: "late"}, nil // its moment has passed
		default:
			return end(), nil
		}
	}}
	r := newRig(t, d)
	run := r.start("", 0)
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 1 }, "the first decision")
	r.wake()
	done(t, run)
	require.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseWake, journey.CauseTimer, journey.CauseTimer}, d.causes())
	require.Equal(t, 1, count(r.history(""), enums.EVENT_TYPE_TIMER_CANCELED))
}

func TestHoldEndsAtItsMoment(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			h := hold()
			h.At = in(30 * time.Millisecond)
			return h, nil
		}
		return end(), nil
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))
	require.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseTimer}, d.causes())
}

func TestHoldWithoutMomentWaitsForASignal(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			return hold(), nil
		}
		return end(), nil
	}}
	r := newRig(t, d)
	run := r.start("", 0)
	testenv.Eventually(t, patience, func() bool { return count(r.history(""), enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 1 }, "the hold")
	require.Zero(t, count(r.history(""), enums.EVENT_TYPE_TIMER_STARTED), "nothing but a signal ends it")
	r.wake()
	done(t, run)
	require.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseWake}, d.causes())
}

// Rule 6: a local attempt that hangs is given up after 5 s, and a regular activity goes on; the late one does no harm (rule 4).
func TestHangingLocalAttemptFallsBack(t *testing.T) {
	t.Parallel()
	late := make(chan struct{})
	d := &decider{decide: func(_ context.Context, n int64, in activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 && in.Seq == 1 {
			select {
			case <-late:
			default: // the local attempt: deaf to its deadline, as a stuck socket is
				close(late)
				<-t.Context().Done()
			}
		}
		if n == 2 {
			return end(), nil
		}
		return rest(10 * time.Millisecond), nil
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))
	h := r.history("")
	require.Equal(t, 1, count(h, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), "one regular attempt, for the one that hung")
	require.Equal(t, 2, count(h, enums.EVENT_TYPE_MARKER_RECORDED))
	require.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseTimer}, d.causes())
}

// A store that is away for a while costs retries of one activity, at most 10 s apart, and no decision.
func TestRegularActivityRetriesUntilTheStoreIsBack(t *testing.T) {
	t.Parallel()
	failures := 3
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) {
		if failures--; failures >= 0 {
			return journey.Directive{}, journey.Faultf(journey.CodeUnavailable, "no connection")
		}
		return end(), nil
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))
	h := r.history("")
	require.Equal(t, 1, count(h, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
	for _, e := range h.GetEvents() {
		if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
			require.LessOrEqual(t, a.GetRetryPolicy().GetMaximumInterval().AsDuration(), 10*time.Second)
			require.Zero(t, a.GetRetryPolicy().GetMaximumAttempts(), "it never gives up")
			require.Zero(t, a.GetScheduleToCloseTimeout().AsDuration())
		}
	}
}

// An erased enrollment leaves a driver with nobody to drive.
func TestErasedEnrollmentEndsItsDriver(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) {
		return journey.Directive{}, journey.Faultf(journey.CodeNotFound, "no such enrollment")
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))
	require.Zero(t, count(r.history(""), enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
}

// Rule 4: two drivers of one enrollment, and a reset to the beginning: each decision is made once.
func TestTwoDriversAndAReset(t *testing.T) {
	t.Parallel()
	const steps = 5
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == steps {
			return hold(), nil
		}
		if n > steps {
			return end(), nil
		}
		return rest(15 * time.Millisecond), nil
	}}
	r := newRig(t, d)
	first, second := r.start("", 0), r.start("second-driver/"+r.id, 0)
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == steps }, "the drivers at the hold")

	_, err := r.client.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 testenv.TheEngine(t).TemporalNamespace,
		WorkflowExecution:         &common.WorkflowExecution{WorkflowId: first.GetID(), RunId: first.GetRunID()},
		Reason:                    "test",
		WorkflowTaskFinishEventId: 4,
		RequestId:                 r.id,
	})
	require.NoError(t, err)
	testenv.Eventually(t, patience, func() bool { return count(r.history(""), enums.EVENT_TYPE_MARKER_RECORDED) == 1 },
		"the new run, which takes over the seq of the hold in one call")
	require.NoError(t, r.client.SignalWorkflow(t.Context(), first.GetID(), "", workflows.SignalWake, nil))
	done(t, r.client.GetWorkflow(t.Context(), first.GetID(), ""))
	require.NoError(t, r.client.SignalWorkflow(t.Context(), second.GetID(), "", workflows.SignalWake, nil))
	done(t, second)

	for i, in := range d.decisions() {
		require.EqualValues(t, i+1, in.Seq, "each decision once, in order")
	}
	require.Len(t, d.decisions(), steps+1)
}

// Rule 9 and law 4: what an error says never reaches Temporal, a panic neither; the log has it without the address.
func TestErrorsReachTemporalAsCodes(t *testing.T) {
	t.Parallel()
	const canary = "canary-7c1f"
	broken := errors.New(`writing to ann.` + canary + `@example.com via smtp://u:` + canary + `@relay.example/x: 550 no mailbox`)
	attempt := 0
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) {
		attempt++
		switch attempt {
		case 1: // the local attempt
			return journey.Directive{}, broken
		case 2: // a regular one
			panic(broken)
		case 3:
			return journey.Directive{}, journey.Faultf(journey.CodeConflict, "customer %s is being merged", canary)
		}
		return end(), nil
	}}
	r := newRig(t, d)
	done(t, r.start("", 0))

	h := r.history("")
	require.NotContains(t, decoded(t, text(t, h)), canary)
	require.Contains(t, text(t, h), `"message":"internal"`)
	require.NotContains(t, r.log.String(), "@example.com")
	require.NotContains(t, r.log.String(), "relay.example")
	require.Contains(t, r.log.String(), "550 no mailbox", "the log keeps what helps")
}

// decoded appends to a history's JSON what its base64 payloads say.
func decoded(t *testing.T, history string) string {
	t.Helper()
	out := history
	for _, word := range payloads.FindAllString(history, -1) {
		if raw, err := base64.StdEncoding.DecodeString(word[1 : len(word)-1]); err == nil {
			out += "\n" + string(raw)
		}
	}
	return out
}

// A long life is cut into runs; seq and cause go along, so no decision is made twice or lost.
func TestContinueAsNewCarriesSeq(t *testing.T) {
	t.Parallel()
	const before = 41
	d := &decider{
		current: journey.Directive{Seq: before},
		decide:  func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) { return hold(), nil },
	}
	r := newRig(t, d)
	first := r.start("", before)
	ballast(t, r, d)

	require.Equal(t, 1, count(r.history(first.GetRunID()), enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW))
	for i, in := range d.decisions() {
		require.Equal(t, activities.AdvanceInput{ID: r.id, Seq: before + 1 + int64(i), Cause: journey.CauseWake}, in)
	}
	second := r.history("")
	require.Equal(t, first.GetRunID(), second.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId())
	require.Less(t, len(second.GetEvents()), 20, "the new run starts small")
}

// ballast makes the history of a driver that holds so large that Temporal suggests a new run (4 MiB), with wake signals whose
// payload it ignores, and waits for the first decision of the new run.
func ballast(t *testing.T, r *rig, d *decider) {
	t.Helper()
	looks := 1
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == looks }, "the first decision")
	for range 5 {
		require.NoError(t, r.client.SignalWorkflow(t.Context(), workflows.EnrollmentID(r.id), "", workflows.SignalWake, make([]byte, 1<<20)))
		looks++
		testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == looks }, "a decision for signal %d", looks-1)
	}
}
