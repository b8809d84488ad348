package journey

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is a system that tells us of customers in a shape of its own, by webhooks that it signs.
type Source struct {
	Key       string       `json:"key"`
	Name      string       `json:"name"`
	Preset    SourcePreset `json:"preset"`
	Mapping   Mapping      `json:"mapping"`
	OldUntil  *time.Time   `json:"old_secret_until,omitempty"` // wall time until which the secret before this one is good, too
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
	Secret    string       `json:"secret,omitempty"` // when this request made it

	Last *SourceDelivery `json:"last,omitempty"` // what came in from it last; in lists
}

// SourcePreset says how a source signs, and what its webhooks look like where nobody says otherwise.
type SourcePreset string

// The presets.
const (
	PresetShopify     SourcePreset = "shopify"     // X-Shopify-Hmac-Sha256: base64 of the HMAC-SHA256 of the body
	PresetWooCommerce SourcePreset = "woocommerce" // X-WC-Webhook-Signature: the same
	PresetStripe      SourcePreset = "stripe"      // Stripe-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">
	PresetStandard    SourcePreset = "standard"    // webhook-id, webhook-timestamp, webhook-signature (Standard Webhooks)
	PresetPlain       SourcePreset = "plain"       // X-Signature: HMAC-SHA256 of the body, in hex or base64
)

// SourcePresets are all of them.
func SourcePresets() []SourcePreset {
	return []SourcePreset{PresetShopify, PresetWooCommerce, PresetStripe, PresetStandard, PresetPlain}
}

// Mapping says what events a source's webhooks become. A place is a dotted path into the body (customer.email, lines.0.sku), the sum over a list
// (lines.*.price), a header (header:X-Topic), or a text (=EUR).
type Mapping struct {
	Event  string          `json:"event,omitempty"` // place of the name by which the source calls what happened; "": it has none
	ID     string          `json:"id,omitempty"`    // place of the id of a webhook, signed; "": it is known by the bytes of its body
	Fields                 // of every event
	Events map[string]Rule `json:"events"` // by the source's name of what happened; * is every other one
}

// Rule says what one kind of webhook becomes. What it leaves out holds as for every event.
type Rule struct {
	As string `json:"as,omitempty"` // our name, e.g. Order Completed; "": as the source calls it
	Fields
}

