package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// GivingPools returns the keys of the pools that have a code to give.
func (s *Store) GivingPools(ctx context.Context) (_ []string, err error) {
	defer wrap(&err, "listing the pools that have codes")
	rows, err := s.pool.Query(ctx, `
		SELECT key FROM pools p WHERE alphabet <> '' AND length > 0 OR EXISTS (SELECT FROM coupons c WHERE c.pool = p.key AND c.state = 'free') ORDER BY key`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Pools says how many coupons every pool has, by key, as they stand now.
func (s *Store) Pools(ctx context.Context) (_ []journey.CouponPool, err error) {
	defer wrap(&err, "counting coupons")
	return s.poolsNamed(ctx, s.pool, "")
}

// Pool counts the coupons of one pool. The fault is not_found.
func (s *Store) Pool(ctx context.Context, key string) (p journey.CouponPool, err error) {
	defer wrap(&err, "counting the coupons of pool %q", key)
	return s.poolNamed(ctx, s.pool, key)
}

// MakePool makes a pool that is not there yet. The fault is conflict where another has the key.
func (s *Store) MakePool(ctx context.Context, pool journey.Pool, by journey.Actor) (p journey.CouponPool, err error) {
	defer wrap(&err, "making pool %q", pool.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO pools (key, alphabet, length) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, pool.Key, pool.Alphabet, pool.Length)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeConflict, "pool %s exists already", pool.Key)
		}
		if p, err = s.poolNamed(ctx, tx, pool.Key); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "pool.make", target: pool.Key, detail: map[string]any{"on_demand": p.OnDemand}})
	})
	return p, err
}

// SetLowWater says from which number of free codes on a pool is low; 0: never. The fault is not_found.
func (s *Store) SetLowWater(ctx context.Context, key string, low int, by journey.Actor) (p journey.CouponPool, err error) {
	defer wrap(&err, "changing pool %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE pools SET low_water = $2 WHERE key = $1`, key, low); err != nil {
			return err
		}
		if p, err = s.poolNamed(ctx, tx, key); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "pool.put", target: key, detail: map[string]any{"low_water": low}})
	})
	return p, err
}

func (s *Store) poolNamed(ctx context.Context, q querier, key string) (journey.CouponPool, error) {
	list, err := s.poolsNamed(ctx, q, key)
	if err == nil && len(list) == 0 {
		err = noPool(key)
	}
	if err != nil {
		return journey.CouponPool{}, err
	}
	return list[0], nil
}

func noPool(key string) error {
	return journey.Faultf(journey.CodeNotFound, "there is no pool %q; a journey declares it under `pools`", key)
}

// poolsNamed reads one pool, or with "" all of them, from the counters that the coupons keep. Whether a coupon has expired is asked of the
// clock: those whose time is over and whose row does not say so yet, which ExpireCoupons looks after, are counted one by one.
func (s *Store) poolsNamed(ctx context.Context, q querier, key string) ([]journey.CouponPool, error) {
	rows, err := q.Query(ctx, `
		WITH counted AS (
			SELECT pool, state, currency, sum(n) AS n, sum(valued) AS valued, sum(value) AS value
			FROM coupon_counts WHERE $1 = '' OR pool = $1 GROUP BY 1, 2, 3
		), over AS (
			SELECT pool, count(*) AS n FROM coupons WHERE state = 'issued' AND expires_at <= $2 AND ($1 = '' OR pool = $1) GROUP BY 1
		)
		SELECT p.key, p.alphabet <> '' AND p.length > 0, p.low_water, p.team,
			coalesce(sum(c.n) FILTER (WHERE c.state = 'free'), 0)::bigint,
			coalesce(sum(c.n) FILTER (WHERE c.state = 'issued'), 0)::bigint - coalesce(max(o.n), 0),
			coalesce(sum(c.n) FILTER (WHERE c.state = 'redeemed'), 0)::bigint,
			coalesce(sum(c.n) FILTER (WHERE c.state = 'expired'), 0)::bigint + coalesce(max(o.n), 0),
			coalesce(sum(c.n) FILTER (WHERE c.state = 'released'), 0)::bigint,
			coalesce(jsonb_object_agg(c.currency, c.value::float8) FILTER (WHERE c.state = 'redeemed' AND c.valued > 0), '{}')
		FROM pools p LEFT JOIN counted c ON c.pool = p.key LEFT JOIN over o ON o.pool = p.key
		WHERE $1 = '' OR p.key = $1 GROUP BY p.key ORDER BY p.key`, key, s.clock.Now())
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p journey.CouponPool, err error) {
		err = row.Scan(&p.Key, &p.OnDemand, &p.LowWater, &p.Team, &p.Free, &p.Issued, &p.Redeemed, &p.Expired, &p.Released, &p.Revenue)
		p.Low = !p.OnDemand && p.LowWater > 0 && p.Free <= p.LowWater
		return p, err
	})
	return nonNil(list), err
}

