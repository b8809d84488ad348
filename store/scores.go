package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// How many customers, about, a suggestion of bounds is read from, and how many of them must have ordered.
const (
	scoreSample = 20_000
	scoreFewest = 50
)

// readBounds reads where scores begin.
func readBounds(ctx context.Context, q querier) (b journey.ScoreBounds, err error) {
	err = q.QueryRow(ctx, `SELECT rfm FROM settings`).Scan(&b)
	return b, err
}

// Scoring says how customers are scored, and suggests bounds by how they are.
func (s *Store) Scoring(ctx context.Context) (out journey.Scoring, err error) {
	defer wrap(&err, "reading how customers are scored")
	if err := s.pool.QueryRow(ctx, `SELECT rfm, rfm_filled IS NOT NULL FROM settings`).Scan(&out.Bounds, &out.Filling); err != nil {
		return out, err
	}
	var share float64
	err = s.pool.QueryRow(ctx, `
		SELECT least(100, 100.0 * $1 / greatest(reltuples, 1))::float8 FROM pg_class WHERE oid = 'customers'::regclass`, scoreSample).Scan(&share)
	if err != nil {
		return out, err
	}
	var orders int
	var ages, counts, sums []float64
	err = s.pool.QueryRow(ctx, `
		WITH buyers AS (
			SELECT extract(epoch FROM $1::timestamptz - moment(attributes->'last_order_at', 'UTC', 'UTC')) / 86400 AS age,
				(attributes->>'orders_count')::float8 AS orders, (attributes->>'total_spent')::float8 AS spent
			FROM customers TABLESAMPLE SYSTEM ($2)
			WHERE merged_into IS NULL AND jsonb_typeof(attributes->'orders_count') = 'number' AND jsonb_typeof(attributes->'total_spent') = 'number'
				AND attributes ? 'last_order_at' AND (attributes->>'orders_count')::float8 > 0
		)
		SELECT count(*)::int, coalesce(percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY age), '{}')::float8[],
			coalesce(percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY orders), '{}')::float8[],
			coalesce(percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY spent), '{}')::float8[] FROM buyers`,
		s.clock.Now(), share).Scan(&orders, &ages, &counts, &sums)
	if err != nil || orders < scoreFewest {
		return out, err
	}
	if b := journey.SuggestBounds(ages, counts, sums); len(b.Check()) == 0 {
		out.Suggested = &b
	}
	return out, nil
}

// SetBounds says where scores begin. Everybody is scored by it in the background, a few at a time.
func (s *Store) SetBounds(ctx context.Context, b journey.ScoreBounds, by journey.Actor) (err error) {
	defer wrap(&err, "changing how customers are scored")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE settings SET rfm = $1, rfm_filled = ''`, b); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "scoring.put", target: "rfm", detail: map[string]any{"recency": b.Recency, "frequency": b.Frequency,
			"monetary": b.Monetary}})
	})
}

// tendScores scores the next customers who have not been scored by the bounds that hold. Nobody enters a journey by it: it is we who have
// changed.
func (s *Store) tendScores(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	var after *string
	if err := tx.QueryRow(ctx, `SELECT rfm_filled FROM settings`).Scan(&after); err != nil || after == nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, `
		SELECT id FROM customers WHERE id > $1 AND merged_into IS NULL AND attributes ? 'orders_count' ORDER BY id LIMIT $2`, *after, limit)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		_, err := tx.Exec(ctx, `UPDATE settings SET rfm_filled = NULL`)
		return 0, err
	}
	if err := s.growThese(ctx, tx, ids, true); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE settings SET rfm_filled = $1`, ids[len(ids)-1])
	return len(ids), err
}

// earlier is the earlier of two moments, of which each may be none (zero).
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
