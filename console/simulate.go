package console

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"perennial/control"
	"perennial/journey"
	"perennial/journey/graph"
)

// simulateData is a simulation: what was asked for, and what came of it.
type simulateData struct {
	Draft   journey.Draft
	Asked   url.Values
	Events  []happening // rows to place events in
	Ran     bool
	Result  journey.Simulation
	Picture template.HTML
	Query   string // of the same simulation: for its mails
	Names   []string
	Placed  bool // events were placed
}

func (d simulateData) title() string { return d.Draft.Name }

// happening is one row of the form: what happens to everybody, and when.
type happening struct{ After, Event, With string }

const (
	happenings    = 4
	peopleShown   = 5
	peopleAsked   = 100
	daysSimulated = 90
)

func simulatePage(ctx context.Context, r *request) (reply, error) {
	d, def, err := r.simulation(ctx)
	if err != nil || !d.Ran {
		return reply{page: "simulate", data: d}, err
	}
	req, err := r.simulateRequest(d)
	if err != nil {
		return reply{}, err
	}
	if d.Result, err = r.Control.Simulate(ctx, req); err != nil {
		return reply{}, err
	}
	d.Asked.Set("start", req.Start.Format(time.RFC3339))
	d.Query = d.Asked.Encode()
	came := map[string]int{graph.Enter: d.Result.Enrollments}
	for _, s := range d.Result.Steps {
		came[s.Step] = s.Came
	}
	d.Picture = template.HTML(r.layout(def).SVG(graph.SVG{Bare: true, Counts: came, Number: r.language.number, //nolint:gosec // graph escapes
		Titles: func(n int) string { return r.language.counted("simulate.came", n) }}))
	return show("simulate", d)
}

// simulation reads what is asked for.
func (r *request) simulation(ctx context.Context) (d simulateData, def *journey.Definition, err error) {
	if d.Draft, err = r.Read.Draft(ctx, r.path("key")); err != nil {
		return d, nil, err
	}
	var problems journey.Problems
	if def, problems = journey.Parse(control.JourneyFile, []byte(d.Draft.Source)); def == nil {
		return d, nil, &journey.Fault{Code: journey.CodeInvalid, Message: "journey " + d.Draft.Key + " has faults", Problems: problems}
	}
	d.Asked, d.Names = r.http.URL.Query(), def.EventNames()
	d.Ran = d.Asked.Has("who")
	for name, usual := range map[string]string{"who": "invented", "customers": strconv.Itoa(peopleAsked), "days": strconv.Itoa(daysSimulated), "seed": "1"} {
		if d.Asked.Get(name) == "" {
			d.Asked.Set(name, usual)
		}
	}
	for i := range happenings {
		row := "e" + strconv.Itoa(i) + "."
		d.Events = append(d.Events, happening{d.Asked.Get(row + "after"), d.Asked.Get(row + "event"), d.Asked.Get(row + "with")})
	}
	d.Placed = script(d) != nil
	return d, def, nil
}

// simulateRequest is the same for control.
func (r *request) simulateRequest(d simulateData) (control.SimulateRequest, error) {
	req := control.SimulateRequest{Key: d.Draft.Key, Version: "draft", Timelines: peopleShown, Start: r.Clock.Now().Truncate(time.Second)}
	var problems journey.Problems
	number := func(name string) int {
		n, err := strconv.Atoi(d.Asked.Get(name))
		if err != nil {
			problems = append(problems, journey.Problem{Path: name, Message: r.text("simulate.no_number"), Mend: "100"})
		}
		return n
	}
	req.Days, req.Seed = number("days"), uint64(max(0, number("seed"))) //nolint:gosec // not below 0
	switch d.Asked.Get("who") {
	case "customer":
		if req.Customer = strings.TrimSpace(d.Asked.Get("customer")); req.Customer == "" {
			problems = append(problems, journey.Problem{Path: "customer", Message: r.text("simulate.no_customer"), Mend: "cus_…, user:4711"})
		}
	default:
		req.Customers = number("customers")
	}
	if text := d.Asked.Get("start"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			problems = append(problems, journey.Problem{Path: "start", Message: r.text("fault.no_time"), Mend: "2030-02-05T10:00:00Z"})
		}
		req.Start = at.UTC()
	}
	if len(problems) > 0 {
		return req, &journey.Fault{Code: journey.CodeInvalid, Message: r.text("fault.form"), Problems: problems}
	}
	req.Script = script(d)
	return req, nil
}

// script is what was placed, in the form that simulations take; nil where nothing was.
func script(d simulateData) []byte {
	var b strings.Builder
	for _, e := range d.Events {
		if e.Event == "" {
			continue
		}
		fmt.Fprintf(&b, "  - { event: %s", strconv.Quote(e.Event))
		if e.After != "" {
			fmt.Fprintf(&b, ", after: %s", strconv.Quote(e.After))
		}
		if e.With != "" {
			fmt.Fprintf(&b, ", properties: %s", e.With)
		}
		b.WriteString(" }\n")
	}
	more := strings.TrimSpace(d.Asked.Get("more"))
	if b.Len() == 0 && more == "" {
		return nil
	}
	text := more + "\n"
	if b.Len() > 0 {
		text += "events:\n" + b.String()
	}
	return []byte(text)
}

// simulatedMail is one mail of a simulation, which is played once more for it: nothing of it is kept.
func simulatedMail(ctx context.Context, r *request) (reply, error) {
	d, _, err := r.simulation(ctx)
	if err != nil {
		return reply{}, err
	}
	req, err := r.simulateRequest(d)
	if err != nil {
		return reply{}, err
	}
	result, err := r.Control.Simulate(ctx, req)
	if err != nil {
		return reply{}, err
	}
	person, err := strconv.Atoi(r.path("person"))
	if err != nil || person < 0 || person >= len(result.People) {
		return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("fault.no_page"))
	}
	mails := result.People[person].Mails
	n, err := strconv.Atoi(r.path("mail"))
	if err != nil || n < 0 || n >= len(mails) || mails[n].HTML == "" {
		return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("message.no_html"))
	}
	return reply{status: http.StatusOK, raw: inert(mails[n].HTML), policy: mailPolicy, kind: "text/html; charset=utf-8"}, nil
}
