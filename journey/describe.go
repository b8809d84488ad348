package journey

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The words for what a journey says, before it has happened to anybody: for pictures, differences and tables. They stand here
// once, like those of words.go.

// Words says a condition, e.g. "orders_count is at least 1 and coupon offer was redeemed". Nil is "".
func (c *Cond) Words() string {
	switch {
	case c == nil:
		return ""
	case len(c.All) > 0:
		return condsWords(c.All, " and ")
	case len(c.Any) > 0:
		return condsWords(c.Any, " or ")
	case c.Not != nil:
		return "not " + c.Not.inner()
	case c.Each != nil:
		return map[Of]string{OfAny: "some item of ", OfAll: "every item of ", OfNone: "no item of "}[c.Of] + c.Operand.Words() + " has " + c.Each.inner()
	case c.Operand != nil:
		return strings.TrimSpace(c.Operand.Words() + " " + c.Op.words() + " " + argWords(c.Arg))
	}
	return c.recalled()
}

// recalled says the conditions on what has happened.
func (c *Cond) recalled() string {
	switch {
	case c.Event != nil:
		return c.Event.words()
	case c.Consent != nil:
		return "consent for " + c.Consent.Topic + " is " + string(c.Consent.Is)
	case c.Segment != "":
		return "is in segment " + c.Segment
	case c.Message != nil:
		name := "message " + c.Message.Message
		if c.Message.Message == "any" {
			name = "any message"
		}
		return name + " was " + c.Message.Was + timesWords(c.Message.CountOp, c.Message.Count) + withinWords(c.Message.Within)
	case c.Coupon != nil:
		return "coupon " + c.Coupon.As + " was " + c.Coupon.Was
	case c.Journey != nil:
		return "journey " + c.Journey.Key + " is " + c.Journey.Is
	}
	return "a condition"
}

// inner sets what has several parts in parentheses.
func (c *Cond) inner() string {
	if len(c.All) > 1 || len(c.Any) > 1 {
		return "(" + c.Words() + ")"
	}
	return c.Words()
}

func condsWords(conds []*Cond, between string) string {
	words := make([]string, len(conds))
	for i, c := range conds {
		words[i] = c.inner()
	}
	return strings.Join(words, between)
}

func (e *EventCond) words() string {
	words := e.Name
	if e.ByAccount {
		words += " by somebody of the account"
	}
	words += timesWords(e.CountOp, e.Count) + withinWords(e.Within)
	if e.SinceEntry {
		words += " since entering"
	}
	if e.Where != nil {
		words += " with " + e.Where.inner()
	}
	return words
}

// timesWords is "" for the plain "at least once".
func timesWords(op Op, count float64) string {
	if op == "" && count <= 1 {
		return ""
	}
	if op == "" {
		op = OpGte
	}
	unit := " times"
	if count == 1 {
		unit = " time"
	}
	return " " + or(strings.TrimSpace(strings.TrimPrefix(op.words(), "is")), "exactly") + " " + valueWords(count, nil) + unit
}

func withinWords(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " within " + durationWords(d)
}

func (op Op) words() string {
	switch op {
	case OpEq:
		return "is"
	case OpNe:
		return "is not"
	case OpLt:
		return "is below"
	case OpLte:
		return "is at most"
	case OpGt:
		return "is above"
	case OpGte:
		return "is at least"
	case OpIn:
		return "is one of"
	case OpNotIn:
		return "is none of"
	case OpStartsWith:
		return "starts with"
	case OpExists:
		return "is known"
	case OpMissing:
		return "is missing"
	case OpBefore, OpAfter:
		return "is " + string(op)
	case OpWithinLast:
		return "is within the last"
	case OpWithinNext:
		return "is within the next"
	}
	return string(op)
}

func argWords(arg any) string {
	switch v := arg.(type) {
	case nil:
		return ""
	case *Value:
		return v.Words()
	case Value:
		return v.Words()
	case time.Duration:
		return durationWords(v)
	case []any:
		words := make([]string, len(v))
		for i, item := range v {
			words[i] = argWords(item)
		}
		return strings.Join(words, ", ")
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	}
	return valueWords(arg, nil)
}

