package journey

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode"
)

// TextFunctions are the functions of templates, under the names that ParseText writes into the tree. Each takes the scope
// first: ParseText puts `$` there, so that nothing is bound to one rendering and a parsed template serves all of them.
func TextFunctions() map[string]any {
	return map[string]any{
		"lookup": func(s *TextScope, base any, path ...string) (any, error) { return textLookup(base, path), s.spend(1) },
		"items":  textItems, "coupon": textCoupon, "coupon_if": textCouponIf,
		"default": func(_ *TextScope, other, v any) any {
			if textEmpty(v) {
				return other
			}
			return v
		},
		"date": textDate, "money": textMoneyOf,
		"upper": textMapper(strings.ToUpper), "lower": textMapper(strings.ToLower), "title": textMapper(textTitle),
		"len": textLen, "eq": textEq,
		"ne":  func(s *TextScope, a, b any) bool { return !textEq(s, a, b) },
		"lt":  textOrder(func(c int) bool { return c < 0 }),
		"le":  textOrder(func(c int) bool { return c <= 0 }),
		"lte": textOrder(func(c int) bool { return c <= 0 }),
		"gt":  textOrder(func(c int) bool { return c > 0 }),
		"ge":  textOrder(func(c int) bool { return c >= 0 }),
		"gte": textOrder(func(c int) bool { return c >= 0 }),
	}
}

// textItems is what a loop runs over. A number is refused: it would be a loop of any length.
func textItems(s *TextScope, v any) (any, error) {
	var n int
	switch v := v.(type) {
	case []any:
		n = len(v)
	case map[string]any:
		n = len(v)
	default:
		if textEmpty(v) {
			return []any{}, nil
		}
		return nil, fmt.Errorf("range over %T: only lists can be repeated", v)
	}
	if n > TextMaxLoop {
		return nil, fmt.Errorf("range over %d items: at most %d", n, TextMaxLoop)
	}
	return v, s.spend(1 + n)
}

func textCoupon(s *TextScope, as string) (CouponText, error) {
	c, has := s.Value("coupon", as).(CouponText)
	if !has || c.String() == "" {
		return CouponText{}, fmt.Errorf("coupon %q is missing: a message never goes out with an empty code", as)
	}
	return c, nil
}

// textCouponIf is coupon where it is asked for in a condition: missing is false there, not an error.
func textCouponIf(s *TextScope, as string) any {
	c, has := s.Value("coupon", as).(CouponText)
	if !has || c.String() == "" {
		return ""
	}
	return c
}

func textEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func textLen(_ *TextScope, v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case string:
		return int64(len([]rune(v))), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	}
	return 0, fmt.Errorf("len of %T: only texts and lists have one", v)
}

func textMapper(f func(string) string) func(*TextScope, any) string {
	return func(_ *TextScope, v any) string { return f(textString(v)) }
}

func textString(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}

func textTitle(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		if start && unicode.IsLetter(r) {
			start = false
			return unicode.ToTitle(r)
		}
		start = unicode.IsSpace(r) || r == '-'
		return r
	}, s)
}

// textEq says whether a equals any of the others; numbers compare as numbers, whatever their type.
func textEq(_ *TextScope, a any, others ...any) bool {
	for _, b := range others {
		if c, ok := textCompare(a, b); ok && c == 0 {
			return true
		}
		if reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.DeepEqual(a, b) {
			return true
		}
	}
	return false
}

func textOrder(holds func(int) bool) func(*TextScope, any, any) bool {
	return func(_ *TextScope, a, b any) bool {
		c, ok := textCompare(a, b)
		return ok && holds(c)
	}
}

// textCompare orders two numbers, moments or texts; false when they cannot be ordered, also when one is missing.
func textCompare(a, b any) (int, bool) {
	x, aIs := textFloat(a)
	y, bIs := textFloat(b)
	switch {
	case aIs && bIs && !math.IsNaN(x) && !math.IsNaN(y):
		return cmp.Compare(x, y), true
	case aIs || bIs:
		return 0, false
	}
	s, aIs := a.(string)
	t, bIs := b.(string)
	if aIs && bIs {
		return strings.Compare(s, t), true
	}
	from, aIs := textTime(a, time.UTC)
	to, bIs := textTime(b, time.UTC)
	return from.Compare(to), aIs && bIs
}

func textFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// textDate formats a moment in the customer's zone. The format is short (2 Mar), long (2 March 2026), weekday (Monday
// 2 March), time (15:04), or one of Go's layouts. Missing is empty; a text that is no moment stays as it is.
func textDate(s *TextScope, format string, v any) string {
	t, ok := textTime(v, s.zone)
	if !ok {
		return textString(v)
	}
	return formatDate(t, format, s.locale)
}

// textMoneyOf takes `money trigger.total "EUR"`, `money "EUR" trigger.total` (so that a pipe works), an amount of minor
// units with its currency as we make it ({ amount, currency }), or a number alone.
func textMoneyOf(s *TextScope, args ...any) (string, error) {
	var amount any
	currency := ""
	for _, a := range args {
		if code, is := a.(string); is && (len(code) == 3 || code == "") && currency == "" {
			currency = strings.ToUpper(code)
			continue
		}
		amount = a
	}
	if m, is := amount.(map[string]any); is {
		minor, ok := textFloat(m["amount"])
		if !ok {
			return "", nil
		}
		code := strings.ToUpper(textString(m["currency"]))
		return formatMoney(minor/math.Pow10(minorDigits(code)), code, s.locale), nil
	}
	if len(args) > 2 {
		return "", errors.New("money takes an amount and a currency")
	}
	f, ok := textFloat(amount)
	if !ok {
		return textString(amount), nil
	}
	return formatMoney(f, currency, s.locale), nil
}
