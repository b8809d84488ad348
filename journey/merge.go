package journey

import (
	"maps"
	"time"
)

// Attributes that intake derives from what a customer does, and that a merge adds up.
const (
	AttributeOrdersCount  = "orders_count"
	AttributeTotalSpent   = "total_spent"
	AttributeFirstOrderAt = "first_order_at"
	AttributeLastOrderAt  = "last_order_at"
	AttributeLastSeenAt   = "last_seen_at"
	AttributeAverageOrder = "average_order"
	AttributeLifecycle    = "lifecycle"
)

// MergeProfiles returns the customer that two become: what into knows stays, from fills in what is missing, sums are added and
// the earlier first and later last moments kept; an order of which both knew (Orders) counts once. What the time makes of her is left to
// Derive, consents and ids are the store's to move.
func MergeProfiles(into, from Customer) Customer {
	out := into
	for _, f := range []struct{ into, from *string }{
		{&out.ExternalID, &from.ExternalID}, {&out.Email, &from.Email}, {&out.FirstName, &from.FirstName},
		{&out.LastName, &from.LastName}, {&out.Locale, &from.Locale}, {&out.Timezone, &from.Timezone},
		{&out.AccountID, &from.AccountID},
	} {
		if *f.into == "" {
			*f.into = *f.from
		}
	}
	if into.AccountID == "" || into.AccountID == from.AccountID && into.AccountRole == "" {
		out.AccountRole = from.AccountRole
	}
	if from.CreatedAt.Before(out.CreatedAt) {
		out.CreatedAt = from.CreatedAt
	}
	out.Attributes = map[string]any{}
	maps.Copy(out.Attributes, from.Attributes)
	maps.Copy(out.Attributes, into.Attributes)
	for _, name := range []string{AttributeOrdersCount, AttributeTotalSpent} {
		a, knows := asNumber(into.Attributes[name])
		b, adds := asNumber(from.Attributes[name])
		if knows && adds {
			out.Attributes[name] = Money(a + b)
		}
	}
	for id, o := range from.Orders {
		if known, both := into.Orders[id]; both {
			CountOrder(out.Attributes, o, Order{})
			CountOrder(out.Attributes, known, known.Join(o))
		}
	}
	later := map[string]bool{AttributeFirstOrderAt: false, AttributeLastOrderAt: true, AttributeLastSeenAt: true}
	for name, latest := range later {
		a, knows := asMoment(into.Attributes[name])
		b, adds := asMoment(from.Attributes[name])
		if knows && adds && b.After(a) == latest {
			out.Attributes[name] = from.Attributes[name]
		}
	}
	return out
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

func asMoment(v any) (time.Time, bool) {
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}
