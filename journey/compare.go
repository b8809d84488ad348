package journey

import (
	"cmp"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// holds compares two values that are there. Numbers compare as numbers, strings by bytes, moments as moments; values of
// different kinds are different, and neither is before the other.
func (op Op) holds(got, arg any, zone *time.Location, now time.Time) bool {
	switch op {
	case OpEq:
		return equal(got, arg)
	case OpNe:
		return !equal(got, arg)
	case OpIn, OpNotIn:
		list, isList := arg.([]any)
		return isList && contains(list, got) == (op == OpIn)
	case OpContains:
		if list, isList := got.([]any); isList {
			return contains(list, arg)
		}
		return bothStrings(got, arg, strings.Contains)
	case OpStartsWith:
		return bothStrings(got, arg, strings.HasPrefix)
	case OpBefore, OpAfter:
		order, comparable := compareMoments(got, arg, zone)
		return comparable && order == map[Op]int{OpBefore: -1, OpAfter: 1}[op]
	case OpWithinLast, OpWithinNext:
		from, to, ok := op.span(got, arg, zone)
		return ok && !now.Before(from) && !now.After(to)
	case OpLt, OpLte, OpGt, OpGte:
		order, comparable := compare(got, arg, zone)
		return comparable && op.admits(order)
	default: // exists and missing do not compare
		return false
	}
}

// span is when within_last and within_next hold, both ends included.
func (op Op) span(got, arg any, zone *time.Location) (from, to time.Time, ok bool) {
	moment, _, isMoment := momentOf(got, zone)
	length, isLength := arg.(time.Duration)
	if !isMoment || !isLength {
		return time.Time{}, time.Time{}, false
	}
	if op == OpWithinLast {
		return moment, moment.Add(length), true
	}
	return moment.Add(-length), moment, true
}

func (op Op) admits(order int) bool {
	switch op {
	case OpLt:
		return order < 0
	case OpLte:
		return order <= 0
	case OpGt:
		return order > 0
	default:
		return order >= 0
	}
}

func bothStrings(a, b any, f func(string, string) bool) bool {
	s, isString := a.(string)
	t, areStrings := b.(string)
	return isString && areStrings && f(s, t)
}

func contains(list []any, v any) bool {
	for _, item := range list {
		if equal(item, v) {
			return true
		}
	}
	return false
}

// equal compares trees as they come out of JSON: 3 equals 3.0, "3" does not.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && a == s
	case bool:
		t, ok := b.(bool)
		return ok && a == t
	case time.Time:
		t, ok := b.(time.Time)
		return ok && a.Equal(t)
	case []any:
		l, ok := b.([]any)
		if !ok || len(a) != len(l) {
			return false
		}
		for i := range a {
			if !equal(a[i], l[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(a) != len(m) {
			return false
		}
		for k := range a {
			if v, has := m[k]; !has || !equal(a[k], v) {
				return false
			}
		}
		return true
	}
	order, comparable := compareNumbers(a, b)
	return comparable && order == 0
}

// compare orders numbers, moments and strings.
func compare(a, b any, zone *time.Location) (order int, comparable bool) {
	if order, comparable := compareNumbers(a, b); comparable {
		return order, true
	}
	if order, comparable := compareMoments(a, b, zone); comparable {
		return order, true
	}
	s, isString := a.(string)
	t, areStrings := b.(string)
	return strings.Compare(s, t), isString && areStrings
}

func compareMoments(a, b any, zone *time.Location) (order int, comparable bool) {
	s, _, isMoment := momentOf(a, zone)
	t, _, areMoments := momentOf(b, zone)
	return s.Compare(t), isMoment && areMoments
}

// compareNumbers compares as JSON's numbers are read, which is as float64: 2^53 and above, neighbours are equal. SQL reads them alike.
func compareNumbers(a, b any) (order int, comparable bool) {
	f, isNumber := numberOf(a)
	g, areNumbers := numberOf(b)
	return cmp.Compare(f, g), isNumber && areNumbers
}

// wholeOf reads an integer.
func wholeOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case json.Number:
		i, err := v.Int64()
		return i, err == nil
	}
	return 0, false
}

// numberOf reads any number but NaN.
func numberOf(v any) (float64, bool) {
	if i, ok := wholeOf(v); ok {
		return float64(i), true
	}
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v)
	case float32:
		return float64(v), v == v
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}
