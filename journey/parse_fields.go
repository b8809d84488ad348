package journey

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// fields are the keys of one map whose keys are words of the language.
type fields struct {
	p      *parser
	node   *yaml.Node
	place  string
	values map[string]*yaml.Node
	empty  map[string]bool // written without a value, or with a typo: reported already
}

// fields reads a map. place names it in messages; known are its keys in canonical order.
// It returns nil, reported, when n is no map.
func (p *parser) fields(n *yaml.Node, place string, known ...string) *fields {
	if n.Kind != yaml.MappingNode {
		p.fault(n, fmt.Sprintf("%s is %s, not a map", place, kindOf(n)), fmt.Sprintf("write `%s: …` inside it", known[0]))
		return nil
	}
	p.order[n] = known
	f := &fields{p: p, node: n, place: place, values: map[string]*yaml.Node{}, empty: map[string]bool{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(known, key.Value):
			if !p.marked[key] {
				p.unknown(key, place, known)
				f.empty[p.nearest(key.Value, known)] = true
			}
		case value.ShortTag() == "!!null":
			p.fault(value, fmt.Sprintf("%s has no value", quote(key.Value)), "give it one, or leave it out")
			f.empty[key.Value] = true
		default:
			f.values[key.Value] = value
		}
	}
	return f
}

// get returns the value of a key, nil when it is not there.
func (f *fields) get(key string) *yaml.Node { return f.values[key] }

// need returns the value of a key, and reports it missing at the first line of the map.
func (f *fields) need(key, mend string) *yaml.Node {
	v := f.values[key]
	if v == nil && !f.empty[key] {
		f.p.fault(f.node, fmt.Sprintf("%s lacks %q", f.place, key), mend)
	}
	return v
}

// head finds which of several forms a map has: the one key of heads that it holds. others are keys that go with some of
// them; they serve to name what a typo meant. It returns "", reported, when there is none, or n is no map.
func (p *parser) head(n *yaml.Node, place string, heads, others []string) string {
	var found string
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(heads, key.Value):
		case found == "":
			found = key.Value
		default:
			p.fault(key, fmt.Sprintf("%s has both %q and %q", place, found, key.Value), "keep one of them")
		}
	}
	if found != "" {
		return found
	}
	before := len(p.faults)
	f := p.fields(n, place, slices.Concat(heads, others)...)
	if f != nil && len(p.faults) == before {
		p.fault(n, fmt.Sprintf("%s lacks one of %s", place, listing(heads)), fmt.Sprintf("add `%s: …`", heads[0]))
	}
	return ""
}

func (p *parser) unknown(key *yaml.Node, place string, known []string) {
	p.fault(key, fmt.Sprintf("%s is not known in %s", quote(key.Value), place), p.suggestion(key.Value, known))
}

// suggestion is the mend for a word that is not known: the nearest one that is, or all of them.
func (p *parser) suggestion(word string, known []string) string {
	if near := p.nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	switch {
	case len(known) == 0:
		return "leave it out"
	case len(known) > maxListed:
		return "write one that exists"
	}
	return "write " + listing(known)
}

// listing is "a, b or c".
func listing(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// nearest is the function of that name, as long as there are few faults: nobody reads the mend of the thousandth, and a
// hostile file could make the search long.
func (p *parser) nearest(typo string, known []string) string {
	if p.compared += len(known); p.compared > maxCompared {
		return ""
	}
	return nearest(typo, known)
}

// nearest returns the known word that a typo most likely meant, "" when none is near.
func nearest(typo string, known []string) string {
	if len(typo) > 64 {
		return ""
	}
	typo = folded(typo)
	best, least := "", 1+max(1, len(typo)/3)
	for _, k := range known {
		if d := distance(typo, folded(k)); d < least {
			best, least = k, d
		}
	}
	for _, k := range known {
		if best == "" && len(k) > 1 && strings.HasPrefix(typo, folded(k)) {
			best = k
		}
	}
	return best
}

// folded leaves out what people get wrong without a thought: capitals, hyphens, underscores.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// distance counts the letters to add, drop, change or swap to get from a to b.
func distance(a, b string) int {
	var rows [3][]int // of the letter before the last, of the last, of this one
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = last, row, before
	}
	return rows[1][len(b)]
}
