package intake

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"perennial/journey"
)

// Profile returns what an event does to the customer: traits become fields and attributes, orders move the derived attributes
// (orders_count, total_spent, average_order, first_order_at, last_order_at, lifecycle), anything she does moves last_seen_at, consents
// come with their proof. A historical event fills in what is not known and takes nothing that is: it may be older than that. A line of
// an import triggers nothing either, but what it says holds: somebody gave us that file today.
func Profile(c journey.Customer, e journey.Event) journey.Change {
	p := profile{before: c, event: e, c: c}
	p.c.Attributes = maps.Clone(c.Attributes)
	if p.c.Attributes == nil {
		p.c.Attributes = map[string]any{}
	}
	p.c.Consents = maps.Clone(c.Consents)
	if p.c.Consents == nil {
		p.c.Consents = map[string]journey.Consent{}
	}
	switch e.Kind {
	case journey.KindIdentify:
		p.traits(e.Properties)
	case journey.KindTrack:
		p.order()
	}
	if e.Kind != journey.KindOwn && e.Kind != journey.KindColleague && !e.Imported() {
		p.surroundings()
		p.seen()
	}
	if e.Kind != journey.KindOwn && e.Kind != journey.KindColleague {
		journey.Derive(p.c.Attributes, later(e.ReceivedAt, e.At))
	}
	p.topicEvent()
	return journey.Change{Customer: p.c, Changed: p.changed(), Consents: p.consents}
}

type profile struct {
	before   journey.Customer
	c        journey.Customer
	event    journey.Event
	consents []journey.ConsentChange
}

// fields are the traits that are fields of the customer, by the spellings that callers use.
var fields = map[string]string{
	"email": "email", "first_name": "first_name", "firstName": "first_name", "last_name": "last_name", "lastName": "last_name",
	"locale": "locale", "language": "locale", "timezone": "timezone",
}

// traits takes what identify says of her. What is null is forgotten. `name` is split only where no first name is known.
func (p *profile) traits(traits map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		value := traits[name]
		switch {
		case name == "topics":
			p.topicTraits(value)
		case name == "topics_wording": // stands with the proof
		case name == "name":
			p.attribute(name, value)
		case fields[name] != "":
			p.field(fields[name], value)
		default:
			p.attribute(name, value)
		}
	}
	if whole, ok := traits["name"].(string); ok && p.c.FirstName == "" && p.c.LastName == "" {
		first, last, _ := strings.Cut(strings.TrimSpace(whole), " ")
		p.field("first_name", first)
		p.field("last_name", strings.TrimSpace(last))
	}
}

// surroundings takes locale and zone from the context that browsers and apps send along, where no trait has said them.
func (p *profile) surroundings() {
	if p.c.Locale == "" {
		p.field("locale", p.event.Context["locale"])
	}
	if p.c.Timezone == "" {
		p.field("timezone", p.event.Context["timezone"])
	}
}

// field sets one field, and the attribute of the same name, which conditions and templates read. A value that the field
// cannot take leaves it as it is; the API has told the caller so.
func (p *profile) field(name string, value any) {
	text, ok := value.(string)
	if !ok && value != nil {
		return
	}
	text = strings.TrimSpace(text)
	target := map[string]*string{
		"email": &p.c.Email, "first_name": &p.c.FirstName, "last_name": &p.c.LastName,
		"locale": &p.c.Locale, "timezone": &p.c.Timezone,
	}[name]
	if text != "" {
		if text, ok = valid(name, text); !ok {
			return
		}
	} else if name == "locale" || name == "timezone" || value == nil && p.event.Kind != journey.KindIdentify {
		return
	}
	if p.fillsIn() && *target != "" {
		return
	}
	*target = text
	if text == "" {
		p.attribute(name, nil)
		return
	}
	p.attribute(name, text)
}

// fillsIn says whether the event may only add what is not known.
func (p *profile) fillsIn() bool { return p.event.Historical && !p.event.Imported() }

func valid(field, text string) (string, bool) {
	switch field {
	case "email":
		address, err := journey.ParseAddress(text)
		return address, err == nil
	case "locale":
		tag, err := language.Parse(text)
		return tag.String(), err == nil
	case "timezone":
		_, err := time.LoadLocation(text)
		return text, err == nil && text != "Local"
	}
	return text, len(text) <= 200
}

// attribute sets or, with nil, forgets one attribute.
func (p *profile) attribute(name string, value any) {
	if _, known := p.c.Attributes[name]; known && p.fillsIn() {
		return
	}
	if value == nil {
		delete(p.c.Attributes, name)
		return
	}
	p.c.Attributes[name] = value
}

// order takes what an event says of an order. An import counts too, and its moments may be earlier than those that are known. An order
// without a number is one of its own each time, and nothing can be given back of it.
func (p *profile) order() {
	id, numbered := journey.OrderID(p.event)
	completed := p.event.Name == journey.EventOrderCompleted
	if !numbered && !completed {
		return
	}
	a := p.c.Attributes
	if completed {
		p.ordered()
	}
	was := p.c.Orders[id] // of an order without a number: nothing
	is := was.With(p.event)
	journey.CountOrder(a, was, is)
	if numbered {
		p.c.Orders = maps.Clone(p.c.Orders)
		if p.c.Orders == nil {
			p.c.Orders = map[string]journey.Order{}
		}
		p.c.Orders[id] = is
	}
}

// ordered notes that and when she ordered, whatever becomes of it.
func (p *profile) ordered() {
	a := p.c.Attributes
	a[journey.AttributeOrdersCount] = number(a[journey.AttributeOrdersCount])
	if _, ok := journey.OrderAmount(p.event); ok {
		a[journey.AttributeTotalSpent] = number(a[journey.AttributeTotalSpent])
	}
	at := p.event.At.UTC()
	if first, ok := moment(a[journey.AttributeFirstOrderAt]); !ok || at.Before(first) {
		a[journey.AttributeFirstOrderAt] = at.Format(time.RFC3339Nano)
	}
	if last, ok := moment(a[journey.AttributeLastOrderAt]); !ok || at.After(last) {
		a[journey.AttributeLastOrderAt] = at.Format(time.RFC3339Nano)
	}
}

// seen moves last_seen_at forward.
func (p *profile) seen() {
	at := p.event.At.UTC()
	if last, ok := moment(p.c.Attributes[journey.AttributeLastSeenAt]); !ok || at.After(last) {
		p.c.Attributes[journey.AttributeLastSeenAt] = at.Format(time.RFC3339Nano)
	}
}

// changed lists what is different now and may be waited for.
func (p *profile) changed() []string {
	var out []string
	for name, value := range p.c.Attributes {
		if was, ok := p.before.Attributes[name]; !ok || !reflect.DeepEqual(was, value) {
			out = append(out, journey.ListenAttribute+name)
		}
	}
	for name := range p.before.Attributes {
		if _, ok := p.c.Attributes[name]; !ok {
			out = append(out, journey.ListenAttribute+name)
		}
	}
	if p.c.Timezone != p.before.Timezone {
		out = append(out, journey.ListenTimezone)
	}
	slices.Sort(out)
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return 0
}

func moment(v any) (time.Time, bool) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}
