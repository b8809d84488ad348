package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

var pathParameter = regexp.MustCompile(`:(\w+)`)

// Every route stands in the document and every path of the document is a route, with the same roles.
func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	s := open(t)
	doc := document(t, s)
	var routed, written []string
	for _, r := range s.http.(*gin.Engine).Routes() {
		if r.Method != http.MethodHead {
			routed = append(routed, r.Method+" "+pathParameter.ReplaceAllString(r.Path, "{$1}"))
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			written = append(written, method+" "+path)
			assert.NotEmpty(t, op.Summary, "%s %s", method, path)
			if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/v1/") {
				assert.NotEmpty(t, op.Extensions["x-roles"], "%s %s names its roles", method, path)
			}
		}
	}
	sort.Strings(routed)
	sort.Strings(written)
	assert.Equal(t, routed, written)
}

func document(t *testing.T, s *shop) *openapi3.T {
	t.Helper()
	raw := s.must("", http.MethodGet, "/openapi.json", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(raw.body))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableSchemaPatternValidation()))
	return doc
}

// Every path with a key answers 401 without one, and 403 exactly to the roles that it does not name.
func TestRolesOnEveryPath(t *testing.T) {
	t.Parallel()
	s := open(t)
	fill := strings.NewReplacer("{key}", "nothing", "{id}", "nothing", "{file}", "nothing.html", "{address}", "nothing", "{number}", "1", "{name}", "nothing", "{scope}", "journey", "{target}", "nothing", "{report}", "loss")
	checked := 0
	for path, item := range document(t, s).Paths.Map() {
		for method, op := range item.Operations() {
			listed, _ := op.Extensions["x-roles"].([]any)
			if listed == nil {
				continue
			}
			assert.Equal(t, http.StatusUnauthorized, s.call("", method, fill.Replace(path), nil).status, "%s %s without a key", method, path)
			for _, role := range journey.Roles() {
				got := s.call(role, method, fill.Replace(path), m{})
				if slices.Contains(listed, any(string(role))) {
					assert.NotContains(t, []int{401, 403, 500}, got.status, "%s %s as %s: %s", method, path, role, got.body)
				} else {
					assert.Equal(t, http.StatusForbidden, got.status, "%s %s as %s", method, path, role)
				}
				checked++
			}
		}
	}
	assert.Greater(t, checked, 200)
	t.Logf("%d pairs of path and role", checked)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.must(journey.RoleAdmin, http.MethodPost, "/api/keys", m{"name": "shop", "role": "ingest"}, "Idempotency-Key", "k1")
	secret := made.json["secret"].(string)
	assert.Regexp(t, `^pk_ingest_[a-z0-9]{20,}$`, secret)
	assert.Zero(t, one[int](s, `SELECT count(*) FROM idempotency`), "a secret is not kept for a replay")
	assert.Zero(t, one[int](s, `SELECT count(*) FROM keys WHERE encode(hash, 'escape') LIKE '%pk\_%'`))

	event := m{"userId": "u1", "event": "Signed Up"}
	s.keys["shop"] = secret
	assert.Equal(t, 202, s.call("shop", http.MethodPost, "/v1/track", event).status)
	basic := s.call("", http.MethodPost, "/v1/track", event, "Authorization", basicOf(secret))
	assert.Equal(t, 202, basic.status, "the key as user name of Basic")

	list := s.must(journey.RoleAdmin, http.MethodGet, "/api/keys", nil)
	assert.NotContains(t, list.body, secret)
	s.must(journey.RoleAdmin, http.MethodDelete, "/api/keys/"+made.json["id"].(string), nil)
	assert.Equal(t, 401, s.call("shop", http.MethodPost, "/v1/track", event).status, "revoked")
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodDelete, "/api/keys/key_none", nil).status)
	assert.Equal(t, 422, s.call(journey.RoleAdmin, http.MethodPost, "/api/keys", m{"name": "x", "role": "king"}).status)
	audit := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit?limit=2", nil)
	assert.Contains(t, audit.body, "key.revoke")
	next := audit.json["next"].(string)
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit?limit=2&cursor="+url.QueryEscape(next), nil).body, "key.revoke")
}

func basicOf(user string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, "")
	return r.Header.Get("Authorization")
}

func TestOperatorsSeeTheState(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": "u1", "event": "Signed Up"})
	assert.Equal(t, 200, s.call("", http.MethodGet, "/healthz", nil).status)
	assert.Equal(t, 200, s.call("", http.MethodGet, "/readyz", nil).status)
	figures := s.call("", http.MethodGet, "/metrics", nil).body
	assert.Contains(t, figures, `perennial_events_total{outcome="accepted"} 1`)
	assert.Contains(t, figures, `path="/v1/track"`)
	assert.Contains(t, s.must("", http.MethodGet, "/docs", nil).body, "/api/customers/{id}/pause")

	s.store.Close()
	gone := s.call("", http.MethodGet, "/readyz", nil)
	assert.Equal(t, 503, gone.status)
	assert.NotEmpty(t, gone.header.Get("Retry-After"))
}

func TestTheSchemaOfTheLanguageIsServedToEverybody(t *testing.T) {
	t.Parallel()
	s := open(t)
	ask := func(tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/schema/journey.json", nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		s.http.ServeHTTP(w, r)
		return w
	}
	first := ask("")
	assert.Equal(t, http.StatusOK, first.Code)
	assert.Equal(t, "application/schema+json", first.Header().Get("Content-Type"))
	assert.Equal(t, journey.Schema(), first.Body.Bytes())
	again := ask(first.Header().Get("Etag"))
	assert.Equal(t, http.StatusNotModified, again.Code)
	assert.Empty(t, again.Body.Bytes())
}
