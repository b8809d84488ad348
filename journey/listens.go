package journey

import (
	"slices"
	"strings"
	"time"
)

// listens returns what may wake her: exit rules, the goal, and what she stands at.
func (d *decision) listens() []string {
	if d.st.Status != StatusActive {
		return nil
	}
	l := listening{segments: d.def.Declares.Segments}
	for i := range d.def.Exit {
		if d.st.Leaving != "" {
			break
		}
		l.event(d.def.Exit[i].Event)
		l.colleague(d.def.Exit[i].Event, d.def.Exit[i].ByAccount)
		l.condition(d.def.Exit[i].If, 0)
	}
	if goal := d.def.Goal; goal != nil && d.st.GoalAt == nil && !goal.over(&d.st, d.now) {
		l.event(goal.Event)
		l.colleague(goal.Event, goal.ByAccount)
		l.condition(goal.If, 0)
	}
	if step := d.def.Step(d.st.Step); step != nil {
		d.listensAt(step, &l)
	}
	slices.Sort(l.names)
	return slices.Compact(l.names)
}

// listensAt adds what the step hangs on in the phase in which she stands there.
func (d *decision) listensAt(step *Step, l *listening) {
	switch d.st.Phase {
	case PhaseWindow:
		l.add(ListenTimezone)
	case PhaseAsked, PhaseReminded:
		l.event(EventSurveyAnswered)
		if d.def.SendWindow != nil && d.st.Phase == PhaseAsked {
			l.add(ListenTimezone)
		}
	case PhaseHeld:
		d.listensHeld(step, l)
	case PhaseWaiting:
		switch {
		case step.Wait != nil:
			d.listensWait(step.Wait, l)
		case step.WaitFor != nil:
			for i := range step.WaitFor.Any {
				l.event(step.WaitFor.Any[i].Event)
				l.condition(step.WaitFor.Any[i].If, 0)
			}
			if t := step.WaitFor.Timeout; t != nil {
				d.listensMoment(t.At, l)
			}
		case step.Task != nil:
			l.event(EventTaskDone)
		}
	default: // she is on her way: nothing but time
	}
}

func (d *decision) listensHeld(step *Step, l *listening) {
	switch {
	case step.Coupon != nil:
		l.add(ListenPool + step.Coupon.Pool)
	case step.Send != nil:
		if step.Send.Channel == "" {
			l.add(ListenAttribute + "email")
		}
		l.condition(step.Send.Unless, 0)
		if topic := or(step.Send.Topic, d.def.Topic); topic != TopicTransactional {
			l.add(ListenConsent + topic)
		}
	}
}

func (d *decision) listensWait(w *Wait, l *listening) {
	if w.At != nil {
		l.add(ListenTimezone)
	}
	l.value(w.ForValue)
	d.listensMoment(w.Until, l)
}

// listensMoment adds what a moment hangs on: where its value comes from, and the zone of one that says none.
func (d *decision) listensMoment(v *Value, l *listening) {
	if v == nil {
		return
	}
	l.value(v)
	got, _ := v.Resolve(d.lookup())
	if _, fixed, ok := momentOf(got, d.facts.Zone); ok && !fixed {
		l.add(ListenTimezone)
	}
}

// listening gathers names; they may repeat until they are sorted.
type listening struct {
	names    []string
	segments map[string]*Cond
}

func (l *listening) add(name string) { l.names = append(l.names, name) }

func (l *listening) event(name string) {
	if name != "" {
		l.add(ListenEvent + name)
	}
}

func (l *listening) colleague(name string, byAccount bool) {
	if byAccount && name != "" {
		l.add(ListenColleague + name)
	}
}

func (l *listening) value(v *Value) {
	if v != nil && v.From == FromAccount {
		l.add(ListenAccount)
	}
	if v == nil || v.From != FromAttribute {
		return
	}
	head, _, deeper := strings.Cut(v.Path, ".")
	l.add(ListenAttribute + head)
	if deeper { // a name that contains dots itself
		l.add(ListenAttribute + v.Path)
	}
	if v.Path == "timezone" {
		l.add(ListenTimezone)
	}
}

