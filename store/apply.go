package store

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// application is one batch of the inbox on its way: customers under their locks, changed in memory event by event, written
// at the end. The number of statements does not grow with the number of events.
type application struct {
	s       *Store
	tx      pgx.Tx
	profile Profiler
	now     time.Time
	bounds  journey.ScoreBounds

	fresh []*person  // new customers
	links []link     // new ids, of new customers or of others
	from  *importing // the import whose lines stand behind what waited in the inbox; nil: none

	live     []live
	broken   []string // live journeys that this program cannot read
	people   map[string]*person
	enrolled map[string][]*enrolled // by customer
	members  members                // of segments
	grouped  map[string]bool        // accounts of which something was said
	accounts map[string]bool        // whose customers may be in other segments now

	recent   map[string][]journey.Event // applied here, by customer
	done     []appliedEvent
	own      []string // ids of our own events, in order
	totals   map[totalKey]*total
	proofs   []journey.ConsentChange
	consents []journey.ConsentChange // those that hold, in order
	agreed   []journey.Event         // Topic Subscribed and Unsubscribed, of what she said by identify
	entries  pgx.Batch
	entered  bool
	woken    map[string]bool
	touched  map[string]bool // customers whose row changed
}

type totalKey struct{ Customer, Name string }

type total struct {
	Count       int64
	First, Last time.Time
	LastEventID string
}

// appliedEvent is what becomes of one event's row.
type appliedEvent struct {
	ID, Customer string
	Number       int64
	Outcome      outcome
}

// outcome is what an event did, and why nothing; it answers "why did she not enter?".
type outcome struct {
	Entered []string  `json:"entered,omitempty"` // enrollments
	Woke    []string  `json:"woke,omitempty"`    // enrollments
	Changed []string  `json:"changed,omitempty"` // attributes, consents
	Ignored []ignored `json:"ignored,omitempty"`
	Reason  string    `json:"reason,omitempty"` // why the event as a whole did nothing: historical, nobody
}

type ignored struct {
	Journey string `json:"journey"`
	Reason  string `json:"reason"`
}

// apply takes one event: a number, her profile and consents, the totals, the journeys that it starts, the waits that it ends.
func (a *application) apply(ctx context.Context, e *journey.Event, customer string) error {
	p := a.people[customer]
	if p == nil { // she was erased, or nobody is named
		a.done = append(a.done, appliedEvent{ID: e.ID, Outcome: outcome{Reason: "nobody"}})
		return nil
	}
	p.Applied++
	e.Number, e.CustomerID = p.Applied, p.ID
	if e.Kind == journey.KindColleague {
		a.hearOfColleague(p, *e)
		return nil
	}
	before := p.Customer
	changed, err := a.change(ctx, p, *e)
	if err != nil {
		return err
	}
	a.count(*e)
	if slices.Contains(a.members.needs.AccountHistory, e.Name) {
		a.accounts[p.AccountID] = true
	}
	a.recent[p.ID] = append(a.recent[p.ID], *e)
	if e.Kind == journey.KindOwn {
		a.own = append(a.own, e.ID)
	}
	var o outcome
	for _, c := range changed {
		o.Changed = append(o.Changed, strings.TrimPrefix(c, journey.ListenAttribute))
	}
	heard := changed
	if e.Name != "" {
		heard = append(slices.Clone(changed), journey.ListenEvent+e.Name)
	}
	crossed, err := a.reconsider(ctx, p, look{heard: heard, all: p.Applied == 1 || e.Kind == journey.KindGroup, silent: e.Historical, event: e}, &o)
	if err != nil {
		return err
	}
	if e.Historical {
		o.Reason = "historical"
		heard = append(slices.Clone(changed), crossed...)
	} else {
		heard = append(heard, crossed...)
		if err := a.trigger(ctx, p, before, *e, &o); err != nil {
			return err
		}
	}
	a.wakeThose(p.ID, heard, &o)
	a.done = append(a.done, appliedEvent{ID: e.ID, Customer: p.ID, Number: e.Number, Outcome: o})
	return nil
}

