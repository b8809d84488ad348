package journey

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	list := func(v ...any) []any { return v }
	for _, c := range []struct {
		got  any
		op   Op
		arg  any
		want bool
	}{
		{3.0, OpEq, int64(3), true},
		{int64(3), OpEq, 3.0, true},
		{json.Number("3"), OpEq, int64(3), true},
		{json.Number("3.5"), OpGt, int64(3), true},
		{"3", OpEq, int64(3), false},
		{"3", OpNe, int64(3), true},
		{3.0, OpNe, 3.0, false},
		{int64(9007199254740993), OpEq, int64(9007199254740992), true},
		{int64(9007199254740993), OpGt, 9007199254740992.0, false},
		{2.0, OpLt, 3.0, true}, {3.0, OpLte, 3.0, true}, {3.0, OpLt, 3.0, false}, {3.0, OpGte, 4.0, false},
		{"apple", OpLt, "pear", true}, {"Zoo", OpLt, "apple", true},
		{"10", OpLt, "9", true},
		{"2026-11-23T10:00:00+02:00", OpLt, "2026-11-23T09:00:00Z", true},
		{"2026-11-24", OpGt, "2026-11-23T22:59:00Z", true},
		{true, OpEq, true, true}, {true, OpEq, "true", false}, {true, OpGt, false, false},
		{"b", OpIn, list("a", "b"), true}, {2.0, OpIn, list(int64(1), int64(2)), true}, {"c", OpIn, list("a"), false},
		{"c", OpNotIn, list("a"), true}, {"a", OpNotIn, list("a"), false}, {"a", OpNotIn, "a", false},
		{list("a", 2.0), OpContains, int64(2), true}, {list("a"), OpContains, "b", false},
		{"Vienna", OpContains, "enn", true}, {"Vienna", OpContains, "ENN", false}, {17.0, OpContains, "1", false},
		{"Vienna", OpStartsWith, "Vi", true}, {"Vienna", OpStartsWith, "vi", false},
		{"2026-11-22", OpBefore, "2026-11-23", true}, {"2026-11-22", OpAfter, "2026-11-23", false},
		{"2026-11-23", OpBefore, "2026-11-23", false}, {"soon", OpBefore, "2026-11-23", false},
		{"2026-11-20T09:00:00Z", OpWithinLast, 3 * Day, true}, {"2026-11-20T08:59:59Z", OpWithinLast, 3 * Day, false},
		{"2026-11-24T09:00:00Z", OpWithinLast, 3 * Day, false},
		{"2026-11-26T09:00:00Z", OpWithinNext, 3 * Day, true}, {"2026-11-26T09:00:01Z", OpWithinNext, 3 * Day, false},
		{"2026-11-22T09:00:00Z", OpWithinNext, 3 * Day, false},
		{list("a", 1.0), OpEq, list("a", int64(1)), true},
		{map[string]any{"a": 1.0}, OpEq, map[string]any{"a": int64(1)}, true},
		{map[string]any{"a": 1.0}, OpEq, "a", false},
		{"x", OpExists, true, true}, {"x", OpMissing, true, false}, {"x", OpExists, false, false},
		{"x", "", "x", false}, {"x", "like", "x", false}, {"x", OpEq, nil, false},
	} {
		l := Lookup{State: &State{Trigger: map[string]any{"v": c.got}}, Facts: &Facts{Zone: zone(t, "Europe/Vienna")}, Now: monday()}
		cond := &Cond{Operand: &Value{From: FromTrigger, Path: "v"}, Op: c.op, Arg: c.arg}
		assert.Equal(t, c.want, cond.Holds(l, nil), "%v %s %v", c.got, c.op, c.arg)
	}
}

func TestMissingIsFalse(t *testing.T) {
	t.Parallel()
	l := Lookup{State: &State{Trigger: map[string]any{"null": nil}}, Facts: &Facts{}, Now: monday()}
	for _, path := range []string{"gone", "null", "gone.deeper"} {
		for _, op := range operators() {
			var arg any = []any{"a"}
			if Op(op) == OpMissing || Op(op) == OpExists {
				arg = true
			}
			cond := &Cond{Operand: &Value{From: FromTrigger, Path: path}, Op: Op(op), Arg: arg}
			assert.Equal(t, Op(op) == OpMissing, cond.Holds(l, nil), "%s %s", path, op)
		}
	}
	gone := &Value{From: FromTrigger, Path: "gone"}
	assert.False(t, (&Cond{Operand: &Value{Literal: "a"}, Op: OpNe, Arg: gone}).Holds(l, nil), "also on the right side")
	assert.True(t, (&Cond{Operand: &Value{From: FromTrigger, Path: "gone", Default: "a"}, Op: OpEq, Arg: "a"}).Holds(l, nil))
}

