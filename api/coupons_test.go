package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestPoolsAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", strings.Replace(winBack, "comeback: { alphabet: ABCDEFGHJKLMNPQRSTUVWXYZ, length: 10 }", "comeback: {}, sorry: { alphabet: ABCDEFGHJK, length: 8 }", 1), winBackFiles)
	codes := []string{"A-1", "A-2", "A-3", "A-4", "A-5", "A-6"}
	s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools/comeback/codes", m{"codes": codes})
	customer, _ := s.enter("ada")
	give := func(pool string) string {
		got := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/coupons", m{"pool": pool, "reason": "the parcel was late"})
		return got.json["coupon"].(m)["code"].(string)
	}
	for i, bought := range []struct {
		value    any
		currency string
	}{{49.5, "EUR"}, {10, "EUR"}, {20, "CHF"}} {
		s.must(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": give("comeback"), "order_id": codes[i], "value": bought.value, "currency": bought.currency})
	}
	expired := give("comeback")
	_, err := s.sql.Exec(t.Context(), `UPDATE coupons SET expires_at = $2 WHERE code = $1`, expired, s.wall.now().Add(-time.Second))
	require.NoError(t, err)
	give("comeback")
	give("sorry")

	assert.Equal(t, 422, s.call(journey.RoleMarketer, http.MethodPut, "/api/coupon-pools/comeback", m{}).status)
	assert.Equal(t, 422, s.call(journey.RoleMarketer, http.MethodPut, "/api/coupon-pools/comeback", m{"low_water": -1}).status)
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodPut, "/api/coupon-pools/nowhere", m{"low_water": 1}).status)
	assert.Equal(t, 404, s.call(journey.RoleViewer, http.MethodGet, "/api/coupon-pools/nowhere", nil).status)
	assert.Equal(t, false, s.must(journey.RoleViewer, http.MethodGet, "/api/coupon-pools/comeback", nil).json["low"])
	s.must(journey.RoleMarketer, http.MethodPut, "/api/coupon-pools/comeback", m{"low_water": 1})
	s.must(journey.RoleMarketer, http.MethodPut, "/api/coupon-pools/sorry", m{"low_water": 1})
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/coupon-pools", nil).json["data"].([]any)
	assert.Equal(t, []any{
		m{"key": "comeback", "on_demand": false, "low_water": 1.0, "low": true, "free": 1.0, "issued": 1.0, "redeemed": 3.0, "expired": 1.0,
			"released": 0.0, "revenue": m{"EUR": 59.5, "CHF": 20.0}},
		m{"key": "sorry", "on_demand": true, "low_water": 1.0, "low": false, "free": 0.0, "issued": 1.0, "redeemed": 0.0, "expired": 0.0,
			"released": 0.0, "revenue": m{}},
	}, list)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, `"pool.put"`)

	give("comeback")
	empty := s.call(journey.RoleSupport, http.MethodPost, "/api/customers/"+customer+"/coupons", m{"pool": "comeback", "reason": "again"})
	assert.Equal(t, 409, empty.status)
	assert.Equal(t, "empty", empty.json["reason"])
}

func TestSupportGivesACoupon(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _ := s.enter("ada")
	path := "/api/customers/user:ada/coupons"
	given := s.must(journey.RoleSupport, http.MethodPost, path, m{"pool": "comeback", "reason": "the parcel was late"}, "Idempotency-Key", "k1")
	assert.Equal(t, 201, given.status)
	code := given.json["coupon"].(m)["code"].(string)
	again := s.must(journey.RoleSupport, http.MethodPost, path, m{"pool": "comeback", "reason": "the parcel was late"}, "Idempotency-Key", "k1")
	assert.Equal(t, code, again.json["coupon"].(m)["code"], "the same request is the same coupon")
	coupons := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:ada", nil).json["coupons"].([]any)
	require.Len(t, coupons, 1)
	assert.Equal(t, code, coupons[0].(m)["code"])
	s.apply()
	assert.Contains(t, s.timeline(customer), "was given "+code+" by support")
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "the parcel was late")
	redeemed := s.must(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": code, "order_id": "o1", "customer": "user:ada"})
	assert.Equal(t, "redeemed", redeemed.json["coupon"].(m)["state"])

	refused := s.call(journey.RoleSupport, http.MethodPost, path, m{})
	assert.Equal(t, 422, refused.status)
	assert.Contains(t, refused.body, "pool")
	assert.Contains(t, refused.body, "reason")
	assert.Equal(t, 404, s.call(journey.RoleSupport, http.MethodPost, path, m{"pool": "nowhere", "reason": "x"}).status)
	assert.Equal(t, 404, s.call(journey.RoleSupport, http.MethodPost, "/api/customers/user:nobody/coupons", m{"pool": "comeback", "reason": "x"}).status)
}

// A pool that no journey declares is made by the API: one that codes are added to, and one that makes its own.
func TestAPoolIsMade(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools", m{"key": "summer"})
	assert.Equal(t, 201, made.status)
	assert.Equal(t, false, made.json["on_demand"])
	s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools/summer/codes", m{"codes": []string{"SUN-1"}})
	s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools", m{"key": "sorry", "alphabet": journey.PlainAlphabet, "length": 8})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "ada", "traits": m{"email": "ada@example.com"}})
	s.apply()
	for pool, length := range map[string]int{"summer": 5, "sorry": 8} {
		got := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/coupons", m{"pool": pool, "reason": "the parcel was late"})
		assert.Len(t, got.json["coupon"].(m)["code"], length)
	}

	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools", m{"key": "summer"}).status)
	assert.Equal(t, 403, s.call(journey.RoleSupport, http.MethodPost, "/api/coupon-pools", m{"key": "winter"}).status)
	wrong := s.call(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools", m{"key": "Winter sale", "alphabet": "AAB", "length": 2})
	assert.Equal(t, 422, wrong.status)
	assert.Len(t, wrong.json["problems"], 3, "all at once: %s", wrong.body)
	assert.Equal(t, 422, s.call(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools", m{"key": "half", "length": 8}).status)
}
