package journey

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// CouponText is a coupon as templates see it: printed, it is its code; it has .code, .pool and .expires_at.
type CouponText struct {
	fields map[string]any
}

// String is the code.
func (c CouponText) String() string {
	code, _ := c.fields["code"].(string)
	return code
}

// textValue copies a value into the few types that templates compute with: string, bool, int64, float64, time.Time,
// map[string]any, []any, CouponText. Whole numbers become int64, or 1234567 would print as 1.234567e+06.
func textValue(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case string, bool, int64, time.Time, CouponText:
		return v
	case float64:
		return textNumber(v)
	case float32:
		return textNumber(float64(v))
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case json.Number:
		return textJSONNumber(v)
	case *time.Time:
		if v == nil {
			return ""
		}
		return *v
	case map[string]any:
		return textMap(v)
	case []any:
		return textList(v)
	case []string:
		return textList(v)
	}
	return textNoun(v)
}

// textNoun turns our own nouns into what templates see; anything else is empty, because a template must not reach methods.
func textNoun(v any) any {
	switch v := v.(type) {
	case Customer:
		return customerText(v)
	case *Account:
		if v == nil {
			return ""
		}
		return accountText(*v)
	case Account:
		return accountText(v)
	case Coupon:
		return couponText(v)
	case map[string]Coupon:
		out := make(map[string]any, len(v))
		for as, c := range v {
			out[as] = couponText(c)
		}
		return out
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = item
		}
		return out
	}
	return ""
}

func textMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = textValue(v)
	}
	return out
}

func textList[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = textValue(any(v))
	}
	return out
}

func textNumber(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

func textJSONNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return textNumber(f)
}

// customerText is a customer as templates see her: her attributes, and over them what we know by name.
func customerText(c Customer) map[string]any {
	out := textMap(c.Attributes)
	out["attributes"] = textMap(c.Attributes)
	for name, v := range map[string]string{
		"id": c.ID, "external_id": c.ExternalID, "email": c.Email, "first_name": c.FirstName, "last_name": c.LastName,
		"locale": c.Locale, "timezone": c.Timezone,
	} {
		if _, has := out[name]; v != "" || !has {
			out[name] = v
		}
	}
	return out
}

func accountText(a Account) map[string]any {
	out := textMap(a.Attributes)
	out["attributes"] = textMap(a.Attributes)
	out["id"], out["external_id"], out["name"] = a.ID, a.ExternalID, a.Name
	return out
}

func couponText(c Coupon) CouponText {
	fields := map[string]any{"code": c.Code, "pool": c.Pool}
	if c.ExpiresAt != nil {
		fields["expires_at"] = *c.ExpiresAt
	}
	return CouponText{fields: fields}
}

// textLookup follows a path through maps, lists (by index from 0) and coupons. What is missing is "".
func textLookup(base any, path []string) any {
	for _, name := range path {
		switch at := base.(type) {
		case *TextScope:
			base = at.data[name]
		case map[string]any:
			base = at[name]
		case CouponText:
			base = at.fields[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			base = at[i]
		default:
			return ""
		}
	}
	if _, isScope := base.(*TextScope); base == nil || isScope {
		return ""
	}
	return base
}

// textTime reads a moment: a time, RFC 3339, or a plain date, which is the same day in every zone.
func textTime(v any, zone *time.Location) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.In(zone), true
	case string:
		v = strings.TrimSpace(v)
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.In(zone), true
		}
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.ParseInLocation(layout, v, zone); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}
