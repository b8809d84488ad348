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
	var faults journey.Problems
	if r.Code == "" || len(r.Code) > 100 {
		faults = append(faults, journey.Problem{Path: "code", Message: "is missing or over 100 bytes", Mend: "send the code that the customer typed"})
	}
	if r.OrderID == "" || len(r.OrderID) > 200 {
		faults = append(faults, journey.Problem{Path: "order_id", Message: "is missing or over 200 bytes", Mend: "send your own id of the order"})
	}
	if r.Value != nil && (math.IsNaN(*r.Value) || math.IsInf(*r.Value, 0)) {
		faults = append(faults, journey.Problem{Path: "value", Message: "is not a number", Mend: "send the value of the order"})
	}
	if len(faults) > 0 {
		return journey.CouponView{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: faults}
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

// mostLowWater is the highest low-water mark of a pool.
const mostLowWater = 1_000_000

// SetLowWater says from which number of free codes on a pool is low; 0: never.
func (c *Control) SetLowWater(ctx context.Context, by journey.Actor, pool string, low *int) (journey.CouponPool, error) {
	if low == nil || *low < 0 || *low > mostLowWater {
		return journey.CouponPool{}, invalid("low_water", "is not a number from 0 to 1,000,000", "send the number of free codes at which to warn; 0 never does")
	}
	return c.Store.SetLowWater(ctx, pool, *low, by)
}

// GiveCoupon gives a customer one code outside of any journey. An empty pool is CodeConflict with the reason empty.
func (c *Control) GiveCoupon(ctx context.Context, by journey.Actor, customer string, g journey.CouponGift) (journey.CouponView, error) {
	g.Reason = strings.TrimSpace(g.Reason)
	var faults journey.Problems
	if g.Pool == "" {
		faults = append(faults, journey.Problem{Path: "pool", Message: "is missing", Mend: "GET /api/coupon-pools lists them"})
	}
	if g.Reason == "" || len(g.Reason) > 500 {
		faults = append(faults, journey.Problem{Path: "reason", Message: "is missing or over 500 bytes", Mend: "say why she gets it, for those who wonder later"})
	}
	if g.ExpiresAt != nil && !g.ExpiresAt.After(c.Clock.Now()) {
		faults = append(faults, journey.Problem{Path: "expires_at", Message: "lies in the past", Mend: "leave it out for a coupon that does not expire"})
	}
	if len(faults) > 0 {
		return journey.CouponView{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: faults}
	}
	return c.Store.GiveCoupon(ctx, customer, g, by)
}
