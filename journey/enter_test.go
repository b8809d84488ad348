package journey

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	now := monday()
	ended := func(ago time.Duration, key string) Past {
		end := now.Add(-ago)
		return Past{EntryKey: key, EndedAt: &end}
	}
	active := func(key string) Past { return Past{EntryKey: key, Active: true} }
	order := &Event{ID: "evt_1", Name: "Order Completed", Properties: map[string]any{"order_id": "o-1", "n": 3.0}, At: now.Add(-61 * Day)}
	byEvent := func(r *Reentry) *Definition {
		return &Definition{Key: "j", Enter: Enter{Event: "Order Completed"}, Reentry: r}
	}
	quiet := &Definition{Key: "j", Enter: Enter{Inactive: &Inactive{Event: "Order Completed", For: 60 * Day}}}
	api := &Definition{Key: "j", Enter: Enter{API: true}}
	for name, c := range map[string]struct {
		def      *Definition
		entry    Entry
		key, not string
	}{
		"never, new":                {byEvent(&Reentry{Never: true}), Entry{Via: ViaEvent, Event: order}, "once", ""},
		"never, again":              {byEvent(&Reentry{Never: true}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(900*Day, "once")}}, "once", NoEntryReentry},
		"never, in it":              {byEvent(&Reentry{Never: true}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("once")}}, "once", NoEntryActive},
		"not said":                  {byEvent(nil), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(Day, "once")}}, "once", NoEntryReentry},
		"always, several at once":   {byEvent(&Reentry{Always: true}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("evt_0")}}, "evt_1", ""},
		"always, the same event":    {byEvent(&Reentry{Always: true}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(0, "evt_1")}}, "evt_1", NoEntryReentry},
		"after, soon":               {byEvent(&Reentry{After: 180 * Day}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(179*Day, "x")}}, "evt_1", NoEntryReentry},
		"after, then":               {byEvent(&Reentry{After: 180 * Day}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(180*Day, "x")}}, "evt_1", ""},
		"after, in it":              {byEvent(&Reentry{After: 180 * Day}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(400*Day, "y"), active("x")}}, "evt_1", NoEntryActive},
		"per, another":              {byEvent(&Reentry{Per: []string{"order_id"}}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("order_id=o-0")}}, "order_id=o-1", ""},
		"per, the same in it":       {byEvent(&Reentry{Per: []string{"order_id"}}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("order_id=o-1")}}, "order_id=o-1", NoEntryActive},
		"per, the same over":        {byEvent(&Reentry{Per: []string{"order_id"}}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(0, "order_id=o-1")}}, "order_id=o-1", NoEntryReentry},
		"per a number":              {byEvent(&Reentry{Per: []string{"n"}}), Entry{Via: ViaEvent, Event: order}, "n=3", ""},
		"per nothing":               {byEvent(&Reentry{Per: []string{"gone"}}), Entry{Via: ViaEvent, Event: order}, "", NoEntryProperty},
		"another event":             {byEvent(&Reentry{Always: true}), Entry{Via: ViaEvent, Event: &Event{Name: "Login"}}, "", NoEntryTrigger},
		"imported history":          {byEvent(&Reentry{Always: true}), Entry{Via: ViaEvent, Event: &Event{Name: "Order Completed", Historical: true}}, "", NoEntryTrigger},
		"inactive":                  {quiet, Entry{Via: ViaInactive, Event: order}, "inactive:evt_1", ""},
		"inactive, asked again":     {quiet, Entry{Via: ViaInactive, Event: order, Previous: []Past{ended(Day, "inactive:evt_1")}}, "inactive:evt_1", NoEntryReentry},
		"not inactive for long":     {quiet, Entry{Via: ViaInactive, Event: &Event{Name: "Order Completed", At: now.Add(-59 * Day)}}, "", NoEntryTrigger},
		"an event does not trigger": {quiet, Entry{Via: ViaEvent, Event: order}, "", NoEntryTrigger},
		"api":                       {api, Entry{Via: ViaAPI, APIKey: "k"}, "k", ""},
		"api, once more":            {api, Entry{Via: ViaAPI, APIKey: "k", Previous: []Past{ended(0, "k")}}, "k", NoEntryReentry},
		"api, one at a time":        {api, Entry{Via: ViaAPI, APIKey: "k2", Previous: []Past{active("k")}}, "k2", NoEntryActive},
		"api into an event's":       {byEvent(&Reentry{Always: true}), Entry{Via: ViaAPI, APIKey: "k"}, "k", ""},
		"start":                     {api, Entry{Via: ViaStart, APIKey: "enr_1/start/1"}, "enr_1/start/1", ""},
	} {
		c.entry.Now = now
		in, not := admitOne(c.def, c.entry)
		assert.Equal(t, c.not, not, name)
		assert.Equal(t, c.key, in.EntryKey, name)
		assert.Equal(t, not == "", in.Yes, name)
	}
}

func TestAdmitFiltersAndBringsTheTrigger(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{Event: "Order Completed", If: &Cond{All: []*Cond{
		{Operand: &Value{From: FromTrigger, Path: "total"}, Op: OpGte, Arg: int64(50)},
		{Operand: &Value{From: FromAttribute, Path: "plan"}, Op: OpEq, Arg: "pro"},
	}}}, Reentry: &Reentry{Always: true}}
	entry := Entry{
		Via: ViaEvent, Event: &Event{ID: "evt_1", Name: "Order Completed", Properties: map[string]any{"total": 49.0}}, Now: monday(),
		Facts: Facts{Customer: Customer{ID: "cus_1", Attributes: map[string]any{"plan": "pro"}}},
	}
	_, not := admitOne(def, entry)
	assert.Equal(t, NoEntryFilter, not)
	entry.Event.Properties["total"] = 50.0
	in, not := admitOne(def, entry)
	assert.Empty(t, not)
	assert.Equal(t, map[string]any{"total": 50.0}, in.Trigger)
}

