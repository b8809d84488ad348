package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// valueView is a value of a journey in a form: said as it is, or the place where it is found. A form holds its fields under its ID.
type valueView struct {
	ID      string
	Key     string // of a row: what gets the value
	From    string // attribute, trigger, … or one of the ways below
	Text    string // the path, or what is said
	Get     string // of a coupon: code or expires_at
	Default string // where there is none
	Froms   []string
}

// The ways to say a value beside naming where it is found.
const (
	valueSaid = "said" // as it is
	valueAdd  = "add"  // so much more
	valueText = "text" // what no form shows, in the language
)

func valueSources() []string {
	return []string{"attribute", "trigger", "account", "answer", "coupon", "var"}
}

// valueIn reads a value from a form.
func valueIn(form url.Values, id string) valueView {
	field := func(name string) string { return strings.TrimSpace(form.Get(id + "." + name)) }
	return valueView{ID: id, Key: field("key"), From: field("from"), Text: field("text"), Get: field("get"), Default: field("default")}
}

// valueOf reads a value of the language. What no form can show is text.
func valueOf(n *yaml.Node) valueView {
	if n.Kind == yaml.ScalarNode {
		text, _ := argumentFrom(n)
		return valueView{From: valueSaid, Text: text}
	}
	if more := entry(n, "add"); more != nil && len(n.Content) == 2 && more.Kind == yaml.ScalarNode {
		return valueView{From: valueAdd, Text: more.Value}
	}
	v := valueView{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key, inner := n.Content[i].Value, n.Content[i+1]
		text, _ := argumentFrom(inner)
		switch {
		case inner.Kind != yaml.ScalarNode:
			return valueView{From: valueText, Text: flowOf(n)}
		case slices.Contains(valueSources(), key) && v.From == "":
			v.From, v.Text = key, inner.Value
		case key == "get":
			v.Get = inner.Value
		case key == "default":
			v.Default = text
		default:
			return valueView{From: valueText, Text: flowOf(n)}
		}
	}
	if v.From == "" {
		return valueView{From: valueText, Text: flowOf(n)}
	}
	return v
}

// source writes the value in the language, "" where nothing is said.
func (v valueView) source() string {
	switch {
	case v.Text == "":
		return ""
	case v.From == valueSaid:
		return typed(v.Text)
	case v.From == valueAdd:
		return "{ add: " + typed(v.Text) + " }"
	case !slices.Contains(valueSources(), v.From):
		return strings.Join(strings.Fields(v.Text), " ")
	}
	f := "{ " + v.From + ": " + plainText(v.Text)
	if v.From == "coupon" && v.Get == "expires_at" {
		f += ", get: expires_at"
	}
	if v.Default != "" {
		f += ", default: " + typed(v.Default)
	}
	return f + " }"
}

