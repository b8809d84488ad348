package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// couponFacts returns the coupons of customers as they stand.
func couponFacts(ctx context.Context, tx pgx.Tx, ids []string) (map[string][]journey.CouponFact, error) {
	rows, err := tx.Query(ctx, `
		SELECT customer_id, id, pool, issued_at, state = 'redeemed', CASE WHEN state = 'redeemed' THEN coalesce(value, 0) ELSE 0 END,
			CASE WHEN state = 'redeemed' THEN upper(currency) ELSE '' END
		FROM coupons WHERE customer_id = ANY($1) AND issued_at IS NOT NULL ORDER BY customer_id, id COLLATE "C"`, ids)
	if err != nil {
		return nil, err
	}
	out := map[string][]journey.CouponFact{}
	var id string
	var c journey.CouponFact
	var amount float64
	_, err = pgx.ForEachRow(rows, []any{&id, &c.ID, &c.Pool, &c.IssuedAt, &c.Redeemed, &amount, &c.Currency}, func() error {
		c.Worth = journey.Worth(amount)
		out[id] = append(out[id], c)
		return nil
	})
	return out, err
}

// queueLoadCoupons reads what is kept of customers' coupons into their facts.
func queueLoadCoupons(b *pgx.Batch, ids []string, out map[string]journey.CustomerFacts) {
	b.Queue(`
		SELECT customer_id, coupon_id, pool, issued_at, redeemed, worth, currency FROM report_coupons
		WHERE customer_id = ANY($1) ORDER BY customer_id, coupon_id COLLATE "C"`, ids).Query(func(rows pgx.Rows) error {
		var id string
		var c journey.CouponFact
		_, err := pgx.ForEachRow(rows, []any{&id, &c.ID, &c.Pool, &c.IssuedAt, &c.Redeemed, &c.Worth, &c.Currency}, func() error {
			f := out[id]
			f.Coupons = append(f.Coupons, c)
			out[id] = f
			return nil
		})
		return err
	})
}

func queueCouponFacts(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	b.Queue(`DELETE FROM report_coupons WHERE customer_id = ANY($1)`, ids)
	var who, coupons, pools, currencies []string
	var issued []time.Time
	var redeemed []bool
	var worth []int64
	for _, id := range ids {
		for _, c := range facts[id].Coupons {
			who, coupons, pools, currencies = append(who, id), append(coupons, c.ID), append(pools, c.Pool), append(currencies, c.Currency)
			issued, redeemed, worth = append(issued, c.IssuedAt), append(redeemed, c.Redeemed), append(worth, c.Worth)
		}
	}
	if len(who) > 0 {
		b.Queue(`
			INSERT INTO report_coupons (customer_id, coupon_id, pool, issued_at, redeemed, worth, currency)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::bigint[], $7::text[])`,
			who, coupons, pools, issued, redeemed, worth, currencies)
	}
}
