package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestNotesStandWithHerAndGoAlongInAMerge(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _ := s.enter("ada")
	other, _ := s.enter("bea")
	path := "/api/customers/user:ada/notes"
	s.must(journey.RoleSupport, http.MethodPost, path, m{"text": "calls on Mondays"}, "Idempotency-Key", "n1")
	s.must(journey.RoleSupport, http.MethodPost, path, m{"text": "calls on Mondays"}, "Idempotency-Key", "n1")
	s.wall.pass(time.Minute)
	added := s.must(journey.RoleSupport, http.MethodPost, path, m{"text": " prefers the phone "})
	assert.Equal(t, 201, added.status)
	notes := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/"+customer, nil).json["notes"].([]any)
	require.Len(t, notes, 2, "the newest first, each once")
	assert.Equal(t, "prefers the phone", notes[0].(m)["text"])
	assert.Equal(t, "support of the test", notes[0].(m)["by"])
	assert.Equal(t, "noted by support of the test: prefers the phone", s.timeline(customer)[0])
	audit := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body
	assert.Equal(t, 2, strings.Count(audit, "customer.note"))
	assert.NotContains(t, audit, "phone", "what it says is hers, not the audit's")

	s.must(journey.RoleIngest, http.MethodPost, "/v1/alias", m{"previousId": "ada", "userId": "bea"})
	s.apply()
	kept := one[string](s, `SELECT coalesce(merged_into, id) FROM customers WHERE id = $1`, customer)
	assert.Contains(t, []string{customer, other}, kept)
	assert.Len(t, s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:bea", nil).json["notes"], 2)

	assert.Equal(t, 422, s.call(journey.RoleSupport, http.MethodPost, path, m{"text": " "}).status)
	assert.Equal(t, 404, s.call(journey.RoleSupport, http.MethodPost, "/api/customers/user:nobody/notes", m{"text": "x"}).status)
}
