package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// serviceTimes says how long the teams took for the tasks that they finished in each period of a span.
func (s *Store) serviceTimes(ctx context.Context, by journey.Grain, zone string, from, to time.Time) ([]journey.ServiceTime, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT date_trunc($1, done_at AT TIME ZONE $2)::date, team, count(*), count(*) FILTER (WHERE done_at > due_at),
			percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - created_at) / 3600)::float8,
			percentile_disc(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - created_at) / 3600)::float8
		FROM tasks WHERE done_at >= $3 AND done_at < $4 GROUP BY 1, 2 ORDER BY 1, 2`, string(by), zone, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.ServiceTime])
}
