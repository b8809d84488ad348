package rig

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Settle is how long sessions of Postgres may keep their counters to themselves.
const Settle = 1200 * time.Millisecond

// Counters are those of Postgres: bytes of WAL of the whole server, commits of one database.
type Counters struct {
	WAL     int64
	Commits int
}

// ReadCounters reads them. The database is that of the URL; "" counts no commits.
func (e *Engine) ReadCounters(ctx context.Context, databaseURL string) (c Counters, err error) {
	conn, err := pgx.Connect(ctx, e.DatabaseURL)
	if err != nil {
		return c, err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	if err := conn.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint`).Scan(&c.WAL); err != nil {
		return c, err
	}
	if databaseURL == "" {
		return c, nil
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return c, err
	}
	err = conn.QueryRow(ctx, `SELECT xact_commit FROM pg_stat_database WHERE datname = $1`, config.Database).Scan(&c.Commits)
	return c, err
}

// Wait waits, or returns when ctx ends.
func Wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
