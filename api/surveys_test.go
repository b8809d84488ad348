package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// answers gives so many scores to nps in the past, one a day, each by a customer of her own; some with a comment.
func (s *shop) answers(from time.Time, scores ...int) {
	s.t.Helper()
	for i, score := range scores {
		at := from.Add(time.Duration(i) * 24 * time.Hour)
		user := fmt.Sprintf("u%d-%d", at.Unix(), i)
		id := "cus_" + user
		s.exec(`INSERT INTO customers (id, email, first_name, created_at) VALUES ($1, $2, 'Ann', $3)`, id, user+"@example.com", at)
		s.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
			VALUES ($1, 'win-back', 1, $2, '', 'ended', '{}', $3)`, "enr_"+user, id, at)
		comment := ""
		if score <= 6 {
			comment = fmt.Sprintf("=only %d", score)
		}
		s.exec(`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, journey_key, version, step, visit, opened_at, expires_at, answered_at, score, comment)
			VALUES ($1, 'nps', '{"Key": "nps", "Kind": "nps"}', $2, $3, 'win-back', 1, 'ask', 1, $4, $5, $4, $6, $7)`, "srv_"+user, id, "enr_"+user, at, at.Add(7*24*time.Hour), score, comment)
	}
}

func TestResultsOfASurvey(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.answers(time.Date(2030, 2, 25, 12, 0, 0, 0, time.UTC), 10, 9, 9, 0)
	s.answers(time.Date(2030, 3, 10, 12, 0, 0, 0, time.UTC), 3, 7)
	s.answers(time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC), 1)
	const path = "/api/surveys/nps"
	got := s.must(journey.RoleViewer, http.MethodGet, path+"/results", nil).json
	survey := got["survey"].(m)
	assert.InDelta(t, 6, survey["answered"], 0, "the last year")
	assert.InDelta(t, 100.0*(3-2)/6, survey["score"], 0.001)
	assert.InDelta(t, 38.0/6, survey["average"], 0.001)
	assert.Equal(t, []any{3.0, 1.0, 2.0}, []any{survey["promoters"], survey["passives"], survey["detractors"]})
	points := got["points"].([]any)
	require.Len(t, points, 2)
	assert.Equal(t, "2030-02-01T00:00:00Z", points[0].(m)["from"])
	assert.InDelta(t, 50, points[0].(m)["score"], 0.001)
	assert.InDelta(t, -50, points[1].(m)["score"], 0.001)
	assert.Len(t, got["spread"], 11)
	weeks := s.must(journey.RoleViewer, http.MethodGet, path+"/results?every=week&journey=win-back&version=1", nil).json
	assert.Equal(t, "2030-02-25T00:00:00Z", weeks["points"].([]any)[0].(m)["from"], "a Monday")
	assert.Nil(t, s.must(journey.RoleViewer, http.MethodGet, path+"/results?journey=other", nil).json["survey"].(m)["score"])
	for query, status := range map[string]int{"every=day": 422, "version=1": 422, "from=monday": 400, "segment=nobody": 404, "from=2031-01-01T00:00:00Z": 422} {
		assert.Equal(t, status, s.call(journey.RoleViewer, http.MethodGet, path+"/results?"+query, nil).status, query)
	}
	assert.Equal(t, 404, s.call(journey.RoleViewer, http.MethodGet, "/api/surveys/nothing/results", nil).status)

	first := s.must(journey.RoleViewer, http.MethodGet, path+"/comments?limit=1", nil).json
	assert.Equal(t, "=only 3", first["data"].([]any)[0].(m)["comment"])
	second := s.must(journey.RoleViewer, http.MethodGet, path+"/comments?limit=1&cursor="+first["next"].(string), nil).json
	assert.Equal(t, "=only 0", second["data"].([]any)[0].(m)["comment"])
	assert.Nil(t, second["next"])

	csv := s.must(journey.RoleMarketer, http.MethodGet, path+"/answers.csv", nil).body
	assert.Equal(t, 7, len(strings.Split(strings.TrimSpace(csv), "\n")))
	assert.Contains(t, csv, ",'=only 3,win-back,1", "no spreadsheet runs it")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM audit WHERE verb = 'survey.export'`))
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/surveys", nil).json["data"].([]any)
	assert.Len(t, list, 2, "why, which win-back declares, and nps, which was asked")
}

func TestSurveysAreKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	put := func(key string, body any) reply {
		return s.call(journey.RoleMarketer, http.MethodPut, "/api/surveys/"+key, body)
	}
	for kind, options := range map[string][]string{"score": nil, "choice": {"a", "b"}, "choices": {"a", "b"}, "text": nil, "nps": nil, "csat": nil, "ces": nil} {
		body := m{"question": "How was it?", "kind": kind}
		if options != nil {
			body["options"] = options
		}
		got := put("how-"+kind, body)
		assert.Equal(t, 200, got.status, got.body)
		assert.Equal(t, kind, got.json["kind"])
	}
	for name, body := range map[string]m{"question": {"kind": "text"}, "options": {"question": "Which?", "kind": "choice"}, "kind": {"question": "x", "kind": "guess"}, "unknown": {"question": "x", "kind": "text", "unknown": 1}} {
		got := put("bad", body)
		assert.Equal(t, 422, got.status, name)
		assert.Contains(t, got.body, name)
	}
	assert.Equal(t, 422, put("nps", m{"question": "x", "kind": "nps"}).status, "it is there already")
	assert.Equal(t, 403, s.call(journey.RoleSupport, http.MethodPut, "/api/surveys/x", m{}).status)
	// A journey asks it without declaring it.
	source := strings.Replace(winBack, "surveys: {", "surveys: { other: { question: x, kind: text }, ", 1)
	s.publish("win-back", strings.Replace(source, "ask: nps", "ask: how-text", 1), winBackFiles)
	_, _, sent := s.asked("ada")
	s.wall.pass(time.Minute)
	link := s.link(journey.TokenSurvey, sent[2], 0)
	assert.Contains(t, s.call("", http.MethodGet, link, nil).body, "How was it?")
	assert.Contains(t, s.form(link, "comment=Lovely").body, "Thank you")
	s.wall.pass(time.Minute)
	assert.InDelta(t, 1, s.must(journey.RoleViewer, http.MethodGet, "/api/surveys/how-text/results", nil).json["survey"].(m)["answered"], 0)
}

const whyInFrench = `{ question: "What made you stay away?", kind: choice, options: [too_expensive, no_need], follow_up: "Anything else?", thanks: "We read every word.",
  locales: { fr: { question: "Qu’est-ce qui vous a retenue ?", options: { too_expensive: Trop cher, no_need: Pas besoin }, follow_up: "Autre chose ?", thanks: "Nous lisons chaque mot." } } }`

