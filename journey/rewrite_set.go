package journey

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// set returns the lines with a field below n set to a value, or without it where value is nil.
func (w *Rewrite) set(n *yaml.Node, path []string, value *yaml.Node) ([]string, error) {
	for len(path) > 1 {
		next := child(n, path[0])
		if next == nil || next.Kind == yaml.ScalarNode {
			break
		}
		n, path = next, path[1:]
	}
	at := child(n, path[0])
	switch {
	case value == nil && (at == nil || len(path) > 1):
		return w.lines, nil
	case value == nil:
		return w.drop(n, path[0])
	case at == nil:
		return w.add(n, path[0], grown(path[1:], value))
	case len(path) > 1: // the short form of a step that needs the long one now
		return w.swap(n, path[0], promoted(path[0], at, path[1:], value))
	}
	return w.swap(n, path[0], value)
}

// headOf is the field that the short form of a step says.
func headOf(kind string) string {
	return map[string]string{"send": "message", "start": "journey"}[kind]
}

// promoted is the long form of a step, with one more field.
func promoted(kind string, short *yaml.Node, path []string, value *yaml.Node) *yaml.Node {
	long := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	if head := headOf(kind); head != "" && path[0] != head {
		long.Content = append(long.Content, word(head), &yaml.Node{Kind: yaml.ScalarNode, Tag: short.Tag, Value: short.Value, Style: short.Style})
	}
	plant(long, path, value)
	if head := headOf(kind); len(long.Content) == 2 && long.Content[0].Value == head {
		return long.Content[1]
	}
	return long
}

// grown is a value with the maps around it that the rest of a path asks for.
func grown(path []string, value *yaml.Node) *yaml.Node {
	if len(path) == 0 {
		return value
	}
	around := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	plant(around, path, value)
	return around
}

// plant puts a value into a new tree; maps and lists on the way are made.
func plant(n *yaml.Node, path []string, value *yaml.Node) {
	if len(path) == 0 {
		return
	}
	next := child(n, path[0])
	switch {
	case len(path) == 1:
		next = value
	case next == nil:
		next = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		if _, err := strconv.Atoi(path[1]); err == nil {
			next = &yaml.Node{Kind: yaml.SequenceNode}
		}
	}
	if n.Kind == yaml.SequenceNode {
		if next.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 {
			next.Style &^= yaml.FlowStyle
		}
		if child(n, path[0]) == nil {
			n.Content = append(n.Content, next)
		}
	} else if child(n, path[0]) == nil {
		n.Content = append(n.Content, word(path[0]), next)
	}
	if path[0] == "then" || path[0] == "else" || path[0] == "no_answer" { // steps stand below each other
		unfold(next)
	}
	plant(next, path[1:], value)
	if next.Style&yaml.FlowStyle == 0 && next.Kind != yaml.ScalarNode {
		n.Style &^= yaml.FlowStyle
	}
}

// unfold puts the steps of a list on lines of their own.
func unfold(list *yaml.Node) {
	list.Style &^= yaml.FlowStyle
	for _, item := range list.Content {
		if item.Kind == yaml.MappingNode {
			item.Style &^= yaml.FlowStyle
		}
	}
}

// shorten gives a new step its short form where it says nothing but its head.
func shorten(step *yaml.Node) {
	for i := 0; i+1 < len(step.Content); i += 2 {
		value := step.Content[i+1]
		if head := headOf(step.Content[i].Value); head != "" && value.Kind == yaml.MappingNode && len(value.Content) == 2 && value.Content[0].Value == head {
			step.Content[i+1] = value.Content[1]
		}
	}
}

// variants gives a split its long form, in which it can have a winner.
func (w *Rewrite) variants(id string) error {
	list := descend(w.holder(id), "split")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	if _, err := w.blocked(list); err != nil {
		return err
	}
	step := w.holder(id)
	i := keyOf(step, "split")
	from, to := w.entry(step, i)
	lines := append(slices.Clone(w.lines[:from+1]), strings.Repeat(" ", step.Content[i].Column+1)+"variants:")
	lines = append(lines, indented(w.lines[from+1:to], 2)...)
	return w.read(append(lines, w.lines[to:]...))
}

func keyOf(n *yaml.Node, name string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return i
		}
	}
	return -1
}

// entry returns the lines of an entry of a block map: from that of its key to the one behind its last.
func (w *Rewrite) entry(n *yaml.Node, i int) (from, to int) {
	key, value := n.Content[i], n.Content[i+1]
	from, indent := key.Line-1, key.Column-1
	to = w.below(from+1, indent)
	if value.Kind == yaml.SequenceNode && value.Style&yaml.FlowStyle == 0 && value.Column == key.Column { // a list may stand as deep as its key
		for {
			next := to
			for next < len(w.lines) && (blankLine(w.lines[next]) || strings.HasPrefix(strings.TrimSpace(w.lines[next]), "#")) {
				next++
			}
			if next == len(w.lines) || indentOf(w.lines[next]) != indent || !strings.HasPrefix(w.lines[next][indent:], "-") {
				break
			}
			to = w.below(next+1, indent)
		}
	}
	return from, to
}

