package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestEndpointsKeepTheirSecrets(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.must(journey.RoleAdmin, http.MethodPut, "/api/endpoints/billing", m{"url": "https://billing.example.com/hook"})
	secret := made.json["secret"].(string)
	_, err := journey.SecretKey(secret)
	assert.NoError(t, err)
	again := s.must(journey.RoleAdmin, http.MethodPut, "/api/endpoints/billing", m{"url": "https://billing.example.com/v2"})
	assert.NotContains(t, again.body, "secret", "it is shown once")
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/endpoints", nil)
	assert.Contains(t, list.body, "https://billing.example.com/v2")
	assert.NotContains(t, list.body+s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body+s.log.String(), secret)
	for body, field := range map[string]string{
		`{"url":"ftp://x"}`: "url", `{"url":"https://a:b@x"}`: "url", `{"url":"https://x","secret":"short"}`: "secret", `{"url":"https://x","key":1}`: "key",
	} {
		refused := s.call(journey.RoleAdmin, http.MethodPut, "/api/endpoints/billing", body)
		assert.Contains(t, []int{400, 422}, refused.status, body)
		assert.Contains(t, refused.body, field)
	}
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPut, "/api/endpoints/No", m{"url": "https://x"}).status)
	assert.Equal(t, 204, s.call(journey.RoleAdmin, http.MethodDelete, "/api/endpoints/billing", nil).status)
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodDelete, "/api/endpoints/billing", nil).status)
}

// A journey that calls an endpoint which nobody has declared cannot be published.
func TestPublishWantsTheEndpoint(t *testing.T) {
	t.Parallel()
	s := open(t)
	source := "journey: calls\nname: Calls\ntopic: transactional\nenter: { when: api }\nsteps: [ { webhook: { to: billing } } ]\n"
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/calls", source, "Content-Type", "application/yaml")
	refused := s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/calls/publish", m{})
	assert.Equal(t, 422, refused.status)
	assert.Contains(t, refused.body, "there is no webhook billing on this server")
	s.must(journey.RoleAdmin, http.MethodPut, "/api/endpoints/billing", m{"url": "https://billing.example.com"})
	s.must(journey.RoleMarketer, http.MethodPost, "/api/journeys/calls/publish", m{})
}
