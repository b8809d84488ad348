package journey

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a plan: it stands in Temporal's history.
const (
	planBytes    = 299 // of its JSON
	summaryBytes = 120
	planFrame    = 106 // names, kind, a moment to the nanosecond
	lookAhead    = 20  // steps
)

// plan is what the driver does next.
func (d *decision) plan(paused, listens bool) Plan {
	if d.st.Status != StatusActive {
		return Plan{Kind: PlanDone}
	}
	p := Plan{Kind: PlanHold, Step: d.st.Step}
	switch {
	case paused:
		p.Summary = "paused"
		if end, known := d.pauses.resume(d.now, false); known {
			p.At = &end
			p.Summary += " until " + d.when(end)
		}
	default:
		if due, timed := d.deadline(); timed {
			p.At = &due
			p.Kind = PlanSleep
			if listens {
				p.Kind = PlanWait
			}
		}
		p.Summary = d.summary(p.At)
		if d.st.Phase == PhaseCalling {
			p.Kind, p.Call = PlanDo, d.st.Call
		}
	}
	if t, ok := d.asksAgain(paused); ok && (p.At == nil || t.Before(*p.At)) {
		p.At = &t
		if p.Kind == PlanHold && !paused {
			p.Kind = PlanWait
		}
	}
	return p.fit()
}

// asksAgain is when a condition that is waited for may become true by time alone.
func (d *decision) asksAgain(paused bool) (first time.Time, ok bool) {
	at := func(t time.Time) {
		if !ok || t.Before(first) {
			first, ok = t, true
		}
	}
	ask := func(c *Cond) {
		if c == nil {
			return
		}
		if t, flips := c.flip(d.lookup()); flips {
			at(t)
		}
	}
	for i := range d.def.Exit {
		rule := &d.def.Exit[i]
		if d.st.Leaving != "" {
			break
		}
		ask(rule.If)
		if since, lasting := d.st.Lasting[lastingKey(i, rule)]; lasting {
			at(since.Add(rule.For))
		}
	}
	if goal := d.def.Goal; goal != nil && goal.If != nil && d.st.GoalAt == nil && !goal.over(&d.st, d.now) {
		ask(goal.If)
		if since, lasting := d.st.Lasting[lastingGoal]; lasting {
			at(since.Add(goal.For))
		}
	}
	if step := d.def.Step(d.st.Step); !paused && step != nil && step.WaitFor != nil && d.st.Phase == PhaseWaiting {
		for i := range step.WaitFor.Any {
			ask(step.WaitFor.Any[i].If)
		}
	}
	return first, ok
}

// summary says in a few words what she waits for and what comes then: "wait 5 days, then comeback-offer". It names ids only.
func (d *decision) summary(due *time.Time) string {
	step := d.def.Step(d.st.Step)
	if step == nil {
		return "step " + d.st.Step + " is not in this version"
	}
	until := ""
	if due != nil {
		until = " until " + d.when(*due)
	}
	switch d.st.Phase {
	case PhaseWindow:
		return strings.TrimPrefix(until, " ") + ", then send " + step.ID
	case PhaseHeld:
		if step.Coupon != nil {
			return "held: pool " + step.Coupon.Pool + " is empty"
		}
		if step.Webhook != nil {
			return "held: the call of " + step.ID + " failed"
		}
		return "held: " + step.ID + " cannot be sent"
	case PhaseCalling:
		return "call " + step.Webhook.To + ", then " + d.follows(step, nil)
	case PhaseAsked, PhaseReminded:
		return "answer to " + step.ID + until
	default:
		return d.waitSummary(step, due, until)
	}
}

func (d *decision) waitSummary(step *Step, due *time.Time, until string) string {
	switch {
	case step.Wait != nil && step.Wait.Until == nil && step.Wait.At == nil && step.Wait.ForValue == nil:
		return "wait " + durationWords(step.Wait.For) + ", then " + d.follows(step, step.Wait.Then)
	case step.Wait != nil && due != nil:
		return strings.TrimPrefix(until, " ") + ", then " + d.follows(step, step.Wait.Then)
	case step.WaitFor != nil:
		return step.WaitFor.words() + until
	case step.Task != nil:
		return "task " + step.ID + until
	}
	return step.ID + until
}

func (w *WaitFor) words() string {
	var words []string
	for _, a := range w.Any {
		words = append(words, or(a.Event, "a condition"))
	}
	return "for " + strings.Join(words, " or ")
}

// follows names the step that comes after a wait; a coupon is taken, and an attribute set, on the way to it.
func (d *decision) follows(step *Step, arm []*Step) string {
	id := d.def.Next(step.ID)
	if len(arm) > 0 {
		id = arm[0].ID
	}
	for range lookAhead {
		next := d.def.Step(id)
		if next == nil || next.Coupon == nil && next.Set == nil {
			break
		}
		id = d.def.Next(id)
	}
	return or(id, "the end")
}

// durationWords says a duration in its largest whole unit.
func durationWords(d time.Duration) string {
	d = d.Round(time.Second)
	units := []time.Duration{Day, time.Hour, time.Minute, time.Second}
	for i, name := range []string{"day", "hour", "minute", "second"} {
		if unit := units[i]; d%unit == 0 && (d >= unit || unit == time.Second) {
			return counted(int(d/unit), name)
		}
	}
	return d.String()
}

// when says a moment by her clocks: the day of the week within a week, else the date.
func (d *decision) when(t time.Time) string {
	switch away := t.Sub(d.now); {
	case away < 6*Day:
		return t.In(d.facts.Zone).Format("Mon 15:04")
	case away < 300*Day:
		return t.In(d.facts.Zone).Format("2 Jan 15:04")
	}
	return t.In(d.facts.Zone).Format("2 Jan 2006 15:04")
}

// fit keeps the plan within its limits as JSON, whatever ids and event names a journey has.
func (p Plan) fit() Plan {
	p.Step = cut(plain(p.Step), summaryBytes)
	p.Summary = cut(plain(p.Summary), min(summaryBytes, planBytes-planFrame-len(p.Step)-len(p.Call)))
	if p.At != nil {
		utc := p.At.UTC()
		p.At = &utc
	}
	return p
}

// plain takes out what JSON would write in six bytes.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune("\"\\<>&\u2028\u2029", r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// cut shortens to so many bytes, at the end of a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
