package journey

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const maxColumn = 120

// writer prints a tree. It writes YAML itself because the library's encoder drops blank lines and the blanks inside braces.
type writer struct {
	out     strings.Builder
	source  []string                // lines, to see where there was a blank one
	words   map[*yaml.Node][]string // maps whose keys are words of the language: they need no quotes
	remarks remarks
	gap     bool // a blank line is due before the next line
	first   bool // nothing was written in the block that has just begun
}

func (w *writer) line(indent int, text string) {
	if w.gap && w.out.Len() > 0 {
		w.out.WriteByte('\n')
	}
	w.gap, w.first = false, false
	if text != "" {
		w.out.WriteString(strings.Repeat(" ", indent))
		w.out.WriteString(text)
	}
	w.out.WriteByte('\n')
}

func (w *writer) document(doc *yaml.Node) {
	w.first = true
	for _, r := range w.remarks.head {
		w.remark(0, r)
	}
	w.gap = len(w.remarks.head) > 0
	w.mapping(doc.Content[0], 0, "")
	for _, r := range append(w.remarks.rest(), w.remarks.tail...) {
		w.remark(0, r)
	}
}

// start opens what begins on a line of the source: the remarks above it, and blank lines where its author had them.
func (w *writer) start(indent int, lines ...int) {
	for _, line := range lines {
		for _, r := range w.remarks.above[line] {
			w.remark(indent, r)
		}
		delete(w.remarks.above, line)
	}
	w.blank(lines[0])
}

// end writes the remarks at the end of a block whose last node begins on that line, if they stand as deep as the block.
func (w *writer) end(indent, column, last int) {
	some := w.remarks.behind[last]
	for len(some) > 0 && some[0].indent >= column {
		w.remark(indent, some[0])
		some = some[1:]
	}
	w.remarks.behind[last] = some
}

func (w *writer) remark(indent int, r remark) {
	w.blank(r.line)
	w.line(indent, r.text)
}

// blank keeps a blank line above a line of the source, unless a block begins there.
func (w *writer) blank(line int) {
	if !w.first && line > 1 && line <= len(w.source)+1 && blankLine(w.source[line-2]) {
		w.gap = true
	}
}

// mapping writes a map over several lines. lead is "- " where the map is an item of a list and begins on its line.
func (w *writer) mapping(n *yaml.Node, indent int, lead string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if i > 0 || lead == "" {
			w.start(indent, key.Line)
			lead = ""
		}
		w.entry(indent, lead+w.key(n, i)+":", key, value)
		w.end(indent, n.Column-1, max(key.Line, lastLine(value)))
	}
}

// key prints a key of a map; a word of the language needs no quotes.
func (w *writer) key(n *yaml.Node, i int) string {
	if w.words[n] != nil {
		return n.Content[i].Value
	}
	return scalar(n.Content[i])
}

// sequence writes a list over several lines.
func (w *writer) sequence(n *yaml.Node, indent int) {
	for _, item := range n.Content {
		if item.Kind == yaml.MappingNode && !w.short(item, indent+2) && marginal(item) == "" {
			w.start(indent, item.Line, item.Content[0].Line)
			w.mapping(item, indent+2, "- ")
		} else {
			w.start(indent, item.Line)
			w.entry(indent, "-", item, item)
		}
		w.end(indent, n.Column-1, lastLine(item))
	}
}

// marginal is the comment at the end of the line of a node, wherever the YAML library has put it.
func marginal(n *yaml.Node) string {
	return joined(n.HeadComment, joined(n.LineComment, n.FootComment))
}

