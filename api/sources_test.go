package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// shopOrder is what Shopify posts of an order.
const shopOrder = `{"id":4711,"name":"#1042","email":"ada@example.com","total_price":"49.50","currency":"EUR","customer":{"id":17,"first_name":"Ada"}}`

func bodyMAC(secret, body string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

// shopify posts as Shopify does.
func (s *shop) shopify(secret, topic, body string) reply {
	s.t.Helper()
	return s.call("", http.MethodPost, "/hooks/in/shop", body, "X-Shopify-Topic", topic, "X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(bodyMAC(secret, body)))
}

func TestAShopThatOnlyHasWebhooks(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.must(journey.RoleAdmin, http.MethodPut, "/api/sources/shop", m{"preset": "shopify", "name": "Our shop"})
	secret := made.json["secret"].(string)
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/sources", nil).body, secret, "it is shown once")
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodPut, "/api/sources/shop", m{"preset": "shopify"}).body, "whsec_", "and stays")
	assert.Equal(t, 403, s.call(journey.RoleMarketer, http.MethodGet, "/api/sources", nil).status)

	tried := s.must(journey.RoleAdmin, http.MethodPost, "/api/sources/shop/try", `{"headers":{"X-Shopify-Topic":"orders/create"},"body":`+shopOrder+`}`)
	events := tried.json["events"].([]any)
	require.Len(t, events, 2)
	assert.Equal(t, "Order Completed", events[1].(m)["name"])
	assert.Zero(t, one[int](s, `SELECT count(*) FROM events`), "nothing follows from trying")

	assert.Equal(t, "taken", s.shopify(secret, "orders/create", shopOrder).json["effect"])
	s.apply()
	ada, err := s.store.Customer(t.Context(), "user:17")
	require.NoError(t, err)
	assert.Equal(t, "ada@example.com", ada.Email)
	assert.InDelta(t, 49.5, ada.Attributes["total_spent"], 0)
	assert.Equal(t, "again", s.shopify(secret, "orders/create", shopOrder).json["effect"], "played again it has no effect")
	assert.Equal(t, "ignored", s.shopify(secret, "themes/update", shopOrder).json["effect"])
	assert.Equal(t, 401, s.shopify("another", "orders/create", shopOrder).status)
	assert.Equal(t, 400, s.shopify(secret, "orders/create", "not JSON").status)
	s.apply()
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Order Completed'`))
	list := s.must(journey.RoleAdmin, http.MethodGet, "/api/sources/shop/deliveries?limit=3", nil)
	said := []string{}
	for _, d := range list.json["data"].([]any) {
		said = append(said, d.(m)["effect"].(string))
	}
	assert.Equal(t, []string{"refused", "refused", "ignored"}, said, "the newest first")
	assert.Contains(t, list.body, "the signature does not match")
	assert.NotContains(t, list.body, "ada@example.com", "what it said is not kept there")
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/sources/shop/deliveries?cursor="+list.json["next"].(string), nil).body, "again")

	refund := `{"id":%d,"order_id":%s,"created_at":"2030-05-06T08:00:00Z","transactions":[{"amount":"%s","currency":"EUR"}]}`
	for i, amount := range []string{"10.00", "5.50", "2.25"} {
		got := s.shopify(secret, "refunds/create", fmt.Sprintf(refund, i, "4711", amount))
		require.Equal(t, "taken", got.json["effect"], got.body)
		if i > 0 { // the first two come before either is applied
			s.apply()
		}
		assert.Equal(t, "again", s.shopify(secret, "refunds/create", fmt.Sprintf(refund, i, "4711", amount)).json["effect"])
	}
	ada, err = s.store.Customer(t.Context(), "user:17")
	require.NoError(t, err)
	assert.InDelta(t, 31.75, ada.Attributes["total_spent"], 0, "a refund names its order alone, and parts add up")
	assert.Equal(t, "again", s.shopify(secret, "orders/cancelled", shopOrder).json["effect"], "the order as it came in says of no cancellation")
	assert.Contains(t, s.shopify(secret, "refunds/create", fmt.Sprintf(refund, 9, "4712", "1")).json["reason"], `no order "4712" is known`)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/sources", nil).body, `no order \"4712\" is known`, "and what came in last stands in the list")

	next := s.must(journey.RoleAdmin, http.MethodPost, "/api/sources/shop/secret", m{}).json["secret"].(string)
	assert.Equal(t, "again", s.shopify(secret, "orders/create", shopOrder).json["effect"], "the one before is good for a day")
	assert.Equal(t, "again", s.shopify(next, "orders/create", shopOrder).json["effect"])
	s.wall.pass(25 * time.Hour)
	assert.Equal(t, 401, s.shopify(secret, "orders/create", shopOrder).status)
	assert.Equal(t, 204, s.call(journey.RoleAdmin, http.MethodDelete, "/api/sources/shop", nil).status)
	assert.Equal(t, 404, s.shopify(next, "orders/create", shopOrder).status)
}

