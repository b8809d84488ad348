package journey

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
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
)

// Entry is one occasion at which a customer may enter a journey.
type Entry struct {
	Via        Via
	Event      *Event         // the trigger; for ViaInactive the last event of that name; may be nil for ViaAPI and ViaStart
	Properties map[string]any // ViaAPI and ViaStart: what came along
	Facts      Facts          // of the customer, for enter.if
	Previous   []Past         // her enrollments in this journey, of any version
	Now        time.Time
	APIKey     string // ViaAPI and ViaStart: the entry key that was given, or the idempotency key
}

// Past is an enrollment that there is already.
type Past struct {
	EntryKey string
	Active   bool
	EndedAt  *time.Time
}

// Entering says that she enters, and how.
type Entering struct {
	Yes      bool
	EntryKey string         // unique per journey and customer; set also when an enrollment of that key is the reason not to
	Holdout  bool           // she is counted and receives nothing: the same answer for ever
	Trigger  map[string]any // State.Trigger
}

// Reasons why she does not enter.
const (
	NoEntryTrigger  = "trigger"          // it is not this journey's trigger
	NoEntryFilter   = "filter"           // enter.if does not hold
	NoEntryProperty = "missing_property" // reentry is per a property that is not there
	NoEntryActive   = "active"           // she is in the journey
	NoEntryReentry  = "reentry"          // she has been in the journey
)

// longestKey keeps an entry key fit for an index; what is longer is hashed.
const longestKey = 200

// Admit decides whether the customer enters. It is pure; the caller holds the lock under which Previous is true. The second
// result is why not, "" when she does.
func Admit(def *Definition, e Entry) (Entering, string) {
	in := Entering{Trigger: e.trigger(), Holdout: def.holdsOut(e.Facts.Customer.ID)}
	if !e.triggers(def) {
		return in, NoEntryTrigger
	}
	l := Lookup{
		Facts: &e.Facts, State: &State{Trigger: in.Trigger}, Event: e.Event, Segments: def.Declares.Segments, Now: e.Now,
	}
	if !def.Enter.If.Holds(l, nil) {
		return in, NoEntryFilter
	}
	reentry := def.reentry()
	var known bool
	if in.EntryKey, known = e.key(reentry, in.Trigger); !known {
		return in, NoEntryProperty
	}
	reason := e.refused(reentry, in.EntryKey)
	in.Yes = reason == ""
	return in, reason
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
	case e.Properties != nil:
		return cloneMap(e.Properties)
	case e.Event != nil:
		return cloneMap(e.Event.Properties)
	}
	return nil
}

// triggers says whether the occasion is the one that the journey names.
func (e Entry) triggers(def *Definition) bool {
	switch e.Via {
	case ViaEvent:
		return e.Event != nil && !e.Event.Historical && def.Enter.Event != "" && e.Event.Name == def.Enter.Event
	case ViaInactive:
		quiet := def.Enter.Inactive
		return quiet != nil && e.Event != nil && e.Event.Name == quiet.Event && !e.Event.At.Add(quiet.For).After(e.Now)
	default:
		return e.Via == ViaAPI || e.Via == ViaStart
	}
}

// key names the enrollment among those of the customer in this journey.
func (e Entry) key(r Reentry, trigger map[string]any) (string, bool) {
	switch {
	case r.Per != "":
		v, _ := at(trigger, r.Per)
		text, scalar := keyText(v)
		return short(r.Per + "=" + text), scalar
	case r.Never:
		return "once", true
	case e.APIKey != "":
		return short(e.APIKey), true
	case e.Event == nil:
		return string(e.Via) + ":" + strconv.FormatInt(e.Now.UnixNano(), 10), true
	case e.Via == ViaInactive:
		return "inactive:" + e.Event.ID, true
	}
	return e.Event.ID, true
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
	severalAtOnce := r.Always || r.Per != ""
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
