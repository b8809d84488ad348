package api

import (
	"context"
	"net/http"

	"perennial/journey"
)

type redeemIn struct {
	Code     string   `json:"code"`
	OrderID  string   `json:"order_id"`
	Value    *float64 `json:"value"`
	Currency string   `json:"currency"`
	Customer string   `json:"customer"`
}

func redeem(ctx context.Context, s *server, r *request, in redeemIn) (any, error) {
	c, err := s.Control.Redeem(ctx, r.By, journey.Redemption{Code: in.Code, OrderID: in.OrderID, Value: in.Value, Currency: in.Currency, Customer: in.Customer})
	return struct {
		Coupon journey.CouponView `json:"coupon"`
	}{c}, err
}

type codesIn struct {
	Codes []string `json:"codes"`
}

func addCodes(ctx context.Context, s *server, r *request, in codesIn) (any, error) {
	added, err := s.Control.AddCodes(ctx, r.By, r.param("key"), in.Codes)
	return struct {
		Added int `json:"added"`
	}{added}, err
}

func listPools(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Pools(ctx)
	return journey.Page[journey.CouponPool]{Data: list}, err
}

func getPool(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Pool(ctx, r.param("key"))
}

type poolIn struct {
	LowWater *int    `json:"low_water"`
	Team     *string `json:"team"`
}

func putPool(ctx context.Context, s *server, r *request, in poolIn) (any, error) {
	if in.Team != nil {
		p, err := s.Control.SetPoolTeam(ctx, r.By, r.param("key"), *in.Team)
		if err != nil || in.LowWater == nil {
			return p, err
		}
	}
	return s.Control.SetLowWater(ctx, r.By, r.param("key"), in.LowWater)
}

type giveIn struct {
	Pool   string `json:"pool"`
	Reason string `json:"reason"`
}

func giveCoupon(ctx context.Context, s *server, r *request, in giveIn) (any, error) {
	c, err := s.Control.GiveCoupon(ctx, r.By, r.param("id"), in.Pool, in.Reason)
	return answer{status: http.StatusCreated, body: struct {
		Coupon journey.CouponView `json:"coupon"`
	}{c}}, err
}
