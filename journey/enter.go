package journey

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Via says what asks for an enrollment.
type Via string

// The ways in.
const (
	ViaEvent    Via = "event"
	ViaInactive Via = "inactive"
	ViaAPI      Via = "api"
	ViaStart    Via = "start" // a step of another journey

	ViaAttribute Via = "attribute"
	ViaCalendar  Via = "calendar"
	ViaSegment   Via = "segment"
)

// Entry is one occasion at which a customer may enter a journey.
type Entry struct {
	Via        Via
	Event      *Event         // the trigger; for ViaInactive the last event of that name; may be nil for ViaAPI and ViaStart
	Properties map[string]any // ViaAPI and ViaStart: what came along
	Facts      Facts          // of the customer, for enter.if
	Rivals     []Rival        // her active enrollments in other journeys that have a group
	Previous   []Past         // her enrollments in this journey, of any version
	Now        time.Time
	APIKey     string    // ViaAPI and ViaStart: the entry key that was given, or the idempotency key
	Occasion   *Occasion // ViaCalendar
	Was        any       // ViaAttribute: what the attribute was before; nil: missing
	Segment    string    // ViaSegment: the one into which she came, or which she left
	Left       bool

	item    map[string]any // of Enter.Each: the item as var
	itemKey string         // tells it apart from the others, with a # before it
}

// Past is an enrollment that there is already.
type Past struct {
	EntryKey string
	Active   bool
	EndedAt  *time.Time
}

// Rival is an active enrollment in another journey that belongs to a group.
type Rival struct {
	ID       string // enr_…
	Group    string
	Priority int
}

// Entering says that she enters, and how.
type Entering struct {
	Yes      bool
	EntryKey string         // unique per journey and customer; set also when an enrollment of that key is the reason not to
	Holdout  bool           // she is counted and receives nothing: the same answer for ever
	Trigger  map[string]any // State.Trigger
	Vars     map[string]any // State.Vars: the item of Enter.Each
	Refused  string         // why not; "" when she enters
	Replaces []string       // enrollments that are to exit, with ReasonReplaced: journeys of the same group, of lower priority

	// Meanwhile is what the enrollment of that key, which is active, is to do with this trigger: "", VerbUpdate or VerbRestart.
	Meanwhile string
}

// Reasons why she does not enter.
const (
	NoEntryTrigger  = "trigger"          // it is not this journey's trigger
	NoEntryFilter   = "filter"           // enter.if does not hold
	NoEntryProperty = "missing_property" // reentry is per a property that is not there
	NoEntryActive   = "active"           // she is in the journey
	NoEntryReentry  = "reentry"          // she has been in the journey
	NoEntryGroup    = "group"            // she is in a journey of the same group, whose priority is as high
	NoEntryItems    = "no_items"         // the trigger has no list to make enrollments of
)

// maxItems is how many enrollments one trigger can make.
const maxItems = 100

// longestKey keeps an entry key fit for an index; what is longer is hashed.
const longestKey = 200

// Admit decides whether the customer enters, and per item of a list where the journey says `each`: there is one answer at
// least. It is pure; the caller holds the lock under which Previous is true.
func Admit(def *Definition, e Entry) []Entering {
	each := def.Enter.Each
	if each == nil || !e.triggers(def) {
		return []Entering{e.admit(def)}
	}
	got, _ := at(e.trigger(), each.In)
	list, _ := got.([]any)
	if len(list) == 0 {
		return []Entering{{Trigger: e.trigger(), Refused: NoEntryItems}}
	}
	var out []Entering
	previous, seen := e.Previous, map[string]bool{}
	for i, item := range list[:min(len(list), maxItems)] {
		e.item, e.itemKey, e.Previous = map[string]any{each.As: clone(item)}, "#"+strconv.Itoa(i), previous
		if each.Unique != "" {
			v, _ := at(item, each.Unique)
			text, known := keyText(v)
			if !known {
				out = append(out, Entering{Trigger: e.trigger(), Vars: e.item, Refused: NoEntryProperty})
				continue
			}
			e.itemKey = "#" + short(text)
			e.Previous = ofItem(previous, e.itemKey)
		}
		in := e.admit(def)
		if in.Yes && each.Unique != "" {
			previous = append(previous[:len(previous):len(previous)], Past{EntryKey: in.EntryKey, Active: true})
		}
		if seen[in.EntryKey] { // the same item twice in one list is no further trigger
			in.Meanwhile = ""
		}
		seen[in.EntryKey] = true
		out = append(out, in)
	}
	return out
}

// ofItem leaves the enrollments of one item: those of others do not keep her out.
func ofItem(all []Past, itemKey string) []Past {
	var out []Past
	for _, p := range all {
		if strings.HasSuffix(p.EntryKey, itemKey) {
			out = append(out, p)
		}
	}
	return out
}

func (e Entry) admit(def *Definition) Entering {
	in := Entering{Trigger: e.trigger(), Vars: e.item, Holdout: def.holdsOut(e.Facts.Customer.ID)}
	if !e.triggers(def) {
		in.Refused = NoEntryTrigger
		return in
	}
	state := &State{Trigger: in.Trigger, Vars: in.Vars}
	l := Lookup{Facts: &e.Facts, State: state, Event: e.Event, Segments: def.Declares.Segments, Now: e.Now}
	if segment := def.Enter.Segment(); segment != "" && e.Occasion != nil && !(&Cond{Segment: segment}).Holds(l, nil) {
		in.Refused = NoEntryFilter
		return in
	}
	if !def.Enter.If.Holds(l, nil) {
		in.Refused = NoEntryFilter
		return in
	}
	reentry := def.reentry()
	var known bool
	if in.EntryKey, known = e.key(reentry, state); !known {
		in.Refused = NoEntryProperty
		return in
	}
	in.EntryKey += e.itemKey
	in.Refused = e.refused(reentry, in.EntryKey)
	if in.Refused == "" {
		in.Replaces, in.Refused = e.displaces(def)
	}
	in.Yes = in.Refused == ""
	if in.Refused == NoEntryActive && e.isIn(in.EntryKey) {
		in.Meanwhile = map[string]string{"update": VerbUpdate, "restart": VerbRestart}[reentry.Meanwhile]
	}
	return in
}

