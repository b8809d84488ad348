package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/control"
	"perennial/journey"
	"perennial/journey/graph"
)

// stepView is the form beside the picture: for a step of the draft, or for one that is to be put in.
type stepView struct {
	ID      string // "": a new one
	Says    string // what it does, or where it comes
	Message string // that it sends
	Form    stepForm
	Kinds   [][]stepForm // to choose from, where none is chosen yet
	Fields  []fieldView
	Ways    []wayView
	Add     []fieldView
	Place   journey.Place
	Places  []placeView // to move it to
	Choices map[string][]string
}

// New says whether it is to be put in.
func (s stepView) New() bool { return s.ID == "" }

// fieldView is a field with what is in it.
type fieldView struct {
	stepField
	Name, Value, First string
	Row                conditionRow // of a condition
}

// Label is the name of its text: its last word.
func (f fieldView) Label() string {
	if f.Kind == "first" && strings.Contains(f.Path, ".timeout.") {
		return "timeout"
	}
	words := strings.FieldsFunc(f.Path, func(r rune) bool { return r == '.' || r >= '0' && r <= '9' })
	return words[len(words)-1]
}

// wayView is one way out of a step, with its fields.
type wayView struct {
	I      int
	Fields []fieldView
}

// placeView is a place with its words.
type placeView struct{ Value, Says string }

// value is a field of the form, or else of the query.
func (r *request) value(name string) string {
	if r.form.Has(name) {
		return r.form.Get(name)
	}
	return r.query(name)
}

func (r *request) placeAsked() journey.Place {
	return journey.Place{After: r.value("after"), Into: r.value("into"), Way: r.value("way")}
}

// showStep sets out the form that was asked for, if one was.
func (r *request) showStep(ctx context.Context, def *journey.Definition, draft journey.Draft) (*stepView, error) {
	id, asked := r.value("step"), r.value("put") != ""
	if id == "" && !asked {
		return nil, nil //nolint:nilnil // none was
	}
	w, err := journey.NewRewrite(draft.Source)
	if err != nil {
		return nil, err
	}
	s := &stepView{ID: id, Place: r.placeAsked()}
	if s.Choices, err = r.stepChoices(ctx, def, draft); err != nil {
		return nil, err
	}
	if s.New() {
		s.Says = r.placeSays(def, s.Place)
		form, known := stepFormOf(r.value("form"))
		if !known {
			s.Kinds = stepForms()
			return s, nil
		}
		s.Form = form
		s.Fields = r.fieldViews(slices.Concat(form.Fields, form.Begin), "", nil)
		return s, nil
	}
	step := def.Step(id)
	if step == nil {
		return nil, journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
	}
	s.Says, _ = step.Words()
	s.Form = formFor(step)
	if step.Send != nil {
		s.Message = step.Send.Message
	} else if step.Survey != nil {
		s.Message = step.Survey.Send
	}
	get := func(path string) string { return w.Get(id, path) }
	if step.Kind == journey.StepSend && get("send.message") == "" || step.Kind == journey.StepStart && get("start.journey") == "" {
		short, head := get(string(step.Kind)), s.Form.Fields[0].Path
		get = func(path string) string {
			if path == head {
				return short
			}
			return w.Get(id, path)
		}
	}
	s.Fields = r.fieldViews(s.Form.Fields, "", get)
	for i := 0; s.Form.Ways != "" && w.Get(id, wayPath(s.Form.Ways, i)) != "" && w.Get(id, wayPath(s.Form.Ways, i)+".else") == ""; i++ {
		s.Ways = append(s.Ways, wayView{i, r.fieldViews(s.Form.Way, wayPath(s.Form.Ways, i), get)})
	}
	s.Add = r.fieldViews(slices.Concat(s.Form.Way, s.Form.Add), "new", func(string) string { return "" })
	s.Places = r.places(def, id)
	return s, nil
}

func (r *request) fieldViews(fields []stepField, below string, get func(path string) string) (out []fieldView) {
	for _, f := range fields {
		v := fieldView{stepField: f, Name: "f." + f.Path}
		if below != "" {
			v.Name = "f." + below + "." + f.Path
		}
		switch {
		case r.form.Has(v.Name):
			v.Value, v.First = r.form.Get(v.Name), r.form.Get(v.Name+".kind")
		case get != nil && below != "" && below != "new":
			v.Value = get(below + "." + f.Path)
		case get != nil:
			v.Value = get(f.Path)
		}
		if v.Row = rowOf(v.Value); f.Kind == "condition" && r.form.Has(v.Name+".kind") {
			v.Row = r.rowFrom(v.Name)
		}
		out = append(out, v)
	}
	return out
}

