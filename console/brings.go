package console

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"perennial/control"
	"perennial/journey"
)

// broughtAll is what stands in the address for the list of all that a journey brings along.
const broughtAll = "all"

// broughtForm is the form for what a journey brings along of a kind. Surveys have a page of their own.
func broughtForm(kind string) (stepForm, bool) {
	text := func(path, says string, need bool) stepField {
		return stepField{Path: path, Kind: "text", Says: says, Need: need}
	}
	forms := map[string]stepForm{
		"topics": {Fields: []stepField{text("name", "topic_name", true), {Path: "double_opt_in", Kind: "yes"},
			{Path: "cap.messages", Kind: "number", Says: "cap_messages"}, {Path: "cap.per", Kind: "duration", Says: "cap_per"},
			{Path: "cap.over", Kind: "choice", Says: "cap_over", Words: []string{"", "hold", "reschedule", "drop"}},
			{Path: "locales", Kind: "words", Inner: "name", Says: "topic_names", Key: "locale"}}},
		"pools":    {Fields: []stepField{text("alphabet", "", false), {Path: "length", Kind: "number"}}},
		"segments": {Fields: []stepField{{Path: "if", Kind: "condition", Says: "segment_if", Need: true}}},
		"webhooks": {Fields: []stepField{text("url", "", true), text("secret_env", "", true)}},
		"surveys":  {},
	}
	f, known := forms[kind]
	f.Key = kind
	return f, known
}

// broughtView is what the journey brings along: all of it, or one.
type broughtView struct {
	Kind, Name string // "", "": all; Name "": a new one
	As         string // the key in the form
	Lists      []broughtList
	Uses       []placeView // of the one: where it is named
	Live       bool        // the journey has been published: the server knows it by its key
	Faults     journey.Problems
}

// broughtList is what it brings along of a kind.
type broughtList struct {
	Kind  string
	Items []broughtItem
}

// broughtItem is one of them: its key, what it is, and how many places name it.
type broughtItem struct {
	Key, Says string
	Uses      int
}

// New says whether it is to be added.
func (b broughtView) New() bool { return b.Kind != "" && b.Name == "" }

func broughtAddress(key, kind, name string) string {
	q := url.Values{"brings": {kind}}
	if name != "" {
		q.Set("name", name)
	}
	return editPath(key) + "?" + q.Encode() + "#step"
}

// showBrought sets out the form for what the journey brings along.
func (r *request) showBrought(s *stepView, def *journey.Definition, draft journey.Draft, w *journey.Rewrite) error {
	b := &broughtView{Kind: r.value("brings"), Name: r.value("name"), Live: draft.LiveVersion > 0}
	s.Head, s.Brought, s.Builder.InJourney = "brings", b, false
	if b.Kind == broughtAll {
		b.Kind = ""
		for _, kind := range journey.Declared() {
			b.Lists = append(b.Lists, r.broughtList(def, w, kind))
		}
		return nil
	}
	form, known := broughtForm(b.Kind)
	if !known || b.Name != "" && w.Get("", b.Kind+"."+b.Name) == "" {
		return journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
	}
	s.Form, b.As = form, b.Name
	if r.form.Has("as") {
		b.As = strings.TrimSpace(r.form.Get("as"))
	}
	b.Uses = r.uses(def, draft.Key, w.Uses(b.Kind, cmp.Or(b.Name, "-")))
	at := b.Kind + "." + b.As
	s.Fields = r.fieldViews(form.Fields, spot{get: broughtGetter(w, b.Kind, b.Name), at: at})
	if b.Kind == "segments" {
		s.Fields[0].path = at
	}
	if r.fault != nil {
		b.Faults = slices.DeleteFunc(slices.Clone(r.fault.Problems), func(p journey.Problem) bool { return p.Path != "key" && p.Path != at })
		rest := slices.DeleteFunc(slices.Clone(r.fault.Problems), func(p journey.Problem) bool { return p.Path == "key" || p.Path == at && b.Kind != "segments" })
		r.fault = &journey.Fault{Code: r.fault.Code, Message: r.fault.Message, Problems: rest}
	}
	return nil
}

// broughtGetter reads the fields of what the text declares under a key; the condition of a segment is all of it.
func broughtGetter(w *journey.Rewrite, kind, name string) func(path string) string {
	return func(path string) string {
		switch {
		case name == "":
			return ""
		case kind == "segments":
			return w.Get("", kind+"."+name)
		}
		return w.Get("", kind+"."+name+"."+path)
	}
}

