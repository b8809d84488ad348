package journey

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// child is the value of a key of a map, or an item of a list by its number; nil where there is none.
func child(n *yaml.Node, word string) *yaml.Node {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == word {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(word); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	default:
	}
	return nil
}

// descend follows a path of keys and numbers with dots between; nil where it leads nowhere.
func descend(n *yaml.Node, path string) *yaml.Node {
	for _, word := range strings.Split(path, ".") {
		n = child(n, word)
	}
	return n
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// below returns the line behind the last one that is deeper than an indentation, from a line on; blank lines at the end are left out.
func (w *Rewrite) below(from, indent int) int {
	end := from
	for i := from; i < len(w.lines); i++ {
		if blankLine(w.lines[i]) {
			continue
		}
		if indentOf(w.lines[i]) <= indent {
			break
		}
		end = i + 1
	}
	return end
}

// hyphen is the line on which an item of a list begins, from 0.
func (w *Rewrite) hyphen(list *yaml.Node, i int) int {
	line := list.Content[i].Line - 1
	for line > 0 && (indentOf(w.lines[line]) != list.Column-1 || !strings.HasPrefix(strings.TrimLeft(w.lines[line], " "), "-")) {
		line--
	}
	return line
}

// item returns the lines of an item of a block list, with the remarks right above it: from the first to the one behind the last.
func (w *Rewrite) item(list *yaml.Node, i int) (from, to int) {
	begin := w.hyphen(list, i)
	for from = begin; from > 0; from-- {
		above := w.lines[from-1]
		if !strings.HasPrefix(strings.TrimSpace(above), "#") || indentOf(above) != list.Column-1 {
			break
		}
	}
	return from, w.below(begin+1, list.Column-1)
}

// put puts lines into a block list as its ith item.
func (w *Rewrite) put(list *yaml.Node, i int, lines []string) error {
	var at int
	if i < len(list.Content) {
		at, _ = w.item(list, i)
	} else {
		_, at = w.item(list, len(list.Content)-1)
	}
	return w.read(slices.Insert(slices.Clone(w.lines), at, indented(lines, list.Column-1)...))
}

// cut takes the ith item out of a block list, and returns its lines without indentation.
func (w *Rewrite) cut(list *yaml.Node, i int) ([]string, error) {
	from, to := w.item(list, i)
	taken := slices.Clone(w.lines[from:to])
	if from > 0 && blankLine(w.lines[from-1]) && (to >= len(w.lines) || blankLine(w.lines[to])) {
		from-- // one blank line is enough where there were two
	}
	for j, line := range taken {
		taken[j] = line[min(list.Column-1, indentOf(line)):]
	}
	return taken, w.read(slices.Delete(slices.Clone(w.lines), from, to))
}

// unmark takes the mark of a blank from behind a value, and leaves a remark without one.
func (w *Rewrite) unmark(n *yaml.Node) error {
	if n == nil {
		return nil
	}
	line := w.lines[n.Line-1]
	at := strings.LastIndex(line, " #")
	if at < 0 || !strings.Contains(line[at:], Blank) {
		return nil
	}
	lines := slices.Clone(w.lines)
	lines[n.Line-1] = strings.TrimRight(line[:at], " ")
	return w.read(lines)
}

func indented(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		if out[i] = line; !blankLine(line) {
			out[i] = strings.Repeat(" ", by) + line
		}
	}
	return out
}

// print writes a new item of a list, without indentation.
func (w *Rewrite) print(n *yaml.Node) []string {
	out := w.writer()
	out.sequence(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}, 0)
	return out.written()
}

func (w *Rewrite) writer() *writer {
	return &writer{words: w.p.order, first: true, remarks: remarks{above: map[int][]remark{}, behind: map[int][]remark{}}}
}

func (w *writer) written() []string {
	return strings.Split(strings.TrimSuffix(w.out.String(), "\n"), "\n")
}