// A survey is read in her language: its words, and the page around them. What she answers is the value, counted once whatever she read.
func TestASurveyIsReadInHerLanguage(t *testing.T) {
	t.Parallel()
	s := open(t)
	source := strings.Replace(winBack, `{ question: "What made you stay away?", kind: choice, options: [too_expensive, no_need], follow_up: "Anything else?" }`, whyInFrench, 1)
	s.publish("win-back", strings.Replace(source, "ask: nps", "ask: why", 1), winBackFiles)
	asked := func(user, locale string) string {
		_, _, sent := s.asked(user)
		s.identify(user, m{"locale": locale})
		s.wall.pass(time.Minute)
		return s.link(journey.TokenSurvey, sent[2], 0)
	}
	ada := asked("ada", "fr_CA")
	her := s.call("", http.MethodGet, ada+"?choice=no_need", nil, "Accept-Language", "en").body
	for _, part := range []string{`<html lang="fr">`, "<h1>Qu’est-ce qui vous a retenue ?</h1>", `value="no_need" required checked`, "<span>Trop cher</span>", "Autre chose ?"} {
		assert.Contains(t, her, part)
	}
	assert.NotContains(t, her, "stay away")
	assert.Contains(t, s.form(ada, "choice=no_need&comment=Rien").body, "<p>Nous lisons chaque mot.</p>")

	ben := asked("ben", "")
	his := s.call("", http.MethodGet, ben, nil).body
	assert.Contains(t, his, "<h1>What made you stay away?</h1>")
	assert.Contains(t, his, "<span>Too expensive</span>")
	assert.Contains(t, s.call("", http.MethodGet, ben, nil, "Accept-Language", "en,fr;q=0.5").body, "What made you stay away?", "everybody's is English, and he reads it better")
	assert.Contains(t, s.call("", http.MethodGet, ben, nil, "Accept-Language", "de,fr;q=0.5").body, "a retenue", "German we have not, and French he reads")
	assert.Contains(t, s.form(ben, "choice=no_need").body, "<p>We read every word.</p>")
	assert.Contains(t, s.form(asked("eva", "de-AT"), "choice=too_expensive&comment=Nichts").body, "We read every word.")

	s.wall.pass(time.Minute)
	got := s.must(journey.RoleViewer, http.MethodGet, "/api/surveys/why/results", nil).json
	assert.Equal(t, []any{m{"answer": "too_expensive", "count": 1.0}, m{"answer": "no_need", "count": 2.0}}, got["spread"])
	assert.Equal(t, "Trop cher", got["survey"].(m)["locales"].(m)["fr"].(m)["options"].(m)["too_expensive"])
	said := map[any]any{}
	for _, c := range s.must(journey.RoleViewer, http.MethodGet, "/api/surveys/why/comments", nil).json["data"].([]any) {
		said[c.(m)["comment"]] = c.(m)["locale"]
	}
	assert.Equal(t, map[any]any{"Rien": "fr", "Nichts": "en"}, said)
	csv := s.must(journey.RoleMarketer, http.MethodGet, "/api/surveys/why/answers.csv", nil).body
	assert.Contains(t, csv, "comment,journey,version,locale\n")
	assert.Contains(t, csv, ",no_need,Rien,win-back,1,fr\n")
	assert.Equal(t, "fr", one[string](s, `SELECT properties ->> 'locale' FROM events WHERE name = 'Survey Answered' AND properties ->> 'comment' = 'Rien'`))
	export := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:ada/export", nil).body
	assert.Contains(t, export, `"locale": "fr"`)
}

// A page in French does not claim that English words are French, and an installation in French has its pages in French.
func TestAPageSaysItsLanguages(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", strings.Replace(winBack, "ask: nps", "ask: why", 1), winBackFiles)
	_, _, sent := s.asked("ada")
	s.wall.pass(time.Minute)
	link := s.link(journey.TokenSurvey, sent[2], 0)
	page := s.call("", http.MethodGet, link, nil, "Accept-Language", "fr").body
	assert.Contains(t, page, `<html lang="fr">`)
	assert.Contains(t, page, `<fieldset lang="en">`)
	assert.Contains(t, page, `<span lang="en">Anything else?</span>`)
	assert.Contains(t, s.call("", http.MethodGet, s.link(journey.TokenPreferences, sent[2], 0), nil, "Accept-Language", "fr").body, `<span lang="en">Offers and news</span>`)

	f := open(t, func(d *api.Deps) { d.Brand.Locale = "fr-CA" })
	f.publish("win-back", strings.Replace(winBack, "ask: nps", "ask: why", 1), winBackFiles)
	_, _, sent = f.asked("ada")
	f.wall.pass(time.Minute)
	page = f.call("", http.MethodGet, f.link(journey.TokenSurvey, sent[2], 0), nil).body
	assert.Contains(t, page, `<html lang="fr">`, "nothing is known of her")
	assert.NotContains(t, page, `lang="en"`)
	assert.Contains(t, f.call("", http.MethodGet, f.link(journey.TokenSurvey, sent[2], 0), nil, "Accept-Language", "en").body, `<fieldset lang="fr-CA">`)
}

func TestFaultsOfASurveysLanguages(t *testing.T) {
	t.Parallel()
	s := open(t)
	got := s.call(journey.RoleMarketer, http.MethodPut, "/api/surveys/why", m{"question": "Why?", "kind": "choice", "options": []string{"a", "b"}, "thanks": "Thanks.",
		"locales": m{"fr": m{"options": m{"a": "A", "c": "C"}}, "French": m{"question": "x"}}})
	assert.Equal(t, 422, got.status)
	for _, part := range []string{`locales.fr: the locale fr lacks "question"`, `lacks "thanks"`, `locales.fr.options: the locale fr says nothing for the option "b"`,
		`locales.fr.options.c: the survey has no option "c"`, `locales.French: there is no locale "French"`} {
		assert.Contains(t, got.problems(), part)
	}
}
