package console

import (
	"context"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"perennial/control"
	"perennial/journey"
	"perennial/journey/graph"
)

// editData is the draft of one journey, as text and as a picture of it.
type editData struct {
	Draft    journey.Draft
	Source   string // in the text field: the draft, or what lies on her desk
	ETag     string // of the draft that Source began from
	Picture  template.HTML
	Dimmed   bool      // the picture is of the draft, not of the text: that has faults
	Step     *stepView // the form that is open beside the picture
	Faults   []lineFault
	Open     []lineFault
	Warnings []lineFault
	Blanks   []control.Blank
	Part     bool // htmx asked: what stands around the outcome comes along
	Saved    bool
	Stale    bool             // somebody else changed the draft since
	Other    string           // she
	Mine     []journey.Phrase // what the text would change in the draft as it is now
}

func (d editData) title() string { return d.Draft.Name }

// Clean says that nothing is left to be said about the text.
func (d editData) Clean() bool {
	return !d.Stale && len(d.Faults)+len(d.Open)+len(d.Warnings)+len(d.Blanks) == 0
}

// lineFault is a fault with the line of the text that it is about.
type lineFault struct {
	journey.Problem
	Text string // the line; "" where it is about none
}

// Own says whether it is about the journey's text, and not about a message.
func (f lineFault) Own() bool { return f.File == control.JourneyFile && f.Line > 0 }

func editPage(ctx context.Context, r *request) (reply, error) {
	key := r.path("key")
	draft, err := r.Read.Draft(ctx, key)
	if err != nil {
		return reply{}, err
	}
	desk, err := r.Control.Desk(ctx, r.by(), key, "")
	if err != nil {
		return reply{}, err
	}
	d := editData{Draft: draft, Source: draft.Source, ETag: draft.ETag, Saved: true}
	if r.form.Has("source") {
		desk = &journey.Desk{Source: r.form.Get("source"), BaseETag: r.form.Get("etag")}
	}
	if desk != nil {
		d.Source, d.ETag, d.Saved = desk.Source, desk.BaseETag, false
		d.Stale = desk.BaseETag != draft.ETag
	}
	ex, err := r.Control.Examine(ctx, key, d.Source)
	if err != nil {
		return reply{}, err
	}
	if err := r.showEdit(ctx, &d, ex); err != nil {
		return reply{}, err
	}
	return show("edit", d)
}

// showEdit sets out what was found in the text, and draws the picture.
func (r *request) showEdit(ctx context.Context, d *editData, ex control.Examined) error {
	lines := strings.Split(d.Source, "\n")
	d.Faults, d.Open, d.Warnings, d.Blanks = onLines(ex.Faults, lines), onLines(ex.Open, lines), onLines(ex.Warn, lines), ex.Blanks
	if d.Stale {
		history, err := r.Control.History(ctx, d.Draft.Key, 1)
		if err != nil {
			return err
		}
		if len(history) > 0 {
			d.Other = history[0].By
		}
		d.Mine = r.Control.DeskDifferences(d.Draft, journey.Desk{Source: d.Source})
	}
	def := ex.Def
	if def == nil {
		d.Dimmed = true
		if def, _ = journey.Parse(control.JourneyFile, []byte(d.Draft.Source)); def == nil {
			return nil // a draft from before a rule of the language: there is no picture of it
		}
	}
	counts, err := r.standing(ctx, d.Draft)
	if err != nil {
		return err
	}
	look := graph.SVG{Bare: true, Counts: counts, Number: r.language.number, Titles: func(n int) string { return r.language.counted("journey.here", n) }}
	picture := graph.Options{Slots: true, Say: r.language.described}.Layout(def)
	if d.Saved { // the forms change the draft: what was typed must be it
		if d.Step, err = r.showStep(ctx, def, d.Draft); err != nil {
			return err
		}
		if d.Step != nil {
			look.Here = d.Step.ID
			if d.Step.Head == "enter" || d.Step.Head == "goal" {
				look.Here = map[string]string{"enter": graph.Enter, "goal": graph.Goal}[d.Step.Head]
			}
		}
		look.Put = func(p journey.Place) string { return putAddress(d.Draft.Key, p) }
		look.Says = func(p journey.Place) string { return r.text("step.put", "place", r.placeSays(def, p)) }
		look.Link = func(id string) string {
			switch {
			case id == graph.End:
				return ""
			case def.Step(id) == nil:
				return headAddress(d.Draft.Key, headOf(id))
			}
			return stepAddress(d.Draft.Key, id)
		}
	}
	d.Picture = template.HTML(picture.SVG(look)) //nolint:gosec // graph escapes
	return nil
}

// headOf is the form for a box of the picture that is no step.
func headOf(box string) string {
	switch box {
	case graph.Enter:
		return "enter"
	case graph.Goal:
		return "goal"
	}
	return "exit"
}

