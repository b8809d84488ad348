package journey

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// remark is a comment that has a line of its own. The YAML library loses some of them and moves others, so they are taken
// out before it reads the source, and put back by line.
type remark struct {
	line, indent int
	text         string
}

// remarks are those of one source, by the node that they belong to.
type remarks struct {
	head   []remark         // those that open the file: a blank line parts them from what follows
	tail   []remark         // those that close it
	above  map[int][]remark // by the line on which the node below begins
	behind map[int][]remark // those at the end of a block, by the line on which the last node above begins
}

// takeRemarks returns the source with blank lines in place of its remarks.
func takeRemarks(p *parser, src []byte) (stripped []byte, out remarks) {
	lines := strings.Split(strings.TrimPrefix(string(src), "\xef\xbb\xbf"), "\n")
	inner := map[int]bool{}
	starts := map[int]int{} // line → column of the first node that begins there, less one
	landmarks(p.document.Content[0], lines, inner, starts)
	order := make([]int, 0, len(starts))
	for line := range starts {
		order = append(order, line)
	}
	slices.Sort(order)
	out = remarks{above: map[int][]remark{}, behind: map[int][]remark{}}
	kept := slices.Clone(lines)
	for i, line := range lines {
		text := strings.TrimSpace(line)
		if inner[i+1] || !strings.HasPrefix(text, "#") {
			continue
		}
		kept[i] = ""
		r := remark{line: i + 1, indent: strings.Index(line, "#"), text: text}
		next, _ := slices.BinarySearch(order, r.line)
		switch {
		case next == 0 && slices.ContainsFunc(lines[i+1:order[0]-1], blankLine):
			out.head = append(out.head, r)
		case next == len(order) && r.indent == 0:
			out.tail = append(out.tail, r)
		case next == 0 || next < len(order) && r.indent <= starts[order[next]]:
			out.above[order[next]] = append(out.above[order[next]], r)
		default:
			out.behind[order[next-1]] = append(out.behind[order[next-1]], r)
		}
	}
	return []byte(strings.Join(kept, "\n")), out
}

func blankLine(line string) bool { return strings.TrimSpace(line) == "" }

// landmarks notes where nodes begin, and which lines are in the middle of a text, where # is a letter like others. The hyphen
// of an item counts as its beginning.
func landmarks(n *yaml.Node, lines []string, inner map[int]bool, starts map[int]int) {
	if n.Line > 0 && n.Line <= len(lines) {
		line := lines[n.Line-1]
		starts[n.Line] = len(line) - len(strings.TrimLeft(line, " \t"))
	}
	for _, line := range textLines(n, lines) {
		inner[line] = true
	}
	for _, child := range n.Content {
		landmarks(child, lines, inner, starts)
	}
}

// textLines returns the lines after the first of a text in quotes or in a block.
func textLines(n *yaml.Node, lines []string) []int {
	var out []int
	switch {
	case n.Kind != yaml.ScalarNode:
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && n.Value != "":
		least := -1
		for i := n.Line; i < len(lines); i++ {
			indent := len(lines[i]) - len(strings.TrimLeft(lines[i], " "))
			switch {
			case strings.TrimSpace(lines[i]) == "":
				continue
			case least < 0:
				least = indent
			}
			if indent < least {
				return out
			}
			out = append(out, i+1)
		}
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		for i := n.Line + 1; i <= quoteEnd(n, lines); i++ {
			out = append(out, i)
		}
	}
	return out
}

// quoteEnd returns the line on which a text in quotes ends.
func quoteEnd(n *yaml.Node, lines []string) int {
	double := n.Style&yaml.DoubleQuotedStyle != 0
	from := n.Column // the letter behind the opening quote
	for i := n.Line - 1; i < len(lines); i++ {
		letters := []rune(lines[i])
		for j := from; j < len(letters); j++ {
			switch {
			case double && letters[j] == '\\':
				j++
			case double && letters[j] == '"':
				return i + 1
			case !double && letters[j] == '\'':
				if j+1 >= len(letters) || letters[j+1] != '\'' {
					return i + 1
				}
				j++
			}
		}
		from = 0
	}
	return n.Line
}

// lastLine returns the line on which the last node of a tree begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}

// rest returns the remarks that have not been written, in the order of the source.
func (r remarks) rest() []remark {
	var out []remark
	for _, byLine := range []map[int][]remark{r.above, r.behind} {
		for _, some := range byLine {
			out = append(out, some...)
		}
	}
	slices.SortFunc(out, func(a, b remark) int { return a.line - b.line })
	return out
}
