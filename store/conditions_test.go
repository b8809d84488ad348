package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"perennial/journey"
)

// The condition tree has two readers: the evaluator in Go and SQL. Random trees are asked of random customers with random
// histories, each customer by each reader: they must agree, and so must SQL that is asked of everybody at once.
func TestBothReadersOfAConditionAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate(120)
	ids := w.everybody()
	declared := map[string]*journey.Cond{"vip": {Operand: &journey.Value{From: journey.FromAttribute, Path: "tier"}, Op: journey.OpEq, Arg: "top"}}
	asked, held := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		for range 10 {
			tree := condition(r, rapid.IntRange(0, 3).Draw(r, "depth"))
			facts, err := w.Known(t.Context(), ids, tree.Needs(declared))
			require.NoError(r, err)
			each, sql, err := w.Matching(t.Context(), tree, declared, false)
			require.NoError(r, err, "%s", sql)
			atOnce, bulk, err := w.Matching(t.Context(), tree, declared, true)
			require.NoError(r, err, "%s", bulk)
			for _, id := range ids {
				want := tree.Holds(journey.Lookup{Facts: facts[id], Segments: declared, Now: w.Clock().Now()}, nil)
				if each[id] != want || atOnce[id] != want {
					r.Fatalf("Go says %t, SQL %t, SQL at once %t\nof %s\nzone %s, %s\n%s", want, each[id], atOnce[id], bare(tree),
						facts[id].Zone, show(facts[id].Customer.Attributes), sql)
				}
				asked++
				if want {
					held++
				}
			}
		}
	})
	t.Logf("%d answers agreed, %d of them yes", asked, held)
}

// bare shows a tree without what is not set.
func bare(c *journey.Cond) string {
	text := show(c)
	for _, empty := range []string{`"[A-Za-z]+":null`, `"[A-Za-z]+":""`, `"[A-Za-z]+":0`, `"[A-Za-z]+":false`, `,,+`} {
		text = regexp.MustCompile(empty).ReplaceAllString(text, "")
	}
	return text
}

func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(raw)
}

// values are what attributes and properties hold, and what conditions compare them with: of every kind, near each other, and at
// the edges of numbers, texts, days and zones.
func values() []any {
	return []any{
		"top", "basic", "TOP", "to", "", "3", "10", "ünïcödé", "a.b", true, false, int64(0), int64(3), 3.0, 3.5, -1.0, 10.0,
		int64(9007199254740993), 9007199254740992.0, 1e300,
		"2030-05-06", "2030-05-05", "2030-04-30T10:00:00Z", "2030-05-06T09:00:00Z", "2030-05-06T09:00:00.0000009Z", "2030-05-06T11:00:00+02:00",
		"2030-05-06T09:00", "2030-05-06 09:00:07", "2030-05-09T09:00:00.5Z", "2029-02-29", "2028-02-29", "2030-13-01", "0000-01-01",
		"2030-03-31T02:30", "2029-10-28T02:30", "2011-12-30", "2030-04-07T01:45", "2030-05-06T9:00:00Z", "2030-05-06 09:00:00Z", "soon",
		"2030-05-01T00:00:00-23:30", "2030-05-01T00:00:00+24:00", "2030-05-01T24:00:00Z", "2030-05-01T10:00:00,25Z", "2030-02-30T10:00",
		[]any{"top", 3.0, true, nil}, []any{}, map[string]any{"b": "top", "0": 3.0}, []any{map[string]any{"sku": "x"}, "x"}, nil,
	}
}

// literals are those of the values that the language lets a condition say.
func literals() []any {
	return slices.DeleteFunc(values(), func(v any) bool {
		switch v.(type) {
		case nil, []any, map[string]any:
			return true
		}
		return false
	})
}

func attributePaths() []string {
	return []string{"tier", "points", "born", "seen", "tags", "deep", "deep.b", "deep.0", "tags.0", "tags.-1", "tags.0.sku", "a.b", "a.b.c",
		"email", "created_at", "locale", "timezone", "first_name", "gone"}
}