// GiveCoupon gives a customer, named as in Customer, one code of a pool outside of any journey, and appends Coupon Issued to her
// stream. CodeNotFound: no such customer or pool; CodeConflict with the reason empty: the pool has no code.
func (s *Store) GiveCoupon(ctx context.Context, ref string, g journey.CouponGift, by journey.Actor) (c journey.CouponView, err error) {
	pool := g.Pool
	defer wrap(&err, "giving a coupon of pool %q", pool)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		id, err := lockCustomerNamed(ctx, tx, ref)
		if err != nil {
			return err
		}
		var known bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pools WHERE key = $1)`, pool).Scan(&known); err != nil {
			return err
		}
		if !known {
			return noPool(pool)
		}
		now := s.clock.Now()
		taken, err := s.takeCoupon(ctx, tx, enrollment{CustomerID: id}, journey.CouponRequest{Pool: pool}, now)
		if err != nil {
			return err
		}
		if taken == nil {
			fault := journey.Faultf(journey.CodeConflict, "pool %q has no code left; POST /api/coupon-pools/%s/codes adds some", pool, pool)
			fault.Reason = "empty"
			return fault
		}
		if g.ExpiresAt != nil {
			if _, err := tx.Exec(ctx, `UPDATE coupons SET expires_at = $2 WHERE id = $1`, taken.ID, *g.ExpiresAt); err != nil {
				return err
			}
		}
		c = journey.CouponView{ExpiresAt: g.ExpiresAt, ID: taken.ID, Pool: pool, Code: taken.Code, State: "issued", Customer: id, IssuedAt: &now}
		told := &journey.Event{Name: journey.EventCouponIssued, Properties: map[string]any{
			"pool": pool, "code": c.Code, "coupon": c.ID, "source": "support"}}
		if err := s.tellOf(ctx, tx, id, told); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "customer.coupon", target: id, detail: map[string]any{"pool": pool, "coupon": c.ID, "reason": g.Reason}})
	})
	return c, err
}

// lockCustomerNamed locks a customer, named as in Customer, and returns her id. The fault is not_found.
func lockCustomerNamed(ctx context.Context, tx pgx.Tx, ref string) (string, error) {
	id, err := resolve(ctx, tx, ref)
	if err != nil {
		return "", err
	}
	if err := lockCustomers(ctx, tx, []string{id}); err != nil {
		return "", err
	}
	now, err := resolve(ctx, tx, ref)
	if err == nil && now != id {
		err = errAgain // merged while we waited
	}
	return id, err
}

// KnownCodes says which of the codes, in upper case, are there already, and in which pool.
func (s *Store) KnownCodes(ctx context.Context, codes []string) (_ map[string]string, err error) {
	defer wrap(&err, "looking for %d codes", len(codes))
	known := map[string]string{}
	rows, err := s.pool.Query(ctx, `SELECT code, pool FROM coupons WHERE code = ANY($1)`, codes)
	if err != nil {
		return nil, err
	}
	var code, pool string
	_, err = pgx.ForEachRow(rows, []any{&code, &pool}, func() error {
		known[code] = pool
		return nil
	})
	return known, err
}
