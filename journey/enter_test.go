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
		"per, another":              {byEvent(&Reentry{Per: "order_id"}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("order_id=o-0")}}, "order_id=o-1", ""},
		"per, the same in it":       {byEvent(&Reentry{Per: "order_id"}), Entry{Via: ViaEvent, Event: order, Previous: []Past{active("order_id=o-1")}}, "order_id=o-1", NoEntryActive},
		"per, the same over":        {byEvent(&Reentry{Per: "order_id"}), Entry{Via: ViaEvent, Event: order, Previous: []Past{ended(0, "order_id=o-1")}}, "order_id=o-1", NoEntryReentry},
		"per a number":              {byEvent(&Reentry{Per: "n"}), Entry{Via: ViaEvent, Event: order}, "n=3", ""},
		"per nothing":               {byEvent(&Reentry{Per: "gone"}), Entry{Via: ViaEvent, Event: order}, "gone=", NoEntryProperty},
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
		in, not := Admit(c.def, c.entry)
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
	_, not := Admit(def, entry)
	assert.Equal(t, NoEntryFilter, not)
	entry.Event.Properties["total"] = 50.0
	in, not := Admit(def, entry)
	assert.Empty(t, not)
	assert.Equal(t, map[string]any{"total": 50.0}, in.Trigger)
}

func TestHoldoutIsFairAndLasting(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{API: true}, Holdout: 10}
	out := 0
	for i := range 5000 {
		e := Entry{Via: ViaAPI, APIKey: fmt.Sprint(i), Facts: Facts{Customer: Customer{ID: fmt.Sprintf("cus_%d", i)}}, Now: monday()}
		first, _ := Admit(def, e)
		e.Now, e.APIKey = e.Now.Add(Day), "again"
		second, _ := Admit(def, e)
		assert.Equal(t, first.Holdout, second.Holdout)
		if first.Holdout {
			out++
		}
	}
	assert.InDelta(t, 500, out, 100)
}

func TestLongEntryKeysAreHashed(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Enter: Enter{API: true}, Reentry: &Reentry{Per: "id"}}
	in, not := Admit(def, Entry{Via: ViaAPI, Properties: map[string]any{"id": strings.Repeat("x", 1<<20)}, Now: monday()})
	assert.Empty(t, not)
	assert.Less(t, len(in.EntryKey), 100)
}
