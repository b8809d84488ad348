package console

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"strconv"

	"perennial/control"
	"perennial/journey"
	"perennial/journey/graph"
)

// journeyData is one journey as a picture, with who stands where in one version of it.
type journeyData struct {
	journey.JourneyInfo
	Version  int // whose picture this is; 0: the draft
	Versions []journey.Version
	Picture  template.HTML
	Step     string // that was clicked; "" none
	StepSays string
	People   []journey.Inside
	More     string
	Messages []string
	Report   keptReport
	Pause    *journey.PauseView
	Crossing *journey.Migration   // that is under way
	Beat     string               // how often the picture looks anew, as htmx reads it
	Reached  *reached             // instead of who stands where now
	Resuming []journey.Resumption // what each way of resuming would do, where it is paused
	Pausing  *journey.Pausing     // what a pause would hold, where that was asked for
}

func (d journeyData) title() string { return d.Name }

// Exits are the reasons for which customers left, the most frequent first.
func (d journeyData) Exits() []string { return byCount(d.Report.Exits) }

// Left counts those who left before the end, for whatever reason.
func (d journeyData) Left() (n int) {
	for _, left := range d.Report.Exits {
		n += left
	}
	return n
}

// Sent counts the messages that went out.
func (d journeyData) Sent() (n int) {
	for _, m := range d.Report.Messages {
		n += m.Sent
	}
	return n
}

func journeyPage(ctx context.Context, r *request) (reply, error) {
	d, err := r.journeyOf(ctx)
	if err != nil {
		return reply{}, err
	}
	if d.Pausing, err = r.pausing(ctx, journey.ScopeJourney, d.Key); err != nil || r.http.Header.Get("HX-Target") == "pausing" {
		return reply{page: "journey", data: d}, err
	}
	def, err := r.Control.Definition(ctx, d.Key, d.Version)
	if err != nil {
		return reply{}, err
	}
	if err := r.draw(ctx, &d, def); err != nil {
		return reply{}, err
	}
	if d.Crossing, err = r.crossing(ctx, d.Key); err != nil {
		return reply{}, err
	}
	if r.http.Header.Get("HX-Target") == "picture" {
		return show("journey", d)
	}
	d.Messages = def.Templates()
	if err := r.readJourney(ctx, &d); err != nil {
		return reply{}, err
	}
	return show("journey", d)
}

// draw draws the picture with who stands where now, or with who came to each step in some months.
func (r *request) draw(ctx context.Context, d *journeyData, def *journey.Definition) (err error) {
	d.Beat = beat(r.Clock.Speed())
	if d.Reached, err = r.reachedIn(ctx, d.Key); err != nil {
		return err
	}
	if d.Reached != nil {
		picture := graph.Options{Say: r.language.described, Part: d.Reached.part}.Layout(def)
		d.Picture = template.HTML(picture.SVG(d.Reached.drawing(r))) //nolint:gosec // graph escapes
		return nil
	}
	picture := r.layout(def)
	counts, err := r.Read.StepCounts(ctx, d.Key, d.Version)
	if err != nil {
		return err
	}
	counts[graph.Enter] = counts[""]
	d.showStep(picture, r.query("step"))
	d.Picture = template.HTML(picture.SVG(graph.SVG{Bare: true, Counts: counts, Number: r.language.number, Here: d.Step, //nolint:gosec // graph escapes
		Link:   func(id string) string { return d.stepAddress(def, id) },
		Titles: func(n int) string { return r.language.counted("journey.here", n) }}))
	return nil
}

// beat is how often a picture looks anew: where a day takes a second, people pass a step between two looks that are far apart.
func beat(speed float64) string {
	if speed > 1 {
		return "2s"
	}
	return "10s"
}

// journeyOf finds the journey of the path, and the version of the query: the live one, or the draft of one that was never live.
func (r *request) journeyOf(ctx context.Context) (d journeyData, err error) {
	list, err := r.Read.Journeys(ctx)
	if err != nil {
		return d, err
	}
	i := slices.IndexFunc(list, func(j journey.JourneyInfo) bool { return j.Key == r.path("key") })
	if i < 0 {
		return d, journey.Faultf(journey.CodeNotFound, "%s", r.text("journey.unknown"))
	}
	d.JourneyInfo, d.Version = list[i], list[i].LiveVersion
	if text := r.query("version"); text != "" {
		if d.Version, err = strconv.Atoi(text); err != nil || d.Version < 0 {
			return d, journey.Faultf(journey.CodeNotFound, "%s", r.text("journey.unknown"))
		}
	}
	return d, nil
}

