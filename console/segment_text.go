package console

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

// sourceOf writes what the builder holds in the language, and says which part stands on which line.
func sourceOf(name string, p *part) (source string, lines map[int]*part) {
	w := &partWriter{lines: map[int]*part{}}
	for _, remark := range p.Above {
		w.line(0, remark, nil)
	}
	if name != "" {
		w.line(0, "name: "+plainText(name), nil)
	}
	w.line(0, "if:", p)
	w.group(p, 1, "")
	return w.out.String(), w.lines
}

type partWriter struct {
	out   strings.Builder
	n     int
	lines map[int]*part
}

func (w *partWriter) line(indent int, text string, p *part) {
	w.n++
	w.lines[w.n] = p
	w.out.WriteString(strings.Repeat("  ", indent) + text + "\n")
}

// group writes a group; lead is "- " where it is an item of another.
func (w *partWriter) group(p *part, indent int, lead string) {
	head, inner := p.Kind+":", indent+1
	if p.Kind == kindNone {
		w.line(indent, lead+"not:", p)
		if lead != "" {
			indent++
		}
		indent, lead, head, inner = indent+1, "", "any:", indent+2
	} else if lead != "" {
		inner++
	}
	if len(p.Parts) == 0 {
		w.line(indent, lead+head+" []", p)
		return
	}
	w.line(indent, lead+head+p.Behind, p)
	for _, q := range p.Parts {
		for _, remark := range q.Above {
			w.line(inner, remark, nil)
		}
		if q.IsGroup() {
			w.group(q, inner, "- ")
		} else {
			w.line(inner, "- "+q.flow()+q.Behind, q)
		}
	}
}

// flow writes a part that asks for something, on one line.
func (p *part) flow() string {
	f := []string{p.Kind + ": " + plainText(p.Name)}
	add := func(name, value string) { f = append(f, name+": "+value) }
	counted := func() {
		if p.Count != "" {
			add("count", "{ "+p.CountOp+": "+typed(p.Count)+" }")
		}
		switch {
		case p.Unit == sinceEntry:
			add("since", sinceEntry)
		case p.Within != "":
			add("within", plainText(p.Within+p.Unit))
		}
	}
	switch p.Kind {
	case kindText:
		return strings.Join(strings.Fields(p.Text), " ")
	case "event":
		if p.ByAccount {
			add("by", "account")
		}
		counted()
		if where := p.where(); where != "" {
			add("where", where)
		}
	case "message":
		add("was", p.Is)
		counted()
	case "coupon":
		add("was", p.Is)
	case "consent", "journey":
		add("is", p.Is)
	}
	if p.Compares() {
		add(p.Op, argument(p.Op, p.Arg))
	}
	return "{ " + strings.Join(f, ", ") + " }"
}

func (p *part) where() string {
	var f []string
	for _, c := range p.Where {
		f = append(f, plainText(c.Name)+": { "+c.Op+": "+argument(c.Op, c.Arg)+" }")
	}
	if f == nil {
		return ""
	}
	return "{ " + strings.Join(f, ", ") + " }"
}

// argument writes what an operator compares with. What is empty stays so: the language says what belongs there.
func argument(op, arg string) string {
	switch {
	case op == "exists" || op == "missing":
		return "true"
	case arg == "":
		return "null"
	case op == "in" || op == "not_in":
		var list []string
		for _, item := range items(arg) {
			list = append(list, typed(item))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case slices.Contains([]string{"before", "after", "starts_with", "within_last", "within_next"}, op):
		return plainText(unquoted(arg))
	}
	return typed(arg)
}

var (
	aNumber   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	duration  = regexp.MustCompile(`^[1-9][0-9]*[mhdw]$`)
	plainWord = regexp.MustCompile(`^[A-Za-z_]([A-Za-z0-9 _./@+-]*[A-Za-z0-9_])?$`)
	yamlWords = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// typed writes a value as what it looks like: a number, true or false, or text. In quotes everything is text.
func typed(value string) string {
	if aNumber.MatchString(value) || value == "true" || value == "false" {
		return value
	}
	return plainText(unquoted(value))
}

// plainText writes text, in quotes where YAML would take it for something else.
func plainText(text string) string {
	if duration.MatchString(text) || plainWord.MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)) {
		return text
	}
	return quotedText(text)
}

func quotedText(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// unquoted is the text within the quotes that somebody typed.
func unquoted(value string) string {
	var text string
	if len(value) > 1 && value[0] == '"' && json.Unmarshal([]byte(value), &text) == nil {
		return text
	}
	return value
}

// items are those of a list as people type it, with commas between them; commas within quotes divide nothing.
func items(list string) (out []string) {
	within, from := false, 0
	for i, r := range list + "," {
		switch {
		case r == '"':
			within = !within
		case r == ',' && (!within || i == len(list)):
			if item := strings.TrimSpace(list[from:i]); item != "" {
				out = append(out, item)
			}
			from = i + 1
		}
	}
	return out
}

// partsOf reads a source without faults into the builder. What no form can show becomes a part of kind text.
func partsOf(source string) *part {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(source), &doc); err != nil || len(doc.Content) == 0 {
		return &part{ID: "n", Kind: kindAll}
	}
	n := doc.Content[0]
	if inner := entry(n, "if"); inner != nil {
		n = inner
	}
	p := partFrom(n)
	if !p.IsGroup() {
		p = &part{Kind: kindAll, Parts: []*part{p}}
	}
	p.Above = headRemarks(&doc)
	p.number("n")
	return p
}