func TestResolve(t *testing.T) {
	t.Parallel()
	end := monday()
	facts := &Facts{
		Customer: Customer{Email: "ada@example.com", Attributes: map[string]any{"plan": "pro", "a.b": "dots"}},
		Account:  &Account{Name: "Oak", Attributes: map[string]any{"seats": 3.0}},
		Coupons:  map[string]Coupon{"offer": {Code: "X1", ExpiresAt: &end}, "young": {Code: "X2"}, "back": {Code: "X3", Released: true}},
	}
	state := &State{
		Trigger: map[string]any{"line": []any{map[string]any{"sku": "x"}}, "m": map[string]any{"n": 1.0}},
		Answer:  map[string]any{"score": 9.0}, Vars: map[string]any{"paid": map[string]any{"sum": 3.0}},
	}
	l := Lookup{Facts: facts, State: state, Event: &Event{Properties: map[string]any{"total": 5.0}}, Now: monday()}
	for _, c := range []struct {
		v    Value
		want any
	}{
		{Value{Literal: "x"}, "x"},
		{Value{From: FromTrigger, Path: "line.0.sku"}, "x"},
		{Value{From: FromTrigger, Path: "line.1.sku"}, nil},
		{Value{From: FromTrigger, Path: "line.x"}, nil},
		{Value{From: FromTrigger, Path: "line.-1"}, nil},
		{Value{From: FromTrigger, Path: "m.n"}, 1.0},
		{Value{From: FromTrigger, Path: "m.n.o"}, nil},
		{Value{From: FromAttribute, Path: "plan"}, "pro"},
		{Value{From: FromAttribute, Path: "a.b"}, "dots"},
		{Value{From: FromAttribute, Path: "email"}, "ada@example.com"},
		{Value{From: FromAttribute, Path: "timezone"}, nil},
		{Value{From: FromAccount, Path: "seats"}, 3.0},
		{Value{From: FromAccount, Path: "name"}, "Oak"},
		{Value{From: FromAnswer, Path: "score"}, 9.0},
		{Value{From: FromVar, Path: "paid.sum"}, 3.0},
		{Value{From: FromEvent, Path: "total"}, 5.0},
		{Value{From: FromCoupon, Path: "offer", Get: "code"}, "X1"},
		{Value{From: FromCoupon, Path: "offer", Get: "expires_at"}, "2026-11-23T09:00:00Z"},
		{Value{From: FromCoupon, Path: "young", Get: "expires_at"}, nil},
		{Value{From: FromCoupon, Path: "back"}, nil},
		{Value{From: "nowhere", Path: "x"}, nil},
		{Value{From: FromAnswer, Path: "choice", Default: "none"}, "none"},
	} {
		got, ok := c.v.Resolve(l)
		assert.Equal(t, c.want, got, c.v)
		assert.Equal(t, c.want != nil, ok, c.v)
		_, ok = c.v.Resolve(Lookup{})
		assert.Equal(t, c.v.Literal != nil || c.v.Default != nil, ok, "nothing to look at")
	}
}

