package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// printed publishes win-back with a pool that is filled by hand.
func (s *shop) printed() {
	s.t.Helper()
	s.publish("win-back", strings.Replace(winBack, "pools: {", "pools: { printed: {}, other: {},", 1), winBackFiles)
}

func TestCodesComeFromAFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.printed()
	s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools/other/codes", m{"codes": []string{"TAKEN-1"}})
	const path = "/api/coupon-pools/printed/codes.csv"
	send := func(text string) reply {
		return s.call(journey.RoleMarketer, http.MethodPost, path, text, "Content-Type", "text/csv")
	}
	file := "\ufeffcode,note\none-1,first\nONE-2\n\n\"one-3\",x\none-1\ntaken-1\nhas blank\n" + strings.Repeat("x", 101) + "\n"
	got := send(file)
	require.Equal(t, 200, got.status, got.body)
	assert.Equal(t, []any{7.0, 3.0, 0.0, 4.0}, []any{got.json["lines"], got.json["added"], got.json["known"], got.json["refused_count"]})
	var refused []string
	for _, r := range got.json["refused"].([]any) {
		refused = append(refused, fmt.Sprint(r.(m)["line"], " ", r.(m)["reason"]))
	}
	assert.Equal(t, []string{"6 stands in line 2 already", "7 is a code of pool other", "8 holds a blank or a character that cannot be typed", "9 is over 100 bytes"}, refused)
	again := send(file + "one-4\n")
	assert.Equal(t, []any{1.0, 3.0}, []any{again.json["added"], again.json["known"]}, "the same again adds what is missing, and nothing twice")
	assert.Equal(t, 4, one[int](s, `SELECT count(*) FROM coupons WHERE pool = 'printed'`))
	assert.Equal(t, 415, send("PK\x03\x04").status)
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools/nowhere/codes.csv", "A\n", "Content-Type", "text/csv").status)
	assert.Equal(t, 403, s.call(journey.RoleSupport, http.MethodPost, path, "A\n", "Content-Type", "text/csv").status)
	open := send("A-1\n\"" + strings.Repeat("x", 1<<20))
	assert.Equal(t, 422, open.status, "a quote that is never closed does not fill the memory")
	assert.Contains(t, open.body, "is a quote left open?")
	packed := pack(strings.Repeat("0", 20<<20) + "\n")
	assert.Equal(t, 422, s.call(journey.RoleMarketer, http.MethodPost, path, packed, "Content-Type", "text/csv").status, "nor does a bomb")
	half := pack("HALF-1\n" + strings.Repeat("HALF\n", 5000))
	broken := s.call(journey.RoleMarketer, http.MethodPost, path, half[:len(half)-8], "Content-Type", "text/csv")
	assert.Equal(t, 400, broken.status, "what breaks off is no fault of ours: %s", broken.body)
	var many strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&many, "MANY-%d\n", i)
	}
	assert.InDelta(t, 12_000, send(many.String()).json["added"], 0, "in several transactions")
}

// A code that was made has a check character: what is mistyped is told at once, and never looks like somebody else's code.
func TestAMistypedCodeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	code := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/coupons", m{"pool": "comeback", "reason": "the parcel was late"}).json["coupon"].(m)["code"].(string)
	redeem := func(code string) reply {
		return s.call(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": code, "order_id": "o-1"})
	}
	wrong := "A" + code[1:]
	if code[0] == 'A' {
		wrong = "B" + code[1:]
	}
	got := redeem(wrong)
	assert.Equal(t, []any{404, "mistyped"}, []any{got.status, got.json["reason"]})
	assert.Equal(t, "unknown", redeem("SUMMER").json["reason"])
	assert.Equal(t, 200, redeem(strings.ToLower(code)).status)
	history := s.must(journey.RoleViewer, http.MethodGet, "/api/coupons/"+code, nil)
	assert.Equal(t, "redeemed", history.json["state"])
	assert.Len(t, history.json["events"], 2, "given, redeemed")
	assert.Equal(t, 404, s.call(journey.RoleViewer, http.MethodGet, "/api/coupons/"+wrong, nil).status)
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/coupon-pools/comeback/coupons?limit=1", nil)
	assert.Equal(t, code, list.json["data"].([]any)[0].(m)["code"])
}

// Support's coupon ends when support says; at that moment her stream says so, once, and not of one that was redeemed.
func TestCouponsExpireAtTheirMoment(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _ := s.enter("ada")
	until := s.wall.now().Add(48 * time.Hour)
	give := func() string {
		return s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/coupons",
			m{"pool": "comeback", "reason": "the parcel was late", "expires_at": until}).json["coupon"].(m)["code"].(string)
	}
	assert.Equal(t, 422, s.call(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/coupons",
		m{"pool": "comeback", "reason": "x", "expires_at": s.wall.now().Add(-time.Hour)}).status)
	used, left := give(), give()
	s.must(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": used, "order_id": "o-1"})
	n, next, err := s.store.ExpireCoupons(t.Context(), 100)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.WithinDuration(t, until, next, time.Millisecond)
	s.wall.pass(48 * time.Hour)
	for range 2 {
		_, next, err = s.store.ExpireCoupons(t.Context(), 100)
		require.NoError(t, err)
		assert.True(t, next.IsZero(), "nothing is left to end")
	}
	told := one[m](s, `SELECT properties FROM events WHERE name = 'Coupon Expired'`)
	assert.Equal(t, left, told["code"])
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Coupon Expired' AND customer_id = $1`, customer))
	refused := s.call(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": left, "order_id": "o-2"})
	assert.Equal(t, []any{409, "expired"}, []any{refused.status, refused.json["reason"]})
	assert.InDelta(t, 1, s.must(journey.RoleViewer, http.MethodGet, "/api/coupon-pools/comeback", nil).json["expired"], 0)
}
