package simulate

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"perennial/journey"
)

// facts loads what the decision may look at, as the store does.
func (w *world) facts(e *enrollment) journey.Facts {
	f := w.person()
	f.Requests, f.Call = e.requests, e.call
	for _, m := range w.out.Mails {
		if m.To == w.persona.Customer.ID {
			f.Sent = append(f.Sent, journey.SentFact{Journey: w.def.Key, Topic: m.Topic, At: m.At})
		}
	}
	f.EnrollmentID, f.Pauses, f.Winners = e.id, slices.Clone(w.pauses), w.opts.Winners
	f.Recipients = w.recipients()
	f.Coupons, f.Messages = maps.Clone(e.coupons), slices.Clone(e.messages)
	for _, event := range w.stream[e.state.Cursor:] { // numbers count from 1
		if slices.Contains(w.needs.Events, event.Name) {
			f.Events = append(f.Events, event)
		}
	}
	return f
}

// person is the part of the facts that is about her.
func (w *world) person() journey.Facts {
	f := journey.Facts{
		JourneyKey: w.def.Key, Version: w.opts.Version, Customer: w.persona.Customer, Account: w.persona.Account, Zone: w.zone(),
		Applied: int64(len(w.stream)), Suppressed: w.persona.Suppressed,
		History: map[string][]journey.Event{}, Coupons: map[string]journey.Coupon{}, Empty: map[string]bool{},
		Journeys: map[string]string{},
	}
	f.Customer.Attributes = maps.Clone(f.Customer.Attributes)
	for _, name := range w.needs.History {
		for _, e := range slices.Backward(w.stream) {
			if e.Name == name && e.Kind != journey.KindColleague && len(f.History[name]) < journey.HistoryMax {
				f.History[name] = append(f.History[name], e)
			}
		}
	}
	f.AccountHistory = map[string][]journey.Event{}
	for _, name := range w.needs.AccountHistory {
		for _, e := range slices.Backward(w.stream) {
			if e.Name == name {
				f.AccountHistory[name] = append(f.AccountHistory[name], e)
			}
		}
	}
	for _, key := range w.needs.Journeys {
		f.Journeys[key] = "never"
		if key == w.def.Key {
			f.Journeys[key] = w.standing()
		}
	}
	return f
}

// standing is whether she is in the journey, was, or never.
func (w *world) standing() string {
	is := "never"
	if len(w.persona.Past) > 0 {
		is = "finished"
	}
	for _, e := range w.enrollments {
		if e.state.Status != journey.StatusEnded {
			return "active"
		}
		is = "finished"
	}
	return is
}

// recipients are those of her account who have a role, herself included.
func (w *world) recipients() []journey.Recipient {
	if len(w.needs.Roles) == 0 {
		return nil
	}
	all := append([]Colleague{{Customer: w.persona.Customer}}, w.persona.Colleagues...)
	slices.SortFunc(all, func(a, b Colleague) int { return strings.Compare(a.Customer.ID, b.Customer.ID) })
	var out []journey.Recipient
	for i, c := range all {
		if !slices.Contains(w.needs.Roles, c.Customer.AccountRole) {
			continue
		}
		r := journey.Recipient{
			ID: c.Customer.ID, Role: c.Customer.AccountRole, Email: c.Customer.Email, Consents: c.Customer.Consents, Zone: w.zoneOf(all[i].Customer),
			Suppressed: c.Customer.ID == w.persona.Customer.ID && w.persona.Suppressed,
		}
		if c.Agreed {
			r.Consents = map[string]journey.Consent{}
			for _, topic := range w.needs.Topics {
				r.Consents[topic] = journey.ConsentGiven
			}
		}
		for _, m := range w.out.Mails {
			if m.To == r.ID {
				r.Sent = append(r.Sent, journey.SentFact{Journey: w.def.Key, Topic: m.Topic, At: m.At})
			}
		}
		out = append(out, r)
	}
	return out
}

// zone is hers, else the installation's.
func (w *world) zone() *time.Location { return w.zoneOf(w.persona.Customer) }

func (w *world) zoneOf(c journey.Customer) *time.Location {
	if zone := w.zones.named(c.Timezone); zone != nil {
		return zone
	}
	if w.opts.Brand.Zone != nil {
		return w.opts.Brand.Zone
	}
	return time.UTC
}

// zones keeps those that were loaded, which is a file each time: a fifth of what a simulation costs.
type zones struct{ loaded sync.Map }

// named returns nil for a zone that there is not.
func (z *zones) named(name string) *time.Location {
	if name == "" {
		return nil
	}
	if zone, known := z.loaded.Load(name); known {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = nil
	}
	z.loaded.Store(name, zone)
	return zone
}

