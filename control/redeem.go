package control

import (
	"context"
	"math"
	"strings"

	"perennial/journey"
)

// Redeem marks a coupon as used on an order. The same code and order again has no effect; whatever stands against it is
// CodeConflict with its reason: redeemed, expired, released or not_hers. customer may be "", named as in Customer otherwise.
func (c *Control) Redeem(ctx context.Context, by journey.Actor, r journey.Redemption) (journey.CouponView, error) {
	r.Code, r.By = strings.TrimSpace(r.Code), by
	switch {
	case r.Code == "" || len(r.Code) > 100:
		return journey.CouponView{}, invalid("code", "is missing or over 100 bytes", "send the code that the customer typed")
	case r.OrderID == "" || len(r.OrderID) > 200:
		return journey.CouponView{}, invalid("order_id", "is missing or over 200 bytes", "send your own id of the order")
	case r.Value != nil && (math.IsNaN(*r.Value) || math.IsInf(*r.Value, 0)):
		return journey.CouponView{}, invalid("value", "is not a number", "send the value of the order")
	}
	if r.Customer != "" {
		who, err := c.Store.Customer(ctx, r.Customer)
		if err != nil {
			return journey.CouponView{}, err
		}
		r.Customer = who.ID
	}
	return c.Store.Redeem(ctx, r)
}

// AddCodes puts codes into a pool, and lets those go on who hold because it was empty.
func (c *Control) AddCodes(ctx context.Context, by journey.Actor, pool string, codes []string) (added int, err error) {
	if len(codes) == 0 || len(codes) > 10_000 {
		return 0, invalid("codes", "is empty or longer than 10,000", "send the rest in further requests")
	}
	for _, code := range codes {
		if code == "" || len(code) > 100 || strings.TrimSpace(code) != code {
			return 0, invalid("codes", "a code is 1 to 100 bytes without spaces around it", "send codes as customers type them")
		}
	}
	return c.Store.AddCodes(ctx, pool, codes, by)
}