// populate makes customers with accounts, consents, events, journeys, messages and coupons: some of everything.
func (w *world) populate(n int) {
	w.t.Helper()
	w.publish(winBack("always"))
	rows := map[string][][]any{}
	add := func(table string, row ...any) { rows[table] = append(rows[table], row) }
	for i := range 4 {
		attributes := map[string]any{"plan": values()[i*3], "a.b": values()[i*5], "deep": map[string]any{"b": values()[i*7]}}
		add("accounts", fmt.Sprintf("acc_%d", i), []string{"", "Oak", "Elm", "Ash"}[i], attributes)
	}
	person := rapid.Custom(func(r *rapid.T) bool {
		w.person(r, fmt.Sprintf("cus_%04d", len(rows["customers"])), add)
		return true
	})
	for i := range n {
		person.Example(i)
	}
	columns := map[string][]string{
		"accounts":     {"id", "name", "attributes"},
		"customers":    {"id", "email", "first_name", "locale", "timezone", "account_id", "attributes", "created_at", "applied"},
		"consents":     {"customer_id", "topic", "state", "changed_at"},
		"events":       {"id", "kind", "customer_id", "name", "properties", "happened_at", "received_at", "applied_at", "number"},
		"event_totals": {"customer_id", "name", "count", "first_at", "last_at", "last_event_id"},
		"enrollments":  {"id", "journey_key", "version", "customer_id", "entry_key", "status", "state", "entered_at"},
		"messages": {"id", "enrollment_id", "step", "visit", "customer_id", "channel", "journey_key", "version", "lane", "topic",
			"template", "state", "reason", "not_before_at", "expires_at", "queued_at", "message_id"},
		"observations": {"message_id", "kind", "machine", "at"},
		"coupons":      {"id", "pool", "code", "state", "customer_id", "alias", "issued_at", "expires_at", "redeemed_at"},
	}
	w.exec(`INSERT INTO pools (key) VALUES ('comeback')`)
	for _, table := range []string{"accounts", "customers", "consents", "events", "event_totals", "enrollments", "messages", "observations", "coupons"} {
		_, err := w.sql.CopyFrom(w.t.Context(), pgx.Identifier{table}, columns[table], pgx.CopyFromRows(rows[table]))
		require.NoError(w.t, err, table)
	}
	w.exec(`ANALYZE`)
}

