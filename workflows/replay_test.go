package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// The flag is for `make replay-record`, run on released code: a history that the branch under test recorded proves nothing.
var record = flag.Bool("record", false, "record the histories in testdata instead of only replaying them")

// TestReplay plays recorded histories against today's driver. The ones named bad-… come from drivers that decide in another
// order; they must fail, or this test would not notice anything.
func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 6, "one history per situation")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.Enrollment, workflow.RegisterOptions{Name: workflows.TypeEnrollment})
			err := replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), file)
			if strings.HasPrefix(filepath.Base(file), "bad-") {
				require.Error(t, err, "a driver that decides in another order must be noticed")
				return
			}
			require.NoError(t, err)
		})
	}
}

// TestRecord makes the histories of TestReplay: it brings a driver on a real Temporal into each situation.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("only with -record, on released code: make replay-record")
	}
	for name, situation := range map[string]func(*testing.T) *history.History{
		"waiting":               recordWaiting,
		"paused":                recordPaused,
		"exited":                recordExited,
		"continued-as-new":      func(t *testing.T) *history.History { return recordContinued(t, false) },
		"continued-as-new-next": func(t *testing.T) *history.History { return recordContinued(t, true) },
		"retrying":              recordRetrying,
		"webhook":               recordWebhook,
		"bad-order":             recordBad,
	} {
		t.Run(name, func(t *testing.T) { save(t, name, situation(t)) })
	}
}

func recordWaiting(t *testing.T) *history.History {
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			return rest(10 * time.Millisecond), nil
		}
		return rest(5 * 24 * time.Hour), nil
	}}
	r := newRig(t, d)
	r.start("", 0)
	return r.settled(enums.EVENT_TYPE_TIMER_STARTED, 2)
}

// recordPaused is woken out of a wait, and holds.
func recordPaused(t *testing.T) *history.History {
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			return rest(time.Hour), nil
		}
		return hold(), nil
	}}
	r := newRig(t, d)
	r.start("", 0)
	r.settled(enums.EVENT_TYPE_TIMER_STARTED, 1)
	r.wake()
	return r.settled(enums.EVENT_TYPE_TIMER_CANCELED, 1)
}

func recordExited(t *testing.T) *history.History {
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			return rest(time.Hour), nil
		}
		return end(), nil
	}}
	r := newRig(t, d)
	run := r.start("", 0)
	r.settled(enums.EVENT_TYPE_TIMER_STARTED, 1)
	r.wake()
	done(t, run)
	return r.history("")
}

func recordContinued(t *testing.T, second bool) *history.History {
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) { return hold(), nil }}
	r := newRig(t, d)
	first := r.start("", 0)
	ballast(t, r, d)
	if second {
		return r.settled(enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, 1)
	}
	return r.history(first.GetRunID())
}

// recordRetrying stands in the fallback: the local attempt has failed, the regular activity has not succeeded yet.
func recordRetrying(t *testing.T) *history.History {
	var asked atomic.Int64
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) {
		asked.Add(1)
		return journey.Directive{}, errors.New("no connection")
	}}
	r := newRig(t, d)
	r.start("", 0)
	testenv.Eventually(t, patience, func() bool { return asked.Load() >= 3 }, "two regular attempts")
	return r.history("")
}

// recordBad comes from a driver that rests before it decides.
func recordBad(t *testing.T) *history.History {
	c, queue, id := testenv.Temporal(t), testQueues().Enrollment, journey.NewID("bad/")
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ workflows.EnrollmentInput) error {
		return workflow.Sleep(ctx, time.Hour)
	}, workflow.RegisterOptions{Name: workflows.TypeEnrollment})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: queue},
		workflows.TypeEnrollment, workflows.EnrollmentInput{ID: id})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.TerminateWorkflow(context.Background(), id, "", "test is over") })
	var h *history.History
	testenv.Eventually(t, patience, func() bool {
		h = historyOf(t, c, id, "")
		return count(h, enums.EVENT_TYPE_TIMER_STARTED) == 1
	}, "its timer")
	return h
}

// settled waits until the latest run has n events of a kind and no workflow task under way, and returns its history.
func (r *rig) settled(kind enums.EventType, n int) *history.History {
	r.t.Helper()
	var h *history.History
	testenv.Eventually(r.t, patience, func() bool {
		h = r.history("")
		return count(h, kind) >= n &&
			count(h, enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) == count(h, enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	}, "%d of %s", n, kind)
	return h
}

// save writes a history without what belongs to the machine it was recorded on, and without the ballast.
func save(t *testing.T, name string, h *history.History) {
	t.Helper()
	for _, e := range h.GetEvents() {
		if s := e.GetWorkflowExecutionSignaledEventAttributes(); s != nil {
			s.Input = nil
		}
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal([]byte(text(t, h)), &tree))
	scrub(tree, host)
	raw, err := json.MarshalIndent(tree, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	require.NoError(t, os.WriteFile(filepath.Join("testdata", name+".json"), append(raw, '\n'), 0o644))
}

func scrub(tree any, host string) {
	switch at := tree.(type) {
	case []any:
		for _, child := range at {
			scrub(child, host)
		}
	case map[string]any:
		for key, child := range at {
			if s, ok := child.(string); ok && (key == "identity" || strings.Contains(s, "@"+host+"@") || strings.HasPrefix(s, host+":")) {
				at[key] = "worker"
				continue
			}
			scrub(child, host)
		}
	}
}
