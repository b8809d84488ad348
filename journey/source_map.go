package journey

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what comes of a webhook.
const (
	sourceEventMax = 32 << 10 // bytes of the properties, as of any event
	sourceIDMax    = 256
	sourceAhead    = 24 * time.Hour
	sourceLive     = 30 * 24 * time.Hour
)

// Map says what a webhook becomes: the event, and before it what it says of her. Nothing is asked but the mapping, the webhook and the
// time (product time). The fault is malformed for a body that is no JSON object; what simply is not for us is ignored, with the reason.
func (s Source) Map(in SourceIn, now time.Time) (out SourceOut, err error) {
	body, err := readObject(in.Body)
	if err != nil {
		return out, err
	}
	look := func(place string) any { return atPlace(place, body, in.Header) }
	out.Name = bounded(textOf(look(s.Mapping.Event)), placeMost)
	out.ID = s.idOf(in, look, body, out.Name)
	rule, known := s.Mapping.ruleFor(out.Name)
	if !known {
		out.Ignored = "the mapping has no rule for " + quote(out.Name)
		return out, nil
	}
	f := s.Mapping.with(rule)
	user, email := idText(look(f.UserID)), ""
	if address, err := ParseAddress(textOf(look(f.Email))); err == nil {
		email = address
	}
	name := cmp.Or(rule.As, out.Name)
	out.Part = f.Part != nil && *f.Part
	if name != EventOrderCompleted && (out.Part || user == "" && email == "") {
		out.Order = idText(look(f.OrderID))
	}
	switch {
	case user == "" && email == "" && out.Order == "" && f.OrderID != "":
		out.Ignored = "it says of no customer, and " + quote(f.OrderID) + " holds no number of an order"
		return out, nil
	case user == "" && email == "" && out.Order == "":
		out.Ignored = "it says of no customer: neither " + quote(f.UserID) + " nor " + quote(f.Email) + " holds her id or address"
		return out, nil
	case len(user) > sourceIDMax:
		out.Ignored = "the id of the customer is over 256 bytes"
		return out, nil
	}
	e := Event{Kind: KindTrack, UserID: user, Name: name, Properties: f.properties(look), ReceivedAt: now, At: f.at(look, now),
		Context: map[string]any{"source": s.Key}}
	if out.Part && name == EventOrderRefunded {
		partOf(e.Properties, out.ID)
	}
	e.Historical = now.Sub(e.At) > sourceLive
	size, err := json.Marshal(e.Properties)
	if err != nil {
		return out, err
	}
	if len(size) > sourceEventMax {
		out.Ignored = "the properties are over 32 KiB: map fewer of them"
		return out, nil
	}
	out.Email = email
	out.Events = s.events(out, e, f.traits(look, email))
	return out, nil
}

// events are what is said of her, if anything, and what happened. Each has an id of its own, so that neither takes effect twice.
func (s Source) events(out SourceOut, e Event, traits map[string]any) []Event {
	e.MessageID = "hook:" + s.Key + ":" + out.ID
	if e.UserID == "" && out.Email != "" { // her address is all that the source knows of her
		e.AnonymousID = "email:" + strings.ToLower(out.Email)
	}
	if len(traits) == 0 {
		return []Event{e}
	}
	who := e
	who.Kind, who.Name, who.Properties, who.MessageID = KindIdentify, "", traits, e.MessageID+":who"
	return []Event{who, e}
}

// partOf says of a refund what it gave back itself, and by what it is known: two that come at once do not hide each other.
func partOf(refund map[string]any, id string) {
	amount, ok := refund["total"]
	if !ok {
		return
	}
	refund[PropertyAmount] = amount
	if _, named := refund[PropertyRefundID]; !named {
		refund[PropertyRefundID] = id
	}
}

// idOf is by what a webhook is known that comes again: the id that the mapping names, or the bytes that were signed. Headers are not
// signed, but for the id of Standard Webhooks. So an id stands in the body, and a name that only a header says does not make another webhook of the same
// bytes: whoever has got hold of an order could have it cancelled by another header.
func (s Source) idOf(in SourceIn, look func(string) any, body map[string]any, name string) string {
	id := idText(look(s.Mapping.ID))
	if s.Preset == PresetStandard && id == "" {
		id = in.Header("webhook-id")
	}
	if id != "" && len(id) <= 200 && utf8.ValidString(id) && !strings.Contains(id, "\x00") {
		return id
	}
	if strings.HasPrefix(s.Mapping.Event, "header:") && !s.Preset.shows(name, body) {
		name = ""
	}
	sum := sha256.Sum256(slices.Concat([]byte(name+"\n"), in.Body))
	return hex.EncodeToString(sum[:])
}

