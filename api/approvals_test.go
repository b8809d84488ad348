package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Whoever published does not approve whom it reaches, where somebody else can; and she must type the number.
func TestAudienceTakesASecondPersonAndItsNumber(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	marketer := one[string](s, `SELECT id FROM keys WHERE role = 'marketer'`)
	_, err := s.sql.Exec(t.Context(), `INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by)
		VALUES ('apr_1', 'win-back', 1, 'asked', 12000, 1000, $1, $2)`, s.wall.now(), marketer)
	require.NoError(t, err)
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/approvals", nil)
	assert.Contains(t, list.body, "12000 people are about to enter win-back, and 1000 would be usual at most")
	path := "/api/approvals/apr_1"
	assert.Equal(t, 403, s.call(journey.RoleMarketer, http.MethodPost, path, m{"count": 12000}).status)
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, path, m{}).status, "the number must be typed")
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, path, m{"count": 1200}).status)
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, path, m{"refuse": true}).status, "with a reason")
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodPost, "/api/approvals/apr_2", m{"count": 1}).status)
	approved := s.must(journey.RoleAdmin, http.MethodPost, path, m{"count": 12000, "pace": "2h"})
	assert.Equal(t, "1 % of those who enter win-back are let in; the others wait at its door", approved.json["words"])
	assert.Equal(t, 409, s.call(journey.RoleAdmin, http.MethodPost, path, m{"count": 12000}).status)
	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/ramp", m{}).status, "there is one")
	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/ramp/resume", m{"reason": "x"}).status, "it has not stopped")
}

// Where there is nobody else, whoever published may approve.
func TestAudienceOfALonePublisher(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, err := s.sql.Exec(t.Context(), `UPDATE keys SET revoked_at = $1 WHERE role = 'marketer'`, s.wall.now())
	require.NoError(t, err)
	_, err = s.sql.Exec(t.Context(), `INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by)
		SELECT 'apr_1', 'win-back', 1, 'asked', 7, 5, $1, id FROM keys WHERE role = 'admin'`, s.wall.now())
	require.NoError(t, err)
	got := s.must(journey.RoleAdmin, http.MethodPost, "/api/approvals/apr_1", m{"count": 7, "at_once": true})
	assert.Equal(t, "everybody is let in", got.json["words"])
}
