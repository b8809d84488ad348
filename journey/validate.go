package journey

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// check finds what only the whole journey shows: ids that are taken, names that dangle, values that may be missing, steps
// that cannot be reached.
func (p *parser) check() {
	p.identify()
	if !p.unread { // what a step that could not be read declares is not known, and would be reported as dangling
		p.checkRefs()
		p.checkHangs()
	}
	p.checkAnswers()
	p.checkWins()
	p.checkGoal()
	p.checkFlow()
}

func (p *parser) checkRefs() {
	coupons, vars, messages := p.def.CouponNames(), p.def.VarNames(), p.messageSteps()
	for _, r := range p.refs {
		if each := p.def.Enter.Each; r.scope == scopeEnter && r.kind == "var" && each != nil && firstPart(r.name) == each.As {
			continue
		}
		if r.scope == scopeEnter && slices.Contains([]string{"answer", "coupon", "var", "message"}, r.kind) {
			p.fault(r.at, fmt.Sprintf("before she enters there is no %s", r.kind), "ask for an attribute, an event or the trigger")
			continue
		}
		if r.scope == scopeSegment && slices.Contains([]string{"answer", "coupon", "var", "message", "trigger"}, r.kind) {
			p.fault(r.at, fmt.Sprintf("a segment cannot ask for %s: it says who a customer is, whatever journey she is in", r.kind),
				"ask for an attribute, an event, a consent or a journey")
			continue
		}
		switch r.kind {
		case "segment", "kept segment":
			p.checkSegment(r)
		case "coupon":
			p.dangling(r, coupons, "no coupon step has `as: %s`")
		case "message":
			p.dangling(r, messages, "no send or survey has the id %s")
		case "var":
			r.name = firstPart(r.name)
			p.dangling(r, vars, "no wait_for or webhook keeps anything `as: %s`")
		case "answer":
			p.checkAnswer(r)
		case "survey":
			p.checkSurvey(r)
		}
	}
}

func (p *parser) dangling(r ref, known []string, message string) {
	if slices.Contains(known, r.name) {
		return
	}
	mend := "there is none in this journey: add the step, or leave this out"
	if len(known) > 0 {
		mend = p.suggestion(r.name, known)
	}
	p.fault(r.at, fmt.Sprintf(message, quote(r.name)), mend)
}

// messageSteps returns the ids of the steps that send.
func (p *parser) messageSteps() []string {
	var ids []string
	for _, s := range p.placed {
		if s.step.Send != nil || s.step.Survey != nil {
			ids = append(ids, s.step.ID)
		}
	}
	return ids
}

func (p *parser) checkAnswer(r ref) {
	if !slices.Contains(AnswerNames(), r.name) {
		p.fault(r.at, fmt.Sprintf("an answer has no %s", quote(r.name)), p.suggestion(r.name, AnswerNames()))
		return
	}
	for _, s := range p.placed {
		before := r.scope == scopeExit || r.scope == scopeLast || s.node.Line < r.at.Line || s.node.Line == r.at.Line && s.node.Column < r.at.Column
		if (s.step.Survey != nil || s.step.Task != nil) && before {
			return
		}
	}
	p.warn(r.at, "nothing was asked before this, so there is no answer", "put it after a survey or a task")
}

// checkSurvey takes a survey that is not declared here for granted, unless it looks like a typo of one that is known.
func (p *parser) checkSurvey(r ref) {
	known := slices.Concat(builtInSurveys(), slices.Sorted(maps.Keys(p.def.Declares.Surveys)))
	if near := p.nearest(r.name, known); near != "" && !slices.Contains(known, r.name) {
		p.warn(r.at, fmt.Sprintf("the survey %s is not declared here", quote(r.name)), fmt.Sprintf("did you mean %q?", near))
	}
}

// checkSegment takes a segment that is not declared here for granted, unless it looks like a typo of one that is. One whose coming
// and going lets people in must be kept by the server: what a file declares is only asked when a step asks it.
func (p *parser) checkSegment(r ref) {
	known := slices.Sorted(maps.Keys(p.def.Declares.Segments))
	switch near := p.nearest(r.name, known); {
	case slices.Contains(known, r.name) && r.kind == "kept segment":
		p.fault(r.at, fmt.Sprintf("the segment %s is only declared in this file, so nobody notices who comes into it", quote(r.name)),
			"give it to the server, with PUT /api/segments/"+r.name+", and take it out of `segments`")
	case near != "" && !slices.Contains(known, r.name):
		p.warn(r.at, fmt.Sprintf("the segment %s is not declared here", quote(r.name)), fmt.Sprintf("did you mean %q?", near))
	}
}

// checkAnswers holds the choices that arms ask for against the options of the survey.
func (p *parser) checkAnswers() {
	for _, a := range p.asked {
		form, declared := p.def.Declares.Surveys[a.survey.Ask]
		if !declared || len(form.Options) == 0 {
			continue
		}
		eachCond(a.cond, func(c *Cond) {
			if c.Operand == nil || c.Operand.From != FromAnswer || c.Operand.Path != "choice" {
				return
			}
			for _, choice := range literals(c) {
				if !slices.Contains(form.Options, choice) {
					p.fault(a.at, fmt.Sprintf("the survey %s has no option %s", a.survey.Ask, quote(choice)),
						p.suggestion(choice, form.Options))
				}
			}
		})
	}
}

// literals returns the texts that a condition on a choice compares with.
func literals(c *Cond) []string {
	list, _ := c.Arg.([]any) // of in and not_in
	if c.Op == OpEq || c.Op == OpNe {
		list = []any{c.Arg}
	}
	var out []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// checkHangs sees to it that missing data never means 'now'.
func (p *parser) checkHangs() {
	for _, h := range p.hangs {
		if h.covered || h.value.From == "" || h.value.Default != nil || p.alwaysThere(h.value) {
			continue
		}
		p.fault(h.at, fmt.Sprintf("%s can be missing, and nothing says what happens then", valueText(h.value)), h.mend)
	}
}

// alwaysThere says whether a value is the expiry of a coupon whose step holds until there is a code.
func (p *parser) alwaysThere(v *Value) bool {
	if v.From != FromCoupon {
		return false
	}
	found := false
	for _, s := range p.placed {
		c := s.step.Coupon
		if c == nil || c.As != v.Path {
			continue
		}
		if c.WhenEmpty != TroubleHold || c.Expires == 0 {
			return false
		}
		found = true
	}
	return found
}

func valueText(v *Value) string {
	if v.Get == "expires_at" {
		return fmt.Sprintf("the expiry of the coupon %s", quote(v.Path))
	}
	return fmt.Sprintf("%s %s", v.From, quote(v.Path))
}

// at returns the place of a step, for a message.
func (p *parser) at(s *Step) *yaml.Node {
	for _, placed := range p.placed {
		if placed.step == s {
			return placed.node
		}
	}
	return nil
}
