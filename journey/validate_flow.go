package journey

import (
	"fmt"
	"maps"
)

// way is what is known at one point of the way through the steps.
type way struct {
	names  map[string]int // line of each `as` that was given on the way here: "coupon offer", "var reply"
	waited bool           // she has waited at least once
	ended  bool           // no way leads on from here

	noAddress  bool            // whoever comes here has no e-mail address
	suppressed bool            // her address was suppressed
	withdrawn  map[string]bool // topics that she was taken off
}

func (w way) fork() way {
	w.names, w.withdrawn = maps.Clone(w.names), maps.Clone(w.withdrawn)
	return w
}

// stood is the way after a wait: she may have told us her address, or changed her mind.
func (w way) stood() way {
	w.waited, w.noAddress, w.withdrawn = true, false, nil
	return w
}

// join is the way after arms that exclude each other.
func join(arms []way) way {
	out := way{names: map[string]int{}, waited: true, ended: true, noAddress: true, suppressed: true}
	for _, a := range arms {
		if a.ended {
			continue
		}
		if out.ended {
			out.withdrawn = maps.Clone(a.withdrawn)
		}
		maps.Copy(out.names, a.names)
		maps.DeleteFunc(out.withdrawn, func(topic string, _ bool) bool { return !a.withdrawn[topic] })
		out.ended, out.waited = false, out.waited && a.waited
		out.noAddress, out.suppressed = out.noAddress && a.noAddress, out.suppressed && a.suppressed
	}
	if out.ended { // nobody comes here, and of nobody nothing is known
		out.noAddress, out.suppressed = false, false
	}
	return out
}

// checkFlow follows every way through the steps: what cannot be reached, names that are given twice on one way, a journey
// that starts itself without a wait.
func (p *parser) checkFlow() {
	begin := way{names: map[string]int{}}
	if each := p.def.Enter.Each; each != nil {
		begin.names["var "+each.As] = 1
	}
	for _, steps := range p.def.lastSteps() {
		p.follow(steps, begin.fork())
	}
	begin.noAddress = lacksEmail(p.def.Enter.If)
	p.follow(p.def.Steps, begin)
}

func (p *parser) follow(steps []*Step, w way) way {
	dead := w.ended // reported outside already
	for _, s := range steps {
		if w.ended && !dead {
			dead = true
			p.warn(p.at(s), fmt.Sprintf("the step %q can never be reached: every way ends before it", s.ID), "take it out, or move the exit")
		}
		ended := w.ended
		w = p.pass(s, w)
		w.ended = w.ended || ended
	}
	return w
}

// pass goes through one step.
func (p *parser) pass(s *Step, w way) way {
	switch s.Kind {
	case StepExit:
		w.ended = true
	case StepSend:
		if s.Send != nil && s.Send.Role == "" {
			if s.Send.Channel != "" {
				w.noAddress, w.suppressed = false, false // an endpoint needs no address of hers
			}
			p.mails(s, s.Send.Topic, w)
		}
	case StepSuppress:
		w.suppressed = true
	case StepConsent:
		w = w.fork()
		if w.withdrawn == nil {
			w.withdrawn = map[string]bool{}
		}
		w.withdrawn[s.Consent.Topic] = s.Consent.Is == ConsentWithdrawn
	case StepSet:
		w.noAddress = false // it may be her address that is set
	case StepCoupon:
		p.give(s, "coupon "+s.Coupon.As, w)
	case StepStart:
		if s.Start.Journey == p.def.Key && p.def.Key != "" && !w.waited {
			p.fault(p.at(s), "the journey starts itself without a wait: it would go round for ever", "put a wait before it")
		}
	case StepBranch:
		return p.passBranch(s, w)
	case StepSplit:
		var arms []way
		for _, v := range s.Split {
			arms = append(arms, p.follow(v.Then, w.fork()))
		}
		return joinOr(arms, w)
	case StepWait:
		w = w.stood()
		if s.Wait != nil && len(s.Wait.Then) > 0 {
			return join([]way{p.follow(s.Wait.Then, w.fork()), w})
		}
	case StepWaitFor:
		return p.passWaitFor(s, w)
	case StepWebhook:
		if s.Webhook.As != "" {
			p.give(s, "var "+s.Webhook.As, w)
		}
	case StepSurvey, StepTask:
		return p.passAsked(s, w)
	case StepRepeat:
		return p.passRepeat(s, w)
	default: // goes on
	}
	return w
}

// joinOr is join, and the way itself where a step could not be read and so has no arms.
func joinOr(arms []way, w way) way {
	if len(arms) == 0 {
		return w
	}
	return join(arms)
}

func (p *parser) passBranch(s *Step, w way) way {
	var arms []way
	total := false
	unlike := w // what is known of whoever no arm so far is for
	for _, a := range s.Branch {
		arm := unlike.fork()
		arm.noAddress = arm.noAddress || lacksEmail(a.If)
		arms = append(arms, p.follow(a.Then, arm))
		unlike.noAddress, total = unlike.noAddress || hasEmail(a.If), total || a.Else
	}
	if !total {
		arms = append(arms, w)
	}
	return joinOr(arms, w)
}

func (p *parser) passWaitFor(s *Step, w way) way {
	if s.WaitFor == nil {
		return w
	}
	w = w.stood()
	var arms []way
	for _, a := range s.WaitFor.Any {
		arm := w.fork()
		if a.As != "" {
			p.give(s, "var "+a.As, arm)
		}
		arms = append(arms, p.follow(a.Then, arm))
	}
	if s.WaitFor.Timeout != nil {
		arms = append(arms, p.follow(s.WaitFor.Timeout.Then, w.fork()))
	}
	return joinOr(arms, w)
}

// passRepeat goes through one round. With `until` there may be none.
func (p *parser) passRepeat(s *Step, w way) way {
	round := w.fork()
	round.waited = false
	round = p.follow(s.Repeat.Then, round)
	if !round.ended && !round.waited && len(s.Repeat.Then) > 0 {
		p.fault(p.at(s), "a round of this repeat can pass without a wait: it would go round at once", "put a wait inside, on every way through it")
	}
	if s.Repeat.Until == nil {
		return round
	}
	return join([]way{round, w})
}

// passAsked goes through a survey or a task: the arms, and the way of an answer that no arm is for.
func (p *parser) passAsked(s *Step, w way) way {
	if s.Survey != nil {
		p.mails(s, "", w)
	}
	if s.Survey != nil && s.Survey.Wait > 0 || s.Task != nil && s.Task.Wait > 0 {
		w = w.stood()
	}
	arms := []way{w}
	for _, steps := range s.Arms() {
		arms = append(arms, p.follow(steps, w.fork()))
	}
	return join(arms)
}

// give notes a name, and reports it when the way here has given it already.
func (p *parser) give(s *Step, name string, w way) {
	if line := w.names[name]; line != 0 && name != "coupon " {
		p.fault(p.at(s), fmt.Sprintf("%q is given a second time: the step on line %d gave it already", name, line),
			"choose another name in `as`")
		return
	}
	w.names[name] = s.Line
}