// hearOfColleague wakes the enrollments that a colleague's event concerns. It is nothing that she did.
func (a *application) hearOfColleague(p *person, e journey.Event) {
	var o outcome
	a.touched[p.ID] = true
	a.wakeThose(p.ID, []string{journey.ListenColleague + e.Name}, &o)
	a.done = append(a.done, appliedEvent{ID: e.ID, Customer: p.ID, Number: e.Number, Outcome: o})
}

// change applies the event to her profile and says what is different.
func (a *application) change(ctx context.Context, p *person, e journey.Event) ([]string, error) {
	change, err := safely(func() journey.Change { return a.profile(p.Customer, e) })
	if err != nil {
		return nil, err
	}
	consents := p.Consents
	p.Customer = change.Customer
	changed := slices.Clone(change.Changed)
	if e.Kind != journey.KindOwn && e.Kind != journey.KindColleague {
		for _, name := range a.bounds.Apply(p.Attributes, a.now) {
			changed = append(changed, journey.ListenAttribute+name)
		}
	}
	for _, c := range change.Consents {
		c.CustomerID = p.ID
		a.proofs = append(a.proofs, c)
		if last, ok := p.ConsentAt[c.Topic]; ok && (c.At.Before(last) || c.At.Equal(last) && c.Is != journey.ConsentWithdrawn) {
			p.Consents[c.Topic] = consents[c.Topic] // she has changed her mind since: the proof is kept, the later word holds
			continue
		}
		p.ConsentAt[c.Topic] = c.At
		a.consents = append(a.consents, c)
		if e.Kind == journey.KindIdentify && !e.Historical && !e.Imported() { // an import is no news of hers
			a.agreed = append(a.agreed, *consentEvent(c))
		}
		changed = append(changed, journey.ListenConsent+c.Topic)
	}
	if e.Kind == journey.KindGroup {
		account, err := joinAccount(ctx, a.tx, e, p.AccountID)
		if err != nil {
			return nil, err
		}
		p.joins(account, e)
		a.grouped[account] = true
		a.members.memory = nil // what it says of accounts is old
		if a.members.needs.Account {
			a.accounts[account] = true
		}
	}
	a.touched[p.ID] = true
	return changed, nil
}

// traitRole is the trait of group that says what the customer is in the account.
const traitRole = "role"

// joins takes what group says of her. Another account begins without a role; null takes the one that she has.
func (p *person) joins(account string, e journey.Event) {
	if account != p.AccountID {
		p.AccountRole = ""
	}
	p.AccountID = account
	traits, _ := e.Properties["traits"].(map[string]any)
	if role, said := traits[traitRole]; said {
		p.AccountRole, _ = role.(string)
	}
}

// joinAccount keeps what group says of an account, and returns the customer's.
func joinAccount(ctx context.Context, tx pgx.Tx, e journey.Event, before string) (string, error) {
	external, _ := e.Properties["group_id"].(string)
	if external == "" {
		return before, nil
	}
	traits, _ := e.Properties["traits"].(map[string]any)
	if traits = maps.Clone(traits); traits != nil {
		delete(traits, traitRole) // hers, not the account's
	}
	name, _ := traits["name"].(string)
	text, err := journey.JSONObject(traits)
	if err != nil {
		return "", err
	}
	var id string
	err = tx.QueryRow(ctx, `
		INSERT INTO accounts AS a (id, external_id, name, attributes) VALUES ($1, $2, $3, $4)
		ON CONFLICT (external_id) DO UPDATE SET attributes = a.attributes || excluded.attributes,
		    name = CASE excluded.name WHEN '' THEN a.name ELSE excluded.name END
		RETURNING id`, journey.NewID(journey.PrefixAccount), external, name, text).Scan(&id)
	return id, err
}

// count keeps how often and when events of a name happened.
func (a *application) count(e journey.Event) {
	if e.Name == "" {
		return
	}
	key := totalKey{e.CustomerID, e.Name}
	t := a.totals[key]
	if t == nil {
		t = &total{First: e.At, Last: e.At, LastEventID: e.ID}
		a.totals[key] = t
	}
	t.Count++
	if e.At.Before(t.First) {
		t.First = e.At
	}
	if !e.At.Before(t.Last) {
		t.Last, t.LastEventID = e.At, e.ID
	}
}

