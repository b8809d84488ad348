package journey

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hook(body string, headers ...string) SourceIn {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return SourceIn{Body: []byte(body), Header: h.Get}
}

func presetSource(t *testing.T, p SourcePreset) Source {
	t.Helper()
	m, has := p.Preset()
	require.True(t, has)
	require.Empty(t, m.Check("mapping"))
	return Source{Key: "shop", Preset: p, Mapping: m}
}

func TestWhatAShopsWebhooksBecome(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	out, err := presetSource(t, PresetShopify).Map(hook(`{"id":820982911946154508,"name":"#1042","email":"ada@example.com","total_price":"199.00","currency":"eur",
		"created_at":"2030-05-06T10:30:00+02:00","customer":{"id":115310627314723954,"first_name":"Ada","last_name":null},"line_items":[{"sku":"soap","price":"4.50"}]}`,
		"X-Shopify-Topic", "orders/create"), now)
	require.NoError(t, err)
	require.Len(t, out.Events, 2)
	assert.Equal(t, map[string]any{"email": "ada@example.com", "first_name": "Ada"}, out.Events[0].Properties, "who she is")
	order := out.Events[1]
	assert.Equal(t, "Order Completed", order.Name)
	assert.Equal(t, "115310627314723954", order.UserID, "an id keeps every digit")
	assert.Equal(t, map[string]any{"order_id": "820982911946154508", "order_number": "#1042", "total": 199.0, "currency": "EUR",
		"products": []any{map[string]any{"sku": "soap", "price": "4.50"}}}, order.Properties)
	assert.Equal(t, time.Date(2030, 5, 6, 8, 30, 0, 0, time.UTC), order.At)

	out, err = presetSource(t, PresetShopify).Map(hook(`{"id":929361464,"order_id":820982911946154508,"created_at":"2030-05-06T10:30:00+02:00",
		"transactions":[{"amount":"10.10","currency":"EUR"},{"amount":"20.20","currency":"EUR"}]}`, "X-Shopify-Topic", "refunds/create"), now)
	require.NoError(t, err)
	require.Len(t, out.Events, 1)
	assert.Equal(t, map[string]any{"order_id": "820982911946154508", "total": 30.3, "currency": "EUR", "refund_id": int64(929361464), "amount": 30.3},
		out.Events[0].Properties)
	placed := PlacedOrder{UserID: "115310627314723954", Refunded: 5}
	found := out.OfOrder([]PlacedOrder{placed})
	assert.Equal(t, "115310627314723954", found.Events[0].UserID, "whose order it was")
	assert.InDelta(t, 35.3, found.Events[0].Properties["total"], 0, "what was given back altogether")
	assert.InDelta(t, 30.3, found.Events[0].Properties["amount"], 0, "and by this one")
	assert.Contains(t, out.OfOrder(nil).Ignored, `no order "820982911946154508" is known`)
	assert.Contains(t, out.OfOrder([]PlacedOrder{placed, {UserID: "u-2"}}).Ignored, "several have an order")

	out, err = presetSource(t, PresetWooCommerce).Map(hook(`{"id":727,"total":"29.35","currency":"USD","customer_id":0,"billing":{"email":"ben@example.com"},
		"date_created_gmt":"2030-05-06T08:00:00"}`, "X-WC-Webhook-Topic", "order.created"), now)
	require.NoError(t, err)
	assert.Equal(t, "email:ben@example.com", out.Events[1].AnonymousID, "a guest is known by her address")
	assert.Equal(t, now.Add(-time.Hour), out.Events[1].At)

	out, err = presetSource(t, PresetStripe).Map(hook(`{"id":"evt_1","type":"checkout.session.completed","created":1904288400,"data":{"object":{"id":"cs_1","amount_total":4950,
		"currency":"eur","customer_details":{"email":"cleo@example.com"}}}}`), now)
	require.NoError(t, err)
	assert.Equal(t, "hook:shop:evt_1", out.Events[1].MessageID)
	assert.Equal(t, map[string]any{"order_id": "cs_1", "total": 49.5, "currency": "EUR"}, out.Events[1].Properties, "in euros, not in cents")
	out, err = presetSource(t, PresetStripe).Map(hook(`{"id":"evt_2","type":"checkout.session.completed","created":1,"data":{"object":{"id":"cs_2","amount_total":500,
		"currency":"jpy","client_reference_id":"u-17"}}}`), now)
	require.NoError(t, err)
	assert.InDelta(t, 500, out.Events[0].Properties["total"], 0, "yen have no cents")
	assert.True(t, out.Events[0].Historical, "what is long past is stored and triggers nothing")
}

