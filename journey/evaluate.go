package journey

import (
	"strconv"
	"strings"
	"time"
)

// Lookup is what a condition or a value reads: facts of the customer, the state of her enrollment and, inside a `where`, the
// event that is looked at. Each may be nil: what is read from it is then missing.
type Lookup struct {
	Facts    *Facts
	State    *State
	Event    *Event
	Segments map[string]*Cond // those that the journey declares
	Now      time.Time
}

func (l Lookup) zone() *time.Location {
	if l.Facts == nil || l.Facts.Zone == nil {
		return time.UTC
	}
	return l.Facts.Zone
}

// maxSegmentDepth bounds conditions: a segment may name a segment.
const maxSegmentDepth = 100

// Holds says whether the condition is true. A nil condition holds. Every value looked at goes into seen, where one is given,
// by a readable key such as "attribute.orders_count"; what is missing goes in as nil.
func (c *Cond) Holds(l Lookup, seen map[string]any) bool {
	return c == nil || c.holds(l, seen, 0)
}

func (c *Cond) holds(l Lookup, seen map[string]any, depth int) bool {
	if c == nil || depth > maxSegmentDepth {
		return false
	}
	switch {
	case c.All != nil:
		for _, sub := range c.All {
			if !sub.holds(l, seen, depth+1) {
				return false
			}
		}
		return true
	case c.Any != nil:
		for _, sub := range c.Any {
			if sub.holds(l, seen, depth+1) {
				return true
			}
		}
		return false
	case c.Not != nil:
		return !c.Not.holds(l, seen, depth+1)
	case c.Each != nil:
		return c.ofItems(l, seen, depth)
	case c.Operand != nil:
		return c.compare(l, seen)
	case c.Segment != "":
		found := c.in(l, depth)
		note(seen, "segment."+c.Segment, found)
		return found
	}
	return c.recalls(l, seen)
}

// ofItems asks the items of a list. What is no list has no items; what is no map has no fields.
func (c *Cond) ofItems(l Lookup, seen map[string]any, depth int) bool {
	got, _ := c.Operand.Resolve(l)
	list, isList := got.([]any)
	met := 0
	for _, item := range list {
		fields, _ := item.(map[string]any)
		inner := l
		inner.Event = &Event{Properties: fields}
		if c.Each.holds(inner, nil, depth+1) {
			met++
		}
	}
	note(seen, c.Operand.name()+"."+string(c.Of), met)
	switch c.Of {
	case OfAny:
		return met > 0
	case OfAll:
		return met > 0 && met == len(list)
	case OfNone:
		return isList && met == 0
	}
	return false
}

// in says whether she is in the segment: one that the journey declares, or else one that the server keeps.
func (c *Cond) in(l Lookup, depth int) bool {
	if declared, ok := l.Segments[c.Segment]; ok {
		return declared.holds(l, nil, depth+1)
	}
	return l.Facts != nil && l.Facts.Segments[c.Segment]
}

// compare applies the operator to the operand.
func (c *Cond) compare(l Lookup, seen map[string]any) bool {
	got, present := c.Operand.Resolve(l)
	note(seen, c.Operand.name(), got)
	arg, given := resolveArg(c.Arg, l)
	if c.Op == OpExists || c.Op == OpMissing {
		if wanted, isBool := arg.(bool); isBool && !wanted {
			present = !present
		}
		return present == (c.Op == OpExists)
	}
	return present && given && c.Op.holds(got, arg, l.zone(), l.Now)
}

// resolveArg reads the right side of a comparison: a literal, a value, or a list of both.
func resolveArg(arg any, l Lookup) (any, bool) {
	switch arg := arg.(type) {
	case *Value:
		if arg == nil {
			return nil, false
		}
		return arg.Resolve(l)
	case Value:
		return arg.Resolve(l)
	case []any:
		list := make([]any, 0, len(arg))
		for _, item := range arg {
			if v, ok := resolveArg(item, l); ok {
				list = append(list, v)
			}
		}
		return list, true
	}
	return arg, arg != nil
}

