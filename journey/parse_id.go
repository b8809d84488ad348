package journey

import (
	"cmp"
	"fmt"
	"slices"
)

// identify gives every step its id. Written ones are taken first, so that adding a step never changes the id of one that
// has it in writing; the others are derived in the order of the file.
func (p *parser) identify() {
	slices.SortStableFunc(p.placed, func(a, b *placed) int {
		return cmp.Or(cmp.Compare(a.node.Line, b.node.Line), cmp.Compare(a.node.Column, b.node.Column))
	})
	taken := map[string]*placed{}
	for _, s := range p.placed {
		switch {
		case !s.step.HasID:
		case taken[s.step.ID] != nil:
			p.fault(s.id, fmt.Sprintf("the id %s is taken by the step on line %d", quote(s.step.ID), taken[s.step.ID].node.Line),
				"give each step an id of its own")
		default:
			taken[s.step.ID] = s
		}
	}
	next := map[string]int{} // by base: where to go on counting, so that a thousand equal steps cost a thousand tries
	for _, s := range p.placed {
		if s.step.HasID {
			continue
		}
		s.step.ID = s.base
		for i := max(2, next[s.base]); taken[s.step.ID] != nil; i++ {
			s.step.ID = fmt.Sprintf("%s-%d", s.base, i)
			next[s.base] = i + 1
		}
		taken[s.step.ID] = s
	}
}

func dashed(word string) string {
	if word == "" {
		return ""
	}
	return "-" + word
}

func armWord(arms []Arm) string {
	if len(arms) == 0 {
		return ""
	}
	return condWord(arms[0].If)
}

func splitBase(variants []Variant) string {
	if len(variants) == 0 {
		return "split"
	}
	return "split" + dashed(slug(variants[0].Name))
}

func setBase(assignments []Assignment) string {
	if len(assignments) == 0 {
		return "set"
	}
	return "set" + dashed(slug(assignments[0].Attribute))
}

// valueWord is the word by which a value is told from others.
func valueWord(v *Value) string {
	switch {
	case v == nil:
		return ""
	case v.From == "":
		return slug(fmt.Sprint(v.Literal))
	case v.From == FromCoupon && v.Get == "expires_at":
		return slug(v.Path + "-expires-at")
	}
	return slug(v.Path)
}

// condWord is the word by which a condition is told from others.
func condWord(c *Cond) string {
	switch {
	case c == nil:
		return ""
	case len(c.All) > 0:
		return condWord(c.All[0])
	case len(c.Any) > 0:
		return condWord(c.Any[0])
	case c.Not != nil:
		return "not" + dashed(condWord(c.Not))
	case c.Operand != nil:
		return valueWord(c.Operand)
	case c.Event != nil:
		return slug(c.Event.Name)
	case c.Consent != nil:
		return slug(c.Consent.Topic + "-" + string(c.Consent.Is))
	case c.Message != nil:
		return slug(c.Message.Message + "-" + c.Message.Was)
	case c.Coupon != nil:
		return slug(c.Coupon.As + "-" + c.Coupon.Was)
	case c.Segment != "":
		return slug(c.Segment)
	case c.Journey != nil:
		return slug(c.Journey.Key + "-" + c.Journey.Is)
	}
	return ""
}