// entry writes a value behind its key, or behind the hyphen of an item, where key is the item itself. Name is what stands
// before it; it may begin with the hyphen of the item that holds the map.
func (w *writer) entry(indent int, name string, key, value *yaml.Node) {
	item := key == value
	start := indent
	if strings.HasPrefix(name, "- ") && !item {
		start -= 2
	}
	comment := marginal(value)
	if !item {
		comment = joined(marginal(key), comment)
	}
	if parts := strings.Split(comment, "\n"); len(parts) > 1 {
		for _, part := range parts[:len(parts)-1] {
			w.line(start, strings.TrimSpace(part))
		}
		comment = parts[len(parts)-1]
	}
	beside := func(text string) { w.beside(start, text, comment, key.Line, value.Line) }
	switch {
	case value.Kind == yaml.ScalarNode && blockText(value):
		beside(name + " " + blockMark(value.Value))
		for _, line := range strings.Split(strings.TrimSuffix(value.Value, "\n"), "\n") {
			w.line(indent+2, line)
		}
	case value.Kind == yaml.ScalarNode:
		beside(name + " " + scalar(value))
	case w.short(value, start+utf8.RuneCountInString(name)+1):
		beside(name + " " + w.flow(value))
	default:
		beside(name)
		w.nested(indent+2, value)
	}
}

// nested writes a list or map below its key.
func (w *writer) nested(indent int, n *yaml.Node) {
	w.first = true
	if n.Kind == yaml.SequenceNode {
		w.sequence(n, indent)
		return
	}
	w.mapping(n, indent, "")
}

// beside writes a line and the comment at its end, in the column where its author had it if the text leaves room.
func (w *writer) beside(indent int, text, comment string, lines ...int) {
	if comment == "" {
		w.line(indent, text)
		return
	}
	width := indent + utf8.RuneCountInString(text)
	column := width + 1
	for _, line := range lines {
		if line < 1 || line > len(w.source) {
			continue
		}
		if before, found := strings.CutSuffix(strings.TrimRightFunc(w.source[line-1], unicode.IsSpace), comment); found {
			column = max(column, utf8.RuneCountInString(before))
		}
	}
	w.line(indent, text+strings.Repeat(" ", column-width)+comment)
}

// blockMark is | for a text that ends in a line break, |- for one that does not.
func blockMark(text string) string {
	if strings.HasSuffix(text, "\n") {
		return "|"
	}
	return "|-"
}

// blockText says whether a text was written as a block and can be: other texts get quotes.
func blockText(n *yaml.Node) bool {
	v := n.Value
	return n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && strings.Contains(strings.TrimSuffix(v, "\n"), "\n") &&
		!strings.HasPrefix(v, " ") && !strings.HasPrefix(v, "\n") && !strings.HasSuffix(v, "\n\n") && seen(v, true)
}

// short says whether a list or map goes on one line: its author had it so, it has no comment inside, and it fits.
func (w *writer) short(n *yaml.Node, column int) bool {
	if len(n.Content) == 0 {
		return n.Kind != yaml.ScalarNode
	}
	if n.Style&yaml.FlowStyle == 0 || w.commented(n, n.Line) {
		return false
	}
	return column+utf8.RuneCountInString(w.flow(n)) <= maxColumn
}

// commented says whether there is a comment inside a list or map that begins on that line.
func (w *writer) commented(n *yaml.Node, line int) bool {
	for _, child := range n.Content {
		if marginal(child) != "" || child.Line > line && len(w.remarks.above[child.Line]) > 0 || w.commented(child, line) {
			return true
		}
	}
	return false
}

// flow prints on one line: { a: 1, b: [x, y] }.
func (w *writer) flow(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.ScalarNode:
		return scalar(n)
	case len(n.Content) == 0 && n.Kind == yaml.MappingNode:
		return "{}"
	case len(n.Content) == 0:
		return "[]"
	}
	var parts []string
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, w.key(n, i)+": "+w.flow(n.Content[i+1]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	nested := false
	for _, item := range n.Content {
		nested = nested || item.Kind != yaml.ScalarNode
		parts = append(parts, w.flow(item))
	}
	if nested {
		return "[ " + strings.Join(parts, ", ") + " ]"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// scalar prints text in the quotes that its author gave it. What stood without quotes can stay so: a map on one line never
// grew out of one on several, so that no comma or brace can have come inside.
func scalar(n *yaml.Node) string {
	v := n.Value
	switch {
	case !seen(v, false):
		return quoted(v)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case n.Style&(yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return quoted(v)
	}
	return v
}

// seen says whether a text has printable characters only, and line breaks where they are allowed.
func seen(text string, breaks bool) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && (r != '\n' || !breaks) })
}

// quoted prints text in double quotes, with the escapes that YAML and JSON share where they do.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}
