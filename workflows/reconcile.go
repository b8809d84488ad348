package workflows

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/time/rate"

	"perennial/journey"
)

// ReconcileStore is what Postgres says of enrollments. Standings reads a page by id (those in a journey only) and the id to go on
// from; WakeEnrollments leaves a wake-up row, which the relay turns into a signal or a start.
type ReconcileStore interface {
	Standings(ctx context.Context, after string, limit int) (page []journey.Standing, next string, err error)
	StandingsOf(ctx context.Context, ids []string) ([]journey.Standing, error)
	WakeEnrollments(ctx context.Context, ids []string) error
	Walked(ctx context.Context) (string, error)
	SetWalked(ctx context.Context, to string) error
}

// Reconciler compares enrollments in Postgres with their drivers in Temporal. The relay and the levels of the wake-ups see to it that
// nothing differs; this finds what no one foresaw: a Temporal that was restored, a workflow that someone terminated, a bug.
//
// Postgres is asked for everyone in a journey, and Temporal about each by Describe; then Temporal is asked to list the drivers that
// run, and Postgres about each. The list comes from visibility, which may lag: it only names candidates, and Describe confirms.
// Every mend is a wake: Advance looks, and decides.
type Reconciler struct {
	Store     ReconcileStore
	Client    client.Client
	Namespace string
	Queues    Queues
	Clock     *journey.Clock
	Log       *slog.Logger
	PerSecond float64                  // calls to Temporal; 0: 50
	LookOnly  bool                     // mend nothing, and keep no note of how far it came
	Found     func(journey.Difference) // told of each difference; nil: nobody is
}

const (
	reconcilePage  = 500
	reconcilePace  = 50
	reconcileLate  = time.Minute // an enrollment whose moment is so long past, in wall time, and which nobody is at, is woken
	reconcileEvery = time.Hour   // of wall time
)

// Run compares everything once, and mends. It goes on where the last run was cut off. beat is called after each comparison.
func (r *Reconciler) Run(ctx context.Context, beat func()) (journey.Reconciled, error) {
	pace := rate.NewLimiter(rate.Limit(r.PerSecond), 1)
	if r.PerSecond == 0 {
		pace.SetLimit(reconcilePace)
	}
	run := &reconciling{Reconciler: r, pace: pace, beat: beat}
	if err := run.enrollments(ctx); err != nil {
		return run.result, fmt.Errorf("comparing enrollments with their drivers: %w", err)
	}
	if err := run.drivers(ctx); err != nil {
		return run.result, fmt.Errorf("comparing drivers with their enrollments: %w", err)
	}
	return run.result, nil
}

// reconciling is one run.
type reconciling struct {
	*Reconciler
	pace   *rate.Limiter
	beat   func()
	result journey.Reconciled
}

func (r *reconciling) enrollments(ctx context.Context) (err error) {
	after := ""
	if !r.LookOnly {
		if after, err = r.Store.Walked(ctx); err != nil {
			return err
		}
	}
	for more := true; more; {
		page, next, err := r.Store.Standings(ctx, after, reconcilePage)
		if err != nil {
			return err
		}
		if err := r.compare(ctx, page); err != nil {
			return err
		}
		after, more = next, next != ""
		if r.LookOnly {
			continue
		}
		if err := r.Store.SetWalked(ctx, after); err != nil {
			return err
		}
	}
	return nil
}

// compare looks at a page, and mends what differs in one transaction.
func (r *reconciling) compare(ctx context.Context, page []journey.Standing) error {
	found := map[string]journey.Difference{}
	for _, e := range page {
		d, err := r.look(ctx, e)
		if err != nil {
			return err
		}
		if d != nil {
			found[e.ID] = *d
		}
	}
	ids, err := r.stillSo(ctx, page, found)
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		r.tell(found[id])
	}
	if r.LookOnly {
		return nil
	}
	return r.Store.WakeEnrollments(ctx, ids)
}