// swap writes another value behind a key.
func (w *Rewrite) swap(n *yaml.Node, name string, value *yaml.Node) ([]string, error) {
	i := keyOf(n, name)
	if i < 0 {
		return nil, unwritable()
	}
	text := w.writer().flow(value)
	source := strings.Join(w.lines, "\n")
	if from, to, ok := w.extent(n.Content[i+1]); ok && (n.Style&yaml.FlowStyle != 0 || indentOf(w.lines[n.Content[i].Line-1])+len(name)+len(text) < maxColumn) {
		return strings.Split(source[:from]+text+source[to:], "\n"), nil
	}
	if n.Style&yaml.FlowStyle != 0 {
		return nil, unwritable()
	}
	key := n.Content[i]
	_, to := w.entry(n, i)
	line := w.lines[key.Line-1]
	head := line[:w.offset(key)-w.offset(&yaml.Node{Line: key.Line, Column: 1})]
	fresh := []string{head + name + ": " + text}
	if len(head)+len(name)+len(text) > maxColumn-2 {
		fresh = w.pair(name, value, head)
	}
	fresh[0] += w.behind(key, n.Content[i+1])
	return slices.Concat(w.lines[:key.Line-1], fresh, w.lines[to:]), nil
}

// behind is the remark at the end of the line of a key, or of its value where that ends on a line: with a blank before it.
func (w *Rewrite) behind(key, value *yaml.Node) string {
	source := strings.Join(w.lines, "\n")
	_, at, ok := w.extent(value)
	if !ok {
		_, at, ok = w.extent(key)
	}
	if !ok {
		return ""
	}
	rest, _, _ := strings.Cut(strings.TrimPrefix(source[at:], ":"), "\n")
	if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "#") {
		return " " + rest
	}
	return ""
}

// add writes one more key into a map.
func (w *Rewrite) add(n *yaml.Node, name string, value *yaml.Node) ([]string, error) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return nil, unwritable()
	}
	if n.Style&yaml.FlowStyle != 0 {
		_, to, ok := w.extent(n)
		if !ok {
			return nil, unwritable()
		}
		source := strings.Join(w.lines, "\n")
		body := strings.TrimRight(source[:to-1], " \n,")
		return strings.Split(body+", "+name+": "+w.writer().flow(value)+" "+source[to-1:], "\n"), nil
	}
	_, to := w.entry(n, w.before(n, name))
	return slices.Insert(slices.Clone(w.lines), to, w.pair(name, value, strings.Repeat(" ", n.Content[0].Column-1))...), nil
}

// before is the entry of a map behind which a new key goes: of the head the last one that stands before it in the order of the language.
func (w *Rewrite) before(n *yaml.Node, name string) int {
	last := len(n.Content) - 2
	known := w.p.order[n]
	if n != w.p.document.Content[0] || known == nil {
		return last
	}
	for i := last; i >= 0; i -= 2 {
		if slices.Index(known, n.Content[i].Value) < slices.Index(known, name) {
			return i
		}
	}
	return last
}

// pair writes a key with its value, on as many lines as it takes; head is what stands before the key.
func (w *Rewrite) pair(name string, value *yaml.Node, head string) []string {
	out := w.writer()
	out.mapping(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word(name), value}}, 0, "")
	lines := indented(out.written(), len(head))
	lines[0] = head + strings.TrimLeft(lines[0], " ")
	return lines
}

// drop takes a key out of a map, with its value and the remarks right above it; with the last one the map itself goes.
func (w *Rewrite) drop(n *yaml.Node, name string) ([]string, error) {
	i := keyOf(n, name)
	if i >= 0 && len(n.Content) == 2 {
		around := w.parents[n]
		if around == nil || around.Kind != yaml.MappingNode {
			return nil, unwritable()
		}
		return w.drop(around, around.Content[slices.Index(around.Content, n)-1].Value)
	}
	if i < 0 {
		return nil, unwritable()
	}
	source := strings.Join(w.lines, "\n")
	switch {
	case n.Style&yaml.FlowStyle != 0 && i+2 < len(n.Content):
		return strings.Split(source[:w.offset(n.Content[i])]+source[w.offset(n.Content[i+2]):], "\n"), nil
	case n.Style&yaml.FlowStyle != 0:
		_, from, ok := w.extent(n.Content[i-1])
		_, to, ok2 := w.extent(n.Content[i+1])
		if !ok || !ok2 {
			return nil, unwritable()
		}
		return strings.Split(source[:from]+source[to:], "\n"), nil
	case i == 0 && indentOf(w.lines[n.Content[0].Line-1]) != n.Content[0].Column-1: // it stands behind the hyphen of an item
		return strings.Split(source[:w.offset(n.Content[0])]+source[w.offset(n.Content[2]):], "\n"), nil
	}
	from, to := w.entry(n, i)
	for indent := n.Content[i].Column - 1; from > 0 && indentOf(w.lines[from-1]) == indent && strings.HasPrefix(w.lines[from-1][indent:], "#"); {
		from--
	}
	return slices.Delete(slices.Clone(w.lines), from, to), nil
}
