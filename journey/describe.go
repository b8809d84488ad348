package journey

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The words for what a journey says, before it has happened to anybody: for pictures, differences and tables. They stand here
// once, like those of words.go.

// Words says a condition, e.g. "orders_count is at least 1 and coupon offer was redeemed". Nil is empty.
func (c *Cond) Words() Phrase {
	switch {
	case c == nil:
		return Phrase{}
	case len(c.All) > 0:
		return condsWords(c.All, "%s and %s")
	case len(c.Any) > 0:
		return condsWords(c.Any, "%s or %s")
	case c.Not != nil:
		return say("not %s", c.Not.inner())
	case c.Each != nil:
		form := map[Of]string{OfAny: "some item of %s has %s", OfAll: "every item of %s has %s", OfNone: "no item of %s has %s"}[c.Of]
		return say(form, c.Operand.Words(), c.Each.inner())
	case c.Operand != nil:
		return c.compared()
	}
	return c.recalled()
}

// compared says what a value is compared with.
func (c *Cond) compared() Phrase {
	operand := c.Operand.Words()
	switch truth, is := c.Arg.(bool); {
	case c.Op == OpExists || c.Op == OpMissing: // they are true, or would say it backwards
		return say("%s "+c.Op.words(), operand)
	case is && c.Op == OpEq:
		return say(map[bool]string{true: "%s is yes", false: "%s is no"}[truth], operand)
	}
	return say("%s "+c.Op.words()+" %s", operand, argWords(c.Arg))
}

// recalled says the conditions on what has happened.
func (c *Cond) recalled() Phrase {
	switch {
	case c.Event != nil:
		return c.Event.words()
	case c.Consent != nil:
		return say("consent for %s is "+string(c.Consent.Is), c.Consent.Topic)
	case c.Segment != "":
		return say("is in segment %s", c.Segment)
	case c.Message != nil:
		what := say("message %s was "+c.Message.Was, c.Message.Message)
		if c.Message.Message == "any" {
			what = say("any message was " + c.Message.Was)
		}
		return withinWords(timesWords(what, c.Message.CountOp, c.Message.Count), c.Message.Within)
	case c.Coupon != nil:
		return say("coupon %s was "+c.Coupon.Was, c.Coupon.As)
	case c.Journey != nil:
		return say("journey %s is "+c.Journey.Is, c.Journey.Key)
	}
	return say("a condition")
}

// inner sets what has several parts in parentheses.
func (c *Cond) inner() Phrase {
	if len(c.All) > 1 || len(c.Any) > 1 {
		return say("(%s)", c.Words())
	}
	return c.Words()
}

func condsWords(conds []*Cond, form string) Phrase {
	words := make([]Phrase, len(conds))
	for i, c := range conds {
		words[i] = c.inner()
	}
	return inRow(form, words...)
}

func (e *EventCond) words() Phrase {
	words := say("%s|happened", e.Name)
	if e.CountOp == OpEq && e.Count == 0 {
		words = say("%s exactly 0 times", e.Name)
	} else {
		words = timesWords(words, e.CountOp, e.Count)
	}
	if e.ByAccount {
		words = say("%s by somebody of the account", words)
	}
	words = withinWords(words, e.Within)
	if e.SinceEntry {
		words = say("%s since entering", words)
	}
	if e.Where != nil {
		words = say("%s with %s", words, e.Where.inner())
	}
	return words
}

// timesWords says nothing of the plain "at least once".
func timesWords(what Phrase, op Op, count float64) Phrase {
	if op == "" && count <= 1 {
		return what
	}
	if op == "" {
		op = OpGte
	}
	unit := " times"
	if count == 1 {
		unit = " time"
	}
	often := or(strings.TrimSpace(strings.TrimPrefix(op.words(), "is")), "exactly")
	return say("%s "+often+" %s"+unit, what, valueWords(count, nil))
}

func withinWords(what Phrase, d time.Duration) Phrase {
	if d == 0 {
		return what
	}
	return say("%s within %s", what, spanPhrase(d))
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

func argWords(arg any) Phrase {
	switch v := arg.(type) {
	case nil:
		return Phrase{}
	case *Value:
		return v.Words()
	case Value:
		return v.Words()
	case time.Duration:
		return spanPhrase(v)
	case []any:
		words := make([]Phrase, len(v))
		for i, item := range v {
			words[i] = argWords(item)
		}
		return sentences(words...)
	case bool:
		return say(map[bool]string{true: "yes", false: "no"}[v])
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return written(at.UTC().Format("2006-01-02 15:04"))
		}
	case time.Time:
		return written(v.UTC().Format("2006-01-02 15:04"))
	}
	return written(valueWords(arg, nil))
}

