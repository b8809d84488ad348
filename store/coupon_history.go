package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Coupon returns one coupon by its code, with what happened to it, the earliest first. A code that nobody was given yet is found as well:
// only colleagues ask here. The fault is not_found; its reason is mistyped where a check character says so.
func (s *Store) Coupon(ctx context.Context, code string) (h journey.CouponHistory, err error) {
	defer wrap(&err, "reading a coupon")
	code = strings.ToUpper(strings.TrimSpace(code))
	rows, err := s.pool.Query(ctx, `
		SELECT id, pool, code, state, coalesce(customer_id, ''), coalesce(enrollment_id, ''), issued_at, expires_at, redeemed_at,
			order_id, value, currency
		FROM coupons WHERE code = $1`, code)
	if err != nil {
		return h, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CouponView])
	if err != nil {
		return h, err
	}
	if len(found) == 0 {
		return h, s.noCoupon(ctx, s.pool, code)
	}
	h.CouponView = found[0]
	if h.State == "issued" && h.ExpiresAt != nil && !s.clock.Now().Before(*h.ExpiresAt) {
		h.State = couponExpired
	}
	h.Events = []journey.EventView{}
	if h.Customer == "" {
		return h, nil
	}
	// Those that are applied already, and those that are about to be: each part has its index.
	rows, err = s.pool.Query(ctx, `
		SELECT id, kind, name, happened_at, received_at, properties FROM (
			SELECT * FROM events WHERE customer_id = $1 AND number IS NOT NULL
			UNION ALL SELECT * FROM events WHERE customer_id = $1 AND number IS NULL AND applied_at IS NULL) e
		WHERE kind = 'own' AND name IN ('Coupon Issued', 'Coupon Redeemed', 'Coupon Expired') AND properties->>'coupon' = $2
		ORDER BY happened_at, seq LIMIT 100`, h.Customer, h.ID)
	if err != nil {
		return h, err
	}
	var e journey.EventView
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.Kind, &e.Name, &e.At, &e.ReceivedAt, &e.Properties}, func() error {
		e.Words = []string{journey.EventWords(journey.KindOwn, e.Name, e.Properties, nil)}
		h.Events = append(h.Events, e)
		e.Properties = nil
		return nil
	})
	return h, err
}

// noCoupon is the fault of a code that is not there: where it has the length and the letters of a pool that makes its codes, and its
// check character is wrong for each such pool, somebody mistyped it.
func (s *Store) noCoupon(ctx context.Context, q querier, code string) error {
	rows, err := q.Query(ctx, `SELECT alphabet, length FROM pools WHERE alphabet <> '' AND length = $1`, len([]rune(code)))
	if err != nil {
		return err
	}
	like, right := false, false
	var alphabet string
	var length int
	_, err = pgx.ForEachRow(rows, []any{&alphabet, &length}, func() error {
		fits, checks := checked(alphabet, code)
		like, right = like || fits, right || checks
		return nil
	})
	if err != nil {
		return err
	}
	fault := journey.Faultf(journey.CodeNotFound, "there is no coupon with this code")
	fault.Reason = "unknown"
	if like && !right {
		fault.Message, fault.Reason = "this code is mistyped: its letters do not add up; look at it once more", "mistyped"
	}
	return fault
}

// checked says whether a code is made of the letters of an alphabet, and whether its last one is the right check character.
func checked(alphabet, code string) (fits, checks bool) {
	letters := []rune(strings.ToUpper(alphabet))
	var digits []int
	for _, r := range code {
		at := strings.IndexRune(string(letters), r)
		if at < 0 {
			return false, false
		}
		digits = append(digits, len([]rune(string(letters)[:at])))
	}
	last := len(digits) - 1
	return true, last > 0 && checkDigit(digits[:last], len(letters)) == digits[last]
}

// PoolCoupons lists the coupons of a pool that somebody was given, the latest first.
func (s *Store) PoolCoupons(ctx context.Context, pool string, r journey.PageRequest) (_ journey.Page[journey.CouponView], err error) {
	defer wrap(&err, "listing the coupons of pool %q", pool)
	var none journey.Page[journey.CouponView]
	after, err := openCursor(r.Cursor, 1)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, pool, code, CASE WHEN state = 'issued' AND expires_at <= $4 THEN 'expired' ELSE state END, coalesce(customer_id, ''),
			coalesce(enrollment_id, ''), issued_at, expires_at, redeemed_at, order_id, value, currency
		FROM coupons WHERE pool = $1 AND state <> 'free' AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		pool, strings.Join(after, ""), r.Limit+1, s.clock.Now())
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CouponView])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(c journey.CouponView) string { return cursor(c.ID) }), nil
}
