package console

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// The builder writes a segment anew. The remarks of its text go along with what they are about.

// remarksOf are the remarks at an item of a list: above it, and at the end of its first line. Those inside of it belong to what stands there.
func remarksOf(n *yaml.Node) (above []string, behind string) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
		nodes = append(nodes, n.Content[0], n.Content[1])
	}
	for _, at := range nodes {
		above = append(above, remarkLines(at.HeadComment)...)
		if at.LineComment != "" && behind == "" {
			behind = " " + at.LineComment
		}
	}
	return append(above, remarkLines(n.FootComment)...), behind
}

// headRemarks are those of the whole text: above it, at its keys, and at its end.
func headRemarks(doc *yaml.Node) (out []string) {
	root := doc.Content[0]
	nodes := []*yaml.Node{doc, root}
	for i := 0; i+1 < len(root.Content) && entry(root, "if") != nil; i += 2 {
		nodes = append(nodes, root.Content[i])
		if root.Content[i+1].Kind == yaml.ScalarNode {
			nodes = append(nodes, root.Content[i+1])
		}
	}
	for _, n := range nodes {
		out = append(out, remarkLines(n.HeadComment)...)
		out = append(out, remarkLines(n.LineComment)...)
		out = append(out, remarkLines(n.FootComment)...)
	}
	return out
}

func remarkLines(text string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// keepRemarks gives the parts of a form the remarks of the text that it began from: those that say the same, wherever they stand now, and
// else those of the same kind at the same place.
func (p *part) keepRemarks(source string) {
	was := partsOf(source)
	p.Above = was.Above
	said, placed := map[string][]*part{}, map[string]*part{}
	was.each(func(q *part) {
		if q != was {
			said[q.inFlow()] = append(said[q.inFlow()], q)
			placed[q.ID+" "+q.Kind] = q
		}
	})
	taken := map[*part]bool{}
	take := func(q, from *part) {
		if from != nil && !taken[from] {
			q.Above, q.Behind, taken[from] = from.Above, from.Behind, true
		}
	}
	var changed []*part
	p.each(func(q *part) {
		switch same := said[q.inFlow()]; {
		case q == p:
		case len(same) > 0:
			take(q, same[0])
			said[q.inFlow()] = same[1:]
		default:
			changed = append(changed, q)
		}
	})
	for _, q := range changed {
		take(q, placed[q.ID+" "+q.Kind])
	}
}
