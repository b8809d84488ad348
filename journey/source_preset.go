package journey

// Preset is what the webhooks of a preset become where nobody says otherwise. False: somebody must say.
func (p SourcePreset) Preset() (Mapping, bool) {
	switch p {
	case PresetShopify:
		return shopify(), true
	case PresetWooCommerce:
		return wooCommerce(), true
	case PresetStripe:
		return stripe(), true
	case PresetStandard:
		return Mapping{Event: "type", Fields: Fields{UserID: "data.user_id", Email: "data.email", At: "timestamp"},
			Events: map[string]Rule{"*": {Fields: Fields{Properties: map[string]string{"data": "data"}}}}}, true
	}
	return Mapping{}, false
}

// names are the places of her name.
func names(first, last string) map[string]string {
	return map[string]string{"first_name": first, "last_name": last}
}

func shopify() Mapping {
	order := Fields{UserID: "customer.id", Email: "email", OrderID: "id", Total: "total_price", Currency: "currency", At: "created_at",
		Traits:     names("customer.first_name", "customer.last_name"),
		Properties: map[string]string{"order_number": "name", "products": "line_items"}}
	cancelled, fulfilled, checkout := order, order, order
	cancelled.At, fulfilled.At = "cancelled_at", "updated_at"
	checkout.OrderID, checkout.Properties = "", map[string]string{"products": "line_items", "checkout_url": "abandoned_checkout_url"}
	part := true // a refund names its order and nobody, and says what this one gave back
	refund := Fields{OrderID: "order_id", Total: "transactions.*.amount", Currency: "transactions.0.currency", At: "created_at", Part: &part,
		Properties: map[string]string{PropertyRefundID: "id"}}
	return Mapping{Event: "header:X-Shopify-Topic", Events: map[string]Rule{
		"orders/create": {As: "Order Completed", Fields: order}, "orders/cancelled": {As: "Order Cancelled", Fields: cancelled},
		"refunds/create":   {As: EventOrderRefunded, Fields: refund},
		"orders/fulfilled": {As: "Order Shipped", Fields: fulfilled}, "checkouts/create": {As: "Checkout Started", Fields: checkout},
		"customers/create": {As: "Signed Up", Fields: Fields{UserID: "id", Email: "email", At: "created_at", Traits: names("first_name", "last_name")}},
	}}
}

func wooCommerce() Mapping {
	return Mapping{Event: "header:X-WC-Webhook-Topic", Events: map[string]Rule{
		"order.created": {As: "Order Completed", Fields: Fields{UserID: "customer_id", Email: "billing.email", OrderID: "id", Total: "total",
			Currency: "currency", At: "date_created_gmt", Traits: names("billing.first_name", "billing.last_name"),
			Properties: map[string]string{"order_number": "number", "products": "line_items", "status": "status"}}},
		"customer.created": {As: "Signed Up", Fields: Fields{UserID: "id", Email: "email", At: "date_created_gmt", Traits: names("first_name", "last_name")}},
	}}
}

// stripe knows her by the client_reference_id that the shop gave Stripe, else by her address: Stripe's own id of her is nobody else's.
func stripe() Mapping {
	cents := true
	return Mapping{Event: "type", ID: "id",
		Fields: Fields{UserID: "data.object.client_reference_id", At: "created", Currency: "data.object.currency", Minor: &cents},
		Events: map[string]Rule{
			"checkout.session.completed": {As: "Order Completed", Fields: Fields{Email: "data.object.customer_details.email", OrderID: "data.object.id",
				Total: "data.object.amount_total"}},
			"invoice.payment_failed": {As: "Payment Failed", Fields: Fields{Email: "data.object.customer_email", Total: "data.object.amount_due",
				Properties: map[string]string{"invoice": "data.object.id", "attempt": "data.object.attempt_count"}}},
			"invoice.paid": {As: "Payment Succeeded", Fields: Fields{Email: "data.object.customer_email", Total: "data.object.amount_paid",
				Properties: map[string]string{"invoice": "data.object.id"}}},
		}}
}

// shows says whether a body itself shows what a header calls it. Then the same bytes may tell of two things: an order that is sent off as
// soon as it comes in is created and fulfilled in the same words.
func (p SourcePreset) shows(name string, body map[string]any) bool {
	if p != PresetShopify {
		return false
	}
	switch name {
	case "orders/cancelled":
		return textOf(body["cancelled_at"]) != ""
	case "orders/paid":
		return body["financial_status"] == "paid"
	case "orders/fulfilled":
		return body["fulfillment_status"] == "fulfilled"
	case "orders/partially_fulfilled":
		return body["fulfillment_status"] == "partial"
	}
	return false
}
