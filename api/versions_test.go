package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestAPlanSaysWhatPublishingWouldDo(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	const path = "/api/journeys/win-back"
	changed := strings.Replace(winBack, "  - wait: 5d\n", "  - wait: 6d\n  - { send: we-miss-you, id: again }\n", 1)
	ask := func(body m) reply {
		return s.must(journey.RoleMarketer, http.MethodPost, path+"/plan", body)
	}
	plan := ask(m{"journey": changed, "in_flight": "migrate"})
	assert.Equal(t, 1.0, plan.json["people"])
	assert.Equal(t, m{"version": 1.0, "step": "wait-5d", "people": 1.0, "becomes": "leave", "why": "the new version has no step `wait-5d`"}, plan.json["steps"].([]any)[0])
	assert.Contains(t, plan.json["advice"].([]any)[0], "map it (wait-5d=wait-6d)")
	assert.Contains(t, plan.json["words"], "step `wait-6d` waits 6 days instead of 5 days")

	plan = ask(m{"journey": changed, "in_flight": "migrate", "map": m{"wait-5d": "wait-6d"}})
	assert.Equal(t, "move", plan.json["steps"].([]any)[0].(m)["becomes"])
	twice := plan.json["twice"].([]any)[0].(m)
	assert.Equal(t, "we-miss-you", twice["what"])
	assert.Equal(t, "ada@example.com", twice["examples"].([]any)[0].(m)["name"])
	assert.Equal(t, 1.0, plan.json["sample"].(m)["looked"])
	assert.InDelta(t, 1.0/28, plan.json["audience"].(m)["per_day"], 0.001)

	assert.Equal(t, "stay", ask(m{"journey": changed}).json["steps"].([]any)[0].(m)["becomes"], "keep is the default")
	assert.Empty(t, ask(m{}).json["changes"], "what is live already")
	assert.Equal(t, 0, one[int](s, `SELECT count(*) FROM journeys WHERE draft_source IS NOT NULL`), "nothing is stored")
	refused := s.call(journey.RoleMarketer, http.MethodPost, path+"/plan", m{"journey": changed, "files": m{}})
	assert.Equal(t, 422, refused.status, refused.body)
	first := s.must(journey.RoleMarketer, http.MethodPost, "/api/journeys/brand-new/plan", m{"journey": strings.Replace(winBack, "journey: win-back", "journey: brand-new", 1), "files": winBackFiles})
	assert.Contains(t, first.json["words"], "nothing is live yet")
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/nowhere/plan", nil).status)
}

// A change of a draft is taken back, and made again, until there is nothing more to take back.
func TestADraftIsUndoneAndRedone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	const path = "/api/journeys/win-back"
	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodPost, path+"/draft/undo", nil).status, "there is no draft")
	for _, days := range []string{"6d", "7d"} {
		got := s.call(journey.RoleMarketer, http.MethodPut, path, strings.Replace(winBack, "wait: 5d", "wait: "+days, 1), "Content-Type", "application/yaml")
		require.Equal(t, 200, got.status, got.body)
	}
	turn := func(how string, headers ...string) reply {
		return s.call(journey.RoleMarketer, http.MethodPost, path+"/draft/"+how, nil, headers...)
	}
	undone := turn("undo")
	require.Equal(t, 200, undone.status, undone.body)
	assert.Contains(t, undone.json["source"], "wait: 6d")
	assert.Equal(t, []any{2.0, 3.0}, []any{undone.json["revision"], undone.json["newest"]})
	assert.Equal(t, 412, turn("redo", "If-Match", `"another"`).status)
	assert.Contains(t, turn("redo").json["source"], "wait: 7d")
	assert.Equal(t, 409, turn("redo").status, "nothing was undone after that")
	turn("undo")
	assert.Contains(t, turn("undo").json["source"], "wait: 5d", "as it was published")
	first := turn("undo")
	assert.Equal(t, 409, first.status)
	assert.Contains(t, first.body, "nothing can be undone")
	assert.Equal(t, 403, s.call(journey.RoleSupport, http.MethodPost, path+"/draft/undo", nil).status)
}

func TestVersionsAreComparedAndRestored(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("win-back", strings.Replace(winBack, "wait: 5d", "wait: 6d", 1), winBackFiles)
	const path = "/api/journeys/win-back"
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, path+"/diff?from=1&to=2", nil).body, "waits 6 days instead of 5 days")
	assert.Empty(t, s.must(journey.RoleViewer, http.MethodGet, path+"/diff?from=2", nil).json["data"])
	assert.Equal(t, 400, s.call(journey.RoleViewer, http.MethodGet, path+"/diff?from=first", nil).status)
	assert.Equal(t, 404, s.call(journey.RoleViewer, http.MethodGet, path+"/diff?from=9", nil).status)
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, path+"/versions/1", nil).json["source"], "wait: 5d")

	restored := s.must(journey.RoleMarketer, http.MethodPost, path+"/restore", m{"version": 1})
	assert.Equal(t, true, restored.json["is_draft"])
	assert.Contains(t, restored.json["source"], "wait: 5d")
	published := s.must(journey.RoleMarketer, http.MethodPost, path+"/publish", nil, "If-Match", restored.header.Get("Etag"))
	assert.Equal(t, 3.0, published.json["version"].(m)["version"])
	assert.Contains(t, published.json["plan"].(m)["words"], "waits 5 days instead of 6 days")

	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodPost, path+"/restore", nil).status, "it is in service")
	s.must(journey.RoleMarketer, http.MethodPost, path+"/archive", nil)
	assert.Equal(t, "live", s.must(journey.RoleMarketer, http.MethodPost, path+"/restore", nil).json["state"])
	s.enter("bo")
	require.Equal(t, 3, one[int](s, `SELECT version FROM enrollments ORDER BY id DESC LIMIT 1`))
}
