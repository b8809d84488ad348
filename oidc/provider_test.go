package oidc_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/oidc"
	"perennial/oidc/oidctest"
)

const back = "http://localhost:8080/sign-in/provider/back"

// at is the provider as we see it; what it logs goes to the buffer.
func at(t *testing.T, issuer string) (*oidc.Provider, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	return oidc.New(oidc.Config{Issuer: issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Name: "Oak ID", Redirect: back,
		Home: "http://localhost:8080/sign-in", Claim: "groups", Wall: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))}), log
}

// walk signs in at the provider as a browser would, and returns the query with which it is sent back to us.
func walk(t *testing.T, to, who string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var query url.Values
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "localhost:8080" {
			assert.Equal(t, "/sign-in/provider/back", r.URL.Path)
			query = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(to) //nolint:noctx // a browser in a test
	require.NoError(t, err)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	res.Body.Close()
	found := regexp.MustCompile(`name="authRequestID" value="([^"]+)"`).FindSubmatch(raw)
	require.NotNil(t, found, "%s", raw)
	res, err = browser.PostForm(res.Request.URL.String(), url.Values{"authRequestID": {string(found[1])}, "name": {who}, "password": {who}}) //nolint:noctx // the same
	require.NoError(t, err)
	res.Body.Close()
	require.NotNil(t, query, "the provider did not send the browser back")
	return query
}

func TestSigningInAtAProvider(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, oidctest.Person{ID: "mara", Email: "mara@oak.example", Name: "Mara", Groups: []string{"helpdesk"}},
		oidctest.Person{ID: "nico", Email: "nico@oak.example", Unverified: true})
	idp.Register(back)
	p, log := at(t, idp.URL)
	assert.Empty(t, p.SignOutURL(), "nobody has asked it yet")

	to, h, err := p.Begin(t.Context())
	require.NoError(t, err)
	asked, err := url.Parse(to)
	require.NoError(t, err)
	assert.Equal(t, "S256", asked.Query().Get("code_challenge_method"))
	assert.Equal(t, back, asked.Query().Get("redirect_uri"))
	assert.NotContains(t, to, h.Verifier)
	query := walk(t, to, "mara")
	id, err := p.Finish(t.Context(), h, query)
	require.NoError(t, err)
	assert.Equal(t, journey.Identity{Issuer: idp.URL, Subject: "mara", Email: "mara@oak.example", Verified: true, Name: id.Name, Groups: []string{"helpdesk"}}, id)
	assert.Contains(t, id.Name, "Mara")

	_, err = p.Finish(t.Context(), h, query)
	assert.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err), "a code counts once: %v", err)

	out, err := url.Parse(p.SignOutURL())
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:8080/sign-in", out.Query().Get("post_logout_redirect_uri"))

	to, h, err = p.Begin(t.Context())
	require.NoError(t, err)
	id, err = p.Finish(t.Context(), h, walk(t, to, "nico"))
	require.NoError(t, err)
	assert.False(t, id.Verified)
	assert.NotContains(t, log.String(), oidctest.Secret)
}

func TestAnotherBrowsersAnswerIsRefused(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, oidctest.Person{ID: "mara", Email: "mara@oak.example"})
	idp.Register(back)
	p, _ := at(t, idp.URL)
	to, h, err := p.Begin(t.Context())
	require.NoError(t, err)
	query := walk(t, to, "mara")
	_, other, err := p.Begin(t.Context())
	require.NoError(t, err)
	for why, try := range map[string]struct {
		h     journey.Handshake
		query url.Values
	}{
		"no cookie":             {journey.Handshake{}, query},
		"a cookie without more": {journey.Handshake{}, url.Values{"code": query["code"]}},
		"another's cookie":      {other, query},
		"no state":              {h, url.Values{"code": query["code"]}},
		"another provider":      {h, url.Values{"code": query["code"], "state": query["state"], "iss": {"https://evil.example"}}},
		"another verifier":      {journey.Handshake{State: h.State, Nonce: h.Nonce, Verifier: other.Verifier}, query},
		"the provider says no":  {h, url.Values{"error": {"access_denied"}, "state": query["state"]}},
		"no code":               {h, url.Values{"state": query["state"]}},
	} {
		_, err := p.Finish(t.Context(), try.h, try.query)
		assert.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err), "%s: %v", why, err)
	}
}

func TestAProviderThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, oidctest.Person{ID: "mara", Email: "mara@oak.example"})
	idp.Register(back)
	p, _ := at(t, idp.URL)
	idp.GoAway(true)
	_, _, err := p.Begin(t.Context())
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err))
	assert.ErrorContains(t, err, "Oak ID does not answer")
	require.Error(t, p.Check(t.Context()))
	idp.GoAway(false)
	to, h, err := p.Begin(t.Context())
	require.NoError(t, err, "it is asked again")
	query := walk(t, to, "mara")
	idp.GoAway(true)
	_, err = p.Finish(t.Context(), h, query)
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err))
	nobody, _ := at(t, "http://127.0.0.1:1")
	_, _, err = nobody.Begin(t.Context())
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err))
}
