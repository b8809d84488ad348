package store

import (
	"fmt"
	"strings"

	"perennial/journey"
)

// event counts the events of a name. Whether there were any, and how many ever, is in the totals; the rest looks at the events
// themselves, the newest of each name (journey.HistoryMax).
func (q *conditions) event(c *journey.EventCond, depth int) string {
	if c.SinceEntry {
		return q.refuse("since", "say within how long instead: `within: 90d`")
	}
	suffices := func(n string) string { return countSuffices(n, c.CountOp, c.Count) }
	switch {
	case c.ByAccount:
		return suffices(q.colleagues(c, depth))
	case c.Where == nil && c.Within == 0:
		alias := q.join(`event_totals @ ON @.customer_id = c.id AND @.name = %s`, q.arg(c.Name))
		if least := countLeast(c.CountOp, c.Count); least > 0 && least <= journey.HistoryMax {
			return fmt.Sprintf("(%s.count >= %d) IS TRUE", alias, least)
		}
		return suffices(fmt.Sprintf("least(coalesce(%s.count, 0), %d)", alias, journey.HistoryMax))
	case c.Where == nil && isOnce(c):
		alias := q.join(`event_totals @ ON @.customer_id = c.id AND @.name = %s AND @.last_at > %s`, q.arg(c.Name), q.arg(q.now.Add(-c.Within)))
		return alias + ".customer_id IS NOT NULL"
	case q.atOnce && !looksAround(c.Where):
		span := ""
		if c.Within > 0 {
			span = " AND e.happened_at > " + q.arg(q.now.Add(-c.Within))
		}
		alias := q.join(`(SELECT e.customer_id, count(*) AS n FROM events e
			WHERE e.name = %s AND e.number IS NOT NULL AND e.kind <> 'colleague'%s AND %s GROUP BY 1) @ ON @.customer_id = c.id`,
			q.arg(c.Name), span, q.where(c.Where, depth))
		if least := countLeast(c.CountOp, c.Count); least > 0 {
			return fmt.Sprintf("(%s.n >= %d) IS TRUE", alias, least)
		}
		return suffices("coalesce(" + alias + ".n, 0)")
	}
	return suffices(fmt.Sprintf(`(SELECT count(*) FROM (SELECT v.properties, v.happened_at FROM events v
		WHERE v.customer_id = c.id AND v.name = %s AND v.number IS NOT NULL AND v.kind <> 'colleague'
		ORDER BY v.number DESC LIMIT %d) e WHERE %s)`, q.arg(c.Name), journey.HistoryMax, q.counted(c, depth)))
}

// colleagues counts the events of everybody of her account, herself included.
func (q *conditions) colleagues(c *journey.EventCond, depth int) string {
	return fmt.Sprintf(`(SELECT count(*) FROM (SELECT v.properties, v.happened_at FROM events v
		WHERE v.name = %s AND v.number IS NOT NULL AND v.kind <> 'colleague' AND v.customer_id IN (
		    SELECT c.id UNION SELECT m.id FROM customers m WHERE m.account_id = c.account_id)
		ORDER BY v.received_at DESC, v.seq DESC LIMIT %d) e WHERE %s)`, q.arg(c.Name), journey.HistoryMax, q.counted(c, depth))
}

// counted says which events e count.
func (q *conditions) counted(c *journey.EventCond, depth int) string {
	where := q.where(c.Where, depth)
	if c.Within > 0 {
		where = "e.happened_at > " + q.arg(q.now.Add(-c.Within)) + " AND " + where
	}
	return where
}

// where is a condition on the properties of the event e.
func (q *conditions) where(c *journey.Cond, depth int) string {
	switch {
	case c == nil:
		return "true"
	case depth > deepest:
		return "false"
	case c.All != nil || c.Any != nil:
		parts := []string{}
		for _, sub := range append(append([]*journey.Cond{}, c.All...), c.Any...) {
			parts = append(parts, q.where(sub, depth+1))
		}
		if c.All != nil {
			return "(" + strings.Join(append(parts, "true"), " AND ") + ")"
		}
		return "(" + strings.Join(append(parts, "false"), " OR ") + ")"
	case c.Not != nil:
		return "NOT " + q.where(c.Not, depth+1)
	case c.Operand != nil && c.Each == nil:
		return q.compare(c, "e")
	}
	return q.refuse("where", "ask for properties of the event")
}

