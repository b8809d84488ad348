package simulate

import (
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// vocabulary is what a journey looks at: the places that it reads and the values that make a difference there. Invented
// customers get such values, so that their ways part where the journey's do.
type vocabulary struct {
	attributes map[string][]any
	trigger    map[string][]any
	lists      map[string]map[string][]any // of the trigger: field of an item → values
	item       string                      // name of the item that the journey is entered per (enter.each), with a dot; "" none
	itemsOf    string                      // its list
	events     []string                    // that somebody must let happen: not those that a run brings about itself
	match      map[string][]string         // event → properties whose values must equal the trigger's
	where      map[string]map[string]any   // event → properties that a `where` asks for
}

// ours are events of our own that a run brings about by itself.
var ours = []string{
	journey.EventJourneyEntered, journey.EventJourneyExited, journey.EventGoalReached, journey.EventMessageSent,
	journey.EventMessageBounced, journey.EventMessageComplained, journey.EventMessageDropped, journey.EventLinkClicked,
	journey.EventSurveyAnswered, journey.EventCouponIssued, journey.EventCouponRedeemed, journey.EventCouponExpired,
	journey.EventTopicSubscribed, journey.EventTopicUnsubscribed, journey.EventCustomerPaused, journey.EventCustomerResumed,
	journey.EventCustomerMerged, journey.EventTaskDone, journey.EventMessageReplied,
}

func readVocabulary(def *journey.Definition) vocabulary {
	v := vocabulary{attributes: map[string][]any{}, trigger: map[string][]any{}, lists: map[string]map[string][]any{}, match: map[string][]string{}, where: map[string]map[string]any{}}
	if each := def.Enter.Each; each != nil {
		v.item, v.itemsOf = each.As+".", each.In
		v.field(each.In, each.Unique, counted{})
	}
	needs := def.Needs()
	for _, name := range slices.Concat(needs.Events, needs.History) {
		if !slices.Contains(ours, name) && !slices.Contains(v.events, name) {
			v.events = append(v.events, name)
		}
	}
	slices.Sort(v.events)
	v.enter(def)
	for i := range def.Exit {
		v.event(def.Exit[i].Event, def.Exit[i].Match, def.Exit[i].Where)
		v.cond(def.Exit[i].If)
	}
	if g := def.Goal; g != nil {
		v.event(g.Event, g.Match, g.Where)
		v.cond(g.If)
	}
	for _, s := range def.Declares.Segments {
		v.cond(s)
	}
	def.Walk(v.step)
	return v
}

func (v vocabulary) enter(def *journey.Definition) {
	e := &def.Enter
	v.cond(e.If)
	if e.Attribute != "" {
		v.attributes[e.Attribute] = append(v.attributes[e.Attribute], e.Becomes)
	}
	if e.Date != nil {
		v.attributes[e.Date.Attribute] = append(v.attributes[e.Date.Attribute], time.Time{})
	}
	if def.Reentry != nil {
		for _, name := range def.Reentry.Per {
			if field, ofItem := strings.CutPrefix(name, v.item); ofItem && v.item != "" {
				v.field(v.itemsOf, field, counted{})
				continue
			}
			v.trigger[name] = append(v.trigger[name], counted{})
		}
	}
}

// field notes a value of a field of the items of a list.
func (v vocabulary) field(list, name string, candidate any) {
	if v.lists[list] == nil {
		v.lists[list] = map[string][]any{}
	}
	if name != "" {
		v.lists[list][name] = append(v.lists[list][name], candidate)
	}
}

// fields notes what a condition on the items of a list looks at.
func (v vocabulary) fields(list string, c *journey.Cond) {
	if c == nil {
		return
	}
	for _, part := range slices.Concat(c.All, c.Any, []*journey.Cond{c.Not}) {
		v.fields(list, part)
	}
	if c.Operand != nil && c.Operand.From == journey.FromEvent {
		for _, candidate := range candidates(c) {
			v.field(list, c.Operand.Path, candidate)
		}
	}
}

// counted stands for a value that is another one each time, as the number of an order is.
type counted struct{}

func (v vocabulary) event(name, match string, where *journey.Cond) {
	if match != "" {
		v.match[name] = append(v.match[name], match)
		v.trigger[match] = append(v.trigger[match], counted{})
	}
	v.wanted(name, where)
}

// wanted keeps a property that a where asks for, so that drawn events can fulfil it.
func (v vocabulary) wanted(name string, c *journey.Cond) {
	if c == nil {
		return
	}
	for _, part := range c.All {
		v.wanted(name, part)
	}
	if c.Operand == nil || c.Operand.From != journey.FromEvent {
		return
	}
	if v.where[name] == nil {
		v.where[name] = map[string]any{}
	}
	for _, candidate := range candidates(c) {
		v.where[name][c.Operand.Path] = candidate
		return
	}
}

func (v vocabulary) step(s *journey.Step) {
	for _, a := range s.Branch {
		v.cond(a.If)
	}
	switch {
	case s.Send != nil:
		v.cond(s.Send.Unless)
	case s.Wait != nil:
		v.moment(s.Wait.Until)
		v.number(s.Wait.ForValue)
	case s.WaitFor != nil:
		for i := range s.WaitFor.Any {
			a := &s.WaitFor.Any[i]
			v.event(a.Event, a.Match, a.Where)
			v.cond(a.If)
		}
		if s.WaitFor.Timeout != nil {
			v.moment(s.WaitFor.Timeout.At)
		}
	case s.Repeat != nil:
		v.cond(s.Repeat.Until)
	}
}

// moment notes that a date is read, number that a small number is.
func (v vocabulary) moment(value *journey.Value) { v.read(value, time.Time{}) }
func (v vocabulary) number(value *journey.Value) { v.read(value, 3.0) }

func (v vocabulary) read(value *journey.Value, candidate any) {
	switch {
	case value == nil:
	case value.From == journey.FromVar && v.item != "" && strings.HasPrefix(value.Path, v.item):
		v.field(v.itemsOf, strings.TrimPrefix(value.Path, v.item), candidate)
	case value.From == journey.FromTrigger:
		v.trigger[value.Path] = append(v.trigger[value.Path], candidate)
	case value.From == journey.FromAttribute:
		v.attributes[value.Path] = append(v.attributes[value.Path], candidate)
	}
}

func (v vocabulary) cond(c *journey.Cond) {
	if c == nil {
		return
	}
	for _, part := range slices.Concat(c.All, c.Any, []*journey.Cond{c.Not}) {
		v.cond(part)
	}
	if c.Event != nil {
		v.wanted(c.Event.Name, c.Event.Where)
	}
	if c.Operand != nil && c.Each != nil && c.Operand.From == journey.FromTrigger {
		v.fields(c.Operand.Path, c.Each)
	}
	if c.Operand == nil || c.Each != nil {
		return
	}
	for _, candidate := range candidates(c) {
		v.read(c.Operand, candidate)
	}
}

// candidates are values on both sides of a comparison, one for which it holds first.
func candidates(c *journey.Cond) []any {
	switch c.Op {
	case journey.OpIn, journey.OpNotIn:
		list, _ := c.Arg.([]any)
		return append(slices.Clone(list), "another")
	case journey.OpWithinLast, journey.OpWithinNext, journey.OpBefore, journey.OpAfter:
		return []any{time.Time{}}
	case journey.OpExists, journey.OpMissing:
		return []any{"something"}
	}
	switch arg := c.Arg.(type) {
	case bool:
		return []any{arg, !arg}
	case string:
		return []any{arg, "another"}
	case float64:
		return aroundNumber(c.Op, arg)
	case int64:
		return aroundNumber(c.Op, float64(arg))
	case int:
		return aroundNumber(c.Op, float64(arg))
	}
	return nil
}

func aroundNumber(op journey.Op, n float64) []any {
	if op == journey.OpLt || op == journey.OpLte {
		return []any{n - 1, n, n + 1}
	}
	return []any{n + 1, n, n - 1}
}