func entry(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func partFrom(n *yaml.Node) *part {
	for _, kind := range append(partKinds(), ownKinds()...) {
		if entry(n, kind) != nil {
			if p, shown := leafFrom(n, kind); shown {
				return p
			}
			return textPart(n)
		}
	}
	for _, kind := range []string{kindAll, kindAny} {
		if list := entry(n, kind); list != nil && list.Kind == yaml.SequenceNode {
			return groupFrom(kind, list.Content)
		}
	}
	not := entry(n, "not")
	if not == nil {
		return textPart(n)
	}
	if list := entry(not, kindAny); list != nil && list.Kind == yaml.SequenceNode && len(not.Content) == 2 {
		return groupFrom(kindNone, list.Content)
	}
	return groupFrom(kindNone, []*yaml.Node{not})
}

func groupFrom(kind string, list []*yaml.Node) *part {
	p := &part{Kind: kind}
	for _, n := range list {
		inner := partFrom(n)
		inner.Above, inner.Behind = remarksOf(n)
		p.Parts = append(p.Parts, inner)
	}
	return p
}

// textPart keeps a condition as it is written, on one line.
func textPart(n *yaml.Node) *part { return &part{Kind: kindText, Text: flowOf(n)} }

// flowOf writes a piece of YAML on one line; comments within are left out.
func flowOf(n *yaml.Node) string {
	var list []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			list = append(list, flowOf(n.Content[i])+": "+flowOf(n.Content[i+1]))
		}
		return "{ " + strings.Join(list, ", ") + " }"
	case yaml.SequenceNode:
		for _, item := range n.Content {
			list = append(list, flowOf(item))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case yaml.AliasNode:
		return flowOf(n.Alias)
	}
	if n.ShortTag() == "!!str" {
		return plainText(n.Value)
	}
	return n.Value
}

// leafFrom reads a condition that asks for something; false where no form shows all of it.
func leafFrom(n *yaml.Node, kind string) (*part, bool) {
	p := newPart(kind)
	p.Fresh = false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i].Value, n.Content[i+1]
		shown := v.Kind == yaml.ScalarNode
		switch {
		case key == kind:
			p.Name = v.Value
		case key == "is" || key == "was":
			p.Is = v.Value
		case key == "by":
			p.ByAccount = true
		case key == "since":
			p.Unit, shown = sinceEntry, v.Value == sinceEntry
		case key == "within":
			p.Within, p.Unit, shown = durationFrom(v.Value)
		case key == "count":
			if shown = len(v.Content) == 2 && slices.Contains(p.Counts(), v.Content[0].Value); shown {
				p.CountOp, p.Count = v.Content[0].Value, v.Content[1].Value
			}
		case key == "where":
			p.Where, shown = whereFrom(v)
		case p.Compares() && slices.Contains(p.Ops(), key):
			p.Op = key
			p.Arg, shown = argumentFrom(v)
		default:
			shown = false
		}
		if !shown {
			return nil, false
		}
	}
	return p, true
}

func durationFrom(text string) (number, unit string, shown bool) {
	if len(text) < 2 {
		return "", "", false
	}
	number, unit = text[:len(text)-1], text[len(text)-1:]
	return number, unit, aNumber.MatchString(number) && strings.Contains("mhdw", unit)
}

func whereFrom(n *yaml.Node) (out []property, shown bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		c, v := property{Name: n.Content[i].Value, Op: "eq"}, n.Content[i+1]
		if v.Kind == yaml.MappingNode {
			if len(v.Content) != 2 || !slices.Contains((&part{}).Ops(), v.Content[0].Value) {
				return nil, false
			}
			c.Op, v = v.Content[0].Value, v.Content[1]
		}
		if c.Arg, shown = argumentFrom(v); !shown {
			return nil, false
		}
		out = append(out, c)
	}
	return out, len(out) < mostProperty
}

// argumentFrom is a literal, or a list of some, as people type it.
func argumentFrom(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		text := n.Value
		if n.ShortTag() == "!!str" && (typed(text) == text && (aNumber.MatchString(text) || text == "true" || text == "false") || strings.ContainsAny(text, `",`)) {
			text = quotedText(text)
		}
		return text, true
	case yaml.SequenceNode:
		var list []string
		for _, item := range n.Content {
			text, shown := argumentFrom(item)
			if !shown || item.Kind != yaml.ScalarNode {
				return "", false
			}
			list = append(list, text)
		}
		return strings.Join(list, ", "), true
	}
	return "", false
}

// placed puts each fault of a source to the part on whose line it stands, and returns those that stand at none.
func placed(problems journey.Problems, lines map[int]*part) (rest journey.Problems) {
	for _, p := range problems {
		if at := lines[p.Line]; at != nil {
			at.Faults = append(at.Faults, p)
			continue
		}
		rest = append(rest, p)
	}
	return rest
}