// Fields are places of what an event says.
type Fields struct {
	UserID     string            `json:"user_id,omitempty"`
	Email      string            `json:"email,omitempty"`
	At         string            `json:"at,omitempty"` // RFC 3339, local time of UTC, or seconds since 1970; "": when it comes in
	Traits     map[string]string `json:"traits,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	OrderID    string            `json:"order_id,omitempty"`
	Total      string            `json:"total,omitempty"`
	Currency   string            `json:"currency,omitempty"`
	Minor      *bool             `json:"minor_units,omitempty"` // total is in cents
	Part       *bool             `json:"part,omitempty"`        // total is a part: what was given back of the order before is added to it
}

// Bounds of a mapping.
const (
	rulesMost  = 100
	fieldsMost = 100
	placeMost  = 200
)

// Check returns everything that is wrong with a mapping, each at its path below at.
func (m Mapping) Check(at string) (out Problems) {
	add := func(path, message, mend string) {
		out = append(out, Problem{Path: at + "." + path, Message: message, Mend: mend})
	}
	checkPlace("event", m.Event, add)
	checkPlace("id", m.ID, add)
	m.check("", add)
	if len(m.Events) == 0 || len(m.Events) > rulesMost {
		add("events", "names nothing, or more than 100 kinds", `e.g. {"orders/create": {"as": "Order Completed"}}; * is every other kind`)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Events)) {
		rule, here := m.Events[name], "events."+name+"."
		if len(name) > placeMost {
			add("events", "holds a name over 200 bytes", "shorten it")
		}
		if len(rule.As) > placeMost {
			add(here+"as", "is over 200 bytes", "shorten it")
		}
		if rule.As == "" && m.Event == "" {
			add(here+"as", "is missing, and nothing else names the event", `e.g. "Order Completed"`)
		}
		rule.check(here, add)
		if f := m.with(rule); f.UserID == "" && f.Email == "" && (f.OrderID == "" || cmp.Or(rule.As, name) == EventOrderCompleted) {
			add(here+"user_id", "neither the customer's id nor her address is mapped", `e.g. "user_id": "customer.id" or "email": "customer.email"`)
		}
	}
	return out
}

func (f Fields) check(at string, add func(path, message, mend string)) {
	for _, one := range []struct{ name, place string }{{"user_id", f.UserID}, {"email", f.Email}, {"at", f.At}, {"order_id", f.OrderID}, {"total", f.Total},
		{"currency", f.Currency}} {
		checkPlace(at+one.name, one.place, add)
	}
	for name, places := range map[string]map[string]string{"traits": f.Traits, "properties": f.Properties} {
		if len(places) > fieldsMost {
			add(at+name, "are more than 100", "leave out what no journey looks at")
		}
		for _, key := range slices.Sorted(maps.Keys(places)) {
			if key == "" || len(key) > placeMost {
				add(at+name, "hold a name that is empty or over 200 bytes", "name it")
			}
			if places[key] == "" {
				add(at+name+"."+key, "has no place", "e.g. customer.first_name")
			}
			checkPlace(at+name+"."+key, places[key], add)
		}
	}
}

func checkPlace(path, place string, add func(path, message, mend string)) {
	header, isHeader := strings.CutPrefix(place, "header:")
	switch {
	case len(place) > placeMost:
		add(path, "is over 200 bytes", "shorten it")
	case isHeader && strings.Trim(header, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || place == "header:":
		add(path, "is no name of a header", "e.g. header:X-Topic")
	case !isHeader && !strings.HasPrefix(place, "=") && place != "" && slices.Contains(strings.Split(place, "."), ""):
		add(path, "is no dotted path", "e.g. customer.email")
	}
}

// with are the fields of a rule, and of every event where the rule leaves them out.
func (m Mapping) with(r Rule) Fields {
	f := m.Fields
	for _, one := range []struct {
		into *string
		from string
	}{{&f.UserID, r.UserID}, {&f.Email, r.Email}, {&f.At, r.At}, {&f.OrderID, r.OrderID}, {&f.Total, r.Total}, {&f.Currency, r.Currency}} {
		if one.from != "" {
			*one.into = one.from
		}
	}
	f.Minor, f.Part = cmp.Or(r.Minor, f.Minor), cmp.Or(r.Part, f.Part)
	f.Traits, f.Properties = joinedPlaces(f.Traits, r.Traits), joinedPlaces(f.Properties, r.Properties)
	return f
}

func joinedPlaces(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// ruleFor is the rule for what the source calls by that name.
func (m Mapping) ruleFor(name string) (Rule, bool) {
	if r, known := m.Events[name]; known {
		return r, true
	}
	r, known := m.Events["*"]
	return r, known
}

// SourceDelivery is one webhook that came in, and what became of it.
type SourceDelivery struct {
	ID     string       `json:"id"`
	At     time.Time    `json:"at"`
	Name   string       `json:"name,omitempty"` // as the source calls what happened
	Effect SourceEffect `json:"effect"`
	Reason string       `json:"reason,omitempty"`
	Events []string     `json:"events"` // evt_…
}

// SourceEffect is what became of a webhook.
type SourceEffect string

// What becomes of a webhook.
const (
	SourceTaken   SourceEffect = "taken"
	SourceAgain   SourceEffect = "again"   // it came before
	SourceIgnored SourceEffect = "ignored" // nothing follows from it, and nothing would if it came again
	SourceRefused SourceEffect = "refused" // it is not signed as it must be, or cannot be read
)

// SourceIn is a webhook as it came in.
type SourceIn struct {
	Body   []byte
	Header func(name string) string
}

// SourceOut is what a webhook becomes.
type SourceOut struct {
	Name    string  `json:"name"`              // as the source calls what happened
	ID      string  `json:"id"`                // by which it is known when it comes again
	Ignored string  `json:"ignored,omitempty"` // why nothing follows from it
	Events  []Event `json:"-"`
	Email   string  `json:"-"` // hers, where the source has no id of her
	Order   string  `json:"-"` // number of an order that must be known for it; "": none
	Part    bool    `json:"-"` // its total is a part of what is given back
}

func indexOf(word string) (int, bool) {
	n, err := strconv.Atoi(word)
	return n, err == nil && n >= 0
}
