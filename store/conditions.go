package store

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"perennial/journey"
)

// conditions turns trees of conditions into SQL on customers c, which means what the evaluator in journey means: a property test
// holds the two against each other. Values stand in args only, never in the text. Everything is made of parts that are NULL for
// what is missing; each leaf ends in true or false.
type conditions struct {
	now  time.Time
	zone string // the installation's, for customers whose own is not known

	// atOnce asks about everybody: events are gathered once for all, by name and time. Otherwise they are looked up customer by
	// customer, which is what a page of them wants.
	atOnce bool

	segments map[string]*journey.Cond // those that a journey declares; others are looked up among the members
	args     []any
	joins    []string
	refused  journey.Problems
}

// deepest bounds segments that name segments, as the evaluator does.
const deepest = 100

// conditionSQL is a condition to be put behind FROM customers c.
type conditionSQL struct {
	Joins string // LEFT JOINs, each with one row per customer at most
	Where string // never NULL
	Args  []any
}

// condition compiles a condition; args are those that the statement around it has already. A nil condition is true. The fault
// lists what only makes sense in an enrollment: it cannot be asked of a customer.
func (s *Store) condition(c *journey.Cond, segments map[string]*journey.Cond, atOnce bool, args ...any) (conditionSQL, error) {
	q := &conditions{now: s.clock.Now(), zone: s.zone.String(), atOnce: atOnce, segments: segments, args: args}
	where := q.holds(c, 0)
	if len(q.refused) > 0 {
		return conditionSQL{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the condition cannot be asked of a customer", Problems: q.refused}
	}
	return q.prune(strings.Join(q.joins, " "), where, len(args)), nil
}

// prune leaves out the values that no part came to use: Postgres refuses them. The first ones belong to the statement around it.
func (q *conditions) prune(joins, where string, kept int) conditionSQL {
	out := conditionSQL{Args: q.args[:kept:kept]}
	places := map[string]string{}
	renamed := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(name string) string {
			n, err := strconv.Atoi(name[1:])
			if err != nil || n <= kept {
				return name
			}
			if places[name] == "" {
				out.Args = append(out.Args, q.args[n-1])
				places[name] = fmt.Sprintf("$%d", len(out.Args))
			}
			return places[name]
		})
	}
	out.Joins, out.Where = renamed(joins), renamed(where)
	return out
}

var placeholder = regexp.MustCompile(`\$[0-9]+`)

// arg adds a value, and returns how the text names it.
func (q *conditions) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// literal adds a value as JSON.
func (q *conditions) literal(v any) string {
	raw, err := json.Marshal(v)
	if err != nil || strings.Contains(string(raw), `\u0000`) { // nothing that is stored equals it
		raw = []byte(`{"": "no value"}`)
	}
	return q.arg(string(raw)) + "::text::jsonb"
}

// join adds a table with one row per customer at most, and returns its alias.
func (q *conditions) join(format string, parts ...any) string {
	alias := fmt.Sprintf("j%d", len(q.joins)+1)
	q.joins = append(q.joins, "LEFT JOIN "+strings.ReplaceAll(fmt.Sprintf(format, parts...), "@", alias))
	return alias
}

func (q *conditions) refuse(what, mend string) string {
	q.refused = append(q.refused, journey.Problem{Path: what, Message: "only an enrollment has that: who a customer is does not hang on it", Mend: mend})
	return "false"
}

func (q *conditions) holds(c *journey.Cond, depth int) string {
	switch {
	case c == nil && depth == 0:
		return "true"
	case c == nil || depth > deepest:
		return "false"
	case c.All != nil:
		return q.several(c.All, " AND ", "true", depth)
	case c.Any != nil:
		return q.several(c.Any, " OR ", "false", depth)
	case c.Not != nil:
		return "NOT " + q.holds(c.Not, depth+1)
	case c.Each != nil:
		return q.refuse("trigger", "ask for an event and its properties: `{ event: NAME, where: { … } }`")
	case c.Operand != nil:
		return q.compare(c, "")
	case c.Segment != "":
		return q.in(c.Segment, depth)
	case c.Event != nil:
		return q.event(c.Event, depth)
	}
	return q.recalls(c)
}