// broughtList lists what the journey brings along of a kind.
func (r *request) broughtList(def *journey.Definition, w *journey.Rewrite, kind string) broughtList {
	out := broughtList{Kind: kind}
	for _, key := range w.Declarations(kind) {
		item := broughtItem{Key: key, Uses: len(w.Uses(kind, key))}
		switch kind {
		case "topics":
			item.Says = def.Declares.Topics[key].Name
		case "pools":
			item.Says = r.text("brings.pool_added")
			if def.Declares.Pools[key].Length > 0 {
				item.Says = r.text("brings.pool_makes")
			}
		case "surveys":
			item.Says = def.Declares.Surveys[key].Question
		case "segments":
			item.Says = r.language.described(def.Declares.Segments[key].Words())
		case "webhooks":
			item.Says = def.Declares.Webhooks[key].URL
		}
		out.Items = append(out.Items, item)
	}
	return out
}

// uses are places that name something: the address of the form that each stands in, and what that is called.
func (r *request) uses(def *journey.Definition, key string, list []journey.Use) (out []placeView) {
	for _, u := range list {
		root, rest, _ := strings.Cut(u.Path, ".")
		root, _, _ = strings.Cut(root, "[")
		p := placeView{headAddress(key, root), r.text("head.enter")}
		switch {
		case u.Step != "":
			what, _ := def.Step(u.Step).Words()
			p = placeView{stepAddress(key, u.Step), r.language.described(what)}
		case root == "topic":
			p = placeView{headAddress(key, "about"), r.text("head.about")}
		case root == "segments":
			name, _, _ := strings.Cut(strings.ReplaceAll(rest, "[", "."), ".")
			p = placeView{broughtAddress(key, root, name), r.text("brings.one.segments") + " " + name}
		case root == "exit" || root == "goal":
			p.Says = r.text("head." + root)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// editBrought carries out what a form for something that the journey brings along says. The buttons of the builder of conditions change nothing.
func editBrought(ctx context.Context, r *request) (reply, error) {
	key, kind, name := r.path("key"), r.form.Get("brings"), r.form.Get("name")
	verb, _, _ := strings.Cut(r.form.Get("do"), ":")
	switch verb {
	case "undeclare":
		d, err := r.Control.Undeclare(ctx, r.by(), key, r.form.Get("etag"), kind, name)
		if err != nil {
			return reply{}, err
		}
		return r.seeOther(broughtAddress(d.Key, broughtAll, ""), "step.removed")
	case "declare":
	default:
		return editPage(ctx, r)
	}
	draft, err := r.Read.Draft(ctx, key)
	if err != nil {
		return reply{}, err
	}
	w, err := journey.NewRewrite(draft.Source)
	if err != nil {
		return reply{}, err
	}
	form, _ := broughtForm(kind)
	declaration := control.Declaration{Kind: kind, Was: name, Key: strings.TrimSpace(r.form.Get("as")),
		Fields: r.settings(form.Fields, spot{get: broughtGetter(w, kind, name)})}
	if kind == "segments" && len(declaration.Fields) == 1 {
		declaration.Fields[0].Path = ""
	}
	d, err := r.Control.Declare(ctx, r.by(), key, r.form.Get("etag"), declaration)
	if err != nil {
		return reply{}, err
	}
	return r.seeOther(broughtAddress(d.Key, kind, declaration.Key), "step.changed")
}

// broughtSurveyPage is a survey that the journey brings along as a page to write on, as that of the server has.
func broughtSurveyPage(ctx context.Context, r *request) (reply, error) {
	draft, err := r.Read.Draft(ctx, r.path("key"))
	if err != nil {
		return reply{}, err
	}
	d := surveyForm{Journey: draft.Key, New: true, Kind: "choice", Words: []surveyWords{{}}, heading: r.text("survey.new")}
	if name := r.path("survey"); name != newSurvey {
		def, _ := journey.Parse(control.JourneyFile, []byte(draft.Source))
		if def == nil {
			return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
		}
		form, declared := def.Declares.Surveys[name]
		if !declared {
			return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
		}
		d = surveyFormOf(journey.SurveyInfo{Kind: form.Kind, Question: form.Question, Options: form.Options, FollowUp: form.FollowUp, Thanks: form.Thanks, Locales: form.Locales})
		d.Journey, d.Key, d.As, d.heading = draft.Key, name, name, r.text("survey.change")
	}
	d.ETag = draft.ETag
	return r.surveyForm(ctx, d)
}

// saveBroughtSurvey writes what the form holds into the draft where its button says so; else it is written on.
func saveBroughtSurvey(ctx context.Context, r *request) (reply, error) {
	if r.form.Get("do") != "save" {
		return broughtSurveyPage(ctx, r)
	}
	was := r.path("survey")
	if was == newSurvey {
		was = ""
	}
	d := surveyFormFrom(r.form)
	saved, err := r.Control.Declare(ctx, r.by(), r.path("key"), r.form.Get("etag"), control.Declaration{Kind: "surveys", Was: was, Key: strings.TrimSpace(r.form.Get("key")),
		Fields: []journey.Setting{{Value: d.source(), Tree: true}}})
	if err != nil {
		return reply{}, err
	}
	return r.seeOther(broughtAddress(saved.Key, "surveys", strings.TrimSpace(r.form.Get("key"))), "step.changed")
}
