package console

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/control"
	"perennial/journey"
	"perennial/journey/graph"
)

// stepView is the form beside the picture: for a step of the draft, for one that is to be put in, or for a part of the head.
type stepView struct {
	ID      string // "": a new one, or the head
	Head    string // the key of the head's form
	ETag    string // of the draft that the form began from
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
	Builder segmentChoices // of conditions
	Adding  bool           // the fields of one more way were posted
	Values  []placeView    // paths of values that are known, with what each is of
	Brought *broughtView   // instead: what the journey brings along
}

// New says whether it is to be put in.
func (s stepView) New() bool { return s.ID == "" && s.Head == "" }

// Steps says whether it is a step of the draft.
func (s stepView) Steps() bool { return s.ID != "" }

// Rare are the fields that are folded away.
func (s stepView) Rare() (folded []fieldView) {
	for _, f := range s.Fields {
		if f.Rare {
			folded = append(folded, f)
		}
	}
	return folded
}

// Unfolded says whether one of them says something, or is wrong.
func (s stepView) Unfolded() bool { return slices.ContainsFunc(s.Rare(), fieldView.Said) }

// Address is what names the form in the address of the page.
func (s stepView) Address() string {
	if s.Head != "" && s.Brought == nil {
		return "head=" + s.Head
	}
	return "step=" + s.ID
}

// eachField visits all the fields that are seen.
func (s *stepView) eachField(visit func(*fieldView)) {
	each(s.Fields, visit)
	for _, w := range s.Ways {
		each(w.Fields, visit)
	}
	each(s.Add, visit)
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
	id, head, brings, asked := r.value("step"), r.value("head"), r.value("brings"), r.value("put") != ""
	if id == "" && head == "" && brings == "" && !asked {
		return nil, nil //nolint:nilnil // none was
	}
	w, err := journey.NewRewrite(draft.Source)
	if err != nil {
		return nil, err
	}
	s := &stepView{ID: id, Head: head, Place: r.placeAsked(), ETag: draft.ETag}
	if r.fault == nil && r.form.Has("etag") { // a button of the builder: what it is about is the draft as it was
		s.ETag = r.form.Get("etag")
	}
	if err := r.stepChoices(ctx, def, draft, s); err != nil {
		return nil, err
	}
	switch {
	case brings != "":
		if err := r.showBrought(s, def, draft, w); err != nil {
			return nil, err
		}
	case s.New():
		s.Says = r.placeSays(def, s.Place)
		form, known := stepFormOf(r.value("form"))
		if !known {
			s.Kinds = stepForms()
			return s, nil
		}
		s.Form = form
		s.Fields = r.fieldViews(slices.Concat(form.Fields, form.Begin), spot{at: w.PathAt(s.Place)})
	case head != "":
		form, known := headFormOf(head)
		if !known {
			return nil, journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
		}
		s.Form, s.Says = form, r.text("head."+head)
		s.setOut(r, w)
	default:
		step := def.Step(id)
		if step == nil {
			return nil, journey.Faultf(journey.CodeNotFound, "%s", r.text("step.gone"))
		}
		what, _ := step.Words()
		s.Says = r.language.described(what)
		if s.Form = formFor(step); w.Get(id, "split.variants") != "" {
			s.Form.Ways = "split.variants"
		}
		s.showMessage(step)
		s.setOut(r, w)
		s.Places = r.places(def, id)
	}
	if r.fault != nil {
		var fields []*fieldView
		s.eachField(func(f *fieldView) { fields = append(fields, f) })
		rest := placeFaults(r.fault.Problems, fields)
		r.fault = &journey.Fault{Code: r.fault.Code, Message: r.fault.Message, Problems: rest}
	}
	return s, nil
}

func (s *stepView) showMessage(step *journey.Step) {
	if step.Send != nil {
		s.Message = step.Send.Message
	} else if step.Survey != nil {
		s.Message = step.Survey.Send
	}
}

// setOut fills the form with what the text says.
func (s *stepView) setOut(r *request, w *journey.Rewrite) {
	form, at := s.Form, w.Path(s.ID)
	get := s.getter(w)
	s.Fields = r.fieldViews(slices.Concat(form.Fields, form.Later), spot{get: get, at: at})
	for i := 0; form.Ways != "" && w.Get(s.ID, wayPath(form.Ways, i)) != "" && w.Get(s.ID, wayPath(form.Ways, i)+".else") == ""; i++ {
		path := wayPath(form.Ways, i)
		s.Ways = append(s.Ways, wayView{i, r.fieldViews(form.Way, spot{below: path, get: get, at: problemPath(at, path)})})
	}
	s.Add = r.fieldViews(slices.Concat(form.Way, form.Add), spot{below: "new", at: problemPath(at, wayPath(form.Ways, len(s.Ways)))})
	_, about, _ := strings.Cut(r.form.Get("do"), ":f.")
	s.Adding = r.form.Get("do") == "add_way" || strings.HasPrefix(about[strings.LastIndexByte(about, '/')+1:], "new.")
}

// getter reads the fields of the step, or of the head. The short form of a step says the field that it begins with.
func (s *stepView) getter(w *journey.Rewrite) func(path string) string {
	get := func(path string) string { return w.Get(s.ID, path) }
	for kind, head := range map[string]string{"send": "send.message", "start": "start.journey"} {
		if s.Form.Key == kind && get(head) == "" {
			return func(path string) string {
				if path == head {
					return w.Get(s.ID, kind)
				}
				return w.Get(s.ID, path)
			}
		}
	}
	return get
}