// Who cannot sign is bounded, and takes nothing of what the source may tell.
func TestStrangersUseUpNothingOfASource(t *testing.T) {
	t.Parallel()
	s := open(t, func(d *api.Deps) { d.Rate, d.Burst = 0.001, 3 })
	secret := s.must(journey.RoleAdmin, http.MethodPut, "/api/sources/shop", m{"preset": "shopify"}).json["secret"].(string)
	said := []int{}
	for range 4 {
		said = append(said, s.shopify("another", "orders/create", shopOrder).status)
	}
	assert.Equal(t, []int{401, 401, 401, 429}, said)
	said = said[:0]
	for range 4 {
		said = append(said, s.shopify(secret, "orders/create", shopOrder).status)
	}
	assert.Equal(t, []int{200, 200, 200, 429}, said)
	assert.Equal(t, 3, one[int](s, `SELECT count(*) FROM source_deliveries WHERE effect = 'refused'`), "what was not let in is not noted")
}

func TestASourceWithAMappingOfItsOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u-17", "traits": m{"email": "ada@example.com"}})
	s.apply()
	refused := s.call(journey.RoleAdmin, http.MethodPut, "/api/sources/Till", m{"preset": "plane", "secret": "short", "mapping": m{"total": "a..b", "events": m{}}})
	assert.Equal(t, 422, refused.status)
	for _, field := range []string{"key", "preset", "secret", "mapping.total", "mapping.events"} {
		assert.Contains(t, refused.body, `"`+field+`"`, "all faults at once")
	}
	assert.Equal(t, 400, s.call(journey.RoleAdmin, http.MethodPut, "/api/sources/till", m{"preset": "plain", "mapping": m{"evnts": m{}}}).status)
	const secret = "the-till-of-the-corner-shop"
	s.must(journey.RoleAdmin, http.MethodPut, "/api/sources/till", m{"preset": "plain", "secret": secret, "mapping": m{
		"event": "kind", "id": "receipt", "email": "who.mail", "events": m{"sale": m{"as": "Order Completed", "order_id": "receipt", "total": "cents", "minor_units": true, "currency": "=EUR"}}}})
	body := `{"kind":"sale","receipt":"r-1","who":{"mail":"Ada@Example.com"},"cents":1250}`
	got := s.call("", http.MethodPost, "/hooks/in/till", body, "X-Signature", "sha256="+hex.EncodeToString(bodyMAC(secret, body)))
	require.Equal(t, "taken", got.json["effect"], got.body)
	s.apply()
	ada, err := s.store.Customer(t.Context(), "user:u-17")
	require.NoError(t, err)
	assert.InDelta(t, 12.5, ada.Attributes["total_spent"], 0, "by her address it is the customer whom the shop knows by an id")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM customers`))
}