// recalls answers the conditions about what has been: events, consents, messages, coupons, journeys.
func (c *Cond) recalls(l Lookup, seen map[string]any) bool {
	if l.Facts == nil {
		return false
	}
	switch {
	case c.Event != nil:
		n := len(c.Event.matching(l))
		note(seen, "event."+c.Event.Name, n)
		return c.Event.suffices(n)
	case c.Consent != nil:
		is := l.Facts.Customer.Consents[c.Consent.Topic]
		note(seen, "consent."+c.Consent.Topic, string(is))
		return is == c.Consent.Is || c.Consent.Is == ConsentGiven && is.Allows()
	case c.Message != nil:
		found := suffices(len(c.Message.matching(l)), c.Message.CountOp, c.Message.Count)
		note(seen, "message."+c.Message.Message+"."+c.Message.Was, found)
		return found
	case c.Coupon != nil:
		found := c.Coupon.holds(l)
		note(seen, "coupon."+c.Coupon.As+"."+c.Coupon.Was, found)
		return found
	case c.Journey != nil:
		is := l.Facts.Journeys[c.Journey.Key]
		if is == "" {
			is = "never"
		}
		note(seen, "journey."+c.Journey.Key, is)
		return is == c.Journey.Is
	}
	return false
}

func note(seen map[string]any, key string, v any) {
	if seen != nil {
		seen[key] = v
	}
}

// matching returns when the events that count happened, newest first.
func (c *EventCond) matching(l Lookup) []time.Time {
	history := l.Facts.History[c.Name]
	if c.ByAccount {
		history = l.Facts.AccountHistory[c.Name]
	}
	var at []time.Time
	for i := range history {
		e := &history[i]
		if c.Within > 0 && !e.At.After(l.Now.Add(-c.Within)) || c.SinceEntry && !l.sinceEntry(e) {
			continue
		}
		inner := l
		inner.Event = e
		if c.Where.Holds(inner, nil) {
			at = append(at, e.At)
		}
	}
	return at
}

// sinceEntry says whether an event came after she entered. Numbers are per customer: those of others are told by time.
func (l Lookup) sinceEntry(e *Event) bool {
	switch {
	case l.State == nil:
		return false
	case l.Facts.Customer.ID != "" && e.CustomerID != "" && e.CustomerID != l.Facts.Customer.ID:
		return e.ReceivedAt.After(l.State.EnteredAt)
	}
	return e.Number > l.State.Began
}

func (c *EventCond) suffices(n int) bool { return suffices(n, c.CountOp, c.Count) }

// suffices says whether so many are what a condition asks for: one at least, where it does not say.
func suffices(n int, op Op, want float64) bool {
	if op == "" {
		op = OpGte
		if want == 0 {
			want = 1
		}
	}
	return op.holds(n, want, time.UTC, time.Time{})
}

// matching returns when the messages that count were queued.
func (c *MessageCond) matching(l Lookup) []time.Time {
	var at []time.Time
	for _, m := range l.Facts.Messages {
		if c.Within > 0 && !m.At.After(l.Now.Add(-c.Within)) {
			continue
		}
		if (c.Message == "any" || c.Message == m.Step) && m.was(c.Was) {
			at = append(at, m.At)
		}
	}
	return at
}

// was says what became of the message. One in doubt counts as sent: it is never sent again.
func (m MessageFact) was(what string) bool {
	switch what {
	case "sent":
		return m.State == MessageAccepted || m.State == MessageUnknown
	case "clicked":
		return m.Clicked
	case "bounced":
		return m.Bounced
	case "dropped":
		return m.State == MessageDropped
	}
	return false
}

func (c *CouponCond) holds(l Lookup) bool {
	coupon, issued := l.Facts.Coupons[c.As]
	if !issued || coupon.Released {
		return false
	}
	switch c.Was {
	case "issued":
		return true
	case "redeemed":
		return coupon.RedeemedAt != nil
	case "expired":
		return coupon.RedeemedAt == nil && coupon.ExpiresAt != nil && !l.Now.Before(*coupon.ExpiresAt)
	}
	return false
}

// Resolve reads the value, or its default; false when it is missing. Null is missing too.
func (v Value) Resolve(l Lookup) (any, bool) {
	if got, ok := v.read(l); ok && got != nil {
		return got, true
	}
	return v.Default, v.Default != nil
}

func (v Value) read(l Lookup) (any, bool) {
	switch {
	case v.From == "":
		return v.Literal, true
	case v.From == FromEvent && l.Event != nil:
		return at(l.Event.Properties, v.Path)
	case v.From == FromTrigger && l.State != nil:
		return at(l.State.Trigger, v.Path)
	case v.From == FromAnswer && l.State != nil:
		return at(l.State.Answer, v.Path)
	case v.From == FromVar && l.State != nil:
		return at(l.State.Vars, v.Path)
	case v.From == FromAttribute && l.Facts != nil:
		return l.Facts.Customer.attribute(v.Path)
	case v.From == FromAccount && l.Facts != nil:
		return l.Facts.Account.attribute(v.Path)
	case v.From == FromCoupon && l.Facts != nil:
		return l.Facts.coupon(v.Path, v.Get)
	}
	return nil, false
}

