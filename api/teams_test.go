package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestTeams(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleAdmin, http.MethodPut, "/api/teams/sales", m{"name": "Sales", "emails": []string{"sales@example.com"}, "url": "https://hooks.example.com/T0/secret"})
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/teams", nil)
	assert.Contains(t, list.body, `"webhook":true`)
	assert.NotContains(t, list.body+s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "secret")
	refused := s.call(journey.RoleAdmin, http.MethodPut, "/api/teams/Sales", m{"emails": []string{"nobody"}, "url": "ftp://x"})
	assert.Equal(t, 422, refused.status)
	for _, field := range []string{"key", "emails[0]", "url"} {
		assert.Contains(t, refused.body, field, "all faults at once")
	}
	hours := m{"zone": "Europe/Paris", "open": []m{{"days": []string{"mon"}, "from": "09:00", "to": "17:00"}}, "holidays": []string{"2030-12-25"}}
	kept := s.must(journey.RoleAdmin, http.MethodPut, "/api/teams/sales", m{"name": "Sales", "emails": []string{"sales@example.com"}, "hours": hours, "default": true})
	assert.Equal(t, "Europe/Paris", kept.json["hours"].(m)["zone"])
	assert.Equal(t, true, kept.json["default"])
	assert.Equal(t, "1h", kept.json["escalate_after"])
	later := s.must(journey.RoleAdmin, http.MethodPut, "/api/teams/sales", m{"emails": []string{"sales@example.com"}, "escalate_after": "90m"})
	assert.Equal(t, "90m", later.json["escalate_after"])
	delete(hours, "holidays")
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodPut, "/api/teams/sales", m{"emails": []string{"sales@example.com"}, "hours": hours}).body, `"holidays":[]`)
	refused = s.call(journey.RoleAdmin, http.MethodPut, "/api/teams/sales", m{"emails": []string{"sales@example.com"}, "escalate_to": "sales", "escalate_after": "5 minutes", "hours": m{"zone": "Mars"}})
	for _, field := range []string{"escalate_to", "escalate_after", "hours.zone", "hours.open"} {
		assert.Contains(t, refused.body, field)
	}
	source := "journey: tells\nname: Tells\ntopic: transactional\nenter: { when: api }\nsteps: [ { notify: { team: %s, text: hello } } ]\n"
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/tells", strings.Replace(source, "%s", "ops", 1), "Content-Type", "application/yaml")
	assert.Contains(t, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/tells/publish", m{}).body, "there is no team ops on this server")
	assert.Equal(t, 204, s.call(journey.RoleAdmin, http.MethodDelete, "/api/teams/sales", nil).status)
}
