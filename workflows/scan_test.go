package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/testsuite"

	"go.temporal.io/sdk/activity"

	"perennial/activities"
	"perennial/testenv"
	"perennial/workflows"
)

// silence has so many customers who are due.
type silence struct {
	mu   sync.Mutex
	due  int
	fail int // so many calls fail first
}

func (s *silence) ScanInactive(_ context.Context, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		return 0, errors.New("no connection")
	}
	n := min(limit, s.due)
	s.due -= n
	return n, nil
}

func TestScanEntersEveryoneWhoIsDue(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	s := &silence{due: 450, fail: 1}
	env.RegisterActivityWithOptions((&activities.Scanner{Store: s}).ScanInactive, activity.RegisterOptions{Name: workflows.ActivityScanInactive})
	env.ExecuteWorkflow(workflows.Scan)
	require.NoError(t, env.GetWorkflowError())
	var got activities.ScanResult
	require.NoError(t, env.GetWorkflowResult(&got))
	require.Equal(t, 450, got.Entered)
}

// The schedule is there once, however often it is ensured, and follows the speed of product time.
func TestEnsureSchedules(t *testing.T) {
	c := testenv.Temporal(t)
	handle := c.ScheduleClient().GetHandle(t.Context(), workflows.ScanScheduleID)
	drop := func() {
		for _, id := range []string{workflows.ScanScheduleID, workflows.ReconcileScheduleID} {
			err := c.ScheduleClient().GetHandle(context.Background(), id).Delete(context.Background())
			var gone *serviceerror.NotFound
			if !errors.As(err, &gone) {
				require.NoError(t, err)
			}
		}
	}
	drop()
	t.Cleanup(drop)
	for _, is := range []struct {
		speed float64
		every time.Duration
	}{{1, 15 * time.Minute}, {1, 15 * time.Minute}, {60, 15 * time.Second}, {86400, time.Second}} {
		require.NoError(t, workflows.EnsureSchedules(t.Context(), c, testQueues(), is.speed))
		testenv.Eventually(t, patience, func() bool {
			d, err := handle.Describe(t.Context())
			require.NoError(t, err)
			require.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_SKIP, d.Schedule.Policy.Overlap)
			return len(d.Schedule.Spec.Intervals) == 1 && d.Schedule.Spec.Intervals[0].Every == is.every
		}, "an interval of %s at speed %g", is.every, is.speed)
	}
}
