package journey

import (
	"go.yaml.in/yaml/v3"
)

// trigger reads enter.when; `api` is a word, not a map.
func (p *parser) trigger(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		p.def.Enter.API = p.word(n, "enter.when", "api") == "api"
		return
	}
	kind := p.head(n, "enter.when", []string{"event", "segment", "inactive", "attribute", "date", "schedule", "once", "api"}, []string{"becomes", "leaves"})
	switch kind {
	case "":
		return
	case "attribute":
		p.becomes(n)
		return
	case "segment":
		p.joins(n)
		return
	}
	f := p.fields(n, "enter.when", kind)
	v := f.get(kind)
	switch {
	case v == nil:
	case kind == "event":
		p.def.Enter.Event = p.name(v, "the event")
	case kind == "date":
		p.def.Enter.Date = p.date(v)
	case kind == "schedule":
		p.def.Enter.Schedule = p.schedule(v)
	case kind == "once":
		p.def.Enter.Once = p.once(v)
	case kind == "api":
		p.fault(n, "enter.when is a map with `api`", "write `when: api`")
	default:
		p.inactive(v)
	}
}

// becomes reads { attribute: plan, becomes: pro }.
func (p *parser) becomes(n *yaml.Node) {
	f := p.fields(n, "enter.when", "attribute", "becomes")
	if v := f.get("attribute"); v != nil {
		p.def.Enter.Attribute = p.path(v, "the attribute")
	}
	if v := f.need("becomes", "add what it becomes, such as `becomes: pro`"); v != nil {
		p.def.Enter.Becomes = p.literal(v, "becomes")
	}
}

// joins reads { segment: vip } and { segment: vip, leaves: true }.
func (p *parser) joins(n *yaml.Node) {
	f := p.fields(n, "enter.when", "segment", "leaves")
	if v := f.get("segment"); v != nil {
		p.names("segments", v)
		if p.def.Enter.Joins = p.key(v, "the segment"); p.def.Enter.Joins != "" {
			p.refs = append(p.refs, ref{at: v, kind: "kept segment", name: p.def.Enter.Joins, scope: p.scope})
		}
	}
	if v := f.get("leaves"); v != nil {
		p.def.Enter.Leaves = p.boolean(v, "leaves")
	}
}

// eachItem reads { in: products, as: line, unique: sku }.
func (p *parser) eachItem(n *yaml.Node) *Each {
	each := &Each{}
	f := p.fields(n, "each", "in", "as", "unique")
	if f == nil {
		return each
	}
	if v := f.need("in", "add which list of the trigger, such as `in: products`"); v != nil {
		each.In = p.path(v, "in")
		p.needsTrigger(v, "`each`")
	}
	if v := f.need("as", "add how the steps call an item, such as `as: line`"); v != nil {
		each.As = p.alias(v, "as")
	}
	if v := f.get("unique"); v != nil {
		each.Unique = p.path(v, "unique")
	}
	return each
}

func (p *parser) inactive(n *yaml.Node) {
	f := p.fields(n, "inactive", "event", "for")
	if f == nil {
		return
	}
	inactive := &Inactive{}
	if v := f.need("event", "add what she has not done, such as `event: Order Completed`"); v != nil {
		inactive.Event = p.name(v, "the event")
	}
	if v := f.need("for", "add for how long, such as `for: 60d`"); v != nil {
		inactive.For = p.duration(v, "for")
	}
	p.def.Enter.Inactive = inactive
}

func (p *parser) reentry(n *yaml.Node) {
	reentry := &Reentry{}
	p.def.Reentry = reentry
	if n.Kind == yaml.ScalarNode {
		word := p.word(n, "reentry", "never", "always")
		reentry.Never, reentry.Always = word == "never", word == "always"
		return
	}
	switch p.head(n, "reentry", []string{"after", "per"}, []string{"meanwhile"}) {
	case "after":
		if v := p.fields(n, "reentry", "after").get("after"); v != nil {
			reentry.After = p.duration(v, "reentry after")
		}
	case "per":
		f := p.fields(n, "reentry", "per", "meanwhile")
		if v := f.get("per"); v != nil {
			reentry.Per = p.paths(v, "reentry per")
			p.needsTrigger(v, "`per`")
		}
		if v := f.get("meanwhile"); v != nil {
			reentry.Meanwhile = p.word(v, "meanwhile", "ignore", "update", "restart")
		}
	}
}

// paths reads one path or a list of them.
func (p *parser) paths(n *yaml.Node, what string) []string {
	if n.Kind != yaml.SequenceNode {
		return []string{p.path(n, what)}
	}
	var out []string
	for _, item := range p.list(n, what) {
		out = append(out, p.path(item, what))
	}
	return out
}

// needsTrigger reports a word that compares with a property of the trigger where the trigger has none.
func (p *parser) needsTrigger(at *yaml.Node, word string) {
	switch {
	case p.def.Enter.Inactive != nil:
		p.fault(at, word+" names a property of the trigger, and `inactive` brings none", "leave it out")
	case p.def.Enter.Attribute != "":
		p.fault(at, word+" names a property of the trigger, and `becomes` brings none", "leave it out")
	case p.def.Enter.Joins != "":
		p.fault(at, word+" names a property of the trigger, and a segment brings none", "leave it out")
	case p.def.Enter.ByCalendar():
		p.fault(at, word+" names a property of the trigger, and the calendar brings none", "leave it out")
	}
}
