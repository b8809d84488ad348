package control

import (
	"context"
	"fmt"

	"perennial/journey"
)

// PoolLevels is where it is kept who is told when a pool runs out of codes.
type PoolLevels interface {
	SetPoolTeam(ctx context.Context, key, team string, by journey.Actor) (journey.CouponPool, error)
	TellPoolLevels(ctx context.Context, say func(pool string, free, lowWater int) string) (int, error)
}

// SetPoolTeam says which team is told when a pool is low or empty; "": the default one.
func (c *Control) SetPoolTeam(ctx context.Context, by journey.Actor, pool, team string) (journey.CouponPool, error) {
	return c.Store.SetPoolTeam(ctx, pool, team, by)
}

// WatchPools tells teams of pools that have become low or empty, each crossing once, and returns how many.
func (c *Control) WatchPools(ctx context.Context) (int, error) {
	return c.Store.TellPoolLevels(ctx, func(pool string, free, lowWater int) string {
		if free == 0 {
			return fmt.Sprintf("The coupon pool %s is empty: customers whom a journey gives one of its codes wait, or go on without. "+
				"POST /api/coupon-pools/%s/codes adds codes.", pool, pool)
		}
		return fmt.Sprintf("The coupon pool %s is running out: %d codes are left, and it is low from %d on. POST /api/coupon-pools/%s/codes adds codes.",
			pool, free, lowWater, pool)
	})
}