// stepChoices are names to choose from, by the list that a field names, and those of the builder.
func (r *request) stepChoices(ctx context.Context, def *journey.Definition, draft journey.Draft, s *stepView) error {
	known, err := r.segmentChoices(ctx, "")
	if err != nil {
		return err
	}
	known.InJourney = true
	for key := range def.Declares.Segments {
		known.Segments = append(known.Segments, key)
	}
	for key := range def.Declares.Topics {
		known.Topics = append(known.Topics, key)
	}
	names, err := r.Read.NamesKept(ctx)
	if err != nil {
		return err
	}
	named := def.References()
	out := map[string][]string{"topics": append(known.Topics, journey.TopicTransactional), "events": known.Events, "messages": def.Templates(),
		"segments": known.Segments, "attributes": known.Attributes, "coupons": def.CouponNames(), "vars": def.VarNames(), "answers": journey.AnswerNames(),
		"missing": {"skip", "exit", "1d", "3d", "7d"}, "teams": append(names.Teams, named.Teams...),
		"pools":    slices.Concat(names.Pools, named.Pools, slices.Collect(maps.Keys(def.Declares.Pools))),
		"surveys":  slices.Concat(names.Surveys, named.Surveys, slices.Collect(maps.Keys(def.Declares.Surveys)), []string{"nps", "csat", "ces"}),
		"webhooks": slices.Concat(names.Webhooks, named.Webhooks, slices.Collect(maps.Keys(def.Declares.Webhooks)))}
	for name := range draft.Files {
		if message, _, _ := strings.Cut(name, "."); message != "layout" {
			out["messages"] = append(out["messages"], message)
		}
	}
	for _, j := range known.Journeys {
		out["journeys"] = append(out["journeys"], j.Key)
	}
	for key, list := range out {
		list = slices.Clone(list)
		slices.Sort(list)
		out[key] = slices.Compact(list)
	}
	for _, of := range []struct{ kind, list string }{{"attribute", "attributes"}, {"answer", "answers"}, {"coupon", "coupons"}, {"var", "vars"}} {
		for _, name := range out[of.list] {
			s.Values = append(s.Values, placeView{name, r.text("value." + of.kind)})
		}
	}
	s.Choices, s.Builder = out, known
	return nil
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
				words = r.language.described(w.Words)
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

func headAddress(key, head string) string {
	return editPath(key) + "?" + url.Values{"head": {head}}.Encode() + "#step"
}

// editSteps carries out what a form for a step, or for a part of the head, says. The buttons of the builder of conditions change nothing:
// they show the form with one row more or less.
func editSteps(ctx context.Context, r *request) (reply, error) {
	key, id, head := r.path("key"), r.form.Get("step"), r.form.Get("head")
	verb, rest, _ := strings.Cut(r.form.Get("do"), ":")
	if verb == "add" || verb == "drop" {
		return editPage(ctx, r)
	}
	e := control.StepEdit{Do: verb, Step: id, At: r.placeAsked()}
	form, _ := stepFormOf(r.form.Get("form"))
	if head != "" {
		form, _ = headFormOf(head)
	}
	e.List = form.Ways
	if r.form.Has("ways") {
		e.List = r.form.Get("ways")
	}
	switch verb {
	case "insert":
		e.Settings = r.settings(slices.Concat(form.Fields, form.Begin), spot{})
	case "set", "add_way":
		if err := r.changes(ctx, &e, form); err != nil {
			return reply{}, err
		}
	case "remove_way":
		e.Way, _ = strconv.Atoi(rest)
	case "move":
		e.At = placeFrom(r.form.Get("to"))
	}
	d, at, err := r.Control.EditSteps(ctx, r.by(), key, r.form.Get("etag"), e)
	if err != nil {
		return reply{}, err
	}
	switch {
	case head != "":
		return r.seeOther(headAddress(d.Key, head), "step.changed")
	case verb == "remove" || at == "":
		return r.seeOther(editPath(d.Key), "step.removed")
	}
	return r.seeOther(stepAddress(d.Key, at), "step.changed")
}

// changes reads what a form for something of the draft changes, beside what the draft says there.
func (r *request) changes(ctx context.Context, e *control.StepEdit, form stepForm) error {
	draft, err := r.Read.Draft(ctx, r.path("key"))
	if err != nil {
		return err
	}
	w, err := journey.NewRewrite(draft.Source)
	if err != nil {
		return err
	}
	form.Ways = e.List
	get := (&stepView{ID: e.Step, Form: form}).getter(w)
	e.Settings = r.settings(form.Fields, spot{get: get})
	for i := 0; e.List != "" && get(wayPath(e.List, i)) != "" && get(wayPath(e.List, i)+".else") == ""; i++ {
		e.Settings = append(e.Settings, r.settings(form.Way, spot{below: wayPath(e.List, i), get: get})...)
	}
	e.Settings = append(e.Settings, r.settings(form.Later, spot{get: get})...)
	if e.Do == "add_way" {
		e.Arm = filled(r.settings(slices.Concat(form.Way, form.Add), spot{below: "new"}))
	}
	return nil
}

func filled(all []journey.Setting) (out []journey.Setting) {
	for _, s := range all {
		if s.Value != "" {
			out = append(out, s)
		}
	}
	return out
}