func TestWebhooksThatAreNotForUs(t *testing.T) {
	t.Parallel()
	s, now := presetSource(t, PresetShopify), time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	out, err := s.Map(hook(`{"id":1}`, "X-Shopify-Topic", "themes/update"), now)
	require.NoError(t, err)
	assert.Contains(t, out.Ignored, "themes/update")
	out, err = s.Map(hook(`{"id":1,"email":"nobody"}`, "X-Shopify-Topic", "orders/create"), now)
	require.NoError(t, err)
	assert.Contains(t, out.Ignored, "no customer")
	for _, body := range []string{``, `[]`, `null`, `{"a":1} {}`, "{\"a\":\"\xff\"}"} {
		_, err = s.Map(hook(body, "X-Shopify-Topic", "orders/create"), now)
		assert.Equal(t, CodeMalformed, CodeOf(err), "%q", body)
	}
	a, err := s.Map(hook(`{"id":1,"email":"a@example.com"}`, "X-Shopify-Topic", "orders/create", "X-Shopify-Webhook-Id", "1"), now)
	require.NoError(t, err)
	b, err := s.Map(hook(`{"id":1,"email":"a@example.com"}`, "X-Shopify-Topic", "orders/create", "X-Shopify-Webhook-Id", "2"), now)
	require.NoError(t, err)
	assert.Equal(t, a.ID, b.ID, "a header that nobody signed makes no new webhook of an old one")
}

// Only the body is signed: whoever has got hold of one makes no other webhook of it by calling it something else.
func TestTheSameBytesAreTheSameWebhook(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	id := func(s Source, topic, body string) string {
		t.Helper()
		out, err := s.Map(hook(body, "X-Shopify-Topic", topic, "X-WC-Webhook-Topic", topic, "X-Topic", topic), now)
		require.NoError(t, err)
		return out.ID
	}
	const order, sent = `{"id":1,"email":"a@example.com"}`, `{"id":1,"email":"a@example.com","financial_status":"paid","fulfillment_status":"fulfilled"}`
	till := Source{Key: "till", Preset: PresetPlain, Mapping: Mapping{Event: "header:X-Topic", Fields: Fields{Email: "email"}, Events: map[string]Rule{"*": {}}}}
	for _, s := range []Source{presetSource(t, PresetShopify), presetSource(t, PresetWooCommerce), till} {
		assert.Equal(t, id(s, "orders/create", order), id(s, "orders/cancelled", order), s.Preset)
		assert.NotEqual(t, id(s, "orders/create", order), id(s, "orders/create", sent), s.Preset)
	}
	shop := presetSource(t, PresetShopify)
	ids := map[string]bool{}
	for _, topic := range []string{"orders/create", "orders/paid", "orders/fulfilled"} {
		ids[id(shop, topic, sent)] = true
	}
	assert.Len(t, ids, 3, "what the body itself shows may be told in the same bytes")
	assert.Equal(t, id(shop, "orders/create", sent), id(shop, "orders/cancelled", sent))
	till.Mapping.Event = "kind"
	assert.NotEqual(t, id(till, "", `{"kind":"sale","email":"a@example.com"}`), id(till, "", `{"kind":"return","email":"a@example.com"}`))
}

func TestAMappingSaysAllThatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	m := Mapping{ID: "a..b", Fields: Fields{Total: "header:"}, Events: map[string]Rule{
		"": {Fields: Fields{Email: "email", Properties: map[string]string{"x": ""}}}, "paid": {As: "Paid"}}}
	var paths []string
	for _, p := range m.Check("mapping") {
		paths = append(paths, p.Path)
		assert.NotEmpty(t, p.Mend)
	}
	assert.Equal(t, []string{"mapping.id", "mapping.total", "mapping.events..as", "mapping.events..properties.x", "mapping.events.paid.user_id"}, paths)
	assert.Len(t, Mapping{}.Check("mapping"), 1)
}

func TestSignaturesOfSources(t *testing.T) {
	t.Parallel()
	now := time.Unix(1904288400, 0)
	old := []string{"another secret", "shhh-a-good-secret"}
	// Made with: printf '{"a":1}' | openssl dgst -sha256 -hmac shhh-a-good-secret
	in := hook(`{"a":1}`, "X-Shopify-Hmac-Sha256", "rcMfrXojysihvSwr28MVvMvQ04bqqKV/eCW7oW7wuFM=", "X-WC-Webhook-Signature", "rcMfrXojysihvSwr28MVvMvQ04bqqKV/eCW7oW7wuFM=", "X-Signature", "sha256=adc31fad7a23cac8a1bd2c2bdbc315bccbd0d386eaa8a57f7825bba16ef0b853", "Stripe-Signature", "t=1904288400,v0=00,v1=4a21522a30acc6fb0e525f84221ec1af2f361953a32b7e150f3ed3e5eb68bf5d")
	for _, p := range []SourcePreset{PresetShopify, PresetWooCommerce, PresetPlain, PresetStripe} {
		assert.NoError(t, p.Verify(in, old, now), "%s: the secret before is good, too", p)
		assert.Equal(t, CodeUnauthorized, CodeOf(p.Verify(in, old[:1], now)), p)
		assert.Equal(t, CodeUnauthorized, CodeOf(p.Verify(hook(`{"a":1}`), old, now)), p)
		changed := in
		changed.Body = []byte(`{"a":2}`)
		assert.Equal(t, CodeUnauthorized, CodeOf(p.Verify(changed, old, now)), p)
	}
	assert.NoError(t, PresetStripe.Verify(in, old, now.Add(5*time.Minute)))
	assert.ErrorContains(t, PresetStripe.Verify(in, old, now.Add(5*time.Minute+time.Second)), "away from our clock")
	assert.True(t, PresetWooCommerce.IsPing(hook("webhook_id=17")))
	assert.False(t, PresetShopify.IsPing(hook("webhook_id=17")))
}
