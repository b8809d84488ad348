package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"perennial/journey"
)

const (
	samplesMost = 10
	countTime   = 900 * time.Millisecond // how long counting everybody may take
	partOf      = 20_000                 // customers, where it takes longer
)

// tookTooLong says whether a statement was cut off by its own timeout.
func tookTooLong(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

// countAll asks everybody at once.
func (s *Store) countAll(ctx context.Context, cond *journey.Cond) (out journey.SegmentPreview, err error) {
	q, err := s.condition(cond, nil, true)
	if err != nil {
		return out, err
	}
	out.Exact = true
	return out, s.count(ctx, &out, "customers c", q)
}

// countPart asks some of the customers, page by page of the table as chance has it, and reckons.
func (s *Store) countPart(ctx context.Context, cond *journey.Cond) (out journey.SegmentPreview, err error) {
	q, err := s.condition(cond, nil, false)
	if err != nil {
		return out, err
	}
	var all float64
	err = s.pool.QueryRow(ctx, `SELECT greatest(reltuples, 1)::float8 FROM pg_class WHERE oid = 'customers'::regclass`).Scan(&all)
	if err != nil {
		return out, err
	}
	share := min(1, partOf/all)
	if err := s.count(ctx, &out, fmt.Sprintf("customers c TABLESAMPLE SYSTEM (%f)", 100*share), q); err != nil {
		return out, err
	}
	out.Count = int(float64(out.Count) / share)
	return out, nil
}

// count counts those who match, and reads up to ten of them.
func (s *Store) count(ctx context.Context, out *journey.SegmentPreview, from string, q conditionSQL) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL statement_timeout = %d; SET LOCAL work_mem = '64MB'; SET TRANSACTION READ ONLY`, countTime.Milliseconds()))
		if err != nil {
			return err
		}
		var samples []string
		err = tx.QueryRow(ctx, fmt.Sprintf(`
			SELECT count(*)::int, coalesce((array_agg(found.id))[1:%d], '{}') FROM (
			    SELECT c.id FROM %s %s WHERE c.merged_into IS NULL AND %s) found`, samplesMost, from, q.Joins, q.Where), q.Args...).Scan(&out.Count, &samples)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT id, coalesce(external_id, ''), email, first_name, last_name, created_at FROM customers WHERE id = ANY($1) ORDER BY id`, samples)
		if err != nil {
			return err
		}
		out.Samples, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CustomerSummary])
		out.Samples = nonNil(out.Samples)
		return err
	})
}