func TestHoldoutIsFairAndLasting(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{API: true}, Holdout: 10}
	out := 0
	for i := range 5000 {
		e := Entry{Via: ViaAPI, APIKey: fmt.Sprint(i), Facts: Facts{Customer: Customer{ID: fmt.Sprintf("cus_%d", i)}}, Now: monday()}
		first, _ := admitOne(def, e)
		e.Now, e.APIKey = e.Now.Add(Day), "again"
		second, _ := admitOne(def, e)
		assert.Equal(t, first.Holdout, second.Holdout)
		if first.Holdout {
			out++
		}
	}
	assert.InDelta(t, 500, out, 100)
}

func TestLongEntryKeysAreHashed(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{API: true}, Reentry: &Reentry{Per: []string{"id"}}}
	in, not := admitOne(def, Entry{Via: ViaAPI, Properties: map[string]any{"id": strings.Repeat("x", 1<<20)}, Now: monday()})
	assert.Empty(t, not)
	assert.Less(t, len(in.EntryKey), 100)
}

// admitOne is the answer of a journey without `each`.
func admitOne(def *Definition, e Entry) (Entering, string) {
	all := Admit(def, e)
	return all[0], all[0].Refused
}

func TestAdmitPerItem(t *testing.T) {
	t.Parallel()
	def := parsed(t, `
journey: a
name: A
topic: offers
enter:
  when: { event: Order Completed }
  each: { in: products, as: line, unique: category }
  if: { var: line.price, gte: 10 }
reentry: { per: [order_id, line.category], meanwhile: restart }
steps: [ { branch: [ { if: { var: line.sku, eq: x }, then: [ { exit: x } ] } ] } ]
`)
	line := func(category string, price float64) any { return map[string]any{"category": category, "price": price} }
	entry := Entry{Via: ViaEvent, Now: monday(), Event: &Event{ID: "evt_1", Name: "Order Completed", Properties: map[string]any{
		"order_id": "o-1", "products": []any{line("sofa", 900), line("sofa", 20), line("lamp", 5), line("rug", 50), map[string]any{"price": 99.0}},
	}}, Previous: []Past{{EntryKey: "order_id=o-1&line.category=rug#rug", Active: true}}}
	var got []string
	for _, in := range Admit(def, entry) {
		got = append(got, strings.TrimSpace(fmt.Sprint(in.EntryKey, " ", in.Refused, " ", in.Meanwhile)))
	}
	assert.Equal(t, []string{
		"order_id=o-1&line.category=sofa#sofa", "order_id=o-1&line.category=sofa#sofa active", "filter",
		"order_id=o-1&line.category=rug#rug active restart", "missing_property",
	}, got)
	assert.Equal(t, map[string]any{"line": line("sofa", 900)}, Admit(def, entry)[0].Vars)
	entry.Event.Properties["products"] = nil
	assert.Equal(t, NoEntryItems, Admit(def, entry)[0].Refused)

	def.Enter.Each.Unique, def.Enter.If, def.Reentry = "", nil, &Reentry{Never: true}
	entry.Event.Properties["products"], entry.Previous = []any{"a", "b"}, nil
	all := Admit(def, entry)
	assert.True(t, all[0].Yes && all[1].Yes, "each item of one order, once: %+v", all)
	entry.Previous = []Past{{EntryKey: all[0].EntryKey}}
	assert.Equal(t, NoEntryReentry, Admit(def, entry)[1].Refused)
}

func TestAdmitWhenAnAttributeBecomes(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{Attribute: "plan", Becomes: "pro"}}
	for _, c := range []struct {
		was, is any
		want    bool
	}{{nil, "pro", true}, {"free", "pro", true}, {"pro", "pro", false}, {"pro", "free", false}, {"free", nil, false}} {
		e := Entry{Via: ViaAttribute, Event: &Event{ID: "evt_1"}, Was: c.was, Now: monday(),
			Facts: Facts{Customer: Customer{ID: "cus_1", Attributes: map[string]any{"plan": c.is}}}}
		in, _ := admitOne(def, e)
		assert.Equal(t, c.want, in.Yes, "%v to %v", c.was, c.is)
	}
}

func TestFurtherTriggers(t *testing.T) {
	t.Parallel()
	steps := "steps: [ { wait: { until: { trigger: starts_at }, if_missing: exit } }, { send: hello }, { wait: 5d } ]\n"
	s := tell(t, head+steps)
	s.st.Trigger["starts_at"] = "2026-11-30T09:00:00Z"
	s.advance().pass(Day)
	s.facts.Requests = []Request{{Verb: VerbUpdate, By: "trigger", Trigger: map[string]any{"starts_at": "2026-11-25T09:00:00Z"}}}
	s.advance().pass(3 * Day)
	assert.Equal(t, []string{"2d hello"}, s.sent())
	s.facts.Requests = []Request{{Verb: VerbRestart, By: "trigger", Trigger: map[string]any{"starts_at": "2026-12-03T09:00:00Z"}}}
	s.advance().pass(20 * Day)
	assert.Equal(t, []string{"2d hello", "10d hello"}, s.sent())
	assert.Equal(t, []string{"0d entered", "1d updated", "1d recomputed", "2d send hello", "4d restarted", "10d send hello", "15d exited finished"}, s.timeline())
}
