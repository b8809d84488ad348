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
	Fresh     bool // it was just added: she types here next
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
	for i := range mostProperty {
		row := "where" + strconv.Itoa(i) + "."
		if name := field(row + "name"); name != "" {
			p.Where = append(p.Where, property{name, field(row + "op"), field(row + "arg")})
		}
	}
	for i := range mostParts {
		if inner := partOf(form, id+"-"+strconv.Itoa(i)); inner != nil {
			p.Parts = append(p.Parts, inner)
		}
	}
	return p
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
	p.number("n")
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

func (p *part) kinds() []string { return append(append(partKinds(), groupKinds()...), kindText) }

// Choose are the kinds that can be added to a group.
func (p *part) Choose() []string {
	if p.Deep() {
		return append(partKinds(), kindText)
	}
	return p.kinds()
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

// States are what the form offers after is or was.
func (p *part) States() []string {
	return map[string][]string{
		"consent": {"given", "withdrawn", "confirmed"}, "message": {"sent", "clicked", "bounced", "dropped"},
		"coupon": {"issued", "redeemed", "expired"}, "journey": {"active", "finished", "never"},
	}[p.Kind]
}
