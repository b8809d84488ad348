package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// scoreSample is from how many customers, about, figures of scores are counted.
const scoreSample = 20_000

// readBounds reads where scores begin.
func readBounds(ctx context.Context, q querier) (b journey.ScoreBounds, err error) {
	err = q.QueryRow(ctx, `SELECT rfm FROM settings`).Scan(&b)
	return b, err
}

// Scoring says how customers are scored, and how many have which score; and suggests bounds by how they are.
func (s *Store) Scoring(ctx context.Context) (out journey.Scoring, err error) {
	defer wrap(&err, "reading how customers are scored")
	if err := s.pool.QueryRow(ctx, `SELECT rfm, rfm_filled IS NOT NULL FROM settings`).Scan(&out.Bounds, &out.Filling); err != nil {
		return out, err
	}
	if out.Sample, err = s.scoreSampled(ctx); err != nil {
		return out, err
	}
	out.Spread = out.Bounds.Spread(out.Sample)
	if b, known := out.Sample.Suggest(); known {
		would := b.Spread(out.Sample)
		out.Suggested, out.Would = &b, &would
	}
	return out, nil
}

// scoreSampled reads those who ordered: all of them, or about as many as a sample has, of whole blocks of the table.
func (s *Store) scoreSampled(ctx context.Context) (out journey.Buyers, err error) {
	var share float64
	err = s.pool.QueryRow(ctx, `
		SELECT least(100, 100.0 * $1 / greatest(reltuples, 1))::float8 FROM pg_class WHERE oid = 'customers'::regclass`, scoreSample).Scan(&share)
	if err != nil {
		return out, err
	}
	out.Each = 100 / share
	err = s.pool.QueryRow(ctx, `
		WITH buyers AS (
			SELECT extract(epoch FROM $1::timestamptz - moment(attributes->'last_order_at', 'UTC', 'UTC')) / 86400 AS age,
				(attributes->>'orders_count')::float8 AS orders, (attributes->>'total_spent')::float8 AS spent
			FROM customers TABLESAMPLE SYSTEM ($2)
			WHERE merged_into IS NULL AND jsonb_typeof(attributes->'orders_count') = 'number' AND jsonb_typeof(attributes->'total_spent') = 'number'
				AND attributes ? 'last_order_at' AND (attributes->>'orders_count')::float8 > 0
		)
		SELECT coalesce(array_agg(age::float8), '{}'), coalesce(array_agg(orders), '{}'), coalesce(array_agg(spent), '{}')
		FROM buyers WHERE age IS NOT NULL`,
		s.clock.Now(), share).Scan(&out.Ages, &out.Orders, &out.Spent)
	return out, err
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
