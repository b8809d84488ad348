package journey

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// wait reads the four forms of wait, and returns the id of a step that has none.
func (p *parser) wait(w *Wait, n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		w.For = p.duration(n, "wait")
		return "wait" + dashed(slug(n.Value))
	}
	others := []string{"day", "offset", "if_past", "if_missing", "then", "unit", "default"}
	switch p.head(n, "wait", []string{"at", "until", "for"}, others) {
	case "at":
		return p.waitAt(w, n)
	case "until":
		return p.waitUntil(w, n)
	case "for":
		return p.waitSpan(w, n)
	}
	return ""
}

func (p *parser) waitAt(w *Wait, n *yaml.Node) string {
	f := p.fields(n, "wait", "at", "day")
	w.At = &LocalTime{}
	at := f.get("at")
	if at == nil {
		return ""
	}
	if w.At.Minute = p.minute(at, "at"); w.At.Minute == 24*60 {
		p.fault(at, `"24:00" is the next day`, `write "00:00"`)
	}
	day := f.get("day")
	if day == nil {
		return "wait-at" + dashed(slug(at.Value))
	}
	weekday, _ := p.day(day, "day")
	w.At.Day = &weekday
	return "wait-" + slug(day.Value) + dashed(slug(at.Value))
}

func (p *parser) waitUntil(w *Wait, n *yaml.Node) string {
	f := p.fields(n, "wait", "until", "offset", "if_past", "if_missing", "then")
	if v := f.get("until"); v != nil {
		w.Until = p.momentValue(v, "until")
	}
	w.Offset, w.IfMissing = p.around(f, w.Until)
	if v := f.get("if_past"); v != nil {
		w.IfPast = p.word(v, "if_past", "skip", "run", "exit")
	}
	if v := f.get("then"); v != nil {
		w.Then = p.steps(v, "then")
	}
	return "wait-until" + dashed(valueWord(w.Until))
}

func (p *parser) waitSpan(w *Wait, n *yaml.Node) string {
	f := p.fields(n, "wait", "for", "unit", "default")
	if v := f.get("for"); v != nil {
		w.ForValue = p.spanValue(v)
	}
	w.Unit = Day
	if v := f.get("unit"); v != nil {
		w.Unit, _ = durationUnit(p.word(v, "unit", "m", "h", "d", "w"))
	}
	if v := f.get("default"); v != nil {
		w.Default = p.duration(v, "default")
	}
	if w.ForValue != nil {
		p.hangs = append(p.hangs, hang{at: n, value: w.ForValue, covered: w.Default != 0 || f.get("default") != nil,
			mend: "add how long it waits then, such as `default: 30d`"})
	}
	return "wait-for" + dashed(valueWord(w.ForValue))
}

// spanValue reads a number of units.
func (p *parser) spanValue(n *yaml.Node) *Value {
	if n.Kind == yaml.MappingNode {
		return p.value(n, "for")
	}
	return &Value{Literal: int64(p.whole(n, "for", 1, int(MaxDuration/time.Minute)))}
}

// momentValue reads a value that is a time.
func (p *parser) momentValue(n *yaml.Node, what string) *Value {
	if n.Kind != yaml.MappingNode {
		return &Value{Literal: p.moment(n, what)}
	}
	v := p.value(n, what)
	if v.From == FromCoupon && v.Get != "expires_at" {
		p.fault(n, "the code of a coupon is not a time", "add `get: expires_at`")
	}
	return v
}

// around reads what goes with a moment: offset, and what happens when it is missing.
func (p *parser) around(f *fields, moment *Value) (offset time.Duration, missing *Missing) {
	if v := f.get("offset"); v != nil {
		offset = p.offset(v, "offset")
	}
	if v := f.get("if_missing"); v != nil {
		missing = p.missing(v)
	}
	if moment != nil {
		p.hangs = append(p.hangs, hang{at: f.node, value: moment, covered: f.get("if_missing") != nil || f.empty["if_missing"],
			mend: "add what happens then: `if_missing: 3d`, `skip` or `exit`"})
	}
	return offset, missing
}

func (p *parser) missing(n *yaml.Node) *Missing {
	switch {
	case n.Value == "skip":
		return &Missing{Skip: true}
	case n.Value == "exit":
		return &Missing{Exit: true}
	case n.Kind == yaml.ScalarNode && strings.Trim(n.Value, "abcdefghijklmnopqrstuvwxyz_") == "":
		p.word(n, "if_missing", "skip", "exit")
		return &Missing{}
	}
	return &Missing{After: p.duration(n, "if_missing")}
}

// waitFor reads a wait for the first of several things.
func (p *parser) waitFor(w *WaitFor, n *yaml.Node) string {
	f := p.fields(n, "wait_for", "any", "timeout")
	if f == nil {
		return ""
	}
	if v := f.need("any", "add what is waited for, such as `any: [ { event: Order Completed, then: [ { exit: bought } ] } ]`"); v != nil {
		for _, item := range p.list(v, "any") {
			w.Any = append(w.Any, p.awaited(item))
		}
	}
	if v := f.get("timeout"); v != nil {
		w.Timeout = p.timeout(v)
	} else if !f.empty["timeout"] {
		p.warn(n, "this waits for ever when nothing happens", "add `timeout: { after: 10d, then: [ … ] }`")
	}
	if len(w.Any) == 0 {
		return ""
	}
	if first := w.Any[0]; first.If != nil {
		return "wait-for" + dashed(condWord(first.If))
	}
	return "wait-for" + dashed(slug(w.Any[0].Event))
}

func (p *parser) awaited(n *yaml.Node) Awaited {
	const place = "what is waited for"
	var a Awaited
	kind := p.head(n, place, []string{"event", "if"}, []string{"match", "where", "as", "then"})
	if kind == "" {
		return a
	}
	known := []string{"if", "then"}
	if kind == "event" {
		known = []string{"event", "match", "where", "as", "then"}
	}
	f := p.fields(n, place, known...)
	if v := f.get("event"); v != nil {
		a.Event = p.name(v, "the event")
	}
	if v := f.get("if"); v != nil {
		a.If = p.cond(v)
	}
	a.Match, a.Where = p.narrowing(f)
	if v := f.get("as"); v != nil {
		a.As = p.alias(v, "as")
	}
	a.Then = p.then(f)
	return a
}

func (p *parser) timeout(n *yaml.Node) *Timeout {
	t := &Timeout{}
	switch p.head(n, "timeout", []string{"after", "at"}, []string{"offset", "if_missing", "then"}) {
	case "after":
		f := p.fields(n, "timeout", "after", "then")
		if v := f.get("after"); v != nil {
			t.After = p.duration(v, "after")
		}
		t.Then = p.then(f)
	case "at":
		f := p.fields(n, "timeout", "at", "offset", "if_missing", "then")
		if v := f.get("at"); v != nil {
			t.At = p.momentValue(v, "at")
		}
		t.Offset, t.IfMissing = p.around(f, t.At)
		t.Then = p.then(f)
	}
	return t
}
