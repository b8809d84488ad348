package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