func (f Fields) traits(look func(string) any, email string) map[string]any {
	out := map[string]any{}
	for name, place := range f.Traits {
		if v := look(place); v != nil && v != "" {
			out[name] = v
		}
	}
	if email != "" {
		out["email"] = email
	}
	return out
}

func (f Fields) properties(look func(string) any) map[string]any {
	out := map[string]any{}
	for name, place := range f.Properties {
		if v := look(place); v != nil {
			out[name] = v
		}
	}
	if id := idText(look(f.OrderID)); id != "" {
		out["order_id"] = id
	}
	currency := strings.ToUpper(textOf(look(f.Currency)))
	if currency != "" {
		out["currency"] = currency
	}
	if total, ok := amountOf(look(f.Total)); ok {
		if f.Minor != nil && *f.Minor {
			total /= math.Pow10(minorDigits(currency))
		}
		out["total"] = total
	}
	return out
}

// at is when it happened. What lies in the future, further than a clock can be wrong, is taken for now.
func (f Fields) at(look func(string) any, now time.Time) time.Time {
	at := now
	switch v := look(f.At).(type) {
	case string:
		if t, _, ok := Moment(v, time.UTC); ok {
			at = t
		} else if seconds, err := strconv.ParseInt(v, 10, 64); err == nil {
			at = time.Unix(seconds, 0)
		}
	case int64:
		at = time.Unix(v, 0)
	case float64:
		at = time.UnixMicro(int64(v * 1e6))
	}
	if at.After(now.Add(sourceAhead)) || at.Year() < 1970 || at.Year() > 9999 {
		return now
	}
	return at.UTC().Truncate(time.Microsecond)
}

// readObject reads a body: whole numbers as int64, so that ids stay what they are.
func readObject(raw []byte) (map[string]any, error) {
	refuse := func(message string) (map[string]any, error) {
		return nil, &Fault{Code: CodeMalformed, Message: "the webhook cannot be read", Problems: Problems{{Message: message, Mend: "send a JSON object in UTF-8"}}}
	}
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return refuse("the body is not text in UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil || body == nil || d.More() {
		return refuse("the body is not a JSON object")
	}
	plainNumbers(body)
	return body, nil
}

// plainNumbers makes numbers of what the decoder left as text, and takes NUL out of texts.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = plainNumbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plainNumbers(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return n
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	}
	return v
}

// atPlace is what stands at a place; nil for nothing.
func atPlace(place string, body map[string]any, header func(string) string) any {
	if place == "" {
		return nil
	}
	if text, literal := strings.CutPrefix(place, "="); literal {
		return text
	}
	if name, isHeader := strings.CutPrefix(place, "header:"); isHeader {
		return storable(header(name))
	}
	return along(body, strings.Split(place, "."))
}

// along walks the words of a path; * sums what the rest of the path finds in each item of a list.
func along(at any, words []string) any {
	for n, word := range words {
		switch v := at.(type) {
		case map[string]any:
			at = v[word]
		case []any:
			if word == "*" {
				return sumOf(v, words[n+1:])
			}
			i, ok := indexOf(word)
			if !ok || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

// sumOf adds up amounts, to four decimals as everywhere: so it does not depend on their order.
func sumOf(list []any, words []string) float64 {
	var sum float64
	for _, item := range list {
		if n, ok := amountOf(along(item, words)); ok {
			sum += n
		}
	}
	return math.Round(sum*1e4) / 1e4
}

// idText is an id as text: 0 and what is empty are none, as shops write of guests.
func idText(v any) string {
	switch v := v.(type) {
	case string:
		if v = strings.TrimSpace(v); v != "0" {
			return v
		}
	case int64:
		if v != 0 {
			return strconv.FormatInt(v, 10)
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func amountOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

func bounded(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "")
	}
	return text
}
