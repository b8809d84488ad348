package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// ExpireCoupons ends coupons whose time is over, limit at most (200 at most) in one transaction, and appends Coupon Expired to the
// streams of those who hold them. It returns how many, and when the next one ends, in wall time; zero: none does. Whether a code can be redeemed
// hangs on its time alone and not on this.
func (s *Store) ExpireCoupons(ctx context.Context, limit int) (n int, next time.Time, err error) {
	defer wrap(&err, "ending coupons whose time is over")
	if limit <= 0 || limit > customersMax {
		limit = customersMax
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n, err = s.expireCoupons(ctx, tx, limit)
		return err
	})
	if err != nil || n == limit {
		return n, next, err
	}
	next, err = s.nextMoment(ctx, `
		SELECT expires_at FROM coupons WHERE state = 'issued' AND expires_at IS NOT NULL ORDER BY expires_at, id LIMIT 1`)
	return n, next, err
}

// nextMoment is the moment that a statement finds, in wall time; zero: there is none.
func (s *Store) nextMoment(ctx context.Context, sql string) (time.Time, error) {
	var at time.Time
	switch err := s.pool.QueryRow(ctx, sql).Scan(&at); {
	case errors.Is(err, pgx.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return s.clock.ToWall(at), nil
}

// expireCoupons locks those who hold them before the coupons, as redeeming does.
func (s *Store) expireCoupons(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	now := s.clock.Now()
	rows, err := tx.Query(ctx, `
		SELECT id, coalesce(customer_id, '') FROM coupons WHERE state = 'issued' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2`, now, limit)
	if err != nil {
		return 0, err
	}
	var ids, holders []string
	var id, holder string
	if _, err := pgx.ForEachRow(rows, []any{&id, &holder}, func() error {
		ids = append(ids, id)
		if holder != "" {
			holders = append(holders, holder)
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return 0, err
	}
	slices.Sort(holders)
	if err := lockCustomers(ctx, tx, slices.Compact(holders)); err != nil {
		return 0, err
	}
	rows, err = tx.Query(ctx, `
		UPDATE coupons SET state = 'expired' WHERE id IN (
			SELECT id FROM coupons WHERE id = ANY($1) AND state = 'issued' AND expires_at <= $2 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
		RETURNING id, pool, code, alias, coalesce(customer_id, ''), coalesce(enrollment_id, ''), expires_at`, ids, now)
	if err != nil {
		return 0, err
	}
	var events []journey.Event
	n := 0
	var c journey.CouponView
	var alias string
	if _, err := pgx.ForEachRow(rows, []any{&c.ID, &c.Pool, &c.Code, &alias, &c.Customer, &c.Enrollment, &c.ExpiresAt}, func() error {
		n++
		if c.Customer != "" { // of one who was erased there is nobody to tell
			events = append(events, journey.Event{Kind: journey.KindOwn, Name: journey.EventCouponExpired, CustomerID: c.Customer, At: *c.ExpiresAt,
				Properties: map[string]any{"pool": c.Pool, "code": c.Code, "coupon": c.ID, "as": alias, "enrollment": c.Enrollment}})
		}
		c.ExpiresAt = nil
		return nil
	}); err != nil || len(events) == 0 {
		return n, err
	}
	if err := s.insertEvents(ctx, tx, events); err != nil {
		return 0, err
	}
	return n, notify(ctx, tx, channelEvents)
}
