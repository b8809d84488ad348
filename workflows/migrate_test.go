package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"perennial/activities"
	"perennial/journey"
	"perennial/workflows"
)

// crowd has so many people who are to migrate; every third look finds that the drivers have to catch up first.
type crowd struct {
	mu    sync.Mutex
	left  int
	looks int
	fail  int // so many calls fail first
}

func (c *crowd) MigrateSome(_ context.Context, _ string, limit int) (journey.MigrationStep, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail > 0 {
		c.fail--
		return journey.MigrationStep{}, errors.New("no connection")
	}
	c.looks++
	if c.left == 0 || c.looks%3 == 0 {
		return journey.MigrationStep{Finished: c.left == 0}, nil
	}
	n := min(limit, c.left)
	c.left -= n
	return journey.MigrationStep{Asked: n}, nil
}

func TestMigrateAsksEverybody(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	c := &crowd{left: 450, fail: 1}
	env.RegisterActivityWithOptions((&activities.Migrator{Store: c}).Migrate, activity.RegisterOptions{Name: workflows.ActivityMigrate})
	env.ExecuteWorkflow(workflows.Migrate, activities.MigrateInput{ID: "mig_1"})
	require.NoError(t, env.GetWorkflowError())
	var got activities.MigrateResult
	require.NoError(t, env.GetWorkflowResult(&got))
	require.Equal(t, 450, got.Asked)
}
