package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

const switchedJourney = "journey: hello\nname: Hello\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: never\nsteps:\n  - send: welcome\n"

func TestMailOfAJourneyIsSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	s := open(t)
	const put, get, del = http.MethodPut, http.MethodGet, http.MethodDelete
	s.must(journey.RoleMarketer, put, "/api/journeys/hello", switchedJourney, "Content-Type", "application/yaml")
	s.must(journey.RoleMarketer, put, "/api/journeys/hello/templates/welcome.html", "<p>Hello</p>")
	s.must(journey.RoleMarketer, http.MethodPost, "/api/journeys/hello/publish", m{"in_flight": "keep"})

	set := s.must(journey.RoleMarketer, put, "/api/switch/journey/hello", m{"reason": "a wrong price"})
	assert.Equal(t, "a wrong price", set.json["reason"])
	assert.Equal(t, "marketer of the test", set.json["by"])
	s.must(journey.RoleMarketer, put, "/api/switch/template/hello%2Fwelcome", m{"reason": "a wrong price"})
	s.must(journey.RoleAdmin, put, "/api/switch/domain/Example.NET", m{"reason": "they asked"})
	assert.Equal(t, 200, s.call(journey.RoleViewer, get, "/api/switch/template/hello%2Fwelcome", nil).status)
	assert.Equal(t, 200, s.call(journey.RoleViewer, get, "/api/switch/domain/example.net", nil).status)
	assert.Len(t, s.must(journey.RoleViewer, get, "/api/switch", nil).json["stops"], 3)

	for _, tc := range []struct {
		role   journey.Role
		path   string
		body   m
		status int
	}{
		{journey.RoleMarketer, "/api/switch/domain/example.net", m{"reason": "x"}, 403},
		{journey.RoleSupport, "/api/switch/journey/hello", m{"reason": "x"}, 403},
		{journey.RoleMarketer, "/api/switch/journey/hello", m{}, 422},
		{journey.RoleMarketer, "/api/switch/journey/hullo", m{"reason": "x"}, 404},
		{journey.RoleMarketer, "/api/switch/template/hello", m{"reason": "x"}, 422},
		{journey.RoleMarketer, "/api/switch/template/hello%2Fgoodbye", m{"reason": "x"}, 404},
		{journey.RoleMarketer, "/api/switch/customer/cus_1", m{"reason": "x"}, 422},
		{journey.RoleAdmin, "/api/switch/domain/not%20one", m{"reason": "x"}, 422},
		{journey.RoleAdmin, "/api/switch/domain/a@b.example", m{"reason": "x"}, 422},
	} {
		got := s.call(tc.role, put, tc.path, tc.body)
		assert.Equal(t, tc.status, got.status, "%s as %s: %s", tc.path, tc.role, got.body)
	}

	for _, path := range []string{"/api/switch/journey/hello", "/api/switch/template/hello%2Fwelcome", "/api/switch/domain/example.net"} {
		s.must(journey.RoleAdmin, del, path, nil)
		assert.Equal(t, 404, s.call(journey.RoleAdmin, del, path, nil).status, path)
		assert.Equal(t, 404, s.call(journey.RoleViewer, get, path, nil).status, path)
	}
	audit := s.must(journey.RoleAdmin, get, "/api/audit", nil).body
	assert.Contains(t, audit, "mail.stop")
	assert.Contains(t, audit, "mail.go")
}

func TestHeldInstallationIsReadySaysSoAndIsReleased(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, url := range []string{"https://mail.example.com", "https://staging.example.com"} {
		_, err := s.store.Locate(t.Context(), url)
		assert.NoError(t, err)
	}
	assert.Equal(t, 200, s.call("", http.MethodGet, "/readyz", nil).status)
	held := s.must(journey.RoleViewer, http.MethodGet, "/api/switch", nil)
	assert.Equal(t, true, held.json["held"])
	assert.Contains(t, held.json["held_reason"], "PUBLIC_URL was https://mail.example.com")
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPut, "/api/switch", m{"held": true}).status)
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPut, "/api/switch", m{"daily_ceiling": -1}).status)
	released := s.must(journey.RoleAdmin, http.MethodPut, "/api/switch", m{"held": false, "daily_ceiling": 3})
	assert.Equal(t, false, released.json["held"])
	assert.InDelta(t, 3, released.json["daily_ceiling"], 0)
	audit := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body
	assert.Contains(t, audit, "installation.hold")
}
