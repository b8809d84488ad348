package journey

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format returns the canonical form of a journey: keys in the order of the language, an id written out for every step,
// two blanks of indentation, comments and blank lines kept, each list and map on one line or on several as its author had
// it (what would go beyond column 120, or has a comment inside, goes on several). Formatting twice changes nothing, and the
// definition stays the same. A source with errors is not formatted: its problems are returned, and warnings too.
func Format(src []byte) ([]byte, Problems) {
	p := parseSource("", src)
	problems := p.problems()
	if len(problems.Errors()) > 0 {
		return nil, problems
	}
	return canonical(p, src), problems
}

// canonical formats what was parsed without errors. A comment belongs to what stands around it, which the first pass may
// have moved; a second or third settles it.
func canonical(p *parser, src []byte) []byte {
	out := format(p, src)
	for range 4 {
		again := parseSource("", out)
		if len(again.problems().Errors()) > 0 {
			return out
		}
		next := format(again, out)
		if string(next) == string(out) {
			break
		}
		out = next
	}
	return out
}

func format(p *parser, src []byte) []byte {
	stripped, remarks := takeRemarks(p, src)
	if len(stripped) != len(src) {
		p = parseSource("", stripped)
	}
	for _, s := range p.placed {
		if s.id == nil {
			s.node.Content = append(s.node.Content, word("id"), word(s.step.ID))
		}
	}
	for node, known := range p.order {
		arrange(node, known)
	}
	w := &writer{source: strings.Split(string(src), "\n"), words: p.order, remarks: remarks}
	w.document(p.document)
	return []byte(w.out.String())
}

// word makes a scalar of a key; the one key that YAML would not take for text is null.
func word(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if text == "null" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// arrange puts the keys of a map into canonical order.
func arrange(n *yaml.Node, known []string) {
	type pair [2]*yaml.Node
	var pairs []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, pair{n.Content[i], n.Content[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return slices.Index(known, a[0].Value) - slices.Index(known, b[0].Value)
	})
	n.Content = n.Content[:0]
	for _, pair := range pairs {
		n.Content = append(n.Content, pair[0], pair[1])
	}
}
