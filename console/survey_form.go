package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

// surveyForm is a survey as it is being written: its words in each language, and its options as rows.
type surveyForm struct {
	New     bool
	Journey string // that brings it along; "": the server keeps it
	ETag    string // of that journey's draft
	Key     string
	As      string // of a journey: the key in the form
	Kind    string
	Words   []surveyWords // those for everybody first
	Options []surveyOption
	Use     journey.SurveyUse
	Changed bool   // what stands here is not kept
	In      string // the locale that the picture of its page is for
	Thanked bool   // the picture is of the page that thanks

	faults   journey.Problems
	BadWhat  string // what was typed as a language and is none
	heading  string
	language string // of the words for everybody
}

// surveyWords are the words in one language; the locale of those for everybody is "".
type surveyWords struct{ Locale, Question, FollowUp, Thanks string }

// surveyOption is one thing to choose, with how it reads in each language but the first: there it reads as its value does.
type surveyOption struct {
	Value string
	Reads map[string]string
}

func (d surveyForm) title() string { return d.heading }

// Path is where the form goes to.
func (d surveyForm) Path() string {
	switch {
	case d.Journey != "" && d.New:
		return editPath(d.Journey) + "/surveys/" + newSurvey
	case d.Journey != "":
		return editPath(d.Journey) + "/surveys/" + url.PathEscape(d.Key)
	case d.New:
		return "/surveys/" + newSurvey
	}
	return surveyPath(d.Key) + "/edit"
}

// Leave is where one comes from.
func (d surveyForm) Leave() string {
	switch {
	case d.Journey != "" && d.New:
		return broughtAddress(d.Journey, broughtAll, "")
	case d.Journey != "":
		return broughtAddress(d.Journey, "surveys", d.Key)
	case d.New:
		return "/surveys"
	}
	return surveyPath(d.Key)
}

// newSurvey stands in the path for a survey that has no key yet; no key looks like it.
const newSurvey = "_new"

func surveyPath(key string) string { return "/surveys/" + url.PathEscape(key) }

// Kinds are those that there are.
func (surveyForm) Kinds() []string { return journey.SurveyKinds() }

// Language is the locale of words: those for everybody are in that of the installation.
func (d surveyForm) Language(w surveyWords) string { return cmp.Or(w.Locale, d.language) }

// Others are the languages besides that of everybody.
func (d surveyForm) Others() []surveyWords { return d.Words[1:] }

// Rows are the options with room for one more.
func (d surveyForm) Rows() []surveyOption { return append(slices.Clone(d.Options), surveyOption{}) }

// At are the faults of a field: of the words of a locale, of an option's, or of one that every language shares.
func (d surveyForm) At(locale, field string) surveyFaults {
	if locale != "" {
		field = "locales." + locale + "." + field
	}
	return surveyFaults{d.faultsAt(field)}
}

// surveyFaults are what stands below a field.
type surveyFaults struct{ Faults journey.Problems }

func (d surveyForm) faultsAt(path string) (out journey.Problems) {
	for _, p := range d.faults {
		if p.Path == path {
			out = append(out, p)
		}
	}
	return out
}

// Nth is the path of the option of a row.
func (surveyForm) Nth(row int) string { return "options[" + strconv.Itoa(row) + "]" }

func (d surveyForm) choosing() bool { return d.Kind == "choice" || d.Kind == "choices" }

// surveyFormFrom reads what was typed.
func surveyFormFrom(form url.Values) surveyForm {
	text := func(name string) string { return strings.TrimSpace(fromForm(form.Get(name))) }
	d := surveyForm{Kind: form.Get("kind"), Changed: true}
	if !slices.Contains(d.Kinds(), d.Kind) {
		d.Kind = "choice"
	}
	d.Words = []surveyWords{{"", text("question"), text("follow_up"), text("thanks")}}
	for _, locale := range form["locale"] {
		d.Words = append(d.Words, surveyWords{locale, text("question." + locale), text("follow_up." + locale), text("thanks." + locale)})
	}
	for i, value := range form["option"] {
		o := surveyOption{Value: strings.TrimSpace(value), Reads: map[string]string{}}
		for _, w := range d.Others() {
			if list := form["option."+w.Locale]; i < len(list) {
				o.Reads[w.Locale] = strings.TrimSpace(list[i])
			}
		}
		if o.Value != "" {
			d.Options = append(d.Options, o)
		}
	}
	return d
}

// surveyFormOf is a survey that is kept, to be changed.
func surveyFormOf(s journey.SurveyInfo) surveyForm {
	d := surveyForm{Key: s.Key, Kind: s.Kind, Words: []surveyWords{{"", s.Question, s.FollowUp, s.Thanks}}}
	for _, value := range s.Options {
		d.Options = append(d.Options, surveyOption{value, map[string]string{}})
	}
	for locale, words := range s.Locales {
		d.Words = append(d.Words, surveyWords{locale, words.Question, words.FollowUp, words.Thanks})
		for _, o := range d.Options {
			o.Reads[locale] = words.Options[o.Value]
		}
	}
	slices.SortFunc(d.Words, func(a, b surveyWords) int { return cmp.Compare(a.Locale, b.Locale) })
	return d
}

// change does what a button says: drop_option:2, add_locale, drop_locale:fr. A row is added by itself where the last one was filled.
func (d *surveyForm) change(do string, form url.Values) {
	verb, what, _ := strings.Cut(do, ":")
	switch verb {
	case "drop_option":
		if i, err := strconv.Atoi(what); err == nil && i >= 0 && i < len(d.Options) {
			d.Options = slices.Delete(d.Options, i, i+1)
		}
	case "add_locale":
		locale := strings.ToLower(strings.TrimSpace(form.Get("new_locale")))
		switch {
		case !journey.IsLocale(locale):
			d.BadWhat = locale
		case !slices.ContainsFunc(d.Words, func(w surveyWords) bool { return w.Locale == locale }):
			d.Words = append(d.Words, surveyWords{Locale: locale})
		}
	case "drop_locale":
		d.Words = slices.DeleteFunc(d.Words, func(w surveyWords) bool { return w.Locale == what && what != "" })
	}
}