func (v Value) name() string {
	if v.From == FromCoupon && v.Get != "" {
		return "coupon." + v.Path + "." + v.Get
	}
	return string(v.From) + "." + v.Path
}

// at follows a dotted path through maps and lists; a number indexes a list. A key that contains dots itself goes first.
func at(in any, path string) (any, bool) {
	switch in := in.(type) {
	case map[string]any:
		if v, ok := in[path]; ok {
			return v, true
		}
		head, rest, deeper := strings.Cut(path, ".")
		if v, ok := in[head]; deeper && ok {
			return at(v, rest)
		}
	case []any:
		head, rest, deeper := strings.Cut(path, ".")
		i, err := strconv.Atoi(head)
		if err != nil || i < 0 || i >= len(in) {
			return nil, false
		}
		if !deeper {
			return in[i], true
		}
		return at(in[i], rest)
	}
	return nil, false
}

// attribute reads what systems told us of her; what every customer has needs no telling.
func (c *Customer) attribute(path string) (any, bool) {
	if v, ok := at(c.Attributes, path); ok && v != nil {
		return v, true
	}
	var field string
	switch path {
	case "email":
		field = c.Email
	case "first_name":
		field = c.FirstName
	case "last_name":
		field = c.LastName
	case "locale":
		field = c.Locale
	case "timezone":
		field = c.Timezone
	case "created_at":
		if !c.CreatedAt.IsZero() {
			field = stamp(c.CreatedAt)
		}
	}
	return field, field != ""
}

// Attribute is what a condition reads of her under that name, nil when it is missing.
func (c *Customer) Attribute(path string) any {
	v, ok := c.attribute(path)
	if !ok {
		return nil
	}
	return v
}

func (a *Account) attribute(path string) (any, bool) {
	if a == nil {
		return nil, false
	}
	if v, ok := at(a.Attributes, path); ok && v != nil {
		return v, true
	}
	return a.Name, path == "name" && a.Name != ""
}

// coupon reads the code (the default) or the expiry of a coupon of the enrollment. Before a message carries it, a coupon
// has no expiry: that is missing.
func (f *Facts) coupon(as, get string) (any, bool) {
	coupon, ok := f.Coupons[as]
	if !ok || coupon.Released {
		return nil, false
	}
	if get == "expires_at" {
		if coupon.ExpiresAt == nil {
			return nil, false
		}
		return stamp(*coupon.ExpiresAt), true
	}
	return coupon.Code, coupon.Code != ""
}

// stamp is how a moment stands in a log or an event.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// TemplateData is what templates see, by the names of the language: customer, account, trigger, answer, coupon (by `as`:
// code, pool, expires_at), var and journey (key, version, enrollment).
func TemplateData(in Facts, st State) map[string]any {
	customer := cloneMap(in.Customer.Attributes)
	if customer == nil {
		customer = map[string]any{}
	}
	customer["id"] = in.Customer.ID
	for _, name := range []string{"email", "first_name", "last_name", "locale", "timezone"} {
		if v, ok := in.Customer.attribute(name); ok {
			customer[name] = v
		}
	}
	account := map[string]any{}
	if in.Account != nil {
		account = cloneMap(in.Account.Attributes)
		if account == nil {
			account = map[string]any{}
		}
		account["name"] = in.Account.Name
	}
	coupons := map[string]any{}
	for as, c := range in.Coupons {
		about := map[string]any{"code": c.Code, "pool": c.Pool}
		if c.ExpiresAt != nil {
			about["expires_at"] = stamp(*c.ExpiresAt)
		}
		coupons[as] = about
	}
	return map[string]any{
		"customer": customer, "account": account, "coupon": coupons,
		"trigger": orEmpty(st.Trigger), "answer": orEmpty(st.Answer), "var": orEmpty(st.Vars),
		"journey": map[string]any{"key": in.JourneyKey, "version": in.Version, "enrollment": in.EnrollmentID},
		"zone":    in.Zone, // in which dates are said
	}
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func cloneMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = clone(v)
	}
	return out
}

// clone copies a tree as it comes out of JSON.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return cloneMap(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return v
}
