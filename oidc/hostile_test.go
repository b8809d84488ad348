package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/oidc/oidctest"
)

// forger is a provider that says whatever the test wants it to.
type forger struct {
	*httptest.Server
	key   *rsa.PrivateKey
	token func() string  // the ID token that it answers
	about map[string]any // its page about somebody
}

func forge(t *testing.T) *forger {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	f := &forger{key: key}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			answer = map[string]any{"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
				"userinfo_endpoint": f.URL + "/about", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}}
		case "/keys":
			answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}}
		case "/token":
			answer = map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": f.token()}
		case "/about":
			answer = f.about
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(f.Close)
	return f
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	require.NoError(t, err)
	raw, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(raw)
	require.NoError(t, err)
	out, err := signed.CompactSerialize()
	require.NoError(t, err)
	return out
}

// Whatever a token says that is not for us, of now and signed: it opens nothing.
func TestHostileTokens(t *testing.T) {
	t.Parallel()
	f := forge(t)
	p, log := at(t, f.URL)
	_, h, err := p.Begin(t.Context())
	require.NoError(t, err)
	good := map[string]any{"iss": f.URL, "aud": oidctest.ClientID, "sub": "s", "nonce": h.Nonce, "exp": time.Now().Add(time.Hour).Unix(),
		"iat": time.Now().Unix(), "email": "mara@oak.example", "email_verified": true, "groups": "helpdesk"}
	with := func(name string, value any) map[string]any {
		c := maps.Clone(good)
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
		return c
	}
	finish := func(token string) (journey.Identity, error) {
		f.token = func() string { return token }
		return p.Finish(t.Context(), h, url.Values{"code": {"c"}, "state": {h.State}})
	}
	rs := func(claims map[string]any) string { return sign(t, jose.RS256, f.key, claims) }

	id, err := finish(rs(good))
	require.NoError(t, err, "%s", log)
	assert.Equal(t, journey.Identity{Issuer: f.URL, Subject: "s", Email: "mara@oak.example", Verified: true, Groups: []string{"helpdesk"}}, id)

	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	body, err := json.Marshal(good)
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	parts := strings.Split(rs(good), ".")
	for why, token := range map[string]string{
		"another nonce":          rs(with("nonce", "other")),
		"no nonce":               rs(with("nonce", nil)),
		"another audience":       rs(with("aud", "somebody-else")),
		"another party":          rs(with("azp", "somebody-else")),
		"two audiences, no azp":  rs(with("aud", []string{oidctest.ClientID, "somebody-else"})),
		"another issuer":         rs(with("iss", "https://evil.example")),
		"expired":                rs(with("exp", time.Now().Add(-time.Minute).Unix())),
		"not yet":                rs(with("nbf", time.Now().Add(time.Hour).Unix())),
		"another's access":       rs(with("at_hash", "AAAA")),
		"signed by a stranger":   sign(t, jose.RS256, stranger, good),
		"signed by the secret":   sign(t, jose.HS256, []byte(strings.Repeat(oidctest.Secret, 2)), good),
		"signed by nobody":       b64([]byte(`{"alg":"none"}`)) + "." + b64(body) + ".",
		"altered":                parts[0] + "." + b64([]byte(strings.Replace(string(body), "mara@", "boss@", 1))) + "." + parts[2],
		"no token":               "",
		"no JWT":                 "a.b",
		"claims of a wrong form": rs(with("email", 7)),
	} {
		_, err := finish(token)
		assert.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err), "%s: %v", why, err)
		assert.NotContains(t, err.Error(), "jwt", "what is wrong with it is for the log")
	}

	f.about = map[string]any{"sub": "somebody-else", "email": "boss@oak.example", "email_verified": true}
	_, err = finish(rs(with("email", nil)))
	assert.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err), "a page about somebody else: %v", err)
	f.about = map[string]any{"sub": "s", "email": "mara@oak.example", "email_verified": "true"}
	id, err = finish(rs(with("email", nil)))
	require.NoError(t, err)
	assert.True(t, id.Verified, "some write it as a text")
	f.about = map[string]any{"sub": "s", "email": "mara@oak.example"}
	id, err = finish(rs(with("email", nil)))
	require.NoError(t, err)
	assert.False(t, id.Verified, "who says nothing does not vouch")
}
