package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"perennial/journey"
)

// MigrationStore asks the next customers who are in flight to go on in another version, at most limit of them in one transaction
// that remembers how far it came.
type MigrationStore interface {
	MigrateSome(ctx context.Context, id string, limit int) (journey.MigrationStep, error)
}

// Migrator carries out what a publication asks for those who are in flight.
type Migrator struct {
	Store MigrationStore
}

// MigrateInput names a migration.
type MigrateInput struct {
	ID string // mig_…
}

// MigrateResult counts whom one run of the activity asked to move.
type MigrateResult struct {
	Asked int
}

const (
	migrateBatch = 100
	migrateRest  = 200 * time.Millisecond // while the drivers catch up
)

// Migrate asks everybody, batch by batch, and ends when the last one has moved. It can be cut off anywhere and loses nothing: the
// next run goes on where the last transaction stood.
func (m *Migrator) Migrate(ctx context.Context, in MigrateInput) (MigrateResult, error) {
	var result MigrateResult
	rest := time.NewTicker(migrateRest)
	defer rest.Stop()
	for {
		step, err := m.Store.MigrateSome(ctx, in.ID, migrateBatch)
		if err != nil || step.Finished {
			return result, err
		}
		result.Asked += step.Asked
		activity.RecordHeartbeat(ctx, result.Asked)
		if step.Asked > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return result, ctx.Err()
		case <-rest.C:
		}
	}
}