// looksAround says whether a where hangs on the customer herself, her zone included: then it cannot be asked once for all.
func looksAround(c *journey.Cond) bool {
	if c == nil {
		return false
	}
	for _, sub := range append(append([]*journey.Cond{c.Not}, c.All...), c.Any...) {
		if looksAround(sub) {
			return true
		}
	}
	if c.Operand == nil {
		return false
	}
	values := []any{c.Operand, c.Arg}
	if list, isList := c.Arg.([]any); isList {
		values = append(values, list...)
	}
	for _, arg := range values {
		if v, isValue := valueOf(arg); isValue && v.From != journey.FromEvent && v.From != "" {
			return true
		}
	}
	switch c.Op {
	case journey.OpBefore, journey.OpAfter, journey.OpWithinLast, journey.OpWithinNext:
		return true
	case journey.OpLt, journey.OpLte, journey.OpGt, journey.OpGte:
		_, isNumber := numberOf(c.Arg)
		return !isNumber
	}
	return false
}

// isOnce says whether one event is enough.
func isOnce(c *journey.EventCond) bool {
	return c.CountOp == "" && c.Count <= 1 || c.CountOp == journey.OpGte && c.Count == 1 || c.CountOp == journey.OpGt && c.Count == 0
}

// countLeast is how many a condition asks for at least; 0 where it asks for something else, or for none. That is asked so that a customer
// of whom there is no row need not be looked at: with a coalesce around it Postgres would have to.
func countLeast(op journey.Op, want float64) int64 {
	switch {
	case op == "" && want == 0:
		return 1
	case op == "", op == journey.OpGte:
		return int64(want)
	case op == journey.OpGt:
		return int64(want) + 1
	}
	return 0
}

// countSuffices says whether so many are what a condition asks for: one at least, where it does not say.
func countSuffices(n string, op journey.Op, want float64) string {
	if op == "" {
		op = journey.OpGte
		if want == 0 {
			want = 1
		}
	}
	return fmt.Sprintf("%s %s %d", n, signs(op), int64(want))
}

// message counts her messages, of whichever journey.
func (q *conditions) message(c *journey.MessageCond) string {
	was := map[string]string{
		"sent":    `m.state IN ('accepted', 'unknown')`,
		"dropped": `m.state = 'dropped'`,
		"clicked": `EXISTS (SELECT FROM observations o WHERE o.message_id = m.id AND o.kind = 'click' AND NOT o.machine)`,
		"bounced": messageBounced,
	}[c.Was]
	if was == "" {
		return "false"
	}
	if c.Message != "any" {
		was += " AND m.step = " + q.arg(c.Message)
	}
	if c.Within > 0 {
		was += " AND m.queued_at > " + q.arg(q.now.Add(-c.Within))
	}
	if !q.atOnce {
		return countSuffices("(SELECT count(*) FROM messages m WHERE m.customer_id = c.id AND "+was+")", c.CountOp, c.Count)
	}
	alias := q.join(`(SELECT m.customer_id, count(*) AS n FROM messages m WHERE %s GROUP BY 1) @ ON @.customer_id = c.id`, was)
	return countSuffices("coalesce("+alias+".n, 0)", c.CountOp, c.Count)
}

// messageBounced says whether a message m came back.
const messageBounced = `(m.reason = 'bounced' OR m.state = 'failed' AND m.reason NOT IN ('render', 'no_smtputf8')
	OR EXISTS (SELECT FROM bounces b WHERE b.message_id = m.id AND b.kind <> 'complaint'))`

// coupon asks for the last coupon that she got under that name, in whichever journey.
func (q *conditions) coupon(c *journey.CouponCond) string {
	was := map[string]string{
		"issued":   "true",
		"redeemed": "k.redeemed_at IS NOT NULL",
		"expired":  "k.redeemed_at IS NULL AND k.expires_at <= " + q.arg(q.now),
	}[c.Was]
	if was == "" {
		return "false"
	}
	return fmt.Sprintf(`coalesce((SELECT k.state <> 'released' AND %s FROM coupons k
		WHERE k.customer_id = c.id AND k.alias = %s ORDER BY k.issued_at DESC, k.id DESC LIMIT 1), false)`, was, q.arg(c.As))
}
