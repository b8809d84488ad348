package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/pressly/goose/v3"

	"perennial/migrations"
)

// Health is what Examine finds of a database.
type Health struct {
	Server       string        // e.g. 15.18
	ServerNumber int           // e.g. 150018
	Pending      int           // migrations that have not been applied
	Skew         time.Duration // the server's clock minus ours

	// What keeps mail from being sent; empty while migrations are missing.
	Off   bool     // the kill switch
	Held  string   // why the installation is held
	Stops []string // e.g. "journey win-back: a wrong price"
}

// Examine looks at a database without changing it, for the doctor. The server's clock is read here and nowhere else, to
// compare it with ours.
func Examine(ctx context.Context, url string, wall func() time.Time) (h Health, err error) {
	defer wrap(&err, "examining the database")
	db, err := sql.Open("pgx", url)
	if err != nil {
		return h, err
	}
	defer db.Close() //nolint:errcheck // nothing is pending
	var theirs time.Time
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int, clock_timestamp()`).
		Scan(&h.Server, &h.ServerNumber, &theirs)
	if err != nil {
		return h, err
	}
	h.Skew = theirs.Sub(wall())
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files)
	if err != nil {
		return h, err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return h, err
	}
	for _, source := range provider.ListSources() {
		if source.Version > current && source.Version <= target {
			h.Pending++
		}
	}
	if h.Pending > 0 {
		return h, nil
	}
	return h, h.examineSwitches(ctx, db)
}

// examineSwitches reads what keeps mail from being sent. A database without settings is new: nothing does.
func (h *Health) examineSwitches(ctx context.Context, db *sql.DB) error {
	err := db.QueryRowContext(ctx, `SELECT NOT sending, held_reason FROM settings`).Scan(&h.Off, &h.Held)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, `
		SELECT scope || ' ' || target || ': ' || reason FROM switches
		UNION ALL SELECT 'door of ' || journey_key || ': ' || count || ' people wait for approval, see perennial approvals' FROM audiences WHERE state = 'asked'
		ORDER BY 1`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says what there is to say
	for rows.Next() {
		var stop string
		if err := rows.Scan(&stop); err != nil {
			return err
		}
		h.Stops = append(h.Stops, stop)
	}
	return rows.Err()
}
