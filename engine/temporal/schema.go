package temporal

import (
	"context"
	"fmt"

	"go.temporal.io/server/common/log"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// migrate brings both databases to the version that this server wants, and slims visibility. It says whether
// anything had to be done; a start with nothing to do costs a query for each.
func migrate(ctx context.Context, opts Options, logger log.Logger) (changed bool, err error) {
	for _, db := range []struct{ url, schema, version string }{
		{opts.StoreURL, "postgresql/v12/temporal", v12.Version},
		{opts.VisibilityURL, "postgresql/v12/visibility", v12.VisibilityVersion},
	} {
		did, err := migrateOne(ctx, db.url, db.schema, db.version, logger)
		if err != nil {
			return false, fmt.Errorf("bringing %s up to date: %w", db.schema, err)
		}
		changed = changed || did
	}
	if opts.stockIndexes {
		return changed, nil
	}
	if err := slim(ctx, opts.VisibilityURL); err != nil {
		return false, fmt.Errorf("slimming the visibility indexes: %w", err)
	}
	return changed, nil
}

// migrateOne does what temporal-sql-tool's setup-schema and update-schema do, through the same code. (Its RunTool
// would end the process on an error.)
func migrateOne(ctx context.Context, databaseURL, schemaName, want string, logger log.Logger) (bool, error) {
	cfg, err := sqlConfig(databaseURL, 2)
	if err != nil {
		return false, err
	}
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	have, err := conn.ReadSchemaVersion()
	if err == nil && have == want {
		return false, nil
	}
	if err != nil { // no version table: a fresh database
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		if err := schema.NewSetupSchemaTask(conn, setup, logger).Run(); err != nil {
			return false, fmt.Errorf("setting up: %w", err)
		}
	} else if err := unslim(ctx, databaseURL); err != nil {
		return false, err
	}
	update := &schema.UpdateConfig{SchemaName: schemaName}
	if err := schema.NewUpdateSchemaTask(conn, update, logger).Run(); err != nil {
		return false, fmt.Errorf("updating from %q to %q: %w", have, want, err)
	}
	return true, nil
}
