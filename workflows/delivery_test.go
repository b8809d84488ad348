package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
	"perennial/workflows"
)

// A lane runs for ever: a Deliver that fails, for good or not, is followed by the next, and at last it continues as new with what
// it was started with.
func TestDeliveryGoesOnForEver(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	var calls atomic.Int64
	env.RegisterActivityWithOptions(func(_ context.Context, in activities.DeliverInput) (activities.DeliverResult, error) {
		if in.Lane != "email-marketing" {
			return activities.DeliverResult{}, errors.New("another lane")
		}
		switch calls.Add(1) % 7 {
		case 3:
			return activities.DeliverResult{}, temporal.NewApplicationError("unavailable", "unavailable")
		case 5:
			return activities.DeliverResult{}, temporal.NewNonRetryableApplicationError("not_found", "not_found", nil)
		}
		return activities.DeliverResult{Accepted: 1}, nil
	}, activity.RegisterOptions{Name: workflows.ActivityDeliver})
	env.ExecuteWorkflow(workflows.Delivery, workflows.DeliveryInput{Lane: "email-marketing", Slots: 2})
	require.True(t, env.IsWorkflowCompleted())
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	require.Equal(t, workflows.TypeDelivery, again.WorkflowType.Name)
	require.Greater(t, calls.Load(), int64(1000))
}
