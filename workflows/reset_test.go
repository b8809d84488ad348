package workflows_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"perennial/intake"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// A Temporal that is older than Postgres runs decisions again that were made: the ledger answers, and nothing is written twice.
// Here the driver is reset to its first task.
func TestTemporalOlderThanPostgresRunsAgainAndTheLedgerAnswers(t *testing.T) {
	t.Parallel()
	s := newSpine(t, strings.Repeat("  - send: { message: hello, window: any }\n  - wait: 2d\n", 4)+"  - wait: 300d\n")
	id := s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.number(`SELECT count(*) FROM messages`) == 4 && s.seq(id) >= 5 }, "four mails")
	before := historyOf(t, s.client, workflows.EnrollmentID(id), "")
	var first int64
	for _, e := range before.GetEvents() {
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			first = e.GetEventId()
			break
		}
	}
	due := s.text(`SELECT due_at::text FROM enrollments WHERE id = $1`, id)
	log := s.number(`SELECT count(*) FROM step_log`)
	_, err := s.client.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:         testenv.TheEngine(t).TemporalNamespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflows.EnrollmentID(id), RunId: before.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId()},
		Reason:            "as an older Temporal would", WorkflowTaskFinishEventId: first, RequestId: journey.NewID("reset-"),
	})
	require.NoError(t, err)
	testenv.Eventually(t, patience, func() bool {
		return count(historyOf(t, s.client, workflows.EnrollmentID(id), ""), enums.EVENT_TYPE_TIMER_STARTED) == 1
	}, "the driver that began anew to wait")
	h := historyOf(t, s.client, workflows.EnrollmentID(id), "")
	assert.Equal(t, 1, count(h, enums.EVENT_TYPE_MARKER_RECORDED), "one question, whose answer says where she stands: %s", kinds(h))
	assert.Equal(t, 4, s.number(`SELECT count(*) FROM messages`), "no mail twice")
	assert.Equal(t, due, s.text(`SELECT due_at::text FROM enrollments WHERE id = $1`, id), "the wait is what it was")
	assert.Equal(t, log, s.number(`SELECT count(*) FROM step_log`))
}

// A flood: hundreds of signals to one driver, and hundreds of events that wake her. They are levels: a few decisions do for all.
func TestSignalFloodIsCoalesced(t *testing.T) {
	t.Parallel()
	const signals, events = 400, 300
	s := newSpine(t, "  - wait_for: { any: [ { event: Order Completed, then: [ { wait: 400d } ] } ], timeout: { after: 400d, then: [ { exit: late } ] } }\n")
	id := s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.seq(id) == 1 }, "the wait")
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for range signals / 8 {
				assert.NoError(t, s.client.SignalWorkflow(t.Context(), workflows.EnrollmentID(id), "", workflows.SignalWake, nil))
			}
		})
	}
	var batch []journey.Event
	now := s.store.Clock().Now()
	for i := range events {
		batch = append(batch, journey.Event{ID: journey.NewID(journey.PrefixEvent), MessageID: fmt.Sprint("order-", i), Kind: journey.KindTrack,
			UserID: "ann", Name: "Order Completed", At: now, ReceivedAt: now})
	}
	_, err := s.store.AppendEvents(t.Context(), batch)
	require.NoError(t, err)
	for applied := 1; applied > 0; {
		applied, err = s.store.ApplyInbox(t.Context(), intake.Profile, 50)
		require.NoError(t, err)
	}
	senders.Wait()
	testenv.Eventually(t, patience, func() bool {
		return s.number(`SELECT count(*) FROM wakeups`) == 0 && s.text(`SELECT step FROM enrollments WHERE id = $1`, id) == "wait-400d"
	}, "the next step, with nothing left to do")
	h := historyOf(t, s.client, workflows.EnrollmentID(id), "")
	decisions := count(h, enums.EVENT_TYPE_MARKER_RECORDED)
	t.Logf("%d signals and %d events: %d decisions, seq %d", count(h, enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED), events, decisions, s.seq(id))
	assert.GreaterOrEqual(t, count(h, enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED), signals)
	assert.Less(t, decisions, signals/2)
}

// An event that nobody can apply, or that is as large as one may be, is parked or taken: the customer lives on.
func TestPoisonOrOversizedPayloadIsParkedAndTheCustomerLivesOn(t *testing.T) {
	t.Parallel()
	s := newSpine(t, "  - wait: 10d\n  - send: { message: hello, window: any }\n")
	id := s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.seq(id) >= 1 }, "the wait")
	now := s.store.Clock().Now()
	track := func(name string, properties map[string]any) {
		_, err := s.store.AppendEvents(t.Context(), []journey.Event{{ID: journey.NewID(journey.PrefixEvent), MessageID: name, Kind: journey.KindTrack,
			UserID: "ann", Name: name, Properties: properties, At: now, ReceivedAt: now}})
		require.NoError(t, err)
	}
	track("Huge", map[string]any{"text": strings.Repeat("x", 900<<10)})
	track("Deep", map[string]any{"text": deep(1000)})
	// A profile that panics over one event stands for data that no code foresaw.
	for s.number(`SELECT count(*) FROM events WHERE applied_at IS NULL`) > 0 {
		_, err := s.store.ApplyInbox(t.Context(), func(c journey.Customer, e journey.Event) journey.Change {
			if e.Name == "Deep" {
				panic("nobody foresaw this")
			}
			return intake.Profile(c, e)
		}, 50)
		require.NoError(t, err)
	}
	assert.Equal(t, "poison", s.text(`SELECT outcome->>'error' FROM events WHERE name = 'Deep'`))
	testenv.Eventually(t, patience, func() bool { return s.ended(id) }, "the end of her journey")
	assert.Equal(t, 1, s.number(`SELECT count(*) FROM messages`))
	for _, e := range historyOf(t, s.client, workflows.EnrollmentID(id), "").GetEvents() {
		assert.Less(t, len(e.String()), 8<<10, "no payload reaches Temporal")
	}
}

func deep(n int) any {
	var v any = "bottom"
	for range n {
		v = map[string]any{"in": v}
	}
	return v
}

func (s *spine) text(sql string, args ...any) (text string) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), sql, args...).Scan(&text))
	return text
}