// blocked returns the list with each item on lines of its own; one that stood on one line, in braces or brackets, is written anew.
func (w *Rewrite) blocked(list *yaml.Node) (*yaml.Node, error) {
	if list.Style&yaml.FlowStyle == 0 {
		return list, nil
	}
	path := w.pathTo(list)
	outer := list
	for n := list; n != nil; n = w.parents[n] {
		n.Style &^= yaml.FlowStyle
		if p := w.parents[n]; p == nil || p.Style&yaml.FlowStyle == 0 {
			outer = n
			break
		}
	}
	for _, item := range list.Content {
		item.Style &^= yaml.FlowStyle
	}
	begin, end, ok := w.extent(outer)
	if !ok {
		return nil, unwritable()
	}
	source := strings.Join(w.lines, "\n")
	lines, parent := w.writer(), w.parents[outer]
	head, tail := source[:begin], source[end:]
	switch {
	case parent == w.p.document:
		lines.mapping(outer, 0, "")
	case parent.Kind == yaml.SequenceNode:
		head = head[:strings.LastIndexByte(head, '-')] + ""
		lines.out.WriteString("- ")
		lines.sequence(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{outer}}, parent.Column-1)
		text := strings.TrimPrefix(strings.TrimPrefix(lines.out.String(), "- "), strings.Repeat(" ", parent.Column-1))
		lines.out.Reset()
		lines.out.WriteString(text)
	default:
		head = strings.TrimRight(head, " ") + "\n"
		key := parent.Content[slices.Index(parent.Content, outer)-1]
		lines.nested(key.Column+1, outer)
	}
	rest := strings.TrimLeft(tail, " ")
	if strings.HasPrefix(rest, "#") { // a remark at its end goes to the line above
		remark, after, _ := strings.Cut(rest, "\n")
		tail = "\n" + after
		head = strings.TrimSuffix(head, "\n")
		if strings.HasSuffix(head, ":") {
			head += " " + remark + "\n"
		}
	}
	text := head + strings.TrimSuffix(lines.out.String(), "\n") + tail
	if err := w.read(strings.Split(text, "\n")); err != nil {
		return nil, err
	}
	again := w.p.document.Content[0]
	for _, i := range path {
		again = again.Content[i]
	}
	return again, nil
}

// pathTo is the way from the root to a node, by the numbers of its ancestors among their siblings.
func (w *Rewrite) pathTo(n *yaml.Node) []int {
	var path []int
	for p := w.parents[n]; p != nil && p != w.p.document; n, p = p, w.parents[p] {
		path = append(path, slices.Index(p.Content, n))
	}
	slices.Reverse(path)
	return path
}

func unwritable() *Fault {
	return Faultf(CodeInvalid, "this part of the text is written in a way that forms cannot change; change it in the text")
}

// offset is where a node begins in the source.
func (w *Rewrite) offset(n *yaml.Node) int {
	at := 0
	for _, line := range w.lines[:n.Line-1] {
		at += len(line) + 1
	}
	line := w.lines[n.Line-1]
	for i := 1; i < n.Column && line != ""; i++ {
		_, size := utf8.DecodeRuneInString(line)
		at, line = at+size, line[size:]
	}
	return at
}

// extent returns where a scalar, or a map or list on one line, begins and ends in the source; false for what goes over lines as a block.
func (w *Rewrite) extent(n *yaml.Node) (from, to int, ok bool) {
	source := strings.Join(w.lines, "\n")
	from = w.offset(n)
	rest := source[min(from, len(source)):]
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		to = closing(rest, n.Style&yaml.DoubleQuotedStyle != 0)
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && strings.HasPrefix(rest, n.Value):
		to = len(n.Value)
	case strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "["):
		to = bracketed(rest)
	}
	return from, from + to, to > 0
}

// closing is the length of a text in quotes at the beginning of a source; 0: it has no end.
func closing(rest string, double bool) int {
	for i := 1; i < len(rest); i++ {
		switch {
		case double && rest[i] == '\\':
			i++
		case double && rest[i] == '"':
			return i + 1
		case !double && rest[i] == '\'':
			if i+1 >= len(rest) || rest[i+1] != '\'' {
				return i + 1
			}
			i++
		}
	}
	return 0
}

// bracketed is the length of a map or list in braces or brackets at the beginning of a source; 0: it has no end.
func bracketed(rest string) int {
	depth := 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if before := rest[i-1]; before == ' ' || before == '[' || before == '{' || before == ',' || before == '\n' || before == ':' {
				n := closing(rest[i:], c == '"')
				if n == 0 {
					return 0
				}
				i += n - 1
			}
		case '#':
			if before := rest[i-1]; before == ' ' || before == '\n' {
				end := strings.IndexByte(rest[i:], '\n')
				if end < 0 {
					return 0
				}
				i += end
			}
		}
	}
	return 0
}
