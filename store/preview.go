package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"perennial/journey"
)

// A preview answers within previewTime: so long may counting everybody and looking at some take together. It is not cut off where the first
// few could not be looked at by then.
const (
	previewTime = 800 * time.Millisecond
	countTime   = 500 * time.Millisecond // of it, for counting everybody
	lookedFirst = 500                    // customers, where that takes longer; then twice as many, and again, while there is time
	lookedMost  = 64_000                 // more would not say it any better
	samplesMost = 10
)

// PreviewSegment counts who would be in a segment with that condition now, and returns up to ten of them. Where counting everybody
// takes too long, it reckons from those whom it has time to look at, and says how many these were. The fault is invalid: what only an
// enrollment has.
func (s *Store) PreviewSegment(ctx context.Context, cond *journey.Cond) (out journey.SegmentPreview, err error) {
	defer wrap(&err, "previewing a segment")
	until := s.clock.Wall().Add(previewTime)
	samples, err := s.countAll(ctx, cond, &out)
	if tookTooLong(err) {
		samples, err = s.countPart(ctx, cond, &out, until)
	}
	if err != nil {
		return out, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, coalesce(external_id, ''), email, first_name, last_name, created_at FROM customers WHERE id = ANY($1) ORDER BY id`, samples)
	if err != nil {
		return out, err
	}
	out.Samples, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CustomerSummary])
	out.Samples = nonNil(out.Samples)
	return out, err
}

// tookTooLong says whether a statement was cut off by its own timeout.
func tookTooLong(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

// countAll asks everybody at once, on all processors: for that it must not gather those who match. The samples are of the first and the last
// of each of a thousand parts, into which chance puts them.
func (s *Store) countAll(ctx context.Context, cond *journey.Cond, out *journey.SegmentPreview) (samples []string, err error) {
	q, err := s.condition(cond, nil, true)
	if err != nil {
		return nil, err
	}
	out.Exact = true
	err = s.looking(ctx, countTime, `parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0`, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, fmt.Sprintf(`
			WITH parts AS MATERIALIZED (
				SELECT hashtext(c.id) & 1023 AS part, count(*) AS n, min(c.id COLLATE "C") AS low, max(c.id COLLATE "C") AS high
				FROM customers c %s WHERE c.merged_into IS NULL AND %s GROUP BY 1
			)
			SELECT coalesce((SELECT sum(n) FROM parts), 0)::int, ARRAY(
				SELECT id FROM (SELECT low AS id FROM parts UNION SELECT high FROM parts) picked ORDER BY hashtext(id), id LIMIT %d)`,
			q.Joins, q.Where, samplesMost), q.Args...).Scan(&out.Count, &samples)
	})
	return samples, err
}

// countPart asks some of the customers, whole pages of the table as chance has it, more and more of them while there is time, and reckons.
func (s *Store) countPart(ctx context.Context, cond *journey.Cond, out *journey.SegmentPreview, until time.Time) (samples []string, err error) {
	q, err := s.condition(cond, nil, false)
	if err != nil {
		return nil, err
	}
	var all float64 // how many customers there are, as Postgres knows it: pages, and how many stand on one
	err = s.pool.QueryRow(ctx, `
		SELECT greatest(1, CASE WHEN reltuples > 0 THEN reltuples / greatest(relpages, 1) ELSE 20 END * pg_relation_size(oid)
			/ current_setting('block_size')::int)::float8 FROM pg_class WHERE oid = 'customers'::regclass`).Scan(&all)
	if err != nil {
		return nil, err
	}
	out.Exact = false
	found, patience := 0, partMost
	for size := lookedFirst; size <= lookedMost; size *= 2 {
		begun, share := s.clock.Wall(), min(100, 100*float64(size)/all)
		looked, hits, some, err := s.lookAtPart(ctx, q, share, patience)
		if tookTooLong(err) && out.LookedAt > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		if share == 100 { // all of them after all
			out.Count, out.Exact, out.LookedAt = hits, true, 0
			return some, nil
		}
		out.LookedAt, found, samples = out.LookedAt+looked, found+hits, append(samples, some...)
		now := s.clock.Wall()
		if patience = until.Sub(now); patience < 2*now.Sub(begun) {
			break
		}
	}
	out.Count = int(all * float64(found) / float64(max(out.LookedAt, 1)))
	slices.Sort(samples)
	samples = slices.Compact(samples)
	return samples[:min(len(samples), samplesMost)], nil
}

// partMost is how long looking at the first few customers may take: without them nothing could be said.
const partMost = 5 * time.Second

// lookAtPart looks at a share of the customers, in percent, one by one: how many these were, how many match, and up to ten who do.
func (s *Store) lookAtPart(ctx context.Context, q conditionSQL, share float64, most time.Duration) (looked, hits int, some []string, err error) {
	err = s.looking(ctx, most, `enable_hashjoin = off; SET LOCAL enable_mergejoin = off`, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, fmt.Sprintf(`
			SELECT count(*)::int, count(*) FILTER (WHERE hit)::int, coalesce((array_agg(id) FILTER (WHERE hit))[1:%d], '{}') FROM (
				SELECT c.id, c.merged_into IS NULL AND %s AS hit FROM customers c TABLESAMPLE SYSTEM (%f) %s OFFSET 0) looked`,
			samplesMost, q.Where, share, q.Joins), q.Args...).Scan(&looked, &hits, &some)
	})
	return looked, hits, some, err
}

// looking runs a statement that may be cut off, planned for the values that it has.
func (s *Store) looking(ctx context.Context, most time.Duration, settings string, look func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			SET LOCAL statement_timeout = %d; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL %s`,
			max(1, most.Milliseconds()), settings))
		if err != nil {
			return err
		}
		return look(tx)
	})
}
