package console

import (
	"net/url"
	"strings"

	"perennial/journey"
)

// A condition of a step or of the head of a journey stands in the builder that segments have, under the name of its field.

// conditionOf reads a condition of a journey's text into the builder.
func conditionOf(text, id string) *part {
	p := partsOf(text)
	if text == "" || !p.IsGroup() {
		p = &part{Kind: kindAll}
	}
	p.number(id)
	return p
}

// builtCondition is the condition that a form holds under that name, after the button of the builder that was pressed; nil where it has none.
func builtCondition(form url.Values, name string) *part {
	p := partOf(form, name)
	if p == nil || !p.IsGroup() {
		return nil
	}
	if do := form.Get("do"); strings.HasPrefix(do, "add:"+name) || strings.HasPrefix(do, "drop:"+name+"-") {
		p.change(do, form)
	}
	return p
}

// condition writes what the builder holds on one line, "" where it asks for nothing. A group of one is that one.
func (p *part) condition() string {
	if len(p.Parts) == 0 {
		return ""
	}
	return p.inFlow()
}

func (p *part) inFlow() string {
	if !p.IsGroup() {
		return p.flow()
	}
	list := make([]string, len(p.Parts))
	for i, inner := range p.Parts {
		list[i] = inner.inFlow()
	}
	switch {
	case len(list) == 0:
		return "{ " + strings.Replace(p.Kind, kindNone, kindAny, 1) + ": [] }"
	case len(list) == 1 && p.Kind == kindNone:
		return "{ not: " + list[0] + " }"
	case len(list) == 1:
		return list[0]
	case p.Kind == kindNone:
		return "{ not: { any: [ " + strings.Join(list, ", ") + " ] } }"
	}
	return "{ " + p.Kind + ": [ " + strings.Join(list, ", ") + " ] }"
}

// put puts a problem to the part that it is about: path is the rest of its way, e.g. .all[1].eq, below the condition.
func (p *part) put(problem journey.Problem, path string) {
	for i, inner := range p.Parts {
		switch rest, here := p.below(i, path); {
		case !here:
		case inner.IsGroup():
			inner.put(problem, rest)
			return
		default:
			inner.Faults = append(inner.Faults, problem)
			return
		}
	}
	p.Faults = append(p.Faults, problem)
}

// below is what is left of a path within the ith part; a group of one is written as that one.
func (p *part) below(i int, path string) (rest string, here bool) {
	ways := []string{bracket("."+p.Kind, i)}
	if p.Kind == kindNone {
		ways = []string{bracket(".not."+kindAny, i)}
		if len(p.Parts) == 1 {
			ways = append(ways, ".not")
		}
	}
	for _, way := range ways {
		if after, found := strings.CutPrefix(path, way); found {
			return after, true
		}
	}
	return path, len(p.Parts) == 1
}