// stepChoices are names to choose from, by the list that a field names.
func (r *request) stepChoices(ctx context.Context, def *journey.Definition, draft journey.Draft) (map[string][]string, error) {
	known, err := r.segmentChoices(ctx, "")
	if err != nil {
		return nil, err
	}
	out := map[string][]string{"topics": known.Topics, "events": known.Events, "surveys": {"nps", "csat", "ces"}, "messages": def.Templates()}
	for name := range draft.Files {
		message, _, _ := strings.Cut(name, ".")
		out["messages"] = append(out["messages"], message)
	}
	named := def.References()
	out["pools"], out["teams"], out["webhooks"] = named.Pools, named.Teams, named.Webhooks
	for key := range def.Declares.Pools {
		out["pools"] = append(out["pools"], key)
	}
	for key := range def.Declares.Surveys {
		out["surveys"] = append(out["surveys"], key)
	}
	for _, j := range known.Journeys {
		out["journeys"] = append(out["journeys"], j.Key)
	}
	out["names"] = slices.Concat(known.Attributes, known.Events, known.Segments, known.Topics, def.CouponNames())
	for key, list := range out {
		slices.Sort(list)
		out[key] = slices.Compact(list)
	}
	return out, nil
}

// placeSays is a place in words.
func (r *request) placeSays(def *journey.Definition, p journey.Place) string {
	switch {
	case p.After != "":
		return r.text("place.after", "step", p.After)
	case p.Into == "":
		return r.text("place.first")
	}
	words := p.Way
	if s := def.Step(p.Into); s != nil {
		for _, w := range s.Ways() {
			if w.Name == p.Way {
				words = w.Words
			}
		}
	}
	return r.text("place.into", "step", p.Into, "way", words)
}

// places are where a step can be moved to.
func (r *request) places(def *journey.Definition, id string) (out []placeView) {
	inside := map[string]bool{id: true}
	var mark func(s *journey.Step)
	mark = func(s *journey.Step) {
		inside[s.ID] = true
		for _, arm := range s.Arms() {
			for _, inner := range arm {
				mark(inner)
			}
		}
	}
	mark(def.Step(id))
	for _, s := range graph.LayoutSlots(def).Slots {
		if !inside[s.After] && !inside[s.Into] {
			out = append(out, placeView{placeValue(s.Place), r.placeSays(def, s.Place)})
		}
	}
	return out
}

// placeValue is a place as one value of a form; no id has a | in it.
func placeValue(p journey.Place) string { return p.After + "|" + p.Into + "|" + p.Way }

func placeFrom(value string) (p journey.Place) {
	parts := strings.SplitN(value, "|", 3)
	if len(parts) == 3 {
		p = journey.Place{After: parts[0], Into: parts[1], Way: parts[2]}
	}
	return p
}

// putAddress is the form for a new step at a place.
func putAddress(key string, p journey.Place) string {
	q := url.Values{"put": {"1"}}
	for name, value := range map[string]string{"after": p.After, "into": p.Into, "way": p.Way} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return editPath(key) + "?" + q.Encode() + "#step"
}

func stepAddress(key, id string) string {
	return editPath(key) + "?" + url.Values{"step": {id}}.Encode() + "#step"
}

// editSteps carries out what a form for a step says.
func editSteps(ctx context.Context, r *request) (reply, error) {
	key, id := r.path("key"), r.form.Get("step")
	verb, rest, _ := strings.Cut(r.form.Get("do"), ":")
	e := control.StepEdit{Do: verb, Step: id, At: r.placeAsked()}
	form, _ := stepFormOf(r.form.Get("form"))
	e.List = form.Ways
	if r.form.Has("ways") {
		e.List = r.form.Get("ways")
	}
	switch verb {
	case "insert":
		e.Settings = r.settings(slices.Concat(form.Fields, form.Begin), "")
	case "set":
		e.Settings = r.settings(form.Fields, "")
		for i := 0; r.form.Has("f." + wayPath(e.List, i) + "." + wayMark(form)); i++ {
			e.Settings = append(e.Settings, r.settings(form.Way, wayPath(e.List, i))...)
		}
	case "add_way":
		e.Settings = filled(r.settings(slices.Concat(form.Way, form.Add), "new"))
	case "remove_way":
		e.Way, _ = strconv.Atoi(rest)
	case "move":
		e.At = placeFrom(r.form.Get("to"))
	}
	d, at, err := r.Control.EditSteps(ctx, r.by(), key, r.form.Get("etag"), e)
	if err != nil {
		return reply{}, err
	}
	if verb == "remove" || at == "" {
		return r.seeOther(editPath(d.Key), "step.removed")
	}
	return r.seeOther(stepAddress(d.Key, at), "step.changed")
}

// wayMark is the field by which a way in a form is known to be there.
func wayMark(f stepForm) string {
	if len(f.Way) == 0 {
		return ""
	}
	return f.Way[0].Path
}

func filled(all []journey.Setting) (out []journey.Setting) {
	for _, s := range all {
		if s.Value != "" {
			out = append(out, s)
		}
	}
	return out
}
