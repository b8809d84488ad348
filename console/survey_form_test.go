package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// A marketer writes a survey without a script: languages and options come and go by buttons, faults stand at their fields, and what is kept
// is what the API would have kept.
func TestASurveyIsWrittenInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	assert.Equal(t, http.StatusForbidden, o.as(journey.RoleSupport).get("/surveys/_new").status)
	assert.Contains(t, v.get("/surveys").body, `href="/surveys/_new"`)
	page := v.get("/surveys/_new").body
	form := fieldsOf(t, page, "/surveys/_new")
	form.Set("question", "Why are you leaving?")
	form["option"] = []string{"price"}
	form.Set("do", "add_option")
	form = fieldsOf(t, v.post("/surveys/_new", form).body, "/surveys/_new")
	assert.Equal(t, []string{"price", ""}, form["option"], "there is always one row more")
	form["option"] = []string{"price", "too slow"}
	form.Set("new_locale", "French")
	form.Set("do", "add_locale")
	assert.Contains(t, v.post("/surveys/_new", form).body, "“french” is no language")
	form.Set("new_locale", "FR")
	page = v.post("/surveys/_new", form).body
	assert.Contains(t, page, `name="question.fr"`)
	assert.Contains(t, page, "<legend>French</legend>")
	form = fieldsOf(t, page, "/surveys/_new")
	assert.Equal(t, []string{"", "", ""}, form["option.fr"])

	form.Set("key", "why-leaving")
	form.Set("thanks", "We read every word.")
	form["option.fr"] = []string{"Le prix", "", ""}
	form.Set("do", "save")
	got := v.post("/surveys/_new", form)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	for _, fault := range []string{"question is empty", "thanks is empty", "the option is empty"} {
		assert.Contains(t, got.body, `<ul class="small bad"><li>`+fault)
	}
	assert.Contains(t, got.body, `value="Le prix"`, "what was typed is still there")
	assert.Contains(t, v.post("/surveys/_new", form, "Accept-Language", "fr").body, "est vide")
	form.Set("question.fr", "Pourquoi partez-vous ?")
	form.Set("thanks.fr", "Nous lisons chaque mot.")
	form["option.fr"] = []string{"Le prix", "Trop lent", ""}
	look := v.post("/surveys/_look", url.Values{"kind": form["kind"], "question": form["question"], "locale": {"fr"}, "question.fr": form["question.fr"],
		"option": form["option"], "option.fr": form["option.fr"], "in": {"fr"}})
	assert.Contains(t, look.body, "Pourquoi partez-vous ?")
	assert.Contains(t, look.body, "Trop lent")
	assert.Contains(t, look.header.Get("Content-Security-Policy"), "sandbox")
	saved := v.follow("/surveys/_new", form)
	assert.Contains(t, saved.body, "It holds for everybody who is asked from now on")
	s, err := o.store.Survey(t.Context(), "why-leaving")
	assert.NoError(t, err)
	assert.Equal(t, []string{"price", "too slow"}, s.Options)
	assert.Equal(t, map[string]journey.SurveyWords{"fr": {Question: "Pourquoi partez-vous ?", Options: map[string]string{"price": "Le prix", "too slow": "Trop lent"},
		Thanks: "Nous lisons chaque mot."}}, s.Locales)
	assert.Equal(t, "marketer fr", one[string](o, `SELECT role || ' ' || (detail -> 'locales' ->> 0) FROM audit WHERE verb = 'survey.put'`))
	assert.Equal(t, http.StatusPreconditionFailed, v.post("/surveys/_new", form).status, "a new one is no change of an old one")

	edit := "/surveys/why-leaving/edit"
	form = fieldsOf(t, v.get(edit).body, edit)
	assert.Equal(t, []string{"Le prix", "Trop lent", ""}, form["option.fr"])
	form.Set("do", "drop_locale:fr")
	form = fieldsOf(t, v.post(edit, form).body, edit)
	form.Set("do", "drop_option:0")
	form = fieldsOf(t, v.post(edit, form).body, edit)
	form["option"] = append(form["option"][:1:1], "other", "")
	form.Set("do", "save")
	v.follow(edit, form)
	s, err = o.store.Survey(t.Context(), "why-leaving")
	assert.NoError(t, err)
	assert.Equal(t, []string{"too slow", "other"}, s.Options)
	assert.Empty(t, s.Locales)
	assert.Equal(t, http.StatusNotFound, v.get("/surveys/none/edit").status)
}

// Who changes a survey is told whom that touches: invitations that are out keep their form, and journeys with words of their own ask those.
func TestAChangedSurveySaysWhomItTouches(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	o.publish("onboarding")
	o.publish("graceful-exit")
	o.exec(`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, step, visit, opened_at, expires_at)
		VALUES ('srv_1', 'why-leaving', '{"Key": "why-leaving", "Kind": "text"}', $1, $2, 'asked', 1, $3, $4)`, ada, o.enrollment(ada), o.wall.now(), o.wall.now().AddDate(0, 0, 7))
	v := o.as(journey.RoleMarketer)
	page := v.get("/surveys/why-leaving/edit").body
	assert.Contains(t, page, "1 invitation is out and not answered yet")
	assert.Contains(t, page, `<a href="/journeys/graceful-exit">graceful-exit</a>. They ask what they declare`)
	assert.Contains(t, page, `value="Une faute de notre part"`)

	w := o.browser()
	w.signInAgain(journey.RoleMarketer)
	w.around("survey-new", "/surveys/_new")
	w.around("survey-edit", "/surveys/why-leaving/edit?in=fr")
	w.looks(1280, "light")
	w.open("/surveys/why-leaving/edit")
	ask[bool](w, `(document.querySelector('[name="question.fr"]').value = 'Et pourquoi ?') != ''`)
	w.do(chromedp.Click(`button[value=save]`))
	w.eventually(`document.querySelector('.notice') && location.pathname == '/surveys/why-leaving'`)
	assert.Equal(t, "Et pourquoi ?", one[string](o, `SELECT form -> 'Locales' -> 'fr' ->> 'question' FROM surveys WHERE key = 'why-leaving'`))
	w.around("topics", "/topics")
}

// A topic is named in other languages on its page; an emptied row takes one out.
func TestTopicsAreNamedInOtherLanguages(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	v.follow("/topics", url.Values{"key": {"news"}, "name": {"News"}, "locale": {"fr", "de", ""}, "name_in": {"Nouvelles", "Neues", ""}})
	page := v.get("/topics").body
	assert.Contains(t, page, `<span class="tag" lang="fr" title="French">Nouvelles</span>`)
	got := v.post("/topics", url.Values{"key": {"news"}, "name": {"News"}, "locale": {"fr", "French"}, "name_in": {"", "x"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "locales.French</b> is no locale")
	assert.Contains(t, got.body, "locales.fr.name</b> is missing")
	v.follow("/topics", url.Values{"key": {"news"}, "name": {"News"}, "locale": {"", "de"}, "name_in": {"", "Neues"}})
	assert.NotContains(t, v.get("/topics").body, "Nouvelles")
}
