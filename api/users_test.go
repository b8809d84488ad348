package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestUsersByTheAPI(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.call(journey.RoleAdmin, http.MethodPost, "/api/users", m{"email": "Mara@Oak.example", "name": "Mara", "role": "support"})
	assert.Equal(t, http.StatusCreated, made.status, made.body)
	assert.Equal(t, "mara@oak.example", made.json["email"])
	assert.Contains(t, made.json["sign_in"], "/sign-in/")
	id, _ := made.json["id"].(string)
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/users", nil).body, "/sign-in/", "a link is shown once")

	assert.Equal(t, http.StatusConflict, s.call(journey.RoleAdmin, http.MethodPost, "/api/users", m{"email": "mara@oak.example", "role": "viewer"}).status)
	assert.Equal(t, http.StatusUnprocessableEntity, s.call(journey.RoleAdmin, http.MethodPost, "/api/users", m{"email": "x@oak.example", "role": "ingest"}).status)
	assert.Equal(t, http.StatusForbidden, s.call(journey.RoleMarketer, http.MethodGet, "/api/users", nil).status)

	changed := s.must(journey.RoleAdmin, http.MethodPut, "/api/users/"+id, m{"role": "admin"})
	assert.Equal(t, "admin", changed.json["role"])
	last := s.call(journey.RoleAdmin, http.MethodPut, "/api/users/"+id, m{"role": "viewer"})
	assert.Equal(t, http.StatusConflict, last.status, "the last admin of the console stays one")
	other := s.call(journey.RoleAdmin, http.MethodPost, "/api/users", m{"email": "other@oak.example", "role": "admin"})
	assert.Equal(t, http.StatusCreated, other.status)
	changed = s.must(journey.RoleAdmin, http.MethodPut, "/api/users/"+id, m{"role": "viewer", "disabled": true})
	assert.Equal(t, "viewer", changed.json["role"])
	assert.NotEmpty(t, changed.json["disabled_at"])
	assert.Equal(t, http.StatusConflict, s.call(journey.RoleAdmin, http.MethodPost, "/api/users/"+id+"/link", m{}).status)
	s.must(journey.RoleAdmin, http.MethodPut, "/api/users/"+id, m{"disabled": false})
	link := s.call(journey.RoleAdmin, http.MethodPost, "/api/users/"+id+"/link", m{"purpose": "sign_in"})
	assert.Equal(t, http.StatusCreated, link.status, link.body)
	assert.Equal(t, http.StatusNotFound, s.call(journey.RoleAdmin, http.MethodPut, "/api/users/usr_none", m{"role": "viewer"}).status)

	s.must(journey.RoleAdmin, http.MethodGet, "/api/audit?verb=user.role&from=2020-01-01T00:00:00Z", nil)
	for query, entries := range map[string]int{"verb=user.role": 2, "verb=user": 9, "target=" + id: 7, "verb=user.role&to=2020-01-01T00:00:00Z": 0, "actor=nobody": 0} {
		got := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit?"+query, nil)
		assert.Equal(t, entries, strings.Count(got.body, `"verb":`), "%s: %s", query, got.body)
	}
	assert.Equal(t, http.StatusBadRequest, s.call(journey.RoleAdmin, http.MethodGet, "/api/audit?from=yesterday", nil).status)
	file := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit.csv?verb=user.role", nil)
	assert.Equal(t, 3, strings.Count(file.body, "\n"), file.body)
}
