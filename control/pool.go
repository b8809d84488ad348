package control

import (
	"context"
	"fmt"

	"perennial/journey"
)

// PoolLevels is where pools are made, and where it is kept who is told when one runs out of codes.
type PoolLevels interface {
	MakePool(ctx context.Context, pool journey.Pool, by journey.Actor) (journey.CouponPool, error)
	SetPoolTeam(ctx context.Context, key, team string, by journey.Actor) (journey.CouponPool, error)
	TellPoolLevels(ctx context.Context, say func(pool string, free, lowWater int) string) (int, error)
}

// MakePool makes a pool that no journey has declared: one that makes its codes, or one that codes are added to. Every fault is reported at
// once; a key that is taken is CodeConflict.
func (c *Control) MakePool(ctx context.Context, by journey.Actor, pool journey.Pool) (journey.CouponPool, error) {
	faults := pool.Faults()
	if !journeyKey.MatchString(pool.Key) {
		faults = append(faults, journey.Problem{Path: "key", Message: "a pool's key is made of a-z, 0-9 and -", Mend: "e.g. summer-2030"})
	}
	if len(faults) > 0 {
		return journey.CouponPool{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the pool cannot be made", Problems: faults}
	}
	return c.Store.MakePool(ctx, pool, by)
}

// SetPoolTeam says which team is told when a pool is low or empty; "": the default one.
func (c *Control) SetPoolTeam(ctx context.Context, by journey.Actor, pool, team string) (journey.CouponPool, error) {
	return c.Store.SetPoolTeam(ctx, pool, team, by)
}

// WatchPools tells teams of pools that have become low or empty, each crossing once, and returns how many.
func (c *Control) WatchPools(ctx context.Context) (int, error) {
	return c.Store.TellPoolLevels(ctx, c.poolWords)
}

// poolWords say what is wrong with a pool in one line, then what follows, and where codes are added.
func (c *Control) poolWords(pool string, free, lowWater int) string {
	where := "POST /api/coupon-pools/" + pool + "/codes adds codes."
	if c.Brand.PublicURL != "" {
		where = c.Brand.PublicURL + "/coupons/pools/" + pool
	}
	switch free {
	case 0:
		return "The coupon pool " + pool + " is empty\nCustomers whom a journey gives one of its codes wait, or go on without.\n" + where
	case 1:
		return fmt.Sprintf("The coupon pool %s is running out: 1 code is left\nIt is low from %d on.\n%s", pool, lowWater, where)
	}
	return fmt.Sprintf("The coupon pool %s is running out: %d codes are left\nIt is low from %d on.\n%s", pool, free, lowWater, where)
}
