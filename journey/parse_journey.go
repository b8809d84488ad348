package journey

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// journey reads the whole file.
func (p *parser) journey(n *yaml.Node) {
	f := p.fields(n, "the journey", "journey", "name", "topic", "why", "locales", "group", "priority", "cap", "enter", "reentry", "exit", "goal", "holdout", "send_window",
		"topics", "pools", "surveys", "segments", "webhooks", "steps")
	if f == nil {
		return
	}
	if v := f.need("journey", "add its key, such as `journey: win-back`"); v != nil {
		p.def.Key = p.key(v, "the journey")
	}
	if v := f.need("name", "add what people call it, such as `name: Win back inactive customers`"); v != nil {
		p.def.Name = p.name(v, "the name")
	}
	if v := f.need("topic", "add the consent topic of its messages, or `topic: transactional`"); v != nil {
		p.def.Topic = p.key(v, "the topic")
		p.names("topics", v)
	}
	if v := f.get("why"); v != nil {
		p.def.Why = p.name(v, "why")
	}
	p.def.Whys = p.namesIn(f, "why")
	p.rank(f)
	p.scope = scopeEnter
	if v := f.need("enter", "add who enters, such as `enter: { when: { event: Signed Up } }`"); v != nil {
		p.enter(v)
	}
	if v := f.get("reentry"); v != nil {
		p.reentry(v)
	} else if p.def.Enter.Event != "" && !f.empty["reentry"] {
		p.fault(n, `the journey lacks "reentry", which must be written where the trigger is an event`,
			"add `reentry: never`, `always`, `{ after: 180d }` or `{ per: order_id }`")
	}
	p.scope = scopeExit
	p.ends(f)
	p.sending(f)
	p.declarations(f)
	p.scope = scopeSteps
	if v := f.need("steps", "add what happens, such as `steps: [ { send: hello } ]`"); v != nil {
		p.def.Steps = p.steps(v, "steps")
	}
}

// rank reads how the journey stands among others.
func (p *parser) rank(f *fields) {
	if v := f.get("group"); v != nil {
		p.def.Group = p.key(v, "the group")
	}
	if v := f.get("priority"); v != nil {
		p.def.Priority = p.whole(v, "priority", 0, 1000)
		if p.def.Group == "" && !f.empty["group"] {
			p.fault(v, "a priority is one among the journeys of a group, and there is no group", "add `group: winning-back`, or leave it out")
		}
	}
	if v := f.get("cap"); v != nil {
		p.def.Cap = p.cap(v)
	}
}

// cap reads { messages: 3, per: 7d, over: drop }.
func (p *parser) cap(n *yaml.Node) *Cap {
	c := &Cap{Messages: 1, Over: OverHold}
	f := p.fields(n, "cap", "messages", "per", "over")
	if f == nil {
		return c
	}
	if v := f.need("messages", "add how many at most, such as `messages: 3`"); v != nil {
		c.Messages = p.whole(v, "messages", 1, 100)
	}
	if v := f.need("per", "add in how long, such as `per: 7d`"); v != nil {
		c.Per = p.duration(v, "per")
	}
	if v := f.get("over"); v != nil {
		c.Over = OverCap(p.word(v, "over", "hold", "drop", "reschedule"))
	}
	return c
}

func (p *parser) ends(f *fields) {
	if v := f.get("exit"); v != nil {
		for _, item := range p.list(v, "exit") {
			p.def.Exit = append(p.def.Exit, p.exitRule(item))
		}
	}
	if v := f.get("goal"); v != nil {
		p.goal(v)
	}
}

func (p *parser) sending(f *fields) {
	if v := f.get("holdout"); v != nil {
		p.def.Holdout = p.whole(v, "holdout", 0, 50)
	}
	if v := f.get("send_window"); v != nil {
		p.window(v)
	}
}

func (p *parser) enter(n *yaml.Node) {
	f := p.fields(n, "enter", "when", "if", "each")
	if f == nil {
		return
	}
	if v := f.need("when", "add the trigger, such as `when: { event: Signed Up }`, or `when: api`"); v != nil {
		p.trigger(v)
	}
	if v := f.get("each"); v != nil {
		p.def.Enter.Each = p.eachItem(v)
	}
	if v := f.get("if"); v != nil {
		p.def.Enter.If = p.cond(v)
	}
}

