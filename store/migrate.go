package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"perennial/migrations"
)

// Migrate brings the schema up to date, and says on log which migrations it applied. Several processes may call it at once:
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
	for _, r := range results {
		if _, err := fmt.Fprintf(log, "applied migration %s in %s\n", r.Source.Path, r.Duration); err != nil {
			return err
		}
	}
	return nil
}
