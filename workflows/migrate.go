package workflows

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
)

// Migrate takes whoever is in flight to another version. The figures stand in Postgres: here is only that it must be done.
func Migrate(ctx workflow.Context, in activities.MigrateInput) (activities.MigrateResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 12 * time.Hour, // two million sleepers at 50 a second
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second},
		Summary:             "everybody to the new version",
	})
	var result activities.MigrateResult
	err := workflow.ExecuteActivity(ctx, ActivityMigrate, in).Get(ctx, &result)
	return result, err
}

// MigrationsStore knows the migrations that are not finished.
type MigrationsStore interface {
	OpenMigrations(ctx context.Context) ([]string, error)
	Listen(ctx context.Context, channel string) <-chan struct{}
}

// Migrations sees to it that each migration has its workflow, also after Temporal has lost it. Any number of them may run.
type Migrations struct {
	Store  MigrationsStore
	Client client.Client
	Queues Queues
	Log    *slog.Logger
}

const (
	migrationsChannel = "migrations"
	migrationsSafety  = 5 * time.Second // looks without having been notified
)

// Run starts migrations until ctx ends; it returns nil then, and nothing else ends it.
func (m *Migrations) Run(ctx context.Context) error {
	notified := m.Store.Listen(ctx, migrationsChannel)
	for ctx.Err() == nil {
		if err := m.startOpen(ctx); err != nil && ctx.Err() == nil {
			m.Log.Warn("a migration is not started yet; trying again", "in", migrationsSafety, "error", err)
		}
		pause(ctx, notified, migrationsSafety)
	}
	return nil
}

func (m *Migrations) startOpen(ctx context.Context) error {
	open, err := m.Store.OpenMigrations(ctx)
	if err != nil {
		return err
	}
	for _, id := range open {
		call, cancel := context.WithTimeout(ctx, relayCall)
		_, err := m.Client.ExecuteWorkflow(call, client.StartWorkflowOptions{
			ID: MigrationID(id), TaskQueue: m.Queues.Enrollment, StaticSummary: "Customers go on in a new version",
			WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, TypeMigrate, activities.MigrateInput{ID: id})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