func (p *parser) exitRule(n *yaml.Node) ExitRule {
	var rule ExitRule
	const place = "an exit rule"
	kind := p.head(n, place, []string{"event", "if"}, []string{"match", "where", "by", "for", "as", "then"})
	if kind == "" {
		return rule
	}
	known := []string{"if", "for", "as", "then"}
	if kind == "event" {
		known = []string{"event", "match", "where", "by", "as", "then"}
	}
	f := p.fields(n, place, known...)
	if v := f.get("if"); v != nil {
		rule.If = p.cond(v)
		rule.As = "condition"
	}
	if v := f.get("for"); v != nil {
		rule.For = p.duration(v, "for")
	}
	if v := f.get("event"); v != nil {
		rule.Event = p.name(v, "the event")
		rule.As = orElse(slug(rule.Event), "event")
	}
	rule.Match, rule.Where = p.narrowing(f)
	rule.ByAccount = p.byAccount(f)
	if v := f.get("as"); v != nil {
		rule.As = p.name(v, "the reason")
	}
	rule.Then = p.last(f)
	return rule
}

// last reads the last steps of an exit.
func (p *parser) last(f *fields) []*Step {
	v := f.get("then")
	if v == nil {
		return nil
	}
	before := p.scope
	p.scope = scopeLast
	defer func() { p.scope = before }()
	return p.steps(v, "then")
}

// narrowing reads `match` and `where`, which say which events of a name are meant.
func (p *parser) narrowing(f *fields) (match string, where *Cond) {
	if v := f.get("match"); v != nil {
		match = p.path(v, "match")
		p.needsTrigger(v, "`match`")
	}
	if v := f.get("where"); v != nil {
		where = p.where(v)
	}
	return match, where
}

func (p *parser) goal(n *yaml.Node) {
	const place = "goal"
	rest := []string{"within", "value", "exit", "as", "then"}
	kind := p.head(n, place, []string{"event", "if"}, append([]string{"match", "where", "by", "for"}, rest...))
	if kind == "" {
		return
	}
	known := []string{"if", "for", "within", "exit", "as", "then"}
	if kind == "event" {
		known = append([]string{"event", "match", "where", "by"}, rest...)
	}
	f := p.fields(n, place, known...)
	goal := &Goal{}
	p.def.Goal, p.goalAt = goal, n
	if v := f.get("event"); v != nil {
		goal.Event = p.name(v, "the event")
	}
	if v := f.get("if"); v != nil {
		goal.If = p.cond(v)
	}
	if v := f.get("for"); v != nil {
		goal.For = p.duration(v, "for")
	}
	goal.Match, goal.Where = p.narrowing(f)
	goal.ByAccount = p.byAccount(f)
	if v := f.get("within"); v != nil {
		goal.Within = p.duration(v, "within")
	}
	if v := f.get("value"); v != nil {
		goal.Value = p.path(v, "value")
	}
	p.goalExit(f, goal)
}

// goalExit reads what becomes of her who has reached the goal.
func (p *parser) goalExit(f *fields, goal *Goal) {
	if v := f.get("exit"); v != nil {
		goal.Exit = p.boolean(v, "exit")
	}
	if v := f.get("as"); v != nil {
		goal.As = p.name(v, "the reason")
	}
	goal.Then = p.last(f)
	for _, word := range []string{"as", "then"} {
		if v := f.get(word); v != nil && !goal.Exit {
			p.fault(v, fmt.Sprintf("%q goes with a goal that ends the journey", word), "add `exit: true`, or leave it out")
		}
	}
}

func (p *parser) window(n *yaml.Node) {
	f := p.fields(n, "send_window", "from", "to", "days")
	if f == nil {
		return
	}
	window := &Window{}
	p.def.SendWindow = window
	from, to := f.need("from", `add when it opens, such as from: "09:00"`), f.need("to", `add when it closes, such as to: "20:00"`)
	if from != nil {
		window.From = p.minute(from, "from")
	}
	if to != nil {
		window.To = p.minute(to, "to")
	}
	if from != nil && to != nil && window.From >= window.To {
		p.fault(from, "the window closes before it opens", "let `from` be before `to`, on the same day")
	}
	if v := f.get("days"); v != nil {
		window.Days = p.days(v)
	}
}

func (p *parser) days(n *yaml.Node) []time.Weekday {
	var days []time.Weekday
	seen := map[time.Weekday]bool{}
	for _, item := range p.list(n, "days") {
		switch day, ok := p.day(item, "the day"); {
		case !ok:
		case seen[day]:
			p.fault(item, quote(item.Value)+" stands twice in days", "keep one of them")
		default:
			seen[day] = true
			days = append(days, day)
		}
	}
	return days
}

// path reads the way to a value: names with dots between them.
func (p *parser) path(n *yaml.Node, what string) string {
	text := p.name(n, what)
	if text == "" {
		return ""
	}
	for _, part := range strings.Split(text, ".") {
		if strings.TrimSpace(part) != part || part == "" {
			p.fault(n, fmt.Sprintf("%s: %s has an empty part", what, quote(text)), "write names with dots between them, such as line.sku")
			break
		}
	}
	return text
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