// Words names the place that a value is read from, e.g. "trigger.interest", or says the literal.
func (v *Value) Words() string {
	switch {
	case v == nil:
		return ""
	case v.From == "":
		return argWords(v.Literal)
	case v.From == FromAttribute || v.From == FromVar || v.From == FromEvent:
		return v.Path
	case v.From == FromCoupon && v.Get != "":
		return "coupon " + v.Path + "'s " + v.Get
	}
	return string(v.From) + "." + v.Path
}

// Words says who enters, e.g. "no Order Completed for 60 days, if orders_count is at least 1".
func (e *Enter) Words() string {
	words := e.trigger()
	if e.Each != nil {
		words += ", for each item of " + e.Each.In
	}
	if e.If != nil {
		words += ", if " + e.If.Words()
	}
	return words
}

func (e *Enter) trigger() string {
	switch {
	case e.Event != "":
		return e.Event
	case e.Inactive != nil:
		return "no " + e.Inactive.Event + " for " + durationWords(e.Inactive.For)
	case e.API:
		return "enrolled by a system, a colleague or another journey"
	case e.Attribute != "":
		return e.Attribute + " becomes " + argWords(e.Becomes)
	case e.Joins != "" && e.Leaves:
		return "leaves segment " + e.Joins
	case e.Joins != "":
		return "comes into segment " + e.Joins
	case e.Date != nil:
		return e.Date.words()
	case e.Schedule != nil:
		return "at " + e.Schedule.Cron + " (cron)" + ofSegment(e.Schedule.Segment)
	case e.Once != nil:
		return "once, at " + strings.Replace(e.Once.At, "T", " ", 1) + ofSegment(e.Once.Segment)
	}
	return "the trigger"
}

func ofSegment(segment string) string {
	if segment == "" {
		return ""
	}
	return ", everybody in segment " + segment
}

func (t *DateTrigger) words() string {
	words := offsetWords(t.Offset) + t.Attribute
	if t.Yearly {
		words += ", every year"
	}
	if t.At != nil {
		words += ", at " + clockWords(*t.At)
	}
	return words
}

// offsetWords is "2 days before ", "1 day after " or "".
func offsetWords(d time.Duration) string {
	switch {
	case d < 0:
		return durationWords(-d) + " before "
	case d > 0:
		return durationWords(d) + " after "
	}
	return ""
}

func clockWords(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// Words says what ends the enrollment at any moment, e.g. "Order Refunded of the same order_id".
func (r *ExitRule) Words() string {
	return eventOrCond(r.Event, r.Match, r.Where, r.ByAccount, r.If, r.For)
}

// Words says what the journey is for, e.g. "Order Completed, within 45 days".
func (g *Goal) Words() string {
	words := eventOrCond(g.Event, g.Match, g.Where, g.ByAccount, g.If, g.For)
	if g.Within > 0 {
		words += ", within " + durationWords(g.Within)
	}
	return words
}

func eventOrCond(event, match string, where *Cond, byAccount bool, cond *Cond, lasting time.Duration) string {
	words := event
	if cond != nil {
		words = cond.Words()
	}
	if byAccount {
		words += " by somebody of the account"
	}
	if match != "" {
		words += " of the same " + match
	}
	if where != nil {
		words += " with " + where.inner()
	}
	if lasting > 0 {
		words += " for " + durationWords(lasting)
	}
	return words
}

// Written lists what stands in the words of a journey as its author wrote it, and is in her language already.
func (d *Definition) Written() []string {
	out := d.EventNames()
	d.Walk(func(s *Step) {
		switch {
		case s.Task != nil:
			out = append(out, blanked(s.Task.Title))
		case s.Consent != nil:
			out = append(out, s.Consent.Reason)
		case s.Suppress != "":
			out = append(out, s.Suppress)
		}
	})
	return out
}

// sentences puts together what is said, one clause after the other, and leaves out what is not.
func sentences(clauses ...string) string {
	var said []string
	for _, c := range clauses {
		if c != "" {
			said = append(said, c)
		}
	}
	return strings.Join(said, ", ")
}

// given is prefix and text, "" where there is no text.
func given(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func spanOf(prefix string, d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return prefix + durationWords(d)
}

// dueWords says when a task is due.
func dueWords(prefix string, t *TaskStep) string {
	words := spanOf(prefix, t.Due)
	if t.Working && words != "" {
		return words + " of working time"
	}
	return words
}

func percent(n int) string { return strconv.Itoa(n) + " %" }
