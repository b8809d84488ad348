package workflows_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// decider stands for the store where a test forces a race or a fault: it keeps the contract of Advance (a seq is applied once; at
// or below the applied one the answer is the current directive) and lets the test decide.
type decider struct {
	// decide answers the nth applied decision, from 1. It runs under no lock and may block or fail.
	decide func(ctx context.Context, n int64, in activities.AdvanceInput) (journey.Directive, error)

	mu      sync.Mutex
	current journey.Directive
	applied []activities.AdvanceInput
	asked   int
}

func (d *decider) Advance(ctx context.Context, id string, seq int64, cause journey.Cause) (journey.Directive, error) {
	in := activities.AdvanceInput{ID: id, Seq: seq, Cause: cause}
	d.mu.Lock()
	d.asked++
	current := d.current
	d.mu.Unlock()
	if seq <= current.Seq {
		return current, nil
	}
	plan, err := d.decide(ctx, current.Seq+1, in)
	if err != nil {
		return journey.Directive{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if seq <= d.current.Seq { // another run of the same decision was faster
		return d.current, nil
	}
	plan.Seq = seq
	d.current, d.applied = plan, append(d.applied, in)
	return plan, nil
}

func (d *decider) decisions() []activities.AdvanceInput {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]activities.AdvanceInput(nil), d.applied...)
}

func (d *decider) causes() []journey.Cause {
	var causes []journey.Cause
	for _, in := range d.decisions() {
		causes = append(causes, in.Cause)
	}
	return causes
}

// rig is one decider with a worker of its own on a real Temporal.
type rig struct {
	t      *testing.T
	client client.Client
	queues workflows.Queues
	id     string // enr_…
	log    *lines
}

func newRig(t *testing.T, d activities.AdvanceStore) *rig {
	t.Helper()
	r := &rig{t: t, client: testenv.Temporal(t), queues: testQueues(), id: journey.NewID(journey.PrefixEnrollment), log: &lines{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	for _, w := range workflows.NewWorkers(r.client, workflows.WorkerOptions{Queues: r.queues, PoolSize: 4, Log: r.log.logger()},
		workflows.Activities{Advancer: &activities.Advancer{Store: d}}) {
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	return r
}

func testQueues() workflows.Queues {
	name := journey.NewID("test-")
	return workflows.Queues{Enrollment: name, Delivery: name + "-delivery"}
}

// start begins a driver for the rig's enrollment under the given workflow id; "" is the one of the contract.
func (r *rig) start(id string, seq int64) client.WorkflowRun {
	r.t.Helper()
	if id == "" {
		id = workflows.EnrollmentID(r.id)
	}
	run, err := r.client.ExecuteWorkflow(r.t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queues.Enrollment, StaticSummary: "Win back",
	}, workflows.TypeEnrollment, workflows.EnrollmentInput{ID: r.id, Seq: seq})
	require.NoError(r.t, err)
	r.t.Cleanup(func() {
		_ = r.client.TerminateWorkflow(context.Background(), id, "", "test is over")
	})
	return run
}

func (r *rig) wake() {
	r.t.Helper()
	require.NoError(r.t, r.client.SignalWorkflow(r.t.Context(), workflows.EnrollmentID(r.id), "", workflows.SignalWake, nil))
}

// history returns the events of a run so far; "" is the latest run.
func (r *rig) history(runID string) *history.History {
	return historyOf(r.t, r.client, workflows.EnrollmentID(r.id), runID)
}

func historyOf(t *testing.T, c client.Client, id, runID string) *history.History {
	t.Helper()
	h := &history.History{}
	events := c.GetWorkflowHistory(t.Context(), id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, e)
	}
	return h
}

func count(h *history.History, kind enums.EventType) int {
	n := 0
	for _, e := range h.GetEvents() {
		if e.GetEventType() == kind {
			n++
		}
	}
	return n
}

// kinds lists the types of a history's events, in order.
func kinds(h *history.History) (list []string) {
	for _, e := range h.GetEvents() {
		list = append(list, e.GetEventType().String())
	}
	return list
}

// text is everything that a history says, payloads included, as a reader with access to Temporal would see it.
func text(t *testing.T, h *history.History) string {
	t.Helper()
	raw, err := protojson.Marshal(h)
	require.NoError(t, err)
	return string(raw)
}

// summaryOf is what Temporal's page shows beside an event.
func summaryOf(t *testing.T, e *history.HistoryEvent) (summary string) {
	t.Helper()
	if p := e.GetUserMetadata().GetSummary(); p != nil {
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(p, &summary))
	}
	return summary
}

func done(t *testing.T, run client.WorkflowRun) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, run.Get(ctx, nil))
}

func in(d time.Duration) *time.Time {
	at := time.Now().Add(d)
	return &at
}

func hold() journey.Directive {
	return journey.Directive{Kind: journey.PlanHold, Step: "offer", Summary: "hold: paused"}
}

func end() journey.Directive { return journey.Directive{Kind: journey.PlanDone, Summary: "finished"} }

func rest(d time.Duration) journey.Directive {
	return journey.Directive{Kind: journey.PlanWait, At: in(d), Step: "wait", Summary: "wait 5 days, then comeback-offer"}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

const patience = 30 * time.Second

var payloads = regexp.MustCompile(`"[A-Za-z0-9+/]{8,}={0,2}"`)