// tree is a piece of the language as it is posted or stands in the text; nil where it is none.
func tree(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// rowsIn reads the rows of a form.
func rowsIn(form url.Values, name string) (out []valueView) {
	for i := range mostProperty {
		if v := valueIn(form, rowID(name, i)); v.Key != "" {
			out = append(out, v)
		}
	}
	return out
}

// rowsOf reads a map into rows; false: it is none that rows can show.
func rowsOf(text string) (out []valueView, shown bool) {
	n := tree(text)
	if n == nil {
		return nil, text == ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := valueOf(n.Content[i+1])
		v.Key = n.Content[i].Value
		out = append(out, v)
	}
	return out, n.Kind == yaml.MappingNode && len(out) < mostProperty
}

// rowsSource writes rows as a map. What is left empty is there and empty, so that the fault says so.
func rowsSource(rows []valueView) string {
	var list []string
	for _, v := range rows {
		value := v.source()
		if value == "" {
			value = "null"
		}
		list = append(list, plainText(v.Key)+": "+value)
	}
	if list == nil {
		return ""
	}
	return "{ " + strings.Join(list, ", ") + " }"
}

// wordsOf reads a map of texts into rows: by language, by name. Inner is the key in which each text stands, "" for the text itself.
func wordsOf(text, inner string) (out []valueView, shown bool) {
	n := tree(text)
	if n == nil {
		return nil, text == ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := n.Content[i+1]
		if inner != "" && len(value.Content) == 2 {
			value = entry(value, inner)
		}
		if value == nil || value.Kind != yaml.ScalarNode {
			return nil, false
		}
		out = append(out, valueView{Key: n.Content[i].Value, Text: value.Value})
	}
	return out, n.Kind == yaml.MappingNode && len(out) < mostProperty
}

func wordsSource(rows []valueView, inner string) string {
	var list []string
	for _, v := range rows {
		text := plainText(v.Text)
		if v.Text == "" {
			text = "null"
		}
		if inner != "" {
			text = "{ " + inner + ": " + text + " }"
		}
		list = append(list, plainText(v.Key)+": "+text)
	}
	if list == nil {
		return ""
	}
	return "{ " + strings.Join(list, ", ") + " }"
}

// itemsIn reads a list of words from a form.
func itemsIn(form url.Values, name string) (out []string) {
	for i := range mostProperty {
		if item := strings.TrimSpace(form.Get(itemID(name, i))); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// itemsOf reads a list of words, or one alone; false: something else stands there.
func itemsOf(text string) (out []string, shown bool) {
	n := tree(text)
	switch {
	case n == nil:
		return nil, text == ""
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, true
	}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, false
		}
		out = append(out, item.Value)
	}
	return out, n.Kind == yaml.SequenceNode && len(out) < mostProperty
}

// itemsSource writes a list; one word stands by itself where it did, or where lone says that it should.
func itemsSource(list []string, was string, lone bool) string {
	var texts []string
	for _, item := range list {
		texts = append(texts, plainText(item))
	}
	switch {
	case texts == nil:
		return ""
	case len(texts) == 1 && !strings.HasPrefix(was, "[") && (lone || was != ""):
		return texts[0]
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func rowID(name string, i int) string  { return name + ".row" + strconv.Itoa(i) }
func itemID(name string, i int) string { return name + ".item" + strconv.Itoa(i) }

// valueFields sets out the fields of the kinds source, rows, words and list: what was posted, or else what the text says. What they
// cannot show stays text.
func (r *request) valueFields(v *fieldView) {
	posted, shown := r.form.Has(v.Name+".shown"), true
	switch v.Kind {
	case "source":
		switch n := tree(v.Value); {
		case posted:
			v.Rows = []valueView{valueIn(r.form, v.Name)}
		case n != nil:
			v.Rows = []valueView{valueOf(n)}
		default:
			v.Rows = []valueView{{From: valueSources()[0], Get: "expires_at"}}
		}
	case "rows":
		if v.Rows, shown = rowsOf(v.Value); posted {
			v.Rows, shown = rowsIn(r.form, v.Name), true
		}
	case "words":
		if v.Rows, shown = wordsOf(v.Value, v.Inner); posted {
			v.Rows, shown = rowsIn(r.form, v.Name), true
		}
	case "list":
		if v.Items, shown = itemsOf(v.Value); posted {
			v.Items, shown = itemsIn(r.form, v.Name), true
		}
	default:
		return
	}
	if shown {
		v.Value = ""
	}
	for i := range v.Rows {
		if v.Rows[i].ID, v.Rows[i].Froms = v.Name, v.Froms(); v.Kind != "source" {
			v.Rows[i].ID = rowID(v.Name, i)
		}
	}
}

// Froms are the ways to say a value that the field knows.
func (f stepField) Froms() []string {
	return slices.Concat(f.Words, valueSources(), []string{valueText})
}

// BlankRows are the rows with one more; of texts that are tried against each other two at least.
func (f fieldView) BlankRows() []valueView {
	out := f.Rows[:len(f.Rows):len(f.Rows)]
	for len(out) == len(f.Rows) || f.Label() == "subjects" && len(out) < 2 {
		out = append(out, valueView{ID: rowID(f.Name, len(out)), Froms: f.Froms()})
	}
	return out
}

// BlankItems are the fields of a list, with one more.
func (f fieldView) BlankItems() (out []placeView) {
	for i, item := range append(f.Items[:len(f.Items):len(f.Items)], "") {
		out = append(out, placeView{itemID(f.Name, i), item})
	}
	return out
}

// postedValue is what a form says in a field of those kinds; false: the field is not in it. What says the same as the text is the text's.
func (r *request) postedValue(f stepField, name, was string) (value string, shown bool) {
	if !r.form.Has(name + ".shown") {
		return "", false
	}
	same := ""
	switch f.Kind {
	case "source":
		value = valueIn(r.form, name).source()
		if n := tree(was); n != nil {
			same = valueOf(n).source()
		}
	case "rows":
		value = rowsSource(rowsIn(r.form, name))
		rows, _ := rowsOf(was)
		same = rowsSource(rows)
	case "words":
		value = wordsSource(rowsIn(r.form, name), f.Inner)
		rows, _ := wordsOf(was, f.Inner)
		same = wordsSource(rows, f.Inner)
	case "list":
		value = itemsSource(itemsIn(r.form, name), was, f.Lone)
		list, _ := itemsOf(was)
		same = itemsSource(list, was, f.Lone)
	default:
		return "", false
	}
	if value == same {
		value = was
	}
	return value, true
}