// apply is intake: the event gets its number, changes her profile, wakes who listens, and may begin an enrollment.
func (w *world) apply(event journey.Event) {
	event.CustomerID, event.ReceivedAt, event.Number = w.persona.Customer.ID, w.now, int64(len(w.stream)+1)
	if event.ID == "" {
		event.ID = w.newID(journey.PrefixEvent)
	}
	if event.At.IsZero() {
		event.At = w.now
	}
	w.stream = append(w.stream, event)
	if event.Kind == journey.KindColleague {
		w.wake(journey.ListenColleague + event.Name)
		return
	}
	wakes := []string{journey.ListenEvent + event.Name}
	before := w.persona.Customer
	if w.opts.Profile != nil {
		change := w.opts.Profile(w.persona.Customer, event)
		w.persona.Customer = change.Customer
		wakes = append(wakes, change.Changed...)
		for _, c := range change.Consents {
			wakes = append(wakes, journey.ListenConsent+c.Topic)
		}
	}
	w.persona.Customer.Applied = event.Number
	w.wake(wakes...)
	if event.Kind == journey.KindTrack || event.Kind == journey.KindOwn {
		w.admit(journey.Entry{Via: journey.ViaEvent, Event: &event})
	}
	if w.def.Enter.Attribute != "" {
		w.admit(journey.Entry{Via: journey.ViaAttribute, Event: &event, Was: before.Attribute(w.def.Enter.Attribute)})
	}
}

func (w *world) wake(names ...string) {
	for _, e := range w.enrollments {
		if e.state.Status == journey.StatusEnded || e.due != "" {
			continue
		}
		if slices.ContainsFunc(names, func(n string) bool { return slices.Contains(e.listens, n) }) {
			e.due = journey.CauseWake
		}
	}
}

// wakeAll is what control does after a pause or a resume.
func (w *world) wakeAll() {
	for _, e := range w.enrollments {
		if e.state.Status != journey.StatusEnded && e.due == "" {
			e.due = journey.CauseWake
		}
	}
}

// admit begins an enrollment where the journey says so.
func (w *world) admit(entry journey.Entry) {
	entry.Facts, entry.Now, entry.Previous = w.person(), w.now, slices.Clone(w.persona.Past)
	for _, e := range w.enrollments {
		entry.Previous = append(entry.Previous, journey.Past{
			EntryKey: e.key, Active: e.state.Status != journey.StatusEnded, EndedAt: e.state.EndedAt,
		})
	}
	for _, in := range journey.Admit(w.def, entry) {
		w.begin(in)
	}
}

// begin begins one enrollment, or tells the one that there is of the further trigger.
func (w *world) begin(in journey.Entering) {
	if in.Meanwhile != "" {
		for _, e := range w.enrollments {
			if e.key == in.EntryKey && e.state.Status != journey.StatusEnded {
				e.requests = append(e.requests, journey.Request{
					Verb: in.Meanwhile, By: "trigger", Trigger: in.Trigger, Vars: in.Vars,
				})
				e.due = journey.CauseWake
			}
		}
	}
	if !in.Yes {
		if in.Refused != journey.NoEntryTrigger && in.Refused != "" {
			w.out.Refused[in.Refused]++
		}
		return
	}
	w.enrollments = append(w.enrollments, &enrollment{
		id: w.newID(journey.PrefixEnrollment), key: in.EntryKey, due: journey.CauseStart,
		coupons: map[string]journey.Coupon{}, expired: map[string]bool{},
		state: journey.State{
			Status: journey.StatusActive, EnteredAt: w.now, Since: w.now, Trigger: in.Trigger, Vars: in.Vars, Holdout: in.Holdout,
			Cursor: int64(len(w.stream)),
		},
	})
}

// silence is when the last event of the journey's inactivity trigger will have been long enough ago.
func (w *world) silence() (time.Time, bool) {
	last, waits := w.lastBeforeSilence()
	if !waits {
		return time.Time{}, false
	}
	return last.At.Add(w.def.Enter.Inactive.For), true
}

func (w *world) lastBeforeSilence() (journey.Event, bool) {
	quiet := w.def.Enter.Inactive
	if quiet == nil {
		return journey.Event{}, false
	}
	for _, e := range slices.Backward(w.stream) {
		if e.Name == quiet.Event && e.Kind != journey.KindColleague {
			return e, !w.tried[e.ID]
		}
	}
	return journey.Event{}, false
}

// fallSilent is the scan for inactive customers.
func (w *world) fallSilent() {
	last, waits := w.lastBeforeSilence()
	if !waits || last.At.Add(w.def.Enter.Inactive.For).After(w.now) {
		return
	}
	w.tried[last.ID] = true
	w.admit(journey.Entry{Via: journey.ViaInactive, Event: &last})
}
