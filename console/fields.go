package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

// stepField is one field of a form for a step or for a part of the head: where it stands in the text, and how it is asked for.
type stepField struct {
	Path   string
	Kind   string // text, key, duration, number, choice, condition, time, first; yes, days, value, where, either; source, rows, words, list
	List   string // of text, rows and list: what there is to choose from
	Words  []string
	Inner  string // of words: the key in which each text stands
	Key    string // of rows and words: the name of the text for what stands before each
	Lone   bool   // of list: one by itself stands without brackets
	Need   bool
	Rare   bool      // it is folded away while it says nothing
	Says   string    // the name of its texts; "": the last word of its path
	Either []variant // of either: one of them holds
}

// variant is one of several things that a field of the kind either can say: by fields of its own, or by one word.
type variant struct {
	Key    string
	Word   string // e.g. never; "" and no fields: nothing at all
	Fields []stepField
}

// Tree says whether what is typed is of the language, not a text.
func (f stepField) Tree() bool {
	return slices.Contains([]string{"condition", "yes", "days", "where", "source", "rows", "words", "list"}, f.Kind)
}

// Label is the name of its texts.
func (f stepField) Label() string {
	if f.Says != "" {
		return f.Says
	}
	if f.Kind == "first" && strings.Contains(f.Path, ".timeout.") {
		return "timeout"
	}
	words := strings.FieldsFunc(f.Path, func(r rune) bool { return r == '.' || r >= '0' && r <= '9' })
	return words[len(words)-1]
}

// fieldView is a field with what is in it.
type fieldView struct {
	stepField
	Name, Value, First string
	Tree               *part // of a condition, with the group that holds all of it
	Where              []property
	Rows               []valueView // of source one
	Items              []string
	Variants           []variantView
	Faults             journey.Problems
	path               string // as problems name it, e.g. steps[2].branch[0].if
}

// variantView is a variant with its fields; On: it is the one that holds.
type variantView struct {
	Key    string
	On     bool
	Fields []fieldView
}

// Said says whether anything stands in it, or is wrong with it.
func (f fieldView) Said() bool {
	chosen := slices.IndexFunc(f.Variants, func(v variantView) bool { return v.On })
	return f.Value != "" || len(f.Rows)+len(f.Items)+len(f.Where)+len(f.Faults) > 0 || chosen > 0
}

// Yes is what a box says that is ticked.
func (f fieldView) Yes() string {
	if len(f.Words) > 0 {
		return f.Words[0]
	}
	return "true"
}

// Days are those of the week.
func (f fieldView) Days() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

// Has says whether one of several values is in it: of a list on one line.
func (f fieldView) Has(word string) bool {
	return slices.Contains(items(strings.Trim(f.Value, "[] ")), word)
}

// Ops are the ways to compare.
func (f fieldView) Ops() []string { return (&part{}).Ops() }

// Blank are the properties with one more row.
func (f fieldView) Blank() []property { return (&part{Where: f.Where}).Blank() }

// spot is where the fields of a form stand: below a path of the text, with a mark in their names that tells variants apart.
type spot struct {
	below, mark string
	at          string // the absolute path of below, as problems name it
	get         func(path string) string
}

func (s spot) name(path string) string { return "f." + s.mark + joinPath(s.below, path) }

// value is what the text says there; "" of what is still to be made.
func (s spot) value(path string) string {
	if s.get == nil || s.below == "new" {
		return ""
	}
	return s.get(joinPath(s.below, path))
}

func (s spot) within(v variant) spot {
	s.mark += v.Key + "/"
	return s
}

func joinPath(below, path string) string {
	if below == "" || path == "" {
		return below + path
	}
	return below + "." + path
}

// problemPath is a path of a setting as problems name it: numbers stand in brackets.
func problemPath(at, path string) string {
	for _, word := range strings.Split(path, ".") {
		switch n, err := strconv.Atoi(word); {
		case err == nil:
			at = bracket(at, n)
		case word != "":
			at = joinPath(at, word)
		}
	}
	return at
}

func bracket(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// fieldViews sets out fields with what was posted, or else with what the text says.
func (r *request) fieldViews(fields []stepField, s spot) (out []fieldView) {
	for _, f := range fields {
		if f.Kind == "first" && s.value(f.Path) != "" {
			continue // there is one: it stands in the picture
		}
		v := fieldView{stepField: f, Name: s.name(f.Path), Value: s.value(f.Path), path: problemPath(s.at, f.Path)}
		if r.form.Has(v.Name) {
			v.Value, v.First = r.form.Get(v.Name), r.form.Get(v.Name+".kind")
		}
		switch f.Kind {
		case "condition":
			if v.Tree = builtCondition(r.form, v.Name); v.Tree == nil {
				v.Tree = conditionOf(v.Value, v.Name)
			}
		case "where":
			v.Where, v.Value = r.whereView(v)
		case "days":
			if r.form.Has(v.Name) {
				v.Value = strings.Join(r.form[v.Name], ", ")
			}
		case "either":
			v.Variants = r.variantViews(f, s)
		}
		r.valueFields(&v)
		out = append(out, v)
	}
	return out
}

// whereView is what is asked of an event's properties as rows, or as text where rows cannot show it.
func (r *request) whereView(v fieldView) (rows []property, text string) {
	if r.form.Has(v.Name + ".where0.name") {
		return propertiesOf(r.form, v.Name), ""
	}
	if v.Value == "" || r.form.Has(v.Name) {
		return nil, v.Value
	}
	p := partsOf("{ event: X, where: " + v.Value + " }")
	if len(p.Parts) == 1 && p.Parts[0].Kind == "event" {
		return p.Parts[0].Where, ""
	}
	return nil, v.Value
}

func (r *request) variantViews(f stepField, s spot) (out []variantView) {
	on := r.variantOn(f, s)
	for i, v := range f.Either {
		out = append(out, variantView{Key: v.Key, On: i == on, Fields: r.fieldViews(v.Fields, s.within(v))})
	}
	return out
}

// variantOn is the number of the variant that was chosen, or else of the one that the text has; 0 where it has none.
func (r *request) variantOn(f stepField, s spot) int {
	if name := s.name(f.Path) + ".is"; r.form.Has(name) {
		return max(0, slices.IndexFunc(f.Either, func(v variant) bool { return v.Key == r.form.Get(name) }))
	}
	for i, v := range f.Either {
		if v.Word != "" && s.value(f.Path) == v.Word {
			return i
		}
		if roots := v.roots(f.Path); len(roots) > 0 && s.value(joinPath(f.Path, roots[0])) != "" {
			return i
		}
	}
	return 0
}

// roots are the keys that only a variant has, below the path of its field; the first one marks it.
func (v variant) roots(path string) (out []string) {
	for _, f := range v.Fields {
		root, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(f.Path, path), "."), ".")
		if !slices.Contains(out, root) {
			out = append(out, root)
		}
	}
	return out
}

