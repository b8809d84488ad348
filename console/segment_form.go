package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

// part is one condition of the builder: a group of others, or one that asks for something. A form holds its fields under its id.
type part struct {
	ID        string // n for the outermost, n-0 for the first in it, n-0-2
	Kind      string
	Name      string // of the attribute, event, topic, segment, message, coupon or journey
	Op, Arg   string // how an attribute compares, and with what
	CountOp   string
	Count     string // of events or messages; "" at least one
	Within    string // "" ever
	Unit      string // of Within: m, h, d, w
	Is        string // of a consent, a message, a coupon, a journey
	ByAccount bool   // what colleagues did counts, too
	Where     []property
	Text      string // of a condition that has no form: YAML
	Parts     []*part
	Faults    journey.Problems
	Fresh     bool     // it was just added: she types here next
	Above     []string // remarks of the text on lines of their own, and at the end of its line
	Behind    string
}

// property is one comparison of a property of an event.
type property struct{ Name, Op, Arg string }

// Kinds of parts. The groups come first; text is what the language can say and no form can.
const (
	kindAll  = "all"
	kindAny  = "any"
	kindNone = "none"
	kindText = "text"
)

// Bounds of what one form holds.
const (
	mostParts    = 50 // of one group
	mostDepth    = 5
	mostProperty = 20
)

// IsGroup says whether others stand in it.
func (p *part) IsGroup() bool { return p.Kind == kindAll || p.Kind == kindAny || p.Kind == kindNone }

// Inner says whether it stands in another one.
func (p *part) Inner() bool { return strings.Contains(p.ID, "-") }

// Blank is one more row for a property, so that one can be added without a button.
func (p *part) Blank() []property {
	return append(p.Where[:len(p.Where):len(p.Where)], property{Op: "eq"})
}

// Deep says whether a further group in it would be too deep to be read.
func (p *part) Deep() bool { return strings.Count(p.ID, "-") >= mostDepth-1 }

// partOf reads the builder from a form; nil where the form holds none.
func partOf(form url.Values, id string) *part {
	field := func(name string) string { return strings.TrimSpace(form.Get(id + "." + name)) }
	if !form.Has(id+".kind") || strings.Count(id, "-") > mostDepth {
		return nil
	}
	p := &part{ID: id, Kind: field("kind"), Name: field("name"), Op: field("op"), Arg: field("arg"), CountOp: field("count_op"), Count: field("count"),
		Within: field("within"), Unit: field("unit"), Is: field("is"), ByAccount: field("by") == "account", Text: field("text")}
	if !slices.Contains(p.kinds(), p.Kind) {
		p.Kind = kindText
	}
	p.Where = propertiesOf(form, id)
	for i := range mostParts {
		if inner := partOf(form, id+"-"+strconv.Itoa(i)); inner != nil {
			p.Parts = append(p.Parts, inner)
		}
	}
	return p
}

// propertiesOf reads the rows of an event's properties.
func propertiesOf(form url.Values, id string) (out []property) {
	for i := range mostProperty {
		row := id + ".where" + strconv.Itoa(i) + "."
		if name := strings.TrimSpace(form.Get(row + "name")); name != "" {
			out = append(out, property{name, strings.TrimSpace(form.Get(row + "op")), strings.TrimSpace(form.Get(row + "arg"))})
		}
	}
	return out
}

// change does what a button of the builder says: add:ID with the kind that is chosen there, or drop:ID.
func (p *part) change(do string, form url.Values) {
	verb, id, _ := strings.Cut(do, ":")
	p.each(func(q *part) {
		switch {
		case verb == "add" && q.ID == id && q.IsGroup() && len(q.Parts) < mostParts:
			q.Parts = append(q.Parts, newPart(form.Get(id+".add")))
		case verb == "drop":
			for i, inner := range q.Parts {
				if inner.ID == id {
					q.Parts = append(q.Parts[:i:i], q.Parts[i+1:]...)
					break
				}
			}
		}
	})
	p.number(p.ID)
}

// newPart is one of that kind with nothing in it yet.
func newPart(kind string) *part {
	p := &part{Kind: kind, Op: "eq", Unit: "d", CountOp: "gte"}
	if !slices.Contains(p.kinds(), kind) {
		p.Kind = kindText
	}
	p.Fresh = !p.IsGroup()
	if states := p.States(); states != nil {
		p.Is = states[0]
	}
	return p
}

// each visits a part and all that stand in it.
func (p *part) each(visit func(*part)) {
	visit(p)
	for _, inner := range p.Parts {
		inner.each(visit)
	}
}

// number gives every part its id again.
func (p *part) number(id string) {
	p.ID = id
	for i, inner := range p.Parts {
		inner.number(id + "-" + strconv.Itoa(i))
	}
}

// groupKinds, partKinds and the words that a form offers for the rest; they are those of the language.
func groupKinds() []string { return []string{kindAll, kindAny, kindNone} }

func partKinds() []string {
	return []string{"attribute", "event", "consent", "segment", "journey", "message", "coupon", "account"}
}

// ownKinds are asked inside of a journey alone: what it began with, what she answered, what it remembers.
func ownKinds() []string { return []string{"trigger", "answer", "var"} }

func (p *part) kinds() []string {
	return slices.Concat(partKinds(), ownKinds(), groupKinds(), []string{kindText})
}

// Choose are the kinds that can be added to a group, of a segment or in a journey.
func (p *part) Choose(inJourney bool) []string {
	out := partKinds()
	if inJourney {
		out = append(out, ownKinds()...)
	}
	if !p.Deep() {
		out = append(out, groupKinds()...)
	}
	return append(out, kindText)
}

// Compares says whether it asks by comparing.
func (p *part) Compares() bool {
	return p.Kind == "attribute" || p.Kind == "account" || slices.Contains(ownKinds(), p.Kind)
}

// Groups are the kinds that a group can be changed to.
func (p *part) Groups() []string { return groupKinds() }

// Ops are the ways to compare.
func (p *part) Ops() []string {
	return []string{"eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "exists", "missing", "before", "after",
		"within_last", "within_next"}
}

// Counts are the ways to count.
func (p *part) Counts() []string { return []string{"gte", "lte", "eq", "gt", "lt"} }

// Units are those of durations.
func (p *part) Units() []string { return []string{"d", "w", "h", "m"} }

// sinceEntry stands for a span that begins when she entered.
const sinceEntry = "entry"

// States are what the form offers after is or was.
func (p *part) States() []string {
	return map[string][]string{
		"consent": {"given", "withdrawn", "confirmed"}, "message": {"sent", "clicked", "bounced", "dropped"},
		"coupon": {"issued", "redeemed", "expired"}, "journey": {"active", "finished", "never"},
	}[p.Kind]
}
