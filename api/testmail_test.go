package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// withTests writes one mail for each address, with her name in it.
func withTests(d *api.Deps) {
	d.Control.WriteTests = func(v journey.Version, r journey.TestRequest) (mails []journey.TestMail, err error) {
		name := "Nora"
		if r.Customer != nil {
			name = r.Customer.FirstName
		}
		for _, to := range r.To {
			id := journey.NewID(journey.PrefixMessage)
			mails = append(mails, journey.TestMail{ID: id, Template: "password-changed", Address: to, Subject: "[Test] Hello " + name, MessageID: id + "@x",
				Bytes: []byte("From: mara@example.com\r\nSubject: [Test] Hello " + name + "\r\n\r\nHello\r\n")})
		}
		return mails, nil
	}
}

func TestMessagesAreSentAsTests(t *testing.T) {
	t.Parallel()
	s := open(t, withTests)
	s.publish("account", account, accountFiles)
	s.identify("ada", m{"email": "ada@example.com", "first_name": "Adalinde"})
	path := "/api/journeys/account/test"

	refused := s.call(journey.RoleMarketer, http.MethodPost, path, m{"to": []string{"ann@example.com", "no address", "x@"}})
	require.Equal(t, 422, refused.status, refused.body)
	assert.Contains(t, refused.body, "to[1]")
	assert.Contains(t, refused.body, "to[2]")
	assert.NotContains(t, refused.body, "to[0]")
	for _, to := range [][]string{nil, {"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example", "f@x.example"}} {
		assert.Equal(t, 422, s.call(journey.RoleMarketer, http.MethodPost, path, m{"to": to}).status)
	}
	ours := m{"to": []string{"ann@example.com", "Ann@example.com"}, "customer": "user:ada"}
	assert.Equal(t, 403, s.call(journey.RoleSupport, http.MethodPost, path, ours).status)
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/nowhere/test", ours).status)
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodPost, path, m{"to": []string{"ann@example.com"}, "customer": "user:eve"}).status)

	events := s.call(journey.RoleViewer, http.MethodGet, "/api/customers/user:ada/timeline", nil).body
	sent := s.call(journey.RoleMarketer, http.MethodPost, path, ours)
	require.Equal(t, 202, sent.status, sent.body)
	list := sent.json["data"].([]any)
	require.Len(t, list, 1, "the same address is one")
	one := list[0].(m)
	assert.Equal(t, "[Test] Hello Adalinde", one["subject"])
	assert.Equal(t, events, s.call(journey.RoleViewer, http.MethodGet, "/api/customers/user:ada/timeline", nil).body)
	look := s.must(journey.RoleViewer, http.MethodGet, "/api/messages/"+one["message"].(string), nil)
	assert.Equal(t, "queued", look.json["state"])
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, `"ann@example.com"`)
	claimed := s.transactional()
	require.Len(t, claimed, 1)
	assert.Equal(t, "ann@example.com", claimed[0].Message.Address)

	require.NotEmpty(t, s.leaves("Adalinde"))
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:ada", m{"reason": "asked for it"})
	assert.Empty(t, s.leaves("adalinde", "Adalinde"), "tests that show her are gone")
}

func TestLinksOfTestMailsDoNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		page := s.call("", method, "/test-link?score=9", nil)
		assert.Equal(t, 200, page.status)
		assert.Contains(t, page.body, "This is a test mail: its links do nothing.")
	}
}