// stillSo leaves out whom a decision has moved since the page was read: the comparison was of two moments.
func (r *reconciling) stillSo(ctx context.Context, page []journey.Standing, found map[string]journey.Difference) (ids []string, err error) {
	seen := map[string]int64{}
	for _, e := range page {
		if _, differs := found[e.ID]; differs {
			seen[e.ID] = e.Seq
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	now, err := r.Store.StandingsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	ids = ids[:0]
	for _, e := range now {
		if e.Status == journey.StatusActive && e.Seq == seen[e.ID] && !e.Woken && e.Held == "" {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}

// look compares one enrollment with its driver. Who has a wake-up is the relay's; who is held needs no driver until released.
func (r *reconciling) look(ctx context.Context, e journey.Standing) (*journey.Difference, error) {
	if e.Woken || e.Held != "" {
		return nil, nil
	}
	r.result.Active++
	d, err := r.describe(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	says := fmt.Sprintf("in a journey, decision %d", e.Seq)
	if e.DueWall != nil {
		says += ", due " + e.DueWall.Format(time.RFC3339)
	}
	switch {
	case d == nil:
		return &journey.Difference{Enrollment: e.ID, Postgres: says, Temporal: "no driver", Mend: journey.MendStart}, nil
	case !running(d):
		status := d.GetWorkflowExecutionInfo().GetStatus()
		return &journey.Difference{Enrollment: e.ID, Postgres: says, Temporal: "driver " + strings.ToLower(status.String()), Mend: journey.MendStart}, nil
	case e.DueWall != nil && r.Clock.Wall().Sub(*e.DueWall) > reconcileLate && idle(d):
		return &journey.Difference{Enrollment: e.ID, Postgres: says, Temporal: "a driver that does nothing", Mend: journey.MendWake}, nil
	}
	return nil, nil
}

// describe asks Temporal about a driver, at the pace of the run; nil: there is none.
func (r *reconciling) describe(ctx context.Context, enrollment string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	r.beat()
	if err := r.pace.Wait(ctx); err != nil {
		return nil, err
	}
	call, cancel := context.WithTimeout(ctx, relayCall)
	defer cancel()
	d, err := r.Client.DescribeWorkflowExecution(call, EnrollmentID(enrollment), "")
	if isA[*serviceerror.NotFound](err) {
		return nil, nil
	}
	return d, err
}

func running(d *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// idle says that a driver has nothing under way. Describe does not show timers: one whose moment is long past has fired.
func idle(d *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return d.GetPendingWorkflowTask() == nil && len(d.GetPendingActivities()) == 0
}

// drivers looks for drivers that drive nobody. Those of another installation in the same namespace have another task queue.
func (r *reconciling) drivers(ctx context.Context) error {
	query := fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TaskQueue = '%s'", TypeEnrollment, r.Queues.Enrollment)
	for token := []byte(nil); ; {
		if err := r.pace.Wait(ctx); err != nil {
			return err
		}
		list, err := r.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: r.Namespace, PageSize: reconcilePage, NextPageToken: token, Query: query,
		})
		if err != nil {
			return err
		}
		var ids []string
		for _, w := range list.GetExecutions() {
			if id, ours := strings.CutPrefix(w.GetExecution().GetWorkflowId(), EnrollmentID("")); ours {
				ids = append(ids, id)
			}
		}
		if err := r.closeDriverless(ctx, ids); err != nil {
			return err
		}
		if token = list.GetNextPageToken(); len(token) == 0 {
			return nil
		}
	}
}

// closeDriverless signals the drivers of those who have ended or are not there. It asks Postgres after Temporal: a driver is only
// started for an enrollment that is there.
func (r *reconciling) closeDriverless(ctx context.Context, ids []string) error {
	r.result.Drivers += len(ids)
	now, err := r.Store.StandingsOf(ctx, ids)
	if err != nil {
		return err
	}
	status := map[string]journey.Status{}
	for _, e := range now {
		status[e.ID] = e.Status
	}
	for _, id := range ids {
		if status[id] == journey.StatusActive {
			continue
		}
		d, err := r.describe(ctx, id)
		if err != nil {
			return err
		}
		if d == nil || !running(d) || !idle(d) { // one that is at work is just ending
			continue
		}
		says := "ended"
		if status[id] == "" {
			says = "not there"
		}
		r.tell(journey.Difference{Enrollment: id, Postgres: says, Temporal: "a running driver", Mend: journey.MendClose})
		if r.LookOnly {
			continue
		}
		err = r.Client.SignalWorkflow(ctx, EnrollmentID(id), "", SignalWake, nil)
		if err != nil && !isA[*serviceerror.NotFound](err) {
			return err
		}
	}
	return nil
}

func (r *reconciling) tell(d journey.Difference) {
	r.result.Count(d.Mend)
	if r.Log != nil {
		r.Log.Warn("Postgres and Temporal differ", "enrollment", d.Enrollment, "postgres", d.Postgres, "temporal", d.Temporal, "mend", string(d.Mend))
	}
	if r.Found != nil {
		r.Found(d)
	}
}

// Activity is Run as an activity: it heartbeats, and answers with figures only.
func (r *Reconciler) Activity(ctx context.Context) (journey.Reconciled, error) {
	return r.Run(ctx, func() { activity.RecordHeartbeat(ctx) })
}

// Reconcile compares Postgres and Temporal once. One that is cut off goes on where it stood; the schedule starts the next.
func Reconcile(ctx workflow.Context) (journey.Reconciled, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 12 * time.Hour, // two million sleepers at 50 a second
		HeartbeatTimeout:    time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute, MaximumAttempts: 100},
		Summary:             "do Postgres and Temporal agree",
	})
	var result journey.Reconciled
	err := workflow.ExecuteActivity(ctx, ActivityReconcile).Get(ctx, &result)
	return result, err
}