// readJourney reads what stands around the picture.
func (r *request) readJourney(ctx context.Context, d *journeyData) (err error) {
	if d.Versions, err = r.Read.Versions(ctx, d.Key); err != nil {
		return err
	}
	if d.Report, err = r.reports.of(ctx, d.Key); err != nil {
		return err
	}
	if d.Pause, err = r.pauseOf(ctx, d.Key); err != nil {
		return err
	}
	if d.Pause != nil {
		if d.Resuming, err = r.resuming(ctx, journey.ScopeJourney, d.Key); err != nil {
			return err
		}
	}
	if d.Step == "" {
		return nil
	}
	at := d.Step
	if at == graph.Enter {
		at = ""
	}
	people, err := r.Read.InsideAt(ctx, d.Key, d.Version, &at, r.page(pageSize))
	d.People, d.More = people.Data, more(people)
	return err
}

// crossing is the migration that is under way in the journey, if there is one.
func (r *request) crossing(ctx context.Context, key string) (*journey.Migration, error) {
	m, err := r.Read.Migration(ctx, key)
	if err != nil || m == nil || m.Waiting == 0 {
		return nil, err
	}
	return m, nil
}

// pauseOf is the pause of the journey that holds now, if there is one.
func (r *request) pauseOf(ctx context.Context, key string) (*journey.PauseView, error) {
	held, err := r.Read.Pauses(ctx, journey.ScopeJourney, key)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	p := journey.ViewPause(held[0])
	return &p, nil
}

// showStep sets the step off that was clicked, if the picture has it.
func (d *journeyData) showStep(p graph.Picture, id string) {
	for _, b := range p.Boxes {
		if b.ID == id && id != "" {
			d.Step, d.StepSays = id, b.What
		}
	}
}

// stepAddress is the page with the people at a step, at the step.
func (d *journeyData) stepAddress(def *journey.Definition, id string) string {
	if id != graph.Enter && def.Step(id) == nil {
		return ""
	}
	q := url.Values{"version": {strconv.Itoa(d.Version)}, "step": {id}}
	return "/journeys/" + d.Key + "?" + q.Encode() + "#people"
}

// layout is the picture of a journey, in words of the reader's language.
func (r *request) layout(def *journey.Definition) graph.Picture {
	return graph.Options{Say: r.language.described}.Layout(def)
}

func (r *request) back(key string, values ...any) (reply, error) {
	return r.seeOther("/journeys/"+r.path("key"), key, values...)
}

func pauseJourney(ctx context.Context, r *request) (reply, error) {
	return r.pause(ctx, journey.ScopeJourney, r.path("key"), r.back)
}

func resumeJourney(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Resume(ctx, r.by(), journey.ScopeJourney, r.path("key"), r.chosen()); err != nil {
		return reply{}, err
	}
	return r.back("support.resumed")
}

// previewData is a message of a journey as a sample customer, or a real one, would get it.
type previewData struct {
	Journey, Message, Customer string
	Version                    int
	Rendered                   journey.Rendered
}

func (d previewData) title() string { return d.Rendered.Subject }

func previewPage(ctx context.Context, r *request) (reply, error) {
	p, err := r.preview(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("preview", p)
}

func previewBody(ctx context.Context, r *request) (reply, error) {
	p, err := r.preview(ctx)
	if err != nil {
		return reply{}, err
	}
	return reply{raw: inert(p.Rendered.HTML), policy: mailPolicy, kind: "text/html; charset=utf-8"}, nil
}

func (r *request) preview(ctx context.Context) (previewData, error) {
	d := previewData{Journey: r.path("key"), Message: r.path("message"), Customer: r.query("customer")}
	var err error
	if d.Version, err = strconv.Atoi(r.path("number")); err != nil {
		return d, journey.Faultf(journey.CodeNotFound, "%s", r.text("journey.unknown"))
	}
	d.Rendered, err = r.Control.Preview(ctx, control.PreviewRequest{Journey: d.Journey, Version: d.Version, Message: d.Message, Customer: d.Customer})
	return d, err
}