// source is the form as it stands under `surveys` in a journey. What is empty and must not be is left in, so that the fault has its place.
func (d surveyForm) source() string {
	out, locales := d.words(d.Words[0]), map[string]any{}
	out["kind"] = d.Kind
	if d.choosing() {
		values := []string{}
		for _, o := range d.Options {
			values = append(values, o.Value)
		}
		out["options"] = values
	}
	for _, w := range d.Others() {
		words := d.words(w)
		if d.choosing() {
			reads := map[string]string{}
			for _, o := range d.Options {
				reads[o.Value] = o.Reads[w.Locale]
			}
			words["options"] = reads
		}
		locales[w.Locale] = words
	}
	if len(locales) > 0 {
		out["locales"] = locales
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return "" // texts and maps of texts: they are JSON
	}
	return string(raw)
}

// words are those of one language: what everybody reads a word of is said in each.
func (d surveyForm) words(w surveyWords) map[string]any {
	out, first := map[string]any{"question": w.Question}, d.Words[0]
	if w.FollowUp != "" || w.Locale != "" && first.FollowUp != "" {
		out["follow_up"] = w.FollowUp
	}
	if w.Thanks != "" || w.Locale != "" && first.Thanks != "" {
		out["thanks"] = w.Thanks
	}
	return out
}

// form is what people would be shown, faults and all.
func (d surveyForm) form() journey.SurveyForm {
	f := journey.SurveyForm{Key: d.Key, Kind: d.Kind, Question: d.Words[0].Question, FollowUp: d.Words[0].FollowUp, Thanks: d.Words[0].Thanks,
		Locales: map[string]journey.SurveyWords{}}
	for _, o := range d.Options {
		f.Options = append(f.Options, o.Value)
	}
	for _, w := range d.Others() {
		words := journey.SurveyWords{Question: w.Question, FollowUp: w.FollowUp, Thanks: w.Thanks, Options: map[string]string{}}
		for _, o := range d.Options {
			words.Options[o.Value] = o.Reads[w.Locale]
		}
		f.Locales[w.Locale] = words
	}
	return f
}

func newSurveyPage(ctx context.Context, r *request) (reply, error) {
	return r.surveyForm(ctx, surveyForm{New: true, Kind: "choice", Words: []surveyWords{{}}, heading: r.text("survey.new")})
}

func surveyFormPage(ctx context.Context, r *request) (reply, error) {
	s, err := r.Read.Survey(ctx, r.path("key"))
	if err != nil {
		return reply{}, err
	}
	d := surveyFormOf(s)
	d.heading = r.text("survey.change")
	return r.surveyForm(ctx, d)
}

// surveyForm shows the form, as it was typed where it was, after what its button says. Nothing is kept.
func (r *request) surveyForm(ctx context.Context, d surveyForm) (reply, error) {
	if r.form != nil {
		typed := surveyFormFrom(r.form)
		typed.New, typed.Key, typed.heading, typed.Journey, typed.ETag = d.New, d.Key, d.heading, d.Journey, d.ETag
		typed.As = strings.TrimSpace(r.form.Get("key"))
		d = typed
		d.change(r.form.Get("do"), r.form)
	}
	if r.fault != nil {
		d.faults = d.ownFaults(r.fault.Problems)
	}
	d.language, d.In, d.Thanked = r.Brand.Language(), r.sent("in"), r.sent("thanked") != ""
	if d.New || d.Journey != "" {
		return show("survey_form", d)
	}
	var err error
	d.Use, err = r.Read.SurveyUse(ctx, d.Key)
	return reply{page: "survey_form", data: d}, err
}

// ownFaults names faults by the fields of the form: those of a journey say where in it the survey stands.
func (d surveyForm) ownFaults(all journey.Problems) (out journey.Problems) {
	for _, p := range all {
		p.Path = strings.TrimPrefix(strings.TrimPrefix(p.Path, "surveys."+d.As), ".")
		out = append(out, p)
	}
	return out
}

// saveSurvey keeps what the form holds where its button says so; else it is written on.
func saveSurvey(ctx context.Context, r *request) (reply, error) {
	key, fresh := r.path("key"), r.path("key") == ""
	if r.form.Get("do") != "save" {
		if fresh {
			return newSurveyPage(ctx, r)
		}
		return surveyFormPage(ctx, r)
	}
	if fresh {
		key = strings.TrimSpace(r.form.Get("key"))
	}
	d := surveyFormFrom(r.form)
	if _, err := r.Control.PutSurvey(ctx, r.by(), key, d.source(), fresh); err != nil {
		return reply{}, err
	}
	return r.seeOther(surveyPath(key), "survey.saved")
}

// surveyLook is the page that customers would see, for the frame beside the form.
func surveyLook(ctx context.Context, r *request) (reply, error) {
	d := surveyForm{Kind: "choice", Words: []surveyWords{{}}}
	switch {
	case r.form != nil:
		d = surveyFormFrom(r.form)
	case r.query("key") != "":
		s, err := r.Read.Survey(ctx, r.query("key"))
		if err != nil {
			return reply{}, err
		}
		d = surveyFormOf(s)
	}
	page, err := r.Control.LookAtSurvey(d.form(), r.sent("in"), r.sent("thanked") != "")
	return reply{raw: page, policy: mailPolicy, kind: "text/html; charset=utf-8"}, err
}
