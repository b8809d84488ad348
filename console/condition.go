package console

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// conditionRow is a condition in one row of a form: what it asks of, how, and with what. What does not fit into a row is text.
type conditionRow struct {
	Kind, Name, Op, Arg string
	Text                string
}

// Kinds are what a row can ask of, and the text of the language for everything else.
func (conditionRow) Kinds() []string {
	return []string{"attribute", "trigger", "answer", "account", "event", "segment", "consent", "coupon", "message", kindText}
}

// Ops are the ways to compare.
func (conditionRow) Ops() []string { return (&part{}).Ops() }

// compares says whether a kind is asked by comparing.
func compares(kind string) bool {
	return slices.Contains([]string{"attribute", "trigger", "answer", "account"}, kind)
}

// rowOf reads a condition into a row, as far as one can show it.
func rowOf(text string) conditionRow {
	row := conditionRow{Kind: "attribute", Op: "eq"}
	var doc yaml.Node
	if text == "" || yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
		row.Text = text
		if text != "" {
			row.Kind = kindText
		}
		return row
	}
	written := conditionRow{Kind: kindText, Op: "eq", Text: text}
	n := doc.Content[0]
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 || len(n.Content) > 4 || n.Content[1].Kind != yaml.ScalarNode ||
		!slices.Contains(row.Kinds(), n.Content[0].Value) || n.Content[0].Value == kindText {
		return written
	}
	row.Kind, row.Name = n.Content[0].Value, n.Content[1].Value
	if len(n.Content) == 2 {
		return row
	}
	key, value := n.Content[2].Value, n.Content[3]
	switch {
	case compares(row.Kind) && slices.Contains(row.Ops(), key):
		arg, shown := argumentFrom(value)
		if !shown {
			return written
		}
		row.Op, row.Arg = key, arg
	case row.Kind == "event" && key == "within", key == "is" && row.Kind == "consent", key == "was" && (row.Kind == "coupon" || row.Kind == "message"):
		row.Arg = value.Value
	default:
		return written
	}
	return row
}

// condition is the text of a row, "" where nothing was said.
func (c conditionRow) condition() string {
	if c.Kind == kindText || c.Kind == "" || c.Name == "" {
		return c.Text
	}
	name, more := plainText(c.Name), ""
	switch states := (&part{Kind: c.Kind}).States(); {
	case compares(c.Kind):
		more = ", " + c.Op + ": " + argument(c.Op, c.Arg)
	case c.Kind == "event" && c.Arg != "":
		more = ", within: " + plainText(c.Arg)
	case states != nil:
		state := c.Arg
		if state == "" {
			state = states[0]
		}
		more = ", " + map[bool]string{true: "is", false: "was"}[c.Kind == "consent"] + ": " + plainText(state)
	}
	return "{ " + c.Kind + ": " + name + more + " }"
}

// rowFrom reads a row from a form. A form without one has the text alone.
func (r *request) rowFrom(name string) conditionRow {
	field := func(of string) string { return strings.TrimSpace(r.form.Get(name + of)) }
	return conditionRow{Kind: field(".kind"), Name: field(".name"), Op: field(".op"), Arg: field(".arg"), Text: field("")}
}
