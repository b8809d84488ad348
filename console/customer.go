package console

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// customerData is her page: who she is, where she stands and why, what happened, and what was not sent.
type customerData struct {
	journey.CustomerOverview
	Proofs   map[string][]journey.ConsentChange // by topic, the latest first
	NotSent  []journey.TimelineEntry            // the latest few
	Messages []journey.MessageSummary
	Timeline timelineData
	Steps    map[string][]string  // of each enrollment: where she may be moved
	Pools    []string             // that a coupon can be given from
	Resuming []journey.Resumption // what each way of resuming would do, where she is paused
	Pausing  *journey.Pausing     // what a pause would hold, where that was asked for
	Clock    string               // what time it is where she is; "" unknown
}

// title is what people call her.
func (d customerData) title() string { return called(d.CustomerSummary) }

func called(c journey.CustomerSummary) string {
	for _, name := range []string{strings.TrimSpace(c.FirstName + " " + c.LastName), c.Email, c.ExternalID} {
		if name != "" {
			return name
		}
	}
	return c.ID
}

// Active are the enrollments that go on; Ended those that do not.
func (d customerData) Active() []journey.EnrollmentView { return d.withStatus(journey.StatusActive) }

// Ended are those that are over.
func (d customerData) Ended() []journey.EnrollmentView { return d.withStatus(journey.StatusEnded) }

func (d customerData) withStatus(s journey.Status) (out []journey.EnrollmentView) {
	for _, e := range d.Enrollments {
		if e.Status == s {
			out = append(out, e)
		}
	}
	return out
}

// Paused is the pause of herself, if there is one.
func (d customerData) Paused() *journey.PauseView {
	for _, p := range d.Pauses {
		if p.Scope == journey.ScopeCustomer {
			return &p
		}
	}
	return nil
}

// Journeys are the keys of the journeys that she is or was in: by these her timeline can be narrowed.
func (d customerData) Journeys() map[string]string {
	out := map[string]string{}
	for _, e := range d.Enrollments {
		out[e.Journey] = e.Name
	}
	return out
}

type timelineData struct {
	Customer string
	Filter   journey.TimelineFilter
	Entries  []journey.TimelineEntry
	More     string
}

// Few of what is long elsewhere.
const (
	notSentShown  = 5
	messagesShown = 10
)

func customerPage(ctx context.Context, r *request) (reply, error) {
	o, err := r.Read.Overview(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	d := customerData{CustomerOverview: o, Steps: map[string][]string{}}
	if d.Timeline, err = r.timeline(ctx, o.ID); err != nil || r.http.Header.Get("HX-Target") == "older" {
		return reply{page: "customer", data: d}, err
	}
	changes, err := r.Read.ConsentChanges(ctx, o.ID)
	if err != nil {
		return reply{}, err
	}
	d.Proofs = map[string][]journey.ConsentChange{}
	for _, c := range changes {
		d.Proofs[c.Topic] = append(d.Proofs[c.Topic], c)
	}
	missed, err := r.Read.Timeline(ctx, o.ID, journey.TimelineFilter{Kind: journey.KindNotSent}, journey.PageRequest{Limit: notSentShown})
	if err != nil {
		return reply{}, err
	}
	d.NotSent = missed.Data
	mails, err := r.Read.SentMessages(ctx, "", o.ID, "", journey.PageRequest{Limit: messagesShown})
	if err != nil {
		return reply{}, err
	}
	d.Messages = mails.Data
	if d.Pools, err = r.Read.GivingPools(ctx); err != nil {
		return reply{}, err
	}
	if d.Pausing, err = r.pausing(ctx, journey.ScopeCustomer, o.ID); err != nil {
		return reply{}, err
	}
	if d.Paused() != nil {
		if d.Resuming, err = r.resuming(ctx, journey.ScopeCustomer, o.ID); err != nil {
			return reply{}, err
		}
	}
	for _, e := range d.Active() {
		def, err := r.Control.Definition(ctx, e.Journey, e.Version)
		if err != nil {
			return reply{}, err
		}
		d.Steps[e.ID] = def.StepIDs()
	}
	if zone, err := time.LoadLocation(o.Timezone); err == nil && o.Timezone != "" {
		d.Clock = r.language.moment(r.Clock.Now(), zone)
	}
	return show("customer", d)
}

// timeline reads her timeline as the query narrows it.
func (r *request) timeline(ctx context.Context, customer string) (timelineData, error) {
	d := timelineData{Customer: customer, Filter: journey.TimelineFilter{Journey: r.query("journey")}}
	if kind := r.query("kind"); slices.Contains(journey.TimelineKinds(), kind) {
		d.Filter.Kind = kind
	}
	found, err := r.Read.Timeline(ctx, customer, d.Filter, r.page(pageSize))
	d.Entries, d.More = found.Data, more(found)
	return d, err
}

// Kinds are the ways to narrow it, all of it first.
func (d timelineData) Kinds() []string { return append([]string{""}, journey.TimelineKinds()...) }

// Sorted are the names of her attributes, in order; what stands elsewhere on her page is left out.
func (d customerData) Sorted() []string {
	elsewhere := []string{"email", "first_name", "last_name", "locale", "timezone"}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.Attributes)), func(name string) bool { return slices.Contains(elsewhere, name) })
}
