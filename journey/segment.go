package journey

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Segment is a condition on customers that the server keeps: it knows at any moment who is in it.
type Segment struct {
	Key       string    `json:"key"`
	Name      string    `json:"name,omitempty"`
	Source    string    `json:"source"` // YAML or JSON, as it was given
	Version   int       `json:"version"`
	State     string    `json:"state"` // ready, or building: not everybody has been looked at yet
	Percent   int       `json:"percent"`
	Members   int       `json:"members"`
	ETag      string    `json:"-"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
}

// States of a segment.
const (
	SegmentReady    = "ready"
	SegmentBuilding = "building"
)

// SegmentPreview is who would be in a segment now.
type SegmentPreview struct {
	Count    int               `json:"count"`
	Exact    bool              `json:"exact"`               // false: reckoned from a part of the customers, since all of them would have taken too long
	LookedAt int               `json:"looked_at,omitempty"` // how many customers that part was; 0 where it is exact
	Samples  []CustomerSummary `json:"samples"`             // ten at most
}

// ParseSegment reads what a segment is: a condition, alone or as { name, if }, as YAML or JSON. It reports all faults at once. What
// only an enrollment has (trigger, answer, var, since entry) is a fault, for a segment says who a customer is.
func ParseSegment(file string, src []byte) (name string, c *Cond, problems Problems) {
	p := &parser{file: file, def: &Definition{}, order: map[*yaml.Node][]string{}, marked: map[*yaml.Node]bool{}, scope: scopeKept}
	if p.document = p.tree(src); p.document != nil {
		n := p.document.Content[0]
		if hasKey(n, []string{"if", "name"}) {
			f := p.fields(n, "a segment", "name", "if")
			if v := f.get("name"); v != nil {
				name = p.name(v, "the name")
			}
			n = f.need("if", "add who is in it, such as `if: { attribute: tier, eq: top }`")
		}
		if n != nil {
			c = p.cond(n)
		}
		p.checkKept()
	}
	problems = p.problems()
	if len(problems.Errors()) > 0 {
		return "", nil, problems
	}
	return name, c, problems
}

// checkKept refuses what is not there outside of an enrollment.
func (p *parser) checkKept() {
	for _, r := range p.refs {
		if slices.Contains([]string{"answer", "var", "trigger"}, r.kind) {
			p.fault(r.at, fmt.Sprintf("a segment cannot ask for %s: it says who a customer is, whatever journey she is in", r.kind),
				"ask for an attribute, an event, a consent or a journey")
		}
	}
}

// Needs says which facts the condition can ask for, the segments that it names and that are declared included.
func (c *Cond) Needs(declared map[string]*Cond) Needs {
	n := needs{events: set{}, history: set{}, colleagues: set{}, journeys: set{}, segments: set{}}
	seen := set{}
	var gather func(c *Cond)
	gather = func(c *Cond) {
		n.condition(c, true)
		eachCond(c, func(c *Cond) {
			if c.Segment != "" && !seen[c.Segment] {
				seen.add(c.Segment)
				gather(declared[c.Segment])
			}
		})
	}
	gather(c)
	maps.DeleteFunc(n.segments, func(key string, _ bool) bool { _, ok := declared[key]; return ok })
	return Needs{Events: n.events.sorted(), History: n.history.sorted(), Journeys: n.journeys.sorted(), Segments: n.segments.sorted(),
		AccountHistory: n.colleagues.sorted(), Messages: n.messages, Coupons: n.coupons, Account: n.account}
}

// Join returns what the facts of several conditions need together.
func (n Needs) Join(o Needs) Needs {
	both := func(a, b []string) []string {
		all := slices.Concat(a, b)
		slices.Sort(all)
		return slices.Compact(all)
	}
	return Needs{Events: both(n.Events, o.Events), History: both(n.History, o.History), Journeys: both(n.Journeys, o.Journeys),
		Segments: both(n.Segments, o.Segments), AccountHistory: both(n.AccountHistory, o.AccountHistory),
		Messages: n.Messages || o.Messages, Coupons: n.Coupons || o.Coupons, Account: n.Account || o.Account}
}

// Listens returns what can make the condition true or false: names as in Output.Listens. A change of her zone may always.
func (c *Cond) Listens() []string {
	var l listening
	l.add(ListenTimezone)
	l.condition(c, 0)
	slices.Sort(l.names)
	return slices.Compact(l.names)
}

// Flip is the earliest moment after now at which the answer of the condition may become another by time alone: an order gets
// older than `within`, a coupon expires. False where there is none.
func (c *Cond) Flip(l Lookup) (time.Time, bool) { return c.flip(l) }
