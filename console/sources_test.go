package console_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/console"
	"perennial/journey"
)

// posts sends a webhook of a source, as a shop does.
func (o *office) posts(key, body string, headers ...string) int {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+"/hooks/in/"+key, strings.NewReader(body))
	require.NoError(o.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(o.t, err)
	require.NoError(o.t, answer.Body.Close())
	return answer.StatusCode
}

func signature(secret, body string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

func TestSources(t *testing.T) {
	t.Parallel()
	o := open(t, func(d *console.Deps) { d.Brand.PublicURL = "https://mail.oak.example" })
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/sources").body, "No sources yet")
	page := v.get("/sources/_new?preset=shopify").body
	assert.Contains(t, page, "https://mail.oak.example/hooks/in/shopify", "the address to paste is there before the source is")
	assert.Contains(t, page, "Refund creation")
	got := v.post("/sources/_new", url.Values{"preset": {"shopify"}, "key": {"Shop!"}, "secret": {"short"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, `value="Shop!"`, "what was typed is still there")

	const theirs = "what-shopify-shows-under-its-list"
	page = v.follow("/sources/_new", url.Values{"preset": {"shopify"}, "key": {"shop"}, "name": {"Our shop"}, "secret": {theirs}}).body
	assert.Contains(t, page, "Nothing has come in yet")
	assert.Contains(t, page, "orders/create")
	assert.NotContains(t, page, theirs)
	got = v.post("/sources/_new", url.Values{"preset": {"shopify"}, "key": {"shop"}, "secret": {theirs}})
	assert.Equal(t, http.StatusConflict, got.status, "a new one takes nobody's place")

	order := `{"id":4711,"email":"ada@example.com","total_price":"49.50","currency":"EUR","customer":{"id":17}}`
	signed := func(secret string) string { return base64.StdEncoding.EncodeToString(signature(secret, order)) }
	assert.Equal(t, http.StatusOK, o.posts("shop", order, "X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signed(theirs)))
	assert.Equal(t, http.StatusUnauthorized, o.posts("shop", order, "X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signed("another")))
	page = v.get("/sources/shop").body
	for _, said := range []string{">taken<", "2 events", ">refused<", "the signature does not match"} {
		assert.Contains(t, page, said)
	}
	assert.Contains(t, v.get("/sources").body, ">refused<", "the last one stands in the list")

	page = v.follow("/sources/shop/secret", url.Values{"secret": {"the-next-one-of-shopify"}}).body
	assert.Contains(t, page, "Two secrets are good")
	assert.Equal(t, http.StatusOK, o.posts("shop", order, "X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signed(theirs)))
	assert.Equal(t, http.StatusOK, o.posts("shop", order, "X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signed("the-next-one-of-shopify")))

	assert.Contains(t, v.post("/sources/shop", url.Values{"name": {"Our shop"}, "mapping": {`{"evnt": "type"}`}}).body, "unknown field")
	page = v.follow("/sources/shop", url.Values{"name": {"The shop"}, "mapping": {`{"email": "email", "events": {"*": {"as": "Something Happened"}}}`}}).body
	assert.Contains(t, page, "Something Happened")
	assert.Contains(t, page, "every other kind")
	page = v.follow("/sources/shop", url.Values{"name": {"The shop"}, "mapping": {" "}}).body
	assert.Contains(t, page, "orders/create", "an empty one is that of the preset")
	assert.Contains(t, v.follow("/sources/shop/delete", nil).body, "The source is gone")
	assert.Equal(t, http.StatusNotFound, v.get("/sources/shop").status)
	assert.Equal(t, http.StatusForbidden, o.as(journey.RoleMarketer).get("/sources").status, "as in the API")
}

func TestASourceWhoseSecretIsMadeHere(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	page := v.get("/sources/_new?preset=plain").body
	assert.Contains(t, page, "Order Completed", "there is a mapping to begin with")
	form := fieldsOf(t, page, "/sources/_new")
	form.Set("key", "till")
	got := v.post("/sources/_new", form)
	require.Equal(t, http.StatusOK, got.status, got.body)
	secret := secretIn(t, got.body)
	assert.NotContains(t, v.get("/sources/till").body, secret, "it is shown once")
	sale := `{"type":"order.paid","id":"r-1","customer":{"id":"u-17"},"order":{"id":"r-1","total":12.5,"currency":"EUR"}}`
	assert.Equal(t, http.StatusOK, o.posts("till", sale, "X-Signature", hex.EncodeToString(signature(secret, sale))))
	o.apply()
	ada, err := o.store.Customer(t.Context(), "user:u-17")
	require.NoError(t, err)
	assert.InDelta(t, 12.5, ada.Attributes["total_spent"], 0)
	next := secretIn(t, v.post("/sources/till/secret", url.Values{"secret": {""}}).body)
	assert.NotEqual(t, secret, next)

	w := o.browser()
	w.signInAgain(journey.RoleAdmin)
	w.around("sources", "/sources")
	w.around("new source", "/sources/_new?preset=plain")
	w.around("source", "/sources/till")
}
