package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// LastThrough returns what a customer's last time in a journey knows: its state and the coupons that she was given. Nil: she was never in it.
func (s *Store) LastThrough(ctx context.Context, key, customer string) (_ *journey.State, coupons map[string]journey.Coupon, err error) {
	defer wrap(&err, "reading the last time of a customer in journey %q", key)
	var id string
	var state journey.State
	err = s.pool.QueryRow(ctx, `
		SELECT id, state FROM enrollments WHERE journey_key = $1 AND customer_id = $2 ORDER BY entered_at DESC, id DESC LIMIT 1`, key, customer).Scan(&id, &state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	facts, b := journey.Facts{Coupons: map[string]journey.Coupon{}}, &pgx.Batch{}
	queueCoupons(b, id, &facts)
	err = s.pool.SendBatch(ctx, b).Close()
	return &state, facts.Coupons, err
}