func TestConditionsAboutWhatHasBeen(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return monday().Add(-d) }
	past, future := ago(Day), monday().Add(Day)
	order := func(n int64, at time.Time, total float64, currency string) Event {
		return Event{Number: n, At: at, Properties: map[string]any{"total": total, "currency": currency}}
	}
	l := Lookup{
		Now:   monday(),
		State: &State{Began: 3},
		Facts: &Facts{
			Customer: Customer{Consents: map[string]Consent{"offers": ConsentConfirmed, "news": ConsentGiven, "tips": ConsentWithdrawn}},
			History: map[string][]Event{"Order Completed": {
				order(5, ago(Day), 120, "EUR"), order(3, ago(10*Day), 50, "EUR"), order(1, ago(100*Day), 500, "USD"),
			}},
			Messages: []MessageFact{
				{Step: "a", State: MessageAccepted, Clicked: true}, {Step: "b", State: MessageDropped}, {Step: "c", State: MessageUnknown},
				{Step: "d", State: MessageQueued}, {Step: "e", State: MessageAccepted, Bounced: true},
			},
			Coupons: map[string]Coupon{
				"offer": {ExpiresAt: &past}, "used": {ExpiresAt: &past, RedeemedAt: &past}, "new": {ExpiresAt: &future}, "back": {Released: true},
			},
			Journeys: map[string]string{"onboarding": "finished"},
		},
		Segments: map[string]*Cond{
			"given": {Consent: &ConsentCond{Topic: "offers", Is: ConsentGiven}}, "loop": {Segment: "loop"},
		},
	}
	event := func(c EventCond) *Cond { c.Name = "Order Completed"; return &Cond{Event: &c} }
	where := &Cond{All: []*Cond{
		{Operand: &Value{From: FromEvent, Path: "total"}, Op: OpGte, Arg: int64(100)},
		{Operand: &Value{From: FromEvent, Path: "currency"}, Op: OpEq, Arg: "EUR"},
	}}
	for name, c := range map[string]struct {
		cond *Cond
		want bool
	}{
		"ever":                   {event(EventCond{}), true},
		"never":                  {&Cond{Event: &EventCond{Name: "Refunded"}}, false},
		"not once":               {&Cond{Event: &EventCond{Name: "Refunded", CountOp: OpEq}}, true},
		"three":                  {event(EventCond{CountOp: OpGte, Count: 3}), true},
		"four":                   {event(EventCond{CountOp: OpGte, Count: 4}), false},
		"two within 90 days":     {event(EventCond{CountOp: OpEq, Count: 2, Within: 90 * Day}), true},
		"exactly so old is over": {event(EventCond{Within: Day}), false},
		"one since entry":        {event(EventCond{CountOp: OpEq, Count: 1, SinceEntry: true}), true},
		"where":                  {event(EventCond{CountOp: OpEq, Count: 1, Where: where}), true},
		"confirmed is given":     {&Cond{Consent: &ConsentCond{"offers", ConsentGiven}}, true},
		"given is not confirmed": {&Cond{Consent: &ConsentCond{"news", ConsentConfirmed}}, false},
		"withdrawn":              {&Cond{Consent: &ConsentCond{"tips", ConsentWithdrawn}}, true},
		"never asked":            {&Cond{Consent: &ConsentCond{"else", ConsentWithdrawn}}, false},
		"sent":                   {&Cond{Message: &MessageCond{Message: "a", Was: "sent"}}, true},
		"in doubt is sent":       {&Cond{Message: &MessageCond{Message: "c", Was: "sent"}}, true},
		"queued is not":          {&Cond{Message: &MessageCond{Message: "d", Was: "sent"}}, false},
		"clicked":                {&Cond{Message: &MessageCond{Message: "any", Was: "clicked"}}, true},
		"bounced":                {&Cond{Message: &MessageCond{Message: "e", Was: "bounced"}}, true},
		"dropped":                {&Cond{Message: &MessageCond{Message: "b", Was: "dropped"}}, true},
		"expired":                {&Cond{Coupon: &CouponCond{"offer", "expired"}}, true},
		"redeemed in time":       {&Cond{Coupon: &CouponCond{"used", "expired"}}, false},
		"redeemed":               {&Cond{Coupon: &CouponCond{"used", "redeemed"}}, true},
		"still good":             {&Cond{Coupon: &CouponCond{"new", "expired"}}, false},
		"issued":                 {&Cond{Coupon: &CouponCond{"new", "issued"}}, true},
		"given back":             {&Cond{Coupon: &CouponCond{"back", "issued"}}, false},
		"finished":               {&Cond{Journey: &JourneyCond{"onboarding", "finished"}}, true},
		"never in it":            {&Cond{Journey: &JourneyCond{"win-back", "never"}}, true},
		"segment":                {&Cond{Segment: "given"}, true},
		"unknown segment":        {&Cond{Segment: "gone"}, false},
		"segment in circles":     {&Cond{Segment: "loop"}, false},
		"all of nothing":         {&Cond{All: []*Cond{}}, true},
		"any of nothing":         {&Cond{Any: []*Cond{}}, false},
		"empty":                  {&Cond{}, false},
		"nil":                    {nil, true},
		"not":                    {&Cond{Not: &Cond{Segment: "gone"}}, true},
	} {
		assert.Equal(t, c.want, c.cond.Holds(l, map[string]any{}), name)
		assert.NotPanics(t, func() { c.cond.Holds(Lookup{}, nil) }, name)
	}
}

func TestSeenNamesWhatWasLookedAt(t *testing.T) {
	t.Parallel()
	seen := map[string]any{}
	l := Lookup{Facts: &Facts{Customer: Customer{Attributes: map[string]any{"orders_count": 2.0}}}, State: &State{}, Now: monday()}
	(&Cond{Any: []*Cond{
		{Operand: &Value{From: FromAttribute, Path: "orders_count"}, Op: OpGte, Arg: int64(5)},
		{Operand: &Value{From: FromAnswer, Path: "score"}, Op: OpGte, Arg: int64(5)},
		{Event: &EventCond{Name: "Login"}},
	}}).Holds(l, seen)
	assert.Equal(t, map[string]any{"attribute.orders_count": 2.0, "answer.score": nil, "event.Login": 0}, seen)
}
