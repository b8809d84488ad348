package journey

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

func operators() []string {
	return []string{"eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "exists", "missing",
		"before", "after", "within_last", "within_next"}
}

// cond reads a condition. What cannot be read is reported and gives an empty one, never nil.
func (p *parser) cond(n *yaml.Node) *Cond {
	const place = "a condition"
	operands := []string{"attribute", "account", "trigger", "answer", "var"}
	heads := slices.Concat(operands, []string{"event", "consent", "message", "coupon", "journey", "segment"})
	logic := []string{"all", "any", "not"}
	// `any` and `all` beside a value are quantifiers over a list, so the value names are looked for first.
	if !hasKey(n, heads) {
		heads = slices.Concat(logic, heads, []string{})
	}
	others := slices.Concat(operators(), []string{"is", "by", "was", "count", "within", "since", "where"})
	switch head := p.head(n, place, heads, others); head {
	case "":
		return &Cond{}
	case "all", "any":
		return p.several(n, head)
	case "not":
		c := &Cond{}
		if v := p.fields(n, place, head).get(head); v != nil {
			c.Not = p.cond(v)
		}
		return c
	case "event":
		return &Cond{Event: p.eventCond(n)}
	case "segment":
		c := &Cond{}
		if v := p.fields(n, place, head).get(head); v != nil {
			c.Segment = p.segment(v)
		}
		return c
	case "consent":
		topic, is := p.state(n, head, "is", "given", "withdrawn", "confirmed")
		p.names("topics", child(n, head))
		return &Cond{Consent: &ConsentCond{Topic: topic, Is: Consent(is)}}
	case "message":
		return &Cond{Message: p.messageCond(n)}
	case "coupon":
		as, was := p.state(n, head, "was", "issued", "redeemed", "expired")
		return &Cond{Coupon: &CouponCond{As: as, Was: was}}
	case "journey":
		key, is := p.state(n, head, "is", "active", "finished", "never")
		return &Cond{Journey: &JourneyCond{Key: key, Is: is}}
	default:
		return p.comparison(n, head)
	}
}

func hasKey(n *yaml.Node, keys []string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if slices.Contains(keys, n.Content[i].Value) {
			return true
		}
	}
	return false
}

func (p *parser) several(n *yaml.Node, head string) *Cond {
	var conds []*Cond
	if v := p.fields(n, "a condition", head).get(head); v != nil {
		for _, item := range p.list(v, head) {
			conds = append(conds, p.cond(item))
		}
	}
	if head == "all" {
		return &Cond{All: conds}
	}
	return &Cond{Any: conds}
}

// messageCond reads { message: hello, was: clicked, count: { gte: 2 }, within: 90d }.
func (p *parser) messageCond(n *yaml.Node) *MessageCond {
	c := &MessageCond{}
	f := p.fields(n, "a message's state", "message", "was", "count", "within")
	if v := f.get("message"); v != nil {
		if c.Message = p.key(v, "the message"); c.Message != "any" {
			p.refs = append(p.refs, ref{at: v, kind: "message", name: c.Message, scope: p.scope})
		}
	}
	if v := f.need("was", "add `was: sent`"); v != nil {
		c.Was = p.word(v, "was", "sent", "clicked", "bounced", "dropped")
	}
	if v := f.get("count"); v != nil {
		c.CountOp, c.Count = p.countOf(v)
	}
	if v := f.get("within"); v != nil {
		c.Within = p.duration(v, "within")
	}
	return c
}

// state reads the conditions of the form { coupon: offer, was: redeemed }.
func (p *parser) state(n *yaml.Node, head, verb string, states ...string) (name, state string) {
	f := p.fields(n, "a "+head+"'s state", head, verb)
	if v := f.get(head); v != nil {
		switch head {
		case "coupon":
			name = p.named(v, head)
		default:
			name = p.key(v, "the "+head)
			p.refs = append(p.refs, ref{at: v, kind: head, name: name, scope: p.scope})
		}
	}
	if v := f.need(verb, fmt.Sprintf("add `%s: %s`", verb, states[0])); v != nil {
		state = p.word(v, verb, states...)
	}
	return name, state
}

// comparison reads { attribute: plan, eq: pro } and its siblings.
func (p *parser) comparison(n *yaml.Node, head string) *Cond {
	if head == "trigger" && hasKey(n, quantifiers()) {
		return p.items(n)
	}
	f := p.fields(n, "a condition", append([]string{head}, operators()...)...)
	c := &Cond{Operand: &Value{From: ValueFrom(head)}}
	if v := f.get(head); v != nil {
		c.Operand.Path = p.named(v, head)
	}
	c.Op, c.Arg = p.operator(f)
	return c
}

func quantifiers() []string { return []string{"any", "all", "none"} }

// items reads { trigger: products, any: { sku: { eq: x } } }.
func (p *parser) items(n *yaml.Node) *Cond {
	c := &Cond{Operand: &Value{From: FromTrigger}, Each: &Cond{}}
	of := p.head(n, "a trigger", quantifiers(), nil)
	f := p.fields(n, "a trigger", "trigger", of)
	if v := f.get("trigger"); v != nil {
		c.Operand.Path = p.named(v, "trigger")
	}
	if v := f.get(of); v != nil {
		if each := p.where(v); each != nil {
			c.Of, c.Each = Of(of), each
		}
	}
	return c
}

