package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Redeem marks a coupon as used on an order, and appends Coupon Redeemed to the stream of whoever holds it. The same code and
// order again has no effect. CodeNotFound: no such code; CodeConflict with the reason redeemed, expired, released or not_hers.
// Of two orders at once one wins: the row is locked before it is looked at.
func (s *Store) Redeem(ctx context.Context, r journey.Redemption) (c journey.CouponView, err error) {
	defer wrap(&err, "redeeming a coupon")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockHolder(ctx, tx, r.Code); err != nil {
			return err
		}
		c, err = couponByCode(ctx, tx, r.Code)
		if journey.CodeOf(err) == journey.CodeNotFound {
			return s.noCoupon(ctx, tx, strings.ToUpper(r.Code))
		}
		if err != nil {
			return err
		}
		if c.State == couponRedeemed && c.OrderID == r.OrderID {
			return nil
		}
		now := s.clock.Now()
		if reason := refusal(c, r, now); reason != "" {
			return refused(reason)
		}
		c.State, c.RedeemedAt, c.OrderID, c.Value, c.Currency = couponRedeemed, &now, r.OrderID, r.Value, r.Currency
		_, err := tx.Exec(ctx, `
			UPDATE coupons SET state = 'redeemed', redeemed_at = $2, order_id = $3, value = $4, currency = $5 WHERE id = $1`,
			c.ID, now, r.OrderID, r.Value, r.Currency)
		if err != nil {
			return err
		}
		if err := s.tellOf(ctx, tx, c.Customer, redeemedEvent(c)); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: r.By, verb: "coupon.redeem", target: c.ID, detail: map[string]any{"order_id": r.OrderID}})
	})
	return c, err
}

// States of a coupon that the rules of redeeming ask about.
const (
	couponFree     = "free"
	couponRedeemed = "redeemed"
	couponExpired  = "expired"
	couponReleased = "released"
)

// refusal says why a coupon cannot be redeemed, "" when it can. A code that nobody was given yet counts as unknown.
func refusal(c journey.CouponView, r journey.Redemption, now time.Time) string {
	switch {
	case c.State == couponRedeemed:
		return couponRedeemed
	case c.State == couponReleased:
		return couponReleased
	case c.State == couponExpired, c.ExpiresAt != nil && !now.Before(*c.ExpiresAt):
		return couponExpired
	case r.Customer != "" && c.Customer != r.Customer:
		return "not_hers"
	}
	return ""
}

func refused(reason string) error {
	words := map[string]string{
		couponRedeemed: "this coupon was redeemed on another order",
		couponReleased: "this coupon was taken back",
		couponExpired:  "this coupon has expired",
		"not_hers":     "this coupon belongs to another customer",
	}
	fault := journey.Faultf(journey.CodeConflict, "%s", words[reason])
	fault.Reason = reason
	return fault
}

func redeemedEvent(c journey.CouponView) *journey.Event {
	properties := map[string]any{"pool": c.Pool, "code": c.Code, "coupon": c.ID, "enrollment": c.Enrollment, "order_id": c.OrderID}
	if c.Value != nil {
		properties["value"], properties["currency"] = *c.Value, c.Currency
	}
	return &journey.Event{Name: journey.EventCouponRedeemed, Properties: properties}
}

// lockHolder locks the customer who holds the code, where there is one: her lock comes before that of the coupon.
func lockHolder(ctx context.Context, tx pgx.Tx, code string) error {
	_, err := tx.Exec(ctx, `
		SELECT FROM customers WHERE id = (SELECT customer_id FROM coupons WHERE code = $1) FOR NO KEY UPDATE`, strings.ToUpper(code))
	return err
}

func couponByCode(ctx context.Context, tx pgx.Tx, code string) (journey.CouponView, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, pool, code, state, coalesce(customer_id, ''), coalesce(enrollment_id, ''), issued_at, expires_at, redeemed_at,
			order_id, value, currency
		FROM coupons WHERE code = $1 FOR NO KEY UPDATE`, strings.ToUpper(code))
	if err != nil {
		return journey.CouponView{}, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.CouponView])
	if errors.Is(err, pgx.ErrNoRows) || err == nil && c.State == couponFree {
		return c, journey.Faultf(journey.CodeNotFound, "there is no coupon with this code")
	}
	return c, err
}

// couponsOf lists what a customer was given, the newest first.
func couponsOf(ctx context.Context, q querier, customer string) ([]journey.CouponView, error) {
	rows, err := q.Query(ctx, `
		SELECT id, pool, code, state, coalesce(customer_id, ''), coalesce(enrollment_id, ''), issued_at, expires_at, redeemed_at,
			order_id, value, currency
		FROM coupons WHERE customer_id = $1 ORDER BY id DESC LIMIT 100`, customer)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CouponView])
	return nonNil(list), err
}

// AddCodes puts codes into a pool and wakes those who hold because it was empty. A code that exists already, in this pool or
// another, is left out; added says how many were new. CodeNotFound when there is no such pool.
func (s *Store) AddCodes(ctx context.Context, pool string, codes []string, by journey.Actor) (added int, err error) {
	defer wrap(&err, "adding codes to pool %q", pool)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `SELECT FROM pools WHERE key = $1 FOR KEY SHARE`, pool)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no pool %q; a journey declares it under `pools`", pool)
		}
		ids, upper := make([]string, len(codes)), make([]string, len(codes))
		for i, code := range codes {
			ids[i], upper[i] = journey.NewID(journey.PrefixCoupon), strings.ToUpper(code)
		}
		slices.Sort(upper) // two imports of the same codes take their locks in the same order
		tag, err = tx.Exec(ctx, `
			INSERT INTO coupons (id, pool, code, state) SELECT id, $1, code, 'free' FROM unnest($2::text[], $3::text[]) AS c (id, code)
			ON CONFLICT DO NOTHING`, pool, ids, upper)
		if err != nil {
			return err
		}
		added = int(tag.RowsAffected())
		if err := s.wakeListeners(ctx, tx, journey.ListenPool+pool); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "pool.add", target: pool, detail: map[string]any{"added": added}})
	})
	return added, err
}

// wakeListeners wakes every active enrollment that listens to the name.
func (s *Store) wakeListeners(ctx context.Context, tx pgx.Tx, name string) error {
	rows, err := tx.Query(ctx, `SELECT id FROM enrollments WHERE status = 'active' AND $1 = ANY(listens) ORDER BY id`, name)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, ids)
}
