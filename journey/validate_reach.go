package journey

import (
	"fmt"
	"time"
)

// checkGoal warns of a goal that nothing can reach: it counts only while she is in the journey.
func (p *parser) checkGoal() {
	goal := p.def.Goal
	if goal == nil || p.goalAt == nil || p.unread {
		return
	}
	if goal.Within > 0 && goal.For > goal.Within {
		p.warn(p.goalAt, "the goal can never be reached: its condition would have to hold for longer than there is time", "let `for` be shorter than `within`")
	}
	if (goal.Event != "" || goal.For > 0) && !p.stands() {
		p.warn(p.goalAt, "the goal can never be reached: the journey never waits, and is over when it has begun", "end it with a wait as long as the goal may take, such as `- wait: 30d`")
	}
}

// stands says whether there is a step at which she may stand for a while.
func (p *parser) stands() bool {
	found := false
	p.def.Walk(func(s *Step) {
		switch s.Kind {
		case StepWait, StepWaitFor, StepPause:
			found = true
		case StepSurvey:
			found = found || s.Survey.Wait > 0 || p.def.SendWindow != nil
		case StepTask:
			found = found || s.Task.Wait > 0
		case StepCoupon:
			found = found || s.Coupon.WhenEmpty == TroubleHold
		case StepSend:
			found = found || p.def.SendWindow != nil && !s.Send.AnyTime || s.Send.IfUnsendable == TroubleHold || p.def.Cap != nil
		default: // walked through
		}
	})
	return found
}

// lacksEmail says whether a condition holds only of those who have no address.
func lacksEmail(c *Cond) bool {
	switch {
	case c == nil:
		return false
	case isEmail(c, OpMissing):
		return true
	case c.Not != nil:
		return isEmail(c.Not, OpExists)
	case len(c.Any) > 0:
		for _, inner := range c.Any {
			if !lacksEmail(inner) {
				return false
			}
		}
		return true
	}
	for _, inner := range c.All {
		if lacksEmail(inner) {
			return true
		}
	}
	return false
}

func isEmail(c *Cond, op Op) bool {
	return c.Operand != nil && c.Operand.From == FromAttribute && c.Operand.Path == "email" && c.Op == op
}

// hasEmail says that a condition fails only for those who have no address.
func hasEmail(c *Cond) bool {
	return c != nil && (isEmail(c, OpExists) || c.Not != nil && isEmail(c.Not, OpMissing))
}

// mails warns of a message to her that cannot go out, whoever she is.
func (p *parser) mails(s *Step, topic string, w way) {
	topic = or(topic, p.def.Topic)
	var why, mend string
	switch {
	case w.noAddress:
		why, mend = "whoever comes here has no e-mail address", "send it on another way, or ask her for an address by a task"
	case topic != TopicTransactional && w.suppressed:
		why, mend = "her address was suppressed on the way here", "send it before `suppress`"
	case topic != TopicTransactional && w.withdrawn[topic]:
		why, mend = fmt.Sprintf("her consent to %s was withdrawn on the way here", topic), "send it before `consent`"
	default:
		return
	}
	p.warn(p.at(s), fmt.Sprintf("the message of step %q can never be sent: %s", s.ID, why), mend)
}

// Outdated warns of moments that are written out in a journey and have passed. Without a zone a moment has passed when it has
// passed everywhere.
func (d *Definition) Outdated(file string, now time.Time) Problems {
	last := time.FixedZone("", -12*60*60)
	passed := func(text any, zone *time.Location) bool {
		if zone == nil {
			zone = last
		}
		written, is := text.(string)
		t, _, ok := momentOf(written, zone)
		return is && ok && t.Before(now)
	}
	var out Problems
	if once := d.Enter.Once; once != nil && passed(once.At, once.Zone) {
		out = append(out, Problem{
			File: file, Line: d.once.line, Column: d.once.column, Path: "enter.when.once.at", Warning: true,
			Message: fmt.Sprintf("%s has passed: nobody will enter", once.At), Mend: "write a moment that is still to come",
		})
	}
	d.Walk(func(s *Step) {
		if s.Wait != nil && s.Wait.Until != nil && s.Wait.Until.From == "" && passed(s.Wait.Until.Literal, nil) {
			out = append(out, Problem{
				File: file, Line: s.Line, Column: 1, Path: s.ID, Warning: true,
				Message: fmt.Sprintf("%v has passed: nobody will wait at %q", s.Wait.Until.Literal, s.ID), Mend: "write a moment that is still to come, or take the step out",
			})
		}
	})
	return out
}