// spanPhrase says a duration in its largest whole unit: "5 days".
func spanPhrase(d time.Duration) Phrase {
	number, unit, found := strings.Cut(durationWords(d), " ")
	if !found {
		return written(number)
	}
	return say("%s "+unit, number)
}

// Words names the place that a value is read from, e.g. "trigger.interest", or says the literal.
func (v *Value) Words() Phrase {
	switch {
	case v == nil:
		return Phrase{}
	case v.From == "":
		return argWords(v.Literal)
	case v.From == FromAttribute || v.From == FromVar || v.From == FromEvent:
		return written(v.Path)
	case v.From == FromCoupon && v.Get != "":
		return say("coupon %s's "+v.Get, v.Path)
	}
	return written(string(v.From) + "." + v.Path)
}

// Words says who enters, e.g. "no Order Completed for 60 days, if orders_count is at least 1".
func (e *Enter) Words() Phrase {
	words := e.trigger()
	if e.Each != nil {
		words = say("%s, for each item of %s", words, e.Each.In)
	}
	if e.If != nil {
		words = say("%s, if %s", words, e.If.Words())
	}
	return words
}

func (e *Enter) trigger() Phrase {
	switch {
	case e.Event != "":
		return written(e.Event)
	case e.Inactive != nil:
		return say("no %s for %s", e.Inactive.Event, spanPhrase(e.Inactive.For))
	case e.API:
		return say("enrolled by a system, a colleague or another journey")
	case e.Attribute != "":
		return say("%s becomes %s", e.Attribute, argWords(e.Becomes))
	case e.Joins != "" && e.Leaves:
		return say("leaves segment %s", e.Joins)
	case e.Joins != "":
		return say("comes into segment %s", e.Joins)
	case e.Date != nil:
		return e.Date.words()
	case e.Schedule != nil:
		return ofSegment(say("at %s (cron)", e.Schedule.Cron), e.Schedule.Segment)
	case e.Once != nil:
		return ofSegment(say("once, at %s", strings.Replace(e.Once.At, "T", " ", 1)), e.Once.Segment)
	}
	return say("the trigger")
}

func ofSegment(words Phrase, segment string) Phrase {
	if segment == "" {
		return words
	}
	return say("%s, everybody in segment %s", words, segment)
}

func (t *DateTrigger) words() Phrase {
	words := offsetWords(t.Offset, written(t.Attribute))
	if t.Yearly {
		words = say("%s, every year", words)
	}
	if t.At != nil {
		words = say("%s, at %s", words, clockWords(*t.At))
	}
	return words
}

// offsetWords is "2 days before", "1 day after" what is named, or just that.
func offsetWords(d time.Duration, what Phrase) Phrase {
	switch {
	case d < 0:
		return say("%s before %s", spanPhrase(-d), what)
	case d > 0:
		return say("%s after %s", spanPhrase(d), what)
	}
	return what
}

func clockWords(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// Words says what ends the enrollment at any moment, e.g. "Order Refunded of the same order_id".
func (r *ExitRule) Words() Phrase {
	return eventOrCond(r.Event, r.Match, r.Where, r.ByAccount, r.If, r.For)
}

// Words says what the journey is for, e.g. "Order Completed, within 45 days".
func (g *Goal) Words() Phrase {
	words := eventOrCond(g.Event, g.Match, g.Where, g.ByAccount, g.If, g.For)
	if g.Within > 0 {
		words = say("%s, within %s", words, spanPhrase(g.Within))
	}
	return words
}

func eventOrCond(event, match string, where *Cond, byAccount bool, cond *Cond, lasting time.Duration) Phrase {
	words := written(event)
	if cond != nil {
		words = cond.Words()
	}
	if byAccount {
		words = say("%s by somebody of the account", words)
	}
	if match != "" {
		words = say("%s of the same %s", words, match)
	}
	if where != nil {
		words = say("%s with %s", words, where.inner())
	}
	if lasting > 0 {
		words = say("%s for %s", words, spanPhrase(lasting))
	}
	return words
}

// spanOf is the form with a duration, nothing where there is none.
func spanOf(form string, d time.Duration) Phrase {
	if d <= 0 {
		return Phrase{}
	}
	return say(form, spanPhrase(d))
}

// dueWords says when a task is due.
func dueWords(form string, t *TaskStep) Phrase {
	if t.Working && t.Due > 0 {
		return say(form, say("%s of working time", spanPhrase(t.Due)))
	}
	return spanOf(form, t.Due)
}

func percent(n int) string { return strconv.Itoa(n) + " %" }