// person draws one customer.
func (w *world) person(r *rapid.T, id string, add func(table string, row ...any)) {
	now := w.wall.now()
	ago := func() time.Time {
		return now.Add(-rapid.SampledFrom([]time.Duration{0, time.Second, journey.Day, 5 * journey.Day, 30 * journey.Day, 31 * journey.Day, -journey.Day}).Draw(r, "ago"))
	}
	attributes := map[string]any{}
	for _, name := range []string{"tier", "points", "born", "seen", "tags", "deep", "a.b", "a", "email", "created_at"} {
		if rapid.IntRange(0, 2).Draw(r, "has") > 0 {
			attributes[name] = rapid.SampledFrom(values()).Draw(r, name)
		}
	}
	var account any
	if i := rapid.IntRange(0, 7).Draw(r, "account"); i < 4 {
		account = fmt.Sprintf("acc_%d", i)
	}
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(r, "pick") }
	zone := pick("", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Mars/Phobos")
	events := rapid.IntRange(0, 6).Draw(r, "events")
	add("customers", id, pick("", "ada@example.com"), pick("", "Ada"), pick("", "de"), zone, account, attributes, ago(), int64(events))
	for _, topic := range []string{"offers", "news"} {
		if state := pick("", "given", "confirmed", "withdrawn"); state != "" {
			add("consents", id, topic, state, now)
		}
	}
	type total struct {
		count       int64
		first, last time.Time
		event       string
	}
	totals := map[string]*total{}
	for number := range events {
		name, at, event := pick("Order Completed", "Page Viewed", "Order Refunded"), ago(), fmt.Sprintf("evt_%s_%d", id, number)
		properties := map[string]any{}
		for _, p := range []string{"total", "currency", "day"} {
			properties[p] = rapid.SampledFrom(values()).Draw(r, p)
		}
		add("events", event, journey.KindTrack, id, name, properties, at, at, now, int64(number+1))
		if totals[name] == nil {
			totals[name] = &total{first: at, last: at}
		}
		sum := totals[name]
		sum.count++
		if at.Before(sum.first) {
			sum.first = at
		}
		if !at.Before(sum.last) {
			sum.last, sum.event = at, event
		}
	}
	for name, sum := range totals {
		add("event_totals", id, name, sum.count, sum.first, sum.last, sum.event)
	}
	enrollment := "enr_" + id
	if status := pick("", "active", "ended"); status != "" {
		add("enrollments", enrollment, "win-back", 1, id, "once", status, map[string]any{}, now)
		for i := range rapid.IntRange(0, 3).Draw(r, "messages") {
			message := fmt.Sprintf("msg_%s_%d", id, i)
			add("messages", message, enrollment, pick("we-miss-you", "last-call"), i, id, "email", "win-back", 1, "email-marketing", "offers",
				"we-miss-you", pick("accepted", "unknown", "queued", "dropped", "failed"), pick("", "bounced", "render"), now, now, ago(), message)
			if pick("", "click") != "" {
				add("observations", message, "click", pick("", "machine") != "", now)
			}
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(r, "coupons") {
		var expires, redeemed any
		if pick("", "expires") != "" {
			expires = ago()
		}
		if pick("", "redeemed") != "" {
			redeemed = ago()
		}
		add("coupons", fmt.Sprintf("cpn_%s_%d", id, i), "comeback", fmt.Sprintf("%s-%d", id, i), pick("issued", "released"), id, pick("offer", "gift"),
			now.Add(time.Duration(i)*time.Second), expires, redeemed)
	}
}

func (w *world) everybody() []string {
	rows, err := w.sql.Query(w.t.Context(), `SELECT id FROM customers WHERE merged_into IS NULL ORDER BY id`)
	require.NoError(w.t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	return ids
}

// condition draws a tree.
func condition(r *rapid.T, depth int) *journey.Cond {
	kind := rapid.IntRange(0, 11).Draw(r, "kind")
	if depth == 0 && kind < 4 {
		kind += 4
	}
	switch kind {
	case 0, 1:
		var all []*journey.Cond
		for range rapid.IntRange(1, 3).Draw(r, "parts") {
			all = append(all, condition(r, depth-1))
		}
		if kind == 0 {
			return &journey.Cond{All: all}
		}
		return &journey.Cond{Any: all}
	case 2, 3:
		return &journey.Cond{Not: condition(r, depth-1)}
	case 4, 5, 6:
		return comparison(r, journey.FromAttribute, attributePaths())
	case 7:
		return comparison(r, journey.FromAccount, []string{"plan", "name", "a.b", "deep.b", "gone"})
	case 8, 9:
		return &journey.Cond{Event: eventCondition(r)}
	case 10:
		return recalled(r)
	default:
		return &journey.Cond{Consent: &journey.ConsentCond{Topic: rapid.SampledFrom([]string{"offers", "news", "else"}).Draw(r, "topic"),
			Is: rapid.SampledFrom([]journey.Consent{journey.ConsentGiven, journey.ConsentConfirmed, journey.ConsentWithdrawn}).Draw(r, "is")}}
	}
}

func recalled(r *rapid.T) *journey.Cond {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(r, "pick") }
	switch pick("journey", "segment", "message", "coupon") {
	case "journey":
		return &journey.Cond{Journey: &journey.JourneyCond{Key: pick("win-back", "else"), Is: pick("active", "finished", "never")}}
	case "segment":
		return &journey.Cond{Segment: pick("vip", "else")}
	case "coupon":
		return &journey.Cond{Coupon: &journey.CouponCond{As: pick("offer", "gift"), Was: pick("issued", "redeemed", "expired")}}
	}
	c := &journey.MessageCond{Message: pick("any", "last-call"), Was: pick("sent", "clicked", "bounced", "dropped")}
	c.CountOp, c.Count = count(r)
	c.Within = rapid.SampledFrom([]time.Duration{0, journey.Day, 30 * journey.Day}).Draw(r, "within")
	return &journey.Cond{Message: c}
}

func count(r *rapid.T) (journey.Op, float64) {
	op := rapid.SampledFrom([]journey.Op{"", journey.OpEq, journey.OpNe, journey.OpLt, journey.OpLte, journey.OpGt, journey.OpGte}).Draw(r, "count")
	if op == "" {
		return "", 0
	}
	return op, float64(rapid.IntRange(0, 3).Draw(r, "n"))
}

func eventCondition(r *rapid.T) *journey.EventCond {
	c := &journey.EventCond{Name: rapid.SampledFrom([]string{"Order Completed", "Page Viewed", "Never Happened"}).Draw(r, "event")}
	c.CountOp, c.Count = count(r)
	c.Within = rapid.SampledFrom([]time.Duration{0, journey.Day, 30 * journey.Day}).Draw(r, "within")
	c.ByAccount = rapid.IntRange(0, 3).Draw(r, "account") == 0
	if rapid.Bool().Draw(r, "where") {
		c.Where = comparison(r, journey.FromEvent, []string{"total", "currency", "day", "gone"})
		if rapid.Bool().Draw(r, "both") {
			c.Where = &journey.Cond{All: []*journey.Cond{c.Where, comparison(r, journey.FromEvent, []string{"total", "currency"})}}
		}
	}
	return c
}

func comparison(r *rapid.T, from journey.ValueFrom, paths []string) *journey.Cond {
	ops := []journey.Op{journey.OpEq, journey.OpNe, journey.OpLt, journey.OpLte, journey.OpGt, journey.OpGte, journey.OpIn, journey.OpNotIn,
		journey.OpContains, journey.OpStartsWith, journey.OpExists, journey.OpMissing, journey.OpBefore, journey.OpAfter,
		journey.OpWithinLast, journey.OpWithinNext}
	c := &journey.Cond{Operand: &journey.Value{From: from, Path: rapid.SampledFrom(paths).Draw(r, "path")}, Op: rapid.SampledFrom(ops).Draw(r, "op")}
	literal := func() any { return rapid.SampledFrom(literals()).Draw(r, "literal") }
	if rapid.IntRange(0, 7).Draw(r, "default") == 0 {
		c.Operand.Default = literal()
	}
	switch c.Op {
	case journey.OpExists, journey.OpMissing:
		c.Arg = true
		return c
	case journey.OpWithinLast, journey.OpWithinNext:
		c.Arg = rapid.SampledFrom([]time.Duration{time.Second, 5 * journey.Day, 400 * journey.Day}).Draw(r, "length")
		return c
	case journey.OpIn, journey.OpNotIn:
		c.Arg = rapid.SliceOfN(rapid.Custom(func(r *rapid.T) any { return rapid.SampledFrom(literals()).Draw(r, "item") }), 1, 3).Draw(r, "in")
	default:
		c.Arg = literal()
	}
	if rapid.IntRange(0, 3).Draw(r, "value") == 0 {
		c.Arg = &journey.Value{From: journey.FromAttribute, Path: rapid.SampledFrom(attributePaths()).Draw(r, "against")}
		if rapid.Bool().Draw(r, "or") {
			c.Arg.(*journey.Value).Default = literal()
		}
	}
	return c
}

// Local times are the part in which Postgres and Go read the same zone differently: around every change of the clocks of zones
// with odd ones, both must find the same instant.
func TestBothReadersFindTheSameMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zones := []string{"Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "Asia/Kathmandu", "UTC"}
	texts := []string{}
	for _, v := range values() {
		if text, isText := v.(string); isText {
			texts = append(texts, text)
		}
	}
	for _, day := range []string{"2029-10-28", "2030-03-31", "2030-04-07", "2029-10-07", "2011-12-29", "2011-12-30", "2011-12-31", "2029-03-11",
		"2029-11-04", "2030-04-26", "2029-10-25", "1969-07-20", "2099-06-01"} {
		texts = append(texts, day, day+"T23:59:59", day+"T00:00")
		for minute := 30; minute < 5*60; minute += 15 {
			texts = append(texts, fmt.Sprintf("%sT%02d:%02d", day, minute/60, minute%60))
		}
	}
	for _, zone := range zones {
		location, err := time.LoadLocation(zone)
		require.NoError(t, err)
		rows, err := w.sql.Query(t.Context(), `SELECT v, moment(to_jsonb(v), $2, 'UTC') FROM unnest($1::text[]) v`, texts, zone)
		require.NoError(t, err)
		var text string
		var got *time.Time
		_, err = pgx.ForEachRow(rows, []any{&text, &got}, func() error {
			want, _, ok := journey.Moment(text, location)
			if ok != (got != nil) || ok && !want.Equal(*got) {
				t.Errorf("%q in %s: Go says %s (%t), SQL %v", text, zone, want, ok, got)
			}
			return nil
		})
		require.NoError(t, err)
	}
}

// What hangs on an enrollment cannot be asked of a customer, and all of it is said at once.
func TestConditionsOfAnEnrollmentAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tree := &journey.Cond{All: []*journey.Cond{
		{Operand: &journey.Value{From: journey.FromTrigger, Path: "total"}, Op: journey.OpExists, Arg: true},
		{Operand: &journey.Value{From: journey.FromVar, Path: "line"}, Op: journey.OpExists, Arg: true},
		{Operand: &journey.Value{From: journey.FromAttribute, Path: "tier"}, Op: journey.OpEq, Arg: &journey.Value{From: journey.FromAnswer, Path: "score"}},
		{Event: &journey.EventCond{Name: "Order Completed", SinceEntry: true}},
	}}
	_, _, err := w.Matching(t.Context(), tree, nil, true)
	var fault *journey.Fault
	require.ErrorAs(t, err, &fault)
	named := map[string]bool{}
	for _, p := range fault.Problems {
		named[p.Path] = true
		assert.NotEmpty(t, p.Mend)
	}
	assert.Equal(t, []string{"answer", "since", "trigger", "var"}, slices.Sorted(maps.Keys(named)))
}
