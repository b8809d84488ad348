package console

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"perennial/control"
	"perennial/journey"
)

// planData is what publishing the draft would do.
type planData struct {
	Draft    journey.Draft
	InFlight journey.InFlight
	Waits    journey.Waits
	Map      map[string]string
	Plan     journey.PublishPlan
	Stands   []lineFault // in the way
	Steps    []string    // of the new version, to map to
	Blanks   []control.Blank
	Unsaved  []unsavedText // that publishing leaves out
}

// unsavedText is what she has typed and not saved, of the journey or of one of its messages, and where she goes on with it.
type unsavedText struct {
	File string // "": of the journey itself
	Path string
	New  bool // the draft has no such file yet
}

func (d planData) title() string { return d.Draft.Name }

// Next is the number that it would get.
func (d planData) Next() int { return d.Draft.LiveVersion + 1 }

// Qualifying is how many would enter at once; -1 where nobody can tell.
func (d planData) Qualifying() int {
	if d.Plan.Audience.AtOnce == nil {
		return -1
	}
	return *d.Plan.Audience.AtOnce
}

// Becoming counts those in flight of whom that becomes.
func (d planData) Becoming(what string) (n int) {
	for _, s := range d.Plan.Steps {
		if s.Becomes == what {
			n += s.People
		}
	}
	return n
}

// Become is the word for it: who stays while others go over to the new version stands at the same step there.
func (d planData) Become(what string) string {
	if what == journey.BecomesStay && d.InFlight == journey.InFlightMigrate {
		return "same"
	}
	return what
}

// Lost are the steps that people stand at and the new version does not have: each can be mapped to another.
func (d planData) Lost() (out []string) {
	if d.InFlight != journey.InFlightMigrate {
		return nil
	}
	for _, s := range d.Plan.Steps {
		_, mapped := d.Map[s.Step]
		if s.Step != "" && (mapped || s.Becomes == journey.BecomesLeave) && !slices.Contains(out, s.Step) {
			out = append(out, s.Step)
		}
	}
	return out
}

// InFlights and Waitings are the ways to choose from.
func (planData) InFlights() []journey.InFlight {
	return []journey.InFlight{journey.InFlightKeep, journey.InFlightMigrate, journey.InFlightExit}
}

// Waitings are the ways in which waits cross.
func (planData) Waitings() []journey.Waits {
	return []journey.Waits{journey.WaitsKeep, journey.WaitsRecompute}
}

const mapField = "map."

// publishing reads what becomes of those in flight, from a form or a query.
func (r *request) publishing() control.PublishRequest {
	req := control.PublishRequest{Key: r.path("key"), InFlight: journey.InFlight(r.value("in_flight")), Waits: journey.Waits(r.value("waits"))}
	if req.InFlight == "" {
		req.InFlight = journey.InFlightKeep
	}
	if req.Waits == "" {
		req.Waits = journey.WaitsKeep
	}
	fields := r.http.URL.Query()
	if r.form != nil {
		fields = r.form
	}
	for name, values := range fields {
		if step, found := strings.CutPrefix(name, mapField); found && values[0] != "" && req.InFlight == journey.InFlightMigrate {
			if req.Map == nil {
				req.Map = map[string]string{}
			}
			req.Map[step] = values[0]
		}
	}
	return req
}

func planPage(ctx context.Context, r *request) (reply, error) {
	req := r.publishing()
	d := planData{InFlight: req.InFlight, Waits: req.Waits, Map: req.Map}
	var err error
	if d.Draft, err = r.Read.Draft(ctx, req.Key); err != nil {
		return reply{}, err
	}
	if !d.Draft.IsDraft {
		return show("plan", d)
	}
	d.Blanks = control.Blanks(d.Draft.Source, d.Draft.Files)
	if d.Unsaved, err = r.unsaved(ctx, d.Draft); err != nil {
		return reply{}, err
	}
	d.Plan, err = r.Control.Plan(ctx, control.PlanRequest{PublishRequest: req})
	var fault *journey.Fault
	if errors.As(err, &fault) && fault.Code == journey.CodeInvalid {
		d.Stands = onLines(fault.Problems.Errors(), strings.Split(d.Draft.Source, "\n"))
		return show("plan", d)
	}
	if err != nil {
		return reply{}, err
	}
	if def, _ := journey.Parse(control.JourneyFile, []byte(d.Draft.Source)); def != nil {
		d.Steps = def.StepIDs()
	}
	return show("plan", d)
}

// unsaved lists what she has typed for a journey and not saved.
func (r *request) unsaved(ctx context.Context, draft journey.Draft) (out []unsavedText, err error) {
	desk, err := r.Control.Desk(ctx, r.by(), draft.Key, "")
	if err != nil {
		return nil, err
	}
	if desk != nil {
		out = append(out, unsavedText{Path: editPath(draft.Key)})
	}
	desks, err := r.Control.Desks(ctx, r.by())
	for _, file := range desks[draft.Key] {
		_, saved := draft.Files[file]
		out = append(out, unsavedText{file, writingData{Draft: draft, File: file}.Path(), !saved})
	}
	return out, err
}

// publishDraft publishes what was planned: another draft by now, or none, is told.
func publishDraft(ctx context.Context, r *request) (reply, error) {
	req := r.publishing()
	req.IfMatch = r.form.Get("etag")
	if req.IfMatch == "" {
		return reply{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_such_button"))
	}
	done, err := r.Control.Publish(ctx, r.by(), req)
	if err != nil {
		return reply{}, err
	}
	if done.Unchanged {
		return r.back("plan.unchanged", "n", done.Version.Number)
	}
	return r.back("plan.published", "n", done.Version.Number)
}

// compareData are two versions of a journey and what is different, in words.
type compareData struct {
	Draft    journey.Draft
	Versions []journey.Version
	From, To int // 0: the draft
	Changes  []journey.Alteration
}

func (d compareData) title() string { return d.Draft.Name }

func comparePage(ctx context.Context, r *request) (reply, error) {
	var d compareData
	var err error
	if d.Draft, err = r.Read.Draft(ctx, r.path("key")); err != nil {
		return reply{}, err
	}
	if d.Versions, err = r.Read.Versions(ctx, d.Draft.Key); err != nil {
		return reply{}, err
	}
	d.From, d.To = d.Draft.LiveVersion, 0
	if !d.Draft.IsDraft {
		d.From, d.To = max(1, d.Draft.LiveVersion-1), d.Draft.LiveVersion
	}
	for name, number := range map[string]*int{"from": &d.From, "to": &d.To} {
		if text := r.query(name); text != "" {
			if *number, err = strconv.Atoi(text); err != nil || *number < 0 {
				return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("journey.unknown"))
			}
		}
	}
	if d.Draft.LiveVersion > 0 {
		d.Changes, err = r.Control.Compare(ctx, d.Draft.Key, d.From, d.To)
	}
	return reply{page: "compare", data: d}, err
}

// restoreVersion makes a published version the draft; what the draft was is one undo away.
func restoreVersion(ctx context.Context, r *request) (reply, error) {
	number, err := strconv.Atoi(r.form.Get("version"))
	if err != nil || number < 1 {
		return reply{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_such_button"))
	}
	if _, err := r.Control.Restore(ctx, r.by(), r.path("key"), number, ""); err != nil {
		return reply{}, err
	}
	return r.seeOther(editPath(r.path("key")), "compare.restored", "n", number)
}