// settings reads the fields of a form. Those that are not in it are left as they are.
func (r *request) settings(fields []stepField, s spot) (out []journey.Setting) {
	below := s.below
	if below == "new" {
		below = ""
	}
	for _, f := range fields {
		name, path := s.name(f.Path), joinPath(below, f.Path)
		switch {
		case f.Kind == "either" && r.form.Has(name+".is"):
			out = append(out, r.chosenSettings(f, s, below)...)
		case f.Kind == "first" && r.form.Get(name) != "":
			out = append(out, journey.Setting{Path: path + "." + r.form.Get(name+".kind"), Value: r.form.Get(name)})
		case f.Kind == "first" || f.Kind == "either":
		case f.Kind == "days" && r.form.Has(name+".shown"):
			out = append(out, journey.Setting{Path: path, Value: dayList(r.form[name]), Tree: true})
		case f.Kind == "yes" && r.form.Has(name+".shown"):
			out = append(out, journey.Setting{Path: path, Value: r.form.Get(name), Tree: true})
		default:
			if value, shown := r.posted(f, name, s); shown {
				out = append(out, needed(f, journey.Setting{Path: path, Value: value, Tree: f.Tree() || f.Kind == "value" && value != ""}))
			}
		}
	}
	return out
}

// needed is a setting that must say something: what is left empty is there and empty, so that the fault stands at it.
func needed(f stepField, s journey.Setting) journey.Setting {
	if f.Need && s.Value == "" {
		s.Value, s.Tree = "null", true
	}
	return s
}

// posted is what a form says in a field. A condition that says what the text says is the text's, with its remarks.
func (r *request) posted(f stepField, name string, s spot) (value string, shown bool) {
	was := s.value(f.Path)
	if value, shown := r.postedValue(f, name, was); shown {
		return value, true
	}
	switch f.Kind {
	case "condition":
		if p := builtCondition(r.form, name); p != nil {
			if value = p.condition(); value == conditionOf(was, name).condition() {
				value = was
			}
			return value, true
		}
	case "where":
		if r.form.Has(name + ".where0.name") {
			value = (&part{Where: propertiesOf(r.form, name)}).where()
			if rows, text := r.whereView(fieldView{Value: was}); text == "" && value == (&part{Where: rows}).where() {
				value = was
			}
			return value, true
		}
	case "value":
		if value = strings.TrimSpace(r.form.Get(name)); value != "" && value != was {
			value = typed(value)
		}
		return value, r.form.Has(name)
	}
	return strings.TrimSpace(r.form.Get(name)), r.form.Has(name)
}

// chosenSettings say what the chosen variant says, and take out what only the others do.
func (r *request) chosenSettings(f stepField, s spot, below string) (out []journey.Setting) {
	base := joinPath(below, f.Path)
	chosen := f.Either[r.variantOn(f, s)]
	if len(chosen.Fields) == 0 {
		return []journey.Setting{{Path: base, Value: chosen.Word}}
	}
	out = r.settings(chosen.Fields, s.within(chosen))
	kept := chosen.roots(f.Path)
	for _, v := range f.Either {
		for _, root := range v.roots(f.Path) {
			if path := joinPath(base, root); root != "" && !slices.Contains(kept, root) && s.value(joinPath(f.Path, root)) != "" {
				out = append(out, journey.Setting{Path: path})
			}
		}
	}
	return out
}

func dayList(days []string) string {
	if len(days) == 0 {
		return ""
	}
	return "[" + strings.Join(days, ", ") + "]"
}

// placeFaults puts each problem of a form to the field that it is about, and returns the rest.
func placeFaults(problems journey.Problems, fields []*fieldView) (rest journey.Problems) {
	for _, p := range problems {
		var best *fieldView
		for _, f := range fields {
			exact := p.Path == f.path || strings.HasPrefix(p.Path, f.path+".") || strings.HasPrefix(p.Path, f.path+"[")
			if exact && f.path != "" && (best == nil || len(f.path) >= len(best.path)) {
				best = f
			}
		}
		switch {
		case best == nil:
			rest = append(rest, p)
		case best.Tree != nil:
			best.Tree.put(p, strings.TrimPrefix(p.Path, best.path))
		default:
			best.Faults = append(best.Faults, p)
		}
	}
	return rest
}

// each visits the fields of a form that are seen: of variants those of the one that is chosen.
func each(fields []fieldView, visit func(*fieldView)) {
	for i := range fields {
		visit(&fields[i])
		for _, v := range fields[i].Variants {
			if v.On {
				each(v.Fields, visit)
			}
		}
	}
}
