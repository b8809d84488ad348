package console_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestCouponsInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	o.exec(`INSERT INTO pools (key) VALUES ('printed')`)
	v := o.as(journey.RoleMarketer)
	page := v.follow("/coupons", url.Values{"key": {"summer"}, "how": {"added"}}).body
	assert.Contains(t, page, "The pool is made. Add its codes here.")
	assert.Contains(t, v.follow("/coupons", url.Values{"key": {"sorry"}, "how": {"made"}, "length": {"8"}}).body, "Its codes are made as they are given")
	page = v.post("/coupons", url.Values{"key": {"summer"}, "how": {"made"}, "length": {"eight"}}).body
	assert.Contains(t, page, "is not a whole number from 4 to 64")
	assert.Contains(t, v.post("/coupons", url.Values{"key": {"summer"}, "how": {"added"}}).body, "pool summer exists already")
	page = v.post("/coupons/pools/printed/codes", url.Values{"codes": {"ONE-1\nONE-2\nONE-1\n"}}).body
	assert.Contains(t, page, "Lines: 3. Added: 2. Here before: 0. Not taken: 1.")
	assert.Contains(t, page, "stands in line 1 already")
	page = v.follow("/coupons/pools/printed", url.Values{"low_water": {"5"}}).body
	assert.Contains(t, page, "Running low")
	assert.Contains(t, v.post("/coupons/pools/printed", url.Values{"low_water": {"many"}}).body, "is not a number")
	assert.Contains(t, v.get("/coupons").body, "2 codes left")
	code := one[string](o, `SELECT code FROM coupons WHERE customer_id = $1 LIMIT 1`, ada)
	assert.Equal(t, 303, v.get("/coupons?code="+code).status)
	assert.Contains(t, v.get("/coupons/codes/"+code).body, `href="/customers/`+ada+`"`)
	assert.Contains(t, v.get("/coupons?code=NOTHING").body, "There is no coupon with this code.")
	assert.Regexp(t, `(?s)What happened to it.*Given`, v.get("/coupons/codes/"+code).body)
	o.exec(`UPDATE coupons SET state = 'redeemed', redeemed_at = issued_at, order_id = 'o-1', value = 49.5, currency = 'EUR' WHERE code = $1`, code)
	assert.Contains(t, v.get("/coupons/codes/"+code).body, "order o-1 · €49.50")
	assert.Contains(t, v.get("/coupons/pools/comeback").body, "€49.50")
	assert.Equal(t, 403, o.as(journey.RoleViewer).post("/coupons/pools/printed", url.Values{"low_water": {"5"}}).status)

	w := o.browser()
	w.signIn(journey.RoleAdmin)
	w.around("coupons", "/coupons?code=NOTHING")
	w.around("pool", "/coupons/pools/printed")
	w.around("code", "/coupons/codes/"+code)
}