func (q *conditions) several(all []*journey.Cond, with, none string, depth int) string {
	if len(all) == 0 {
		return none
	}
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = q.holds(c, depth+1)
	}
	return "(" + strings.Join(parts, with) + ")"
}

// in asks whether she is in a segment: one that the journey declares is written out.
func (q *conditions) in(key string, depth int) string {
	if declared, ok := q.segments[key]; ok {
		return q.holds(declared, depth+1)
	}
	alias := q.join(`segment_members @ ON @.customer_id = c.id AND @.segment = %s AND @.member`, q.arg(key))
	return alias + ".customer_id IS NOT NULL"
}

// recalls asks for what has been, events aside.
func (q *conditions) recalls(c *journey.Cond) string {
	switch {
	case c.Consent != nil:
		states := []string{string(c.Consent.Is)}
		if c.Consent.Is == journey.ConsentGiven {
			states = append(states, string(journey.ConsentConfirmed))
		}
		alias := q.join(`consents @ ON @.customer_id = c.id AND @.topic = %s`, q.arg(c.Consent.Topic))
		return fmt.Sprintf("(%s.state = ANY(%s)) IS TRUE", alias, q.arg(states))
	case c.Message != nil:
		return q.message(c.Message)
	case c.Coupon != nil:
		return q.coupon(c.Coupon)
	case c.Journey != nil:
		return q.journey(c.Journey)
	}
	return "false"
}

func (q *conditions) journey(c *journey.JourneyCond) string {
	key := q.arg(c.Key)
	ever := fmt.Sprintf("EXISTS (SELECT FROM enrollments n WHERE n.customer_id = c.id AND n.journey_key = %s)", key)
	active := fmt.Sprintf("EXISTS (SELECT FROM enrollments n WHERE n.customer_id = c.id AND n.journey_key = %s AND n.status = 'active')", key)
	switch c.Is {
	case "active":
		return active
	case "finished":
		return "(" + ever + " AND NOT " + active + ")"
	case "never":
		return "NOT " + ever
	}
	return "false"
}

// compare is an operand, an operator and what it is compared with. Event is the alias of the event that a where looks at.
func (q *conditions) compare(c *journey.Cond, event string) string {
	got := q.value(*c.Operand, event)
	switch c.Op {
	case journey.OpExists, journey.OpMissing:
		wanted, isBool := c.Arg.(bool)
		if (c.Op == journey.OpExists) == (wanted || !isBool) {
			return got + " IS NOT NULL"
		}
		return got + " IS NULL"
	case journey.OpIn, journey.OpNotIn:
		return q.among(got, c, event)
	case journey.OpWithinLast, journey.OpWithinNext:
		length, isLength := c.Arg.(time.Duration)
		if !isLength {
			return "false"
		}
		from, to := q.now.Add(-length), q.now
		if c.Op == journey.OpWithinNext {
			from, to = q.now, q.now.Add(length)
		}
		return fmt.Sprintf("(%s%s BETWEEN %s AND %s) IS TRUE", q.reads(got, *c.Operand, from, to), q.moment(got, *c.Operand), q.arg(from), q.arg(to))
	}
	if v, isValue := valueOf(c.Arg); isValue {
		return q.between(got, c.Op, q.value(v, event))
	}
	return q.against(got, c, event)
}

func valueOf(arg any) (journey.Value, bool) {
	switch arg := arg.(type) {
	case *journey.Value:
		if arg != nil {
			return *arg, true
		}
	case journey.Value:
		return arg, true
	}
	return journey.Value{}, false
}

