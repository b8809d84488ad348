package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestWebhooksShowTheirSecretOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.must(journey.RoleAdmin, http.MethodPost, "/api/webhooks", m{"url": "https://crm.example.com", "events": []string{"Message Sent"}})
	path, secret := "/api/webhooks/"+made.json["id"].(string), made.json["secret"].(string)
	_, err := journey.SecretKey(secret)
	assert.NoError(t, err)
	seen := s.must(journey.RoleAdmin, http.MethodGet, "/api/webhooks", nil).body + s.must(journey.RoleAdmin, http.MethodGet, path, nil).body +
		s.must(journey.RoleAdmin, http.MethodPut, path, m{"url": "https://crm.example.com/v2"}).body + s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body
	assert.NotContains(t, seen, secret)
	assert.Equal(t, 202, s.call(journey.RoleAdmin, http.MethodPost, path+"/test", m{}).status)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, path+"/deliveries", nil).body, "webhook.test")
	assert.Equal(t, 202, s.call(journey.RoleAdmin, http.MethodPost, path+"/replay", m{"since": "2030-05-01T00:00:00Z"}).status)
	for _, bad := range []m{{"url": "crm"}, {"url": "https://x", "events": []string{"Order Completed"}}} {
		assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, "/api/webhooks", bad).status)
	}
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPut, path, m{}).status)
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, path+"/replay", m{}).status)
	assert.Equal(t, 400, s.call(journey.RoleAdmin, http.MethodGet, path+"/deliveries?state=lost", nil).status)
	assert.Equal(t, 204, s.call(journey.RoleAdmin, http.MethodDelete, path, nil).status)
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodGet, path, nil).status)
}