// displaces returns the enrollments that make room for this one, or the reason why they do not: of the journeys in a group
// she is in one at a time.
func (e Entry) displaces(def *Definition) ([]string, string) {
	var out []string
	for _, r := range e.Rivals {
		switch {
		case def.Group == "" || r.Group != def.Group:
		case r.Priority >= def.Priority:
			return nil, NoEntryGroup
		default:
			out = append(out, r.ID)
		}
	}
	return out, ""
}

// isIn says whether the enrollment of that key is active.
func (e Entry) isIn(key string) bool {
	for _, p := range e.Previous {
		if p.Active && p.EntryKey == key {
			return true
		}
	}
	return false
}

// reentry is what the journey says. A trigger that needs no saying lets her in again once the last one has ended, and an
// event without it, which validation refuses, once only.
func (d *Definition) reentry() Reentry {
	switch {
	case d.Reentry != nil:
		return *d.Reentry
	case d.Enter.Event != "":
		return Reentry{Never: true}
	}
	return Reentry{}
}

// holdsOut draws the holdout: the same customers for ever.
func (d *Definition) holdsOut(customer string) bool { return drawn(customer+"/"+d.Key) < d.Holdout }

// trigger is what the journey will read under that name. Inactivity brings nothing: the last event is long gone.
func (e Entry) trigger() map[string]any {
	switch {
	case e.Via == ViaInactive:
		return nil
	case e.Via == ViaAttribute:
		return e.change()
	case e.Via == ViaSegment:
		return map[string]any{}
	case e.Occasion != nil:
		return map[string]any{"date": e.Occasion.Date}
	case e.Properties != nil:
		return cloneMap(e.Properties)
	case e.Event != nil:
		return cloneMap(e.Event.Properties)
	}
	return nil
}

// change says what an attribute was.
func (e Entry) change() map[string]any {
	change := map[string]any{}
	if e.Was != nil {
		change["was"] = clone(e.Was)
	}
	return change
}

// became says whether the attribute is now what the journey waits for, and was not before.
func (e Entry) became(def *Definition) bool {
	is, known := e.Facts.Customer.attribute(def.Enter.Attribute)
	return def.Enter.Attribute != "" && known && equal(is, def.Enter.Becomes) && (e.Was == nil || !equal(e.Was, def.Enter.Becomes))
}

// triggers says whether the occasion is the one that the journey names.
func (e Entry) triggers(def *Definition) bool {
	switch e.Via {
	case ViaEvent:
		return e.Event != nil && !e.Event.Historical && def.Enter.Event != "" && e.Event.Name == def.Enter.Event
	case ViaInactive:
		quiet := def.Enter.Inactive
		return quiet != nil && e.Event != nil && e.Event.Name == quiet.Event && !e.Event.At.Add(quiet.For).After(e.Now)
	case ViaAttribute:
		return (e.Event == nil || !e.Event.Historical) && e.became(def)
	case ViaSegment:
		return def.Enter.Joins != "" && e.Segment == def.Enter.Joins && e.Left == def.Enter.Leaves
	case ViaCalendar:
		return def.Enter.ByCalendar() && e.Occasion != nil && !e.Occasion.At.After(e.Now)
	default:
		return e.Via == ViaAPI || e.Via == ViaStart
	}
}

// key names the enrollment among those of the customer in this journey.
func (e Entry) key(r Reentry, st *State) (string, bool) {
	switch {
	case len(r.Per) > 0:
		return e.keyOf(r.Per, st)
	case r.Never:
		return "once", true
	case e.APIKey != "":
		return short(e.APIKey), true
	case e.Occasion != nil:
		return e.Occasion.Key, true
	case e.Event == nil:
		return string(e.Via) + ":" + strconv.FormatInt(e.Now.UnixNano(), 10), true
	case e.Via == ViaInactive:
		return "inactive:" + e.Event.ID, true
	}
	return e.Event.ID, true
}

// keyOf names it by values of the trigger, or of the item.
func (e Entry) keyOf(paths []string, st *State) (string, bool) {
	parts := make([]string, len(paths))
	for i, path := range paths {
		from := st.Trigger
		if _, ofItem := st.Vars[firstPart(path)]; ofItem {
			from = st.Vars
		}
		v, _ := at(from, path)
		text, scalar := keyText(v)
		if !scalar {
			return "", false
		}
		parts[i] = path + "=" + text
	}
	return short(strings.Join(parts, "&")), true
}

func keyText(v any) (string, bool) {
	if i, whole := wholeOf(v); whole {
		return strconv.FormatInt(i, 10), true
	}
	if f, number := numberOf(v); number {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

func short(key string) string {
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// refused looks at where she has been.
func (e Entry) refused(r Reentry, key string) string {
	severalAtOnce := r.Always || len(r.Per) > 0
	reason := ""
	for _, p := range e.Previous {
		switch {
		case p.Active && (p.EntryKey == key || !severalAtOnce):
			return NoEntryActive
		case p.EntryKey == key, r.Never:
			reason = NoEntryReentry
		case r.After > 0 && p.EndedAt != nil && e.Now.Before(p.EndedAt.Add(r.After)):
			reason = NoEntryReentry
		}
	}
	return reason
}
