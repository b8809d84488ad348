package console

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"perennial/journey"
)

type couponsData struct {
	List []journey.CouponPool
	Code string // that was looked for and is not there
	Why  string
}

// couponsPage lists the pools; with a code it goes to that one.
func couponsPage(ctx context.Context, r *request) (reply, error) {
	d := couponsData{Code: strings.TrimSpace(r.query("code"))}
	if d.Code != "" {
		c, err := r.Read.Coupon(ctx, d.Code)
		if err == nil {
			return reply{to: "/coupons/codes/" + url.PathEscape(c.Code)}, nil
		}
		if journey.CodeOf(err) != journey.CodeNotFound {
			return reply{}, err
		}
		d.Why = r.text("coupons." + reasonOf(err))
	}
	var err error
	d.List, err = r.Read.Pools(ctx)
	return reply{page: "coupons", data: d}, err
}

// poolData is one pool: its figures, its latest coupons, and what an upload came to.
type poolData struct {
	journey.CouponPool
	List   []journey.CouponView
	More   string
	Upload *journey.CodeUpload
}

func (d poolData) title() string { return d.Key }

// Onward is the address of the coupons that follow.
func (d poolData) Onward() string {
	return poolPath(d.Key) + "?after=" + url.QueryEscape(d.More)
}

func poolPage(ctx context.Context, r *request) (reply, error) { return r.pool(ctx, nil) }

func (r *request) pool(ctx context.Context, upload *journey.CodeUpload) (reply, error) {
	pool, err := r.Read.Pool(ctx, r.path("key"))
	if err != nil {
		return reply{}, err
	}
	found, err := r.Read.PoolCoupons(ctx, pool.Key, r.page(pageSize))
	return reply{page: "pool", data: poolData{pool, found.Data, more(found), upload}}, err
}

func poolPath(key string) string { return "/coupons/pools/" + url.PathEscape(key) }

// makePool makes a pool that no journey declares, and goes to its page, where codes are added.
func makePool(ctx context.Context, r *request) (reply, error) {
	pool := journey.Pool{Key: strings.TrimSpace(r.form.Get("key"))}
	if r.form.Get("how") == "made" {
		pool.Alphabet = journey.PlainAlphabet
		var err error
		if pool.Length, err = strconv.Atoi(strings.TrimSpace(r.form.Get("length"))); err != nil {
			pool.Length = -1 // no length either: it is told with the other faults
		}
	}
	made, err := r.Control.MakePool(ctx, r.by(), pool)
	switch {
	case err != nil:
		return reply{}, err
	case made.OnDemand:
		return r.seeOther(poolPath(made.Key), "coupons.made")
	}
	return r.seeOther(poolPath(made.Key), "coupons.made_empty")
}

func savePool(ctx context.Context, r *request) (reply, error) {
	low, err := strconv.Atoi(strings.TrimSpace(r.form.Get("low_water")))
	if err != nil {
		low = -1
	}
	if _, err := r.Control.SetLowWater(ctx, r.by(), r.path("key"), &low); err != nil {
		return reply{}, err
	}
	return r.seeOther(poolPath(r.path("key")), "coupons.saved")
}

// uploadCodes takes a file, or what was typed, and shows what it came to: line by line where something was wrong.
func uploadCodes(ctx context.Context, r *request) (reply, error) {
	typed := r.form.Get("codes")
	if file, _, err := r.http.FormFile("file"); err == nil {
		defer file.Close() //nolint:errcheck // it was read
		out, err := r.Control.UploadCodes(ctx, r.by(), r.path("key"), file)
		if err != nil {
			return reply{}, err
		}
		if out.Lines > 0 || typed == "" {
			return r.pool(ctx, &out)
		}
	}
	out, err := r.Control.UploadCodes(ctx, r.by(), r.path("key"), strings.NewReader(typed))
	if err != nil {
		return reply{}, err
	}
	return r.pool(ctx, &out)
}

// codeData is one coupon with what happened to it.
type codeData struct{ journey.CouponHistory }

func (d codeData) title() string { return d.Code }

func codePage(ctx context.Context, r *request) (reply, error) {
	c, err := r.Read.Coupon(ctx, r.path("code"))
	return reply{page: "code", data: codeData{c}}, err
}

// reasonOf is the word for programs in a fault.
func reasonOf(err error) string {
	var fault *journey.Fault
	if errors.As(err, &fault) {
		return fault.Reason
	}
	return ""
}