// trigger lets her into the journeys that the event starts. Before is what she was before it.
func (a *application) trigger(ctx context.Context, p *person, before journey.Customer, e journey.Event, o *outcome) error {
	if e.Name != "" {
		for _, key := range a.broken {
			o.Ignored = append(o.Ignored, ignored{Journey: key, Reason: "unreadable"})
		}
	}
	for _, l := range a.live {
		entry, is := occasion(l.Def, p, before, &e)
		if !is {
			continue
		}
		if err := a.admit(ctx, l, p, entry, o); err != nil {
			return err
		}
	}
	return nil
}

// admit asks a journey whether she enters on an occasion, and lets her in.
func (a *application) admit(ctx context.Context, l live, p *person, entry journey.Entry, o *outcome) error {
	entry.Previous, entry.Rivals, entry.Now = past(a.enrolled[p.ID], l.Key), rivals(a.enrolled[p.ID], l.Key), a.now
	var err error
	if entry.Facts, err = a.s.entryFacts(ctx, a.tx, l, p, a.enrolled[p.ID], a.recent[p.ID]); err != nil {
		return err
	}
	entry.Facts.Segments = a.members.in(p.ID)
	all, err := safely(func() []journey.Entering { return journey.Admit(l.Def, entry) })
	if err != nil { // this journey cannot take the event; the customer and the other journeys can
		all = []journey.Entering{{Refused: heldPoison}}
	}
	for _, in := range all {
		if err := a.enter(l, p, in, o); err != nil {
			return err
		}
	}
	return nil
}

// occasion says whether an event may be the trigger of a journey.
func occasion(def *journey.Definition, p *person, before journey.Customer, e *journey.Event) (journey.Entry, bool) {
	switch path := def.Enter.Attribute; {
	case def.Enter.Event != "" && def.Enter.Event == e.Name:
		return journey.Entry{Via: journey.ViaEvent, Event: e}, true
	case path != "":
		was, is := before.Attribute(path), p.Attribute(path)
		return journey.Entry{Via: journey.ViaAttribute, Event: e, Was: was}, !reflect.DeepEqual(was, is)
	}
	return journey.Entry{}, false
}

// enter begins one enrollment, tells the one that there is of the further trigger, or notes why neither.
func (a *application) enter(l live, p *person, in journey.Entering, o *outcome) error {
	if in.Meanwhile != "" {
		i := slices.IndexFunc(a.enrolled[p.ID], func(x *enrolled) bool {
			return x.Active && x.JourneyKey == l.Key && x.EntryKey == in.EntryKey
		})
		id := a.enrolled[p.ID][i].ID
		a.entered, a.woken[id] = true, true
		o.Woke = append(o.Woke, id)
		return queueFurther(&a.entries, id, in, a.now)
	}
	if !in.Yes {
		o.Ignored = append(o.Ignored, ignored{Journey: l.Key, Reason: in.Refused})
		return nil
	}
	id, err := a.s.queueEnrollment(&a.entries, l, p.ID, in, p.Applied, a.now)
	if err != nil {
		return err
	}
	a.entered = true
	a.s.queueReplacement(&a.entries, l.Key, in.Replaces, a.now)
	for _, x := range a.enrolled[p.ID] {
		if slices.Contains(in.Replaces, x.ID) {
			x.Grp = ""
		}
	}
	a.enrolled[p.ID] = append(a.enrolled[p.ID], &enrolled{
		ID: id, CustomerID: p.ID, JourneyKey: l.Key, EntryKey: in.EntryKey, Active: true, EnteredAt: a.now,
		Grp: l.Def.Group, Priority: l.Def.Priority,
	})
	o.Entered = append(o.Entered, id)
	return nil
}

// wakeThose wakes her enrollments that listen to what was heard.
func (a *application) wakeThose(customer string, heard []string, o *outcome) {
	for _, e := range a.enrolled[customer] {
		if e.Active && slices.ContainsFunc(e.Listens, func(l string) bool { return slices.Contains(heard, l) }) {
			a.woken[e.ID] = true
			o.Woke = append(o.Woke, e.ID)
		}
	}
}

func (o outcome) text() (string, error) {
	raw, err := json.Marshal(o)
	return string(raw), err
}