// against compares with a literal.
func (q *conditions) against(got string, c *journey.Cond, event string) string {
	if c.Arg == nil {
		return "false"
	}
	number, isNumber := numberOf(c.Arg)
	text, isText := c.Arg.(string)
	switch c.Op {
	case journey.OpEq:
		return q.equals(got, c.Arg)
	case journey.OpNe:
		return fmt.Sprintf("(%s IS NOT NULL AND NOT %s)", got, q.equals(got, c.Arg))
	case journey.OpLt, journey.OpLte, journey.OpGt, journey.OpGte:
		if isNumber {
			return q.isNumber(got, c.Op, number)
		}
		return q.between(got, c.Op, q.literal(c.Arg))
	case journey.OpBefore, journey.OpAfter:
		if at, fixed, ok := journey.Moment(c.Arg, time.UTC); ok && fixed {
			sign, from, to := "<", time.Time{}, at
			if c.Op == journey.OpAfter {
				sign, from, to = ">", at, time.Time{}
			}
			return fmt.Sprintf("(%s%s %s %s) IS TRUE", q.reads(got, *c.Operand, from, to), q.moment(got, *c.Operand), sign, q.arg(at))
		}
		return q.between(got, c.Op, q.literal(c.Arg))
	case journey.OpContains:
		if isText { // among the items of a list it is looked for without taking that apart; the operator's @ would be read as an alias
			return fmt.Sprintf("CASE jsonb_typeof(%s) WHEN 'array' THEN jsonb_contains(%s, %s) WHEN 'string' THEN strpos(string(%s), %s) > 0 ELSE false END",
				got, got, q.literal(c.Arg), got, q.text(text))
		}
		return fmt.Sprintf("EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(%s) WHEN 'array' THEN %s ELSE '[]' END) item WHERE same(item, %s))",
			got, got, q.literal(c.Arg))
	case journey.OpStartsWith:
		return fmt.Sprintf("(%t AND starts_with(string(%s), %s)) IS TRUE", isText, got, q.text(text))
	}
	return "false"
}

// text adds a text. NUL stands in nothing that is stored; an unassigned code point takes its place.
func (q *conditions) text(s string) string {
	return q.arg(strings.ReplaceAll(s, "\x00", "\U000E0FFF")) + "::text"
}

// equals says whether a value is there and equals a literal.
func (q *conditions) equals(got string, literal any) string {
	if number, isNumber := numberOf(literal); isNumber {
		return q.isNumber(got, journey.OpEq, number)
	}
	return fmt.Sprintf("(%s = %s) IS TRUE", got, q.literal(literal))
}

// between compares two values that are looked up.
func (q *conditions) between(got string, op journey.Op, with string) string {
	both := got + ", " + with
	switch op {
	case journey.OpEq:
		return "same(" + both + ") IS TRUE"
	case journey.OpNe:
		return "(NOT same(" + both + ")) IS TRUE"
	case journey.OpLt, journey.OpLte, journey.OpGt, journey.OpGte:
		return fmt.Sprintf("(compared(%s, %s) %s 0) IS TRUE", both, q.zones(), signs(op))
	case journey.OpBefore, journey.OpAfter:
		sign := map[journey.Op]string{journey.OpBefore: "<", journey.OpAfter: ">"}[op]
		zones := q.zones()
		return fmt.Sprintf("(moment(%s, %s) %s moment(%s, %s)) IS TRUE", got, zones, sign, with, zones)
	case journey.OpContains:
		return fmt.Sprintf(`CASE WHEN jsonb_typeof(%s) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(
			CASE jsonb_typeof(%s) WHEN 'array' THEN %s ELSE '[]' END) item WHERE same(item, %s))
			ELSE (strpos(string(%s), string(%s)) > 0) IS TRUE END`, got, got, got, with, got, with)
	case journey.OpStartsWith:
		return fmt.Sprintf("starts_with(string(%s), string(%s)) IS TRUE", got, with)
	}
	return "false"
}

// among asks whether a value is one of several. A list of literals has items that are not there left out.
func (q *conditions) among(got string, c *journey.Cond, event string) string {
	not := map[journey.Op]string{journey.OpIn: "", journey.OpNotIn: "NOT "}[c.Op]
	if v, isValue := valueOf(c.Arg); isValue {
		list := q.value(v, event)
		return fmt.Sprintf(`(%s IS NOT NULL AND (jsonb_typeof(%s) = 'array') IS TRUE AND %sEXISTS (SELECT FROM jsonb_array_elements(
			CASE jsonb_typeof(%s) WHEN 'array' THEN %s ELSE '[]' END) item WHERE same(item, %s)))`, got, list, not, list, list, got)
	}
	items, isList := c.Arg.([]any)
	if !isList {
		return "false"
	}
	parts := []string{"false"}
	for _, item := range items {
		if v, isValue := valueOf(item); isValue {
			parts = append(parts, "same("+got+", "+q.value(v, event)+") IS TRUE")
		} else if item != nil {
			parts = append(parts, q.equals(got, item))
		}
	}
	return fmt.Sprintf("(%s IS NOT NULL AND %s(%s))", got, not, strings.Join(parts, " OR "))
}

