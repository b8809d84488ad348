package journey

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a journey brings along (topics, pools, surveys, segments, endpoints) stands in maps of its head. These change them, and find
// what in the journey names them.

// Declared are the names of the maps, in the order of the language.
func Declared() []string { return []string{"topics", "pools", "surveys", "segments", "webhooks"} }

// Use is a place in a journey that names something which the journey may bring along.
type Use struct {
	Step string // id of the step; "" in the head
	Path string // as problems name it, e.g. enter.if.segment
}

// naming is a word of the source that is such a name.
type naming struct {
	kind string // topics, pools, …
	at   *yaml.Node
}

// names remembers that names of that kind stand there: one, or a list of them.
func (p *parser) names(kind string, n *yaml.Node) {
	switch {
	case n == nil:
	case n.Kind == yaml.ScalarNode:
		p.namings = append(p.namings, naming{kind, n})
	default:
		for _, item := range n.Content {
			p.names(kind, item)
		}
	}
}

// Declarations are the keys of what the journey brings along of a kind, in the order of the text.
func (w *Rewrite) Declarations(kind string) (keys []string) {
	if n := child(w.p.document.Content[0], kind); n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			keys = append(keys, n.Content[i].Value)
		}
	}
	return keys
}

// Uses are the places that name something of a kind, in the order of the text.
func (w *Rewrite) Uses(kind, key string) (out []Use) {
	paths := map[*yaml.Node]string{}
	trace(w.p.document.Content[0], "", paths)
	for _, n := range w.named(kind, key) {
		u := Use{Path: paths[n]}
		if s := w.stepAround(n); s != nil {
			u.Step = s.step.ID
		}
		out = append(out, u)
	}
	return out
}

// named are the words that name something of a kind.
func (w *Rewrite) named(kind, key string) (out []*yaml.Node) {
	for _, n := range w.p.namings {
		if n.kind == kind && n.at.Value == key {
			out = append(out, n.at)
		}
	}
	slices.SortFunc(out, func(a, b *yaml.Node) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return out
}

// stepAround is the innermost step that something stands in; nil in the head.
func (w *Rewrite) stepAround(n *yaml.Node) *placed {
	for ; n != nil; n = w.parents[n] {
		if i := slices.IndexFunc(w.p.placed, func(s *placed) bool { return s.node == n }); i >= 0 {
			return w.p.placed[i]
		}
	}
	return nil
}

// Declare says what something is that the journey brings along. Was is the key that it had, "" where it is new; what names it is
// renamed with it. Of one field with the path "" the value is all of it.
func (w *Rewrite) Declare(kind, was, key string, fields []Setting) error {
	value, err := declared(fields)
	if err != nil {
		return err
	}
	root := w.p.document.Content[0]
	switch at := descend(root, kind+"."+key); {
	case !IsKey(key):
		return undeclarable("is not a key: keys are small letters, digits and hyphens, at most 100", "write e.g. "+quote(orElse(slug(key), kind)))
	case at != nil && was != key:
		return undeclarable(fmt.Sprintf("%s is there already", quote(key)), "change that one, or choose another key")
	case was == "":
		around := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word(key), value}}
		var lines []string
		if existing := child(root, kind); existing != nil {
			lines, err = w.add(existing, key, value)
		} else {
			lines, err = w.add(root, kind, around)
		}
		if err != nil {
			return err
		}
		return w.read(lines)
	case descend(root, kind+"."+was) == nil:
		return Faultf(CodeNotFound, "the journey brings no %s along any more", quote(was))
	}
	if was != key {
		if err := w.rename(kind, was, key); err != nil {
			return err
		}
	}
	path := kind + "." + key
	for _, f := range fields {
		if err := w.unmark(descend(w.holder(""), joinedPath(path, f.Path))); err != nil {
			return err
		}
	}
	if grafted, err := w.regraft("", path, value); grafted || err != nil {
		return err
	}
	lines, err := w.swap(child(w.holder(""), kind), key, value)
	if err != nil {
		return err
	}
	return w.read(lines)
}

func undeclarable(message, mend string) *Fault {
	return &Fault{Code: CodeInvalid, Message: "this cannot be brought along", Problems: Problems{{Path: "key", Message: message, Mend: mend}}}
}

func joinedPath(path, field string) string {
	if field == "" {
		return path
	}
	return path + "." + field
}

// declared is the tree of what is declared, without what is empty.
func declared(fields []Setting) (*yaml.Node, error) {
	tree := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, f := range fields {
		if f.Value == "" {
			continue
		}
		value, err := f.node()
		if err != nil {
			return nil, err
		}
		bared(value)
		if f.Path == "" {
			ordered(value)
			return value, nil
		}
		plant(tree, strings.Split(f.Path, "."), value)
	}
	return tree, nil
}

// ordered puts the words of a survey, and of each of its languages, into the order of the language.
func ordered(n *yaml.Node) {
	if child(n, "question") == nil {
		return
	}
	arrange(n, surveyKeys())
	if locales := child(n, "locales"); locales != nil {
		for _, words := range locales.Content {
			arrange(words, surveyKeys())
		}
	}
}

// bared takes away the quotes that a text does not need.
func bared(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Style&yaml.DoubleQuotedStyle != 0 && unquoted(n.Value) && (&yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}).ShortTag() == "!!str" {
		n.Style = 0
	}
	for _, c := range n.Content {
		bared(c)
	}
}

// rename gives what is declared another key, wherever it is named too. Steps keep the ids that they had by the old one, and coupons the
// names under which messages and conditions find them.
func (w *Rewrite) rename(kind, was, key string) error {
	var steps []string
	for _, u := range w.Uses(kind, was) {
		if u.Step != "" && !slices.Contains(steps, u.Step) {
			steps = append(steps, u.Step)
		}
	}
	for _, id := range steps {
		if err := w.pin(id); err != nil {
			return err
		}
		if kind == "pools" && w.Get(id, "coupon.as") == "" {
			if err := w.Set(id, []Setting{{Path: "coupon.as", Value: was}}); err != nil {
				return err
			}
		}
	}
	for {
		left := w.named(kind, was)
		if len(left) == 0 {
			break
		}
		if err := w.overwrite(left[0], key); err != nil {
			return err
		}
	}
	all := child(w.p.document.Content[0], kind)
	return w.overwrite(all.Content[keyOf(all, was)], key)
}

// Undeclare takes out what the journey brings along. What names it means that of the server from then on.
func (w *Rewrite) Undeclare(kind, key string) error {
	all := child(w.p.document.Content[0], kind)
	if child(all, key) == nil {
		return Faultf(CodeNotFound, "the journey brings no %s along any more", quote(key))
	}
	lines, err := w.drop(all, key)
	if err != nil {
		return err
	}
	return w.read(lines)
}
