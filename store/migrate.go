package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"perennial/migrations"
)

// Migrate brings the schema up to date, and says on log what it applied. Several processes may call it at once:
// an advisory lock lets one work while the others wait. It has no statement timeout.
func Migrate(ctx context.Context, url string, log io.Writer) (err error) {
	defer wrap(&err, "migrating the database")
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is pending
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return err
	}
	return report(log, results)
}

// report names each migration to whoever has an installation, and counts them for whoever is making one.
func report(log io.Writer, results []*goose.MigrationResult) (err error) {
	if len(results) > 0 && results[0].Source.Version == 1 {
		var took time.Duration
		for _, r := range results {
			took += r.Duration
		}
		_, err = fmt.Fprintf(log, "made the schema: %d migrations in %s\n", len(results), took.Round(time.Millisecond))
		return err
	}
	for _, r := range results {
		if _, err = fmt.Fprintf(log, "applied migration %s in %s\n", r.Source.Path, r.Duration.Round(time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}