// value is an expression for a value as JSON, NULL when it is missing; null is missing, too.
func (q *conditions) value(v journey.Value, event string) string {
	got := "NULL::jsonb"
	switch {
	case v.From == "":
		if v.Literal == nil {
			return q.orDefault(got, v)
		}
		return q.literal(v.Literal)
	case v.From == journey.FromEvent && event != "":
		got = q.at(event+".properties", v.Path)
	case v.From == journey.FromAttribute:
		got = q.attribute(v.Path)
	case v.From == journey.FromAccount:
		alias := q.join(`accounts @ ON @.id = c.account_id`)
		got = q.at(alias+".attributes", v.Path)
		if v.Path == "name" {
			got = fmt.Sprintf("coalesce(%s, to_jsonb(nullif(%s.name, '')))", got, alias)
		}
	default:
		q.refuse(string(v.From), "ask for an attribute, an event, a consent or a journey")
	}
	return q.orDefault(got, v)
}

func (q *conditions) orDefault(got string, v journey.Value) string {
	if v.Default == nil {
		return got
	}
	return fmt.Sprintf("coalesce(%s, %s)", got, q.literal(v.Default))
}

// at follows a path; most have one part.
func (q *conditions) at(in, path string) string {
	if strings.Contains(path, ".") {
		return fmt.Sprintf("nullif(reach(%s, %s), 'null')", in, q.text(path))
	}
	return fmt.Sprintf("nullif(%s -> %s, 'null')", in, q.text(path))
}

// attribute is what systems told us of her, or what every customer has.
func (q *conditions) attribute(path string) string {
	told := q.at("c.attributes", path)
	switch path {
	case "email", "first_name", "last_name", "locale", "timezone":
		return fmt.Sprintf("coalesce(%s, to_jsonb(nullif(c.%s, '')))", told, path)
	case attributeCreatedAt:
		return fmt.Sprintf("coalesce(%s, to_jsonb(rtrim(rtrim(to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z'))", told)
	}
	return told
}

const attributeCreatedAt = "created_at"

// zones are in which a local time may be meant: hers, or the installation's.
func (q *conditions) zones() string { return "c.timezone, " + q.arg(q.zone) }

// hasColumn says whether a value stands in a column of its own, as the moment that it is.
func hasColumn(v journey.Value) bool {
	return v.From == journey.FromAttribute && v.Path == attributeCreatedAt
}

// moment is a value read as a moment.
func (q *conditions) moment(got string, v journey.Value) string {
	zones := q.zones()
	if hasColumn(v) {
		told := q.at("c.attributes", v.Path)
		return fmt.Sprintf("CASE WHEN %s IS NULL THEN c.created_at ELSE moment(%s, %s) END", told, told, zones)
	}
	return fmt.Sprintf("moment(%s, %s)", got, zones)
}

// reads narrows a moment down by its text, before the text is read: whatever the zone, the day that it names is less than two
// days off. A span that is open at one end is zero there.
func (q *conditions) reads(got string, v journey.Value, from, to time.Time) string {
	const day = "2006-01-02"
	if hasColumn(v) {
		return ""
	}
	var parts []string
	if !from.IsZero() {
		parts = append(parts, fmt.Sprintf(`string(%s) COLLATE "C" >= %s AND `, got, q.arg(from.UTC().AddDate(0, 0, -2).Format(day))))
	}
	if !to.IsZero() && to.Year() < 9990 {
		parts = append(parts, fmt.Sprintf(`string(%s) COLLATE "C" < %s AND `, got, q.arg(to.UTC().AddDate(0, 0, 3).Format(day))))
	}
	return strings.Join(parts, "")
}

func signs(op journey.Op) string {
	return map[journey.Op]string{
		journey.OpEq: "=", journey.OpNe: "<>", journey.OpLt: "<", journey.OpLte: "<=", journey.OpGt: ">", journey.OpGte: ">=",
	}[op]
}

// numberOf reads a number of a condition as stored ones are read.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	}
	return 0, false
}

// isNumber compares a value, NULL for what is no number, with a number.
func (q *conditions) isNumber(got string, op journey.Op, number float64) string {
	return fmt.Sprintf("(number(%s) %s %s::float8) IS TRUE", got, signs(op), q.arg(number))
}