// operator reads the one operator of a map.
func (p *parser) operator(f *fields) (Op, any) {
	var found []string
	for _, op := range operators() {
		if f.get(op) != nil {
			found = append(found, op)
		}
	}
	switch {
	case len(found) == 1:
		return Op(found[0]), p.arg(Op(found[0]), f.get(found[0]))
	case len(found) > 1:
		p.fault(f.node, fmt.Sprintf("%s has both %q and %q", f.place, found[0], found[1]),
			"keep one, or write `all: [ …, … ]` with one in each")
	case !slices.ContainsFunc(operators(), func(op string) bool { return f.empty[op] }) && !f.strange():
		p.fault(f.node, f.place+" compares with nothing", "add an operator: "+listing(operators()))
	}
	return "", nil
}

// strange says whether the map has a key that was reported: most likely the one that is missing.
func (f *fields) strange() bool { return len(f.node.Content)/2 > len(f.values)+len(f.empty) }

// arg reads what an operator compares with.
func (p *parser) arg(op Op, n *yaml.Node) any {
	what := string(op)
	switch op {
	case OpExists, OpMissing:
		if !p.boolean(n, what) && n.ShortTag() == "!!bool" {
			other := map[Op]Op{OpExists: OpMissing, OpMissing: OpExists}[op]
			p.fault(n, fmt.Sprintf("%s: false says it backwards", op), fmt.Sprintf("write `%s: true`", other))
		}
		return true
	case OpWithinLast, OpWithinNext:
		return p.duration(n, what)
	default:
		return p.comparand(op, n)
	}
}

// comparand reads a value, or the literal that the operator takes.
func (p *parser) comparand(op Op, n *yaml.Node) any {
	what := string(op)
	if n.Kind == yaml.MappingNode {
		return p.value(n, what)
	}
	switch op {
	case OpIn, OpNotIn:
		list := []any{}
		for _, item := range p.list(n, what) {
			list = append(list, p.literal(item, what))
		}
		return list
	case OpBefore, OpAfter:
		return p.moment(n, what)
	case OpLt, OpLte, OpGt, OpGte:
		return p.count(n, what)
	case OpStartsWith:
		text, _ := p.scalar(n, what)
		return text
	default:
		return p.literal(n, what)
	}
}

// count reads a literal number.
func (p *parser) count(n *yaml.Node, what string) any {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" {
		p.fault(n, fmt.Sprintf("%s is %s, not a number", what, kindOf(n)),
			"write a number without quotes; for times there are `before` and `after`")
		return nil
	}
	return p.number(n, what)
}

func (p *parser) eventCond(n *yaml.Node) *EventCond {
	f := p.fields(n, "an event", "event", "by", "count", "within", "since", "where")
	c := &EventCond{}
	if v := f.get("event"); v != nil {
		if v.Kind == yaml.ScalarNode && v.ShortTag() != "!!str" {
			p.fault(v, "the event is "+v.Value+", not a name", "write the name in quotes")
		}
		c.Name = p.name(v, "the event")
	}
	c.ByAccount = p.byAccount(f)
	if v := f.get("count"); v != nil {
		c.CountOp, c.Count = p.countOf(v)
	}
	if v := f.get("within"); v != nil {
		c.Within = p.duration(v, "within")
	}
	if v := f.get("since"); v != nil {
		c.SinceEntry = p.word(v, "since", "entry") == "entry"
		if p.scope == scopeKept {
			p.fault(v, "a segment knows of no entry", "say within how long: `within: 90d`")
		}
		if c.Within != 0 {
			p.fault(v, "an event has both `within` and `since`", "keep one of them")
		}
	}
	if v := f.get("where"); v != nil {
		c.Where = p.where(v)
	}
	return c
}

// byAccount reads whether what colleagues do counts, too.
func (p *parser) byAccount(f *fields) bool {
	v := f.get("by")
	return v != nil && p.word(v, "by", "account") == "account"
}

// countOf reads how many there must be: { gte: 2 }.
func (p *parser) countOf(n *yaml.Node) (Op, float64) {
	known := []string{"eq", "ne", "lt", "lte", "gt", "gte"}
	if n.Kind != yaml.MappingNode {
		p.fault(n, "count is "+kindOf(n)+", not a comparison", "write `count: { gte: 2 }`")
		return "", 0
	}
	op := p.head(n, "count", known, nil)
	if op == "" {
		return "", 0
	}
	v := p.fields(n, "count", op).get(op)
	if v == nil {
		return "", 0
	}
	return Op(op), float64(p.whole(v, "count", 0, HistoryMax))
}

// where reads conditions on the properties of an event: { total: { gte: 100 }, currency: EUR }.
func (p *parser) where(n *yaml.Node) *Cond {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.fault(n, "where is "+kindOf(n)+" and not a map of properties", "write `where: { total: { gte: 100 } }`")
		return nil
	}
	var all []*Cond
	for i := 0; i+1 < len(n.Content); i += 2 {
		c := &Cond{Operand: &Value{From: FromEvent, Path: p.path(n.Content[i], "the property")}}
		switch v := n.Content[i+1]; {
		case v.Kind == yaml.MappingNode && !isValue(v):
			c.Op, c.Arg = p.operator(p.fields(v, "where", operators()...))
		case v.Kind == yaml.SequenceNode:
			p.fault(v, "a list does not say how to compare", "write `{ in: [ … ] }`")
		default:
			c.Op, c.Arg = OpEq, p.arg(OpEq, v)
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return all[0]
	}
	return &Cond{All: all}
}
