package api

import (
	"context"
	"io"
	"net/http"
	"time"

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

type newPoolIn struct {
	Key      string `json:"key"`
	Alphabet string `json:"alphabet"`
	Length   int    `json:"length"`
}

func postPool(ctx context.Context, s *server, r *request, in newPoolIn) (any, error) {
	p, err := s.Control.MakePool(ctx, r.By, journey.Pool{Key: in.Key, Alphabet: in.Alphabet, Length: in.Length})
	return answer{status: http.StatusCreated, body: p}, err
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
	Pool      string     `json:"pool"`
	Reason    string     `json:"reason"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func giveCoupon(ctx context.Context, s *server, r *request, in giveIn) (any, error) {
	c, err := s.Control.GiveCoupon(ctx, r.By, r.param("id"), journey.CouponGift{Pool: in.Pool, Reason: in.Reason, ExpiresAt: in.ExpiresAt})
	return answer{status: http.StatusCreated, body: struct {
		Coupon journey.CouponView `json:"coupon"`
	}{c}}, err
}

// uploadCodes takes a file of codes of any length, and answers with what became of each line.
func uploadCodes(ctx context.Context, s *server, r *request, body io.Reader) (any, error) {
	out, err := s.Control.UploadCodes(ctx, r.By, r.param("key"), body)
	return answer{status: http.StatusOK, body: out}, err
}

func listPoolCoupons(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	pool, err := s.Read.Pool(ctx, r.param("key"))
	if err != nil {
		return nil, err
	}
	return s.Read.PoolCoupons(ctx, pool.Key, p)
}

func getCoupon(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Coupon(ctx, r.param("code"))
}