// Heads are the forms for what stands above the steps; none while the text has faults.
func (d editData) Heads() []stepForm {
	if !d.Saved || d.Dimmed {
		return nil
	}
	return headForms()
}

// standing counts who stands where in the live version: the steps of the draft that have the same ids.
func (r *request) standing(ctx context.Context, d journey.Draft) (map[string]int, error) {
	if d.LiveVersion == 0 {
		return nil, nil //nolint:nilnil // nobody does
	}
	counts, err := r.Read.StepCounts(ctx, d.Key, d.LiveVersion)
	if err != nil {
		return nil, err
	}
	counts[graph.Enter] = counts[""]
	return counts, nil
}

func onLines(problems journey.Problems, lines []string) (out []lineFault) {
	for _, p := range problems {
		f := lineFault{Problem: p}
		if f.Own() && p.Line <= len(lines) {
			f.Text = lines[p.Line-1]
		}
		out = append(out, f)
	}
	return out
}

// typeText takes what is in the text field: while somebody types, and when she saves.
func typeText(ctx context.Context, r *request) (reply, error) {
	key, ifMatch := r.path("key"), r.form.Get("etag")
	if over := r.form.Get("over"); over != "" {
		ifMatch = over
	}
	typed, err := r.Control.Type(ctx, r.by(), key, r.form.Get("source"), ifMatch)
	if err != nil {
		return reply{}, err
	}
	if typed.Saved && r.http.Header.Get("HX-Request") == "" {
		return r.seeOther(editPath(key), "edit.saved")
	}
	d := editData{Draft: typed.Draft, Source: r.form.Get("source"), ETag: ifMatch, Saved: typed.Saved, Stale: typed.Stale,
		Part: r.http.Header.Get("HX-Request") != ""}
	if typed.Saved {
		d.ETag = typed.Draft.ETag
	}
	if err := r.showEdit(ctx, &d, typed.Examined); err != nil {
		return reply{}, err
	}
	answer := reply{page: "edit", data: d}
	if !d.Part { // htmx takes no part with such a status
		answer.status = http.StatusUnprocessableEntity
		if d.Stale {
			answer.status = http.StatusPreconditionFailed
		}
	}
	return answer, nil
}

// dropText forgets what lies on her desk; the draft stays.
func dropText(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DropDesk(ctx, r.by(), r.path("key"), ""); err != nil {
		return reply{}, err
	}
	return r.seeOther(editPath(r.path("key")), "edit.dropped")
}

// turnDraft undoes and redoes.
func turnDraft(ctx context.Context, r *request) (reply, error) {
	number, err := strconv.Atoi(r.form.Get("to"))
	if err != nil {
		return reply{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_such_button"))
	}
	if _, err := r.Control.Turn(ctx, r.by(), r.path("key"), number, r.form.Get("etag")); err != nil {
		return reply{}, err
	}
	return r.seeOther(editPath(r.path("key")), "")
}

func editPath(key string) string { return "/journeys/" + key + "/edit" }

// historyData are the revisions of a draft.
type historyData struct {
	Draft journey.Draft
	List  []control.Turned
}

func (d historyData) title() string { return d.Draft.Name }

const historySize = 20

func historyPage(ctx context.Context, r *request) (reply, error) {
	var d historyData
	var err error
	if d.Draft, err = r.Read.Draft(ctx, r.path("key")); err != nil {
		return reply{}, err
	}
	d.List, err = r.Control.History(ctx, d.Draft.Key, historySize)
	return reply{page: "history", data: d}, err
}

// libraryData are the journeys to start from.
type libraryData struct {
	Sequences, Others []journey.LibraryJourney
	Taken             map[string]bool // keys that journeys of the company have
}

// Free is a key that no journey has yet: that one, or the first with a number behind it.
func (d libraryData) Free(key string) string {
	free := key
	for n := 2; d.Taken[free]; n++ {
		free = key + "-" + strconv.Itoa(n)
	}
	return free
}

func libraryPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Journeys(ctx)
	if err != nil {
		return reply{}, err
	}
	d := libraryData{Taken: map[string]bool{}}
	for _, j := range list {
		d.Taken[j.Key] = true
	}
	for _, j := range r.Control.Library.List() {
		if j.Sequence {
			d.Sequences = append(d.Sequences, j)
		} else {
			d.Others = append(d.Others, j)
		}
	}
	return show("library", d)
}

func beginJourney(ctx context.Context, r *request) (reply, error) {
	d, err := r.Control.Begin(ctx, r.by(), r.form.Get("from"), r.newKey(), r.form.Get("name"))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther(editPath(d.Key), "library.begun", "name", d.Name)
}
