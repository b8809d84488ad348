package journey

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// split reads a list of variants, or { variants, winner }.
func (p *parser) split(s *Step, n *yaml.Node) {
	list := n
	if n.Kind == yaml.MappingNode {
		f := p.fields(n, "split", "variants", "winner")
		if v := f.get("winner"); v != nil {
			s.Winner = p.winner(v)
		}
		if list = f.need("variants", "add them: `variants: [ { name: a, share: 50, then: [ … ] }, … ]`"); list == nil {
			return
		}
	}
	s.Split = p.variants(list)
	if s.Winner != nil && len(s.Split) == 1 {
		p.fault(list, "one variant has nobody to win against", "add another, or leave `winner` out")
	}
}

func (p *parser) variants(n *yaml.Node) []Variant {
	var variants []Variant
	sum, counted := 0, true
	seen := map[string]bool{}
	for _, item := range p.list(n, "split") {
		v, known := p.variant(item, seen)
		sum, counted = sum+v.Share, counted && known
		variants = append(variants, v)
	}
	if counted && sum != 100 && len(variants) > 0 {
		p.fault(n, fmt.Sprintf("the shares add up to %d, not to 100", sum), "change them so that they do")
	}
	return variants
}

// winner reads { by: goal, after: 14d, min: 500 }.
func (p *parser) winner(n *yaml.Node) *Winner {
	w := &Winner{}
	f := p.fields(n, "winner", "by", "after", "min")
	if f == nil {
		return w
	}
	if v := f.need("by", "add what decides: `by: goal` or `by: clicked`"); v != nil {
		w.By = Metric(p.word(v, "by", string(MetricGoal), string(MetricClicked)))
		if w.By == MetricGoal {
			p.wins = append(p.wins, v)
		}
	}
	if v := f.need("after", "add how long after the first draw it is decided at the earliest, such as `after: 14d`"); v != nil {
		w.After = p.duration(v, "after")
	}
	if v := f.need("min", "add how many customers each variant must have had by then, such as `min: 500`"); v != nil {
		w.Min = p.whole(v, "min", 1, 1_000_000)
	}
	return w
}

// checkWins sees to it that what is decided by the goal has one.
func (p *parser) checkWins() {
	for _, at := range p.wins {
		if p.def.Goal == nil {
			p.fault(at, "the journey has no goal to decide by", "add a `goal`, or write `by: clicked`")
		}
	}
}

// maxSubjects bounds how many subjects one send may try.
const maxSubjects = 10

// subjects reads { a: "…", b: "…" }, and the winner among them.
func (p *parser) subjects(f *fields, send *Send) {
	n, w := f.get("subjects"), f.get("winner")
	switch {
	case n == nil && w != nil && !f.empty["subjects"]:
		p.fault(w, "a winner needs `subjects` to choose from", "add `subjects: { a: …, b: … }`, or leave it out")
		return
	case n == nil:
		return
	case n.Kind != yaml.MappingNode || len(n.Content) < 4:
		p.fault(n, "subjects are two or more, each with a name", "write `subjects: { short: \"Still here?\", long: \"We have kept your basket\" }`")
		return
	case len(n.Content) > 2*maxSubjects:
		p.fault(n, fmt.Sprintf("there are more than %d subjects", maxSubjects), "choose the best of them first")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		send.Subjects = append(send.Subjects, Subject{Name: p.name(n.Content[i], "the name of the subject"), Text: p.name(n.Content[i+1], "the subject")})
	}
	if w != nil {
		send.Winner = p.winner(w)
	}
}