// condition adds what can make a condition true or false.
func (l *listening) condition(c *Cond, depth int) {
	if depth > maxSegmentDepth {
		return
	}
	eachCond(c, func(c *Cond) {
		l.value(c.Operand)
		if arg, ok := c.Arg.(*Value); ok {
			l.value(arg)
		}
		for _, name := range eventsOf(c) {
			l.event(name)
		}
		if c.Event != nil {
			l.colleague(c.Event.Name, c.Event.ByAccount)
		}
		if c.Consent != nil {
			l.add(ListenConsent + c.Consent.Topic)
		}
		if declared, ok := l.segments[c.Segment]; ok {
			l.condition(declared, depth+1)
		} else if c.Segment != "" {
			l.add(ListenSegment + c.Segment)
		}
	})
}

// flip is the earliest moment after now at which the answer of the condition may become another by time alone: an order
// gets older than `within`, a coupon expires. False where there is none.
func (c *Cond) flip(l Lookup) (time.Time, bool) {
	var first time.Time
	l.eachFlip(c, 0, func(t time.Time) {
		if t.After(l.Now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	})
	return first, !first.IsZero()
}

func (l Lookup) eachFlip(c *Cond, depth int, f func(time.Time)) {
	if depth > maxSegmentDepth {
		return
	}
	eachCond(c, func(c *Cond) {
		switch {
		case c.Operand != nil && (c.Op == OpWithinLast || c.Op == OpWithinNext):
			got, _ := c.Operand.Resolve(l)
			if from, to, ok := c.Op.span(got, c.Arg, l.zone()); ok {
				f(from)
				f(to.Add(time.Microsecond)) // both ends are included
			}
		case c.Event != nil && l.Facts != nil:
			if t, ok := c.Event.flip(l); ok && c.Event.Within > 0 {
				f(t)
			}
			c.Event.eachFlip(l, depth, f)
		case c.Message != nil && c.Message.Within > 0 && l.Facts != nil:
			if t, ok := c.Message.flip(l); ok {
				f(t)
			}
		case c.Coupon != nil && c.Coupon.Was == "expired" && l.Facts != nil:
			if end := l.Facts.Coupons[c.Coupon.As].ExpiresAt; end != nil {
				f(*end)
			}
		case c.Segment != "":
			l.eachFlip(l.Segments[c.Segment], depth+1, f)
		}
	})
}

// eachFlip looks at what each event says of moments: { where: { starts_at: { within_next: 3d } } }.
func (c *EventCond) eachFlip(l Lookup, depth int, f func(time.Time)) {
	history := l.Facts.History[c.Name]
	if c.ByAccount {
		history = l.Facts.AccountHistory[c.Name]
	}
	for i := range history {
		if c.Where == nil {
			return
		}
		inner := l
		inner.Event = &history[i]
		inner.eachFlip(c.Where, depth+1, f)
	}
}

// flip is when so many events have grown too old that the condition says something else.
func (c *EventCond) flip(l Lookup) (time.Time, bool) {
	return flipsAt(c.matching(l), c.Within, c.suffices)
}

func (c *MessageCond) flip(l Lookup) (time.Time, bool) {
	return flipsAt(c.matching(l), c.Within, func(n int) bool { return suffices(n, c.CountOp, c.Count) })
}

// flipsAt is when so many of the moments are older than within that fewer of them say something else.
func flipsAt(counted []time.Time, within time.Duration, suffices func(n int) bool) (time.Time, bool) {
	slices.SortFunc(counted, func(a, b time.Time) int { return b.Compare(a) })
	says := suffices(len(counted))
	for n := len(counted) - 1; n >= 0; n-- {
		if suffices(n) != says {
			return counted[n].Add(within), true
		}
	}
	return time.Time{}, false
}
