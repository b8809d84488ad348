package api_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// The rows of promises.md, "Bad input", that are the API's.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	big := strings.Repeat("x", 1<<20)
	const post, put, get = http.MethodPost, http.MethodPut, http.MethodGet
	const in, marketer, support, admin = journey.RoleIngest, journey.RoleMarketer, journey.RoleSupport, journey.RoleAdmin
	for _, c := range []struct {
		name         string
		role         journey.Role
		method, path string
		body         any
		status       int
		says         string
		headers      []string
	}{
		{"no key", "", post, "/v1/track", m{"userId": "u", "event": "E"}, 401, "key", nil},
		{"a key that nobody made", "", post, "/v1/track", m{"userId": "u", "event": "E"}, 401, "key", []string{"Authorization", "Bearer pk_ingest_none"}},
		{"a role that may not", in, get, "/api/journeys", nil, 403, "ingest", nil},

		{"a body over 1 MiB", in, post, "/v1/track", big + "x", 413, "1024 KiB", nil},
		{"an event over 32 KiB", in, post, "/v1/track", m{"userId": "u", "event": "E", "properties": m{"x": big[:33<<10]}}, 413, "32 KiB", nil},
		{"a batch over 500 KiB", in, post, "/v1/batch", m{"batch": []m{{"x": big[:600<<10]}}}, 413, "500 KiB", nil},
		{"a gzip bomb", in, post, "/v1/batch", pack(strings.Repeat("0", 20<<20)), 413, "1024 KiB", []string{"Content-Encoding", "gzip"}},
		{"no gzip at all", in, post, "/v1/track", "{}", 400, "gzip", []string{"Content-Encoding", "gzip"}},
		{"an unknown encoding", in, post, "/v1/track", "{}", 400, "br", []string{"Content-Encoding", "br"}},
		{"broken JSON", in, post, "/v1/track", "{\n \"userId\": }", 400, "JSON", nil},
		{"half of it", in, post, "/v1/track", `{"userId": "u`, 400, "JSON", nil},
		{"trailing data", support, post, "/api/customers/" + customer + "/pause", `{"reason":"x"} {}`, 400, "after the JSON", nil},
		{"trailing data to the intake", in, post, "/v1/track", `{"userId":"u","event":"E"} 1`, 400, "JSON", nil},
		{"an unknown field", support, post, "/api/customers/" + customer + "/pause", m{"reason": "x", "becuase": "y"}, 400, "becuase", nil},
		{"the wrong type", support, post, "/api/customers/" + customer + "/pause", m{"reason": 7}, 400, "reason", nil},
		{"a list instead of an event", in, post, "/v1/track", "[1]", 400, "is a list, not what belongs there", nil},
		{"several things wrong with a redemption", in, post, "/api/coupons/redeem", m{}, 422, `"path":"order_id"`, nil},
		{"NUL", support, post, "/api/customers/" + customer + "/pause", `{"reason":"a\u0000b"}`, 400, "NUL", nil},
		{"bad UTF-8", support, post, "/api/customers/" + customer + "/pause", "{\"reason\":\"a\xffb\"}", 400, "UTF-8", nil},
		{"NUL to the intake", in, post, "/v1/track", `{"userId":"u","event":"a\u0000"}`, 400, "NUL", nil},
		{"NUL in a path", support, get, "/api/customers/a%00b", nil, 400, "NUL", nil},
		{"bad UTF-8 in a query", support, get, "/api/customers?q=%ff", nil, 400, "UTF-8", nil},
		{"a path that is none", support, get, "/api/nothing", nil, 404, "no path", nil},
		{"a method that is none", support, http.MethodPatch, "/api/journeys", nil, 405, "PATCH", nil},
		{"a cursor of one's own", support, get, "/api/customers?cursor=abc", nil, 400, "cursor", nil},
		{"a limit beyond", support, get, "/api/customers?limit=1000", nil, 400, "200", nil},

		{"nobody did it", in, post, "/v1/track", m{"event": "E"}, 422, "userId", nil},
		{"no name", in, post, "/v1/track", m{"userId": "u"}, 422, "event", nil},
		{"far ahead", in, post, "/v1/track", m{"userId": "u", "event": "E", "timestamp": s.wall.now().Add(25 * time.Hour)}, 422, "24 hours", nil},
		{"no time", in, post, "/v1/track", m{"userId": "u", "event": "E", "timestamp": "yesterday"}, 400, "cannot be read", nil},
		{"an address without domain", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "ada"}}, 422, "traits.email", nil},
		{"an address with CR LF", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "ada@example.com\r\nBcc: x@example.com"}}, 422, "traits.email", nil},
		{"a display name", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "Ada <ada@example.com>"}}, 422, "traits.email", nil},
		{"a zero-width address", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "a\u200bda@example.com"}}, 422, "traits.email", nil},
		{"a bidi address", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "a\u202eda@example.com"}}, 422, "traits.email", nil},
		{"an address with NUL", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": "ada\x00@example.com"}}, 400, "NUL", nil},
		{"an address over 254 bytes", in, post, "/v1/identify", m{"userId": "u", "traits": m{"email": big[:250] + "@x.co"}}, 422, "traits.email", nil},
		{"an unknown zone", in, post, "/v1/identify", m{"userId": "u", "traits": m{"timezone": "Mars/Olympus"}}, 422, "traits.timezone", nil},
		{"an empty batch", in, post, "/v1/batch", m{"batch": []m{}}, 422, "batch", nil},
		{"an alias to nothing", in, post, "/v1/alias", m{"userId": "u"}, 422, "previousId", nil},

		{"a journey of another key", marketer, put, "/api/journeys/other", winBack, 422, "win-back", nil},
		{"a key that is none", marketer, put, "/api/journeys/Win%20Back", winBack, 422, "key", nil},
		{"nothing to publish", marketer, post, "/api/journeys/win-back/publish", m{}, 409, "no draft", nil},
		{"a way that there is not", marketer, post, "/api/journeys/win-back/publish", m{"in_flight": "vanish"}, 422, "in_flight", nil},
		{"a stale draft", marketer, put, "/api/journeys/win-back", winBack, 412, "read it", []string{"If-Match", `"old"`}},
		{"a circle without a wait", marketer, put, "/api/journeys/win-back", steps("repeat: { times: 5, then: [ { send: tell-us } ] }"), 422, "without a wait", nil},
		{"a wait below 0", marketer, put, "/api/journeys/win-back", steps("wait: -5d"), 422, "wait", nil},
		{"a wait above 400 days", marketer, put, "/api/journeys/win-back", steps("wait: 401d"), 422, "400d", nil},
		{"a name that dangles", marketer, put, "/api/journeys/win-back", steps("branch: [ { if: { coupon: lost, was: redeemed }, then: [ { wait: 5d } ] } ]"), 422, "lost", nil},
		{"shares that are not 100", marketer, put, "/api/journeys/win-back", steps("split: [ { name: a, share: 60, then: [ { wait: 5d } ] }, { name: b, share: 30, then: [ { wait: 5d } ] } ]"), 422, "90", nil},
		{"a zone of no journey", marketer, put, "/api/journeys/win-back", strings.Replace(winBack, "{ event: Signed Up }", "{ schedule: { cron: '0 9 * * *', zone: Mars/Olympus } }", 1), 422, "Mars/Olympus", nil},
		{"a template outside", marketer, put, "/api/journeys/win-back/templates/..%2Fx.html", "x", 422, "named after", nil},
		{"a template with a fault", marketer, put, "/api/journeys/win-back/templates/we-miss-you.html", "a\n{{ end }}", 422, "ends nothing", nil},
		{"a journey that is not there", support, get, "/api/journeys/none/report", nil, 404, "none", nil},
		{"a pause without reason", support, post, "/api/customers/" + customer + "/pause", m{}, 422, "reason", nil},
		{"a pause into the past", support, post, "/api/customers/" + customer + "/pause", m{"reason": "x", "until": "2020-01-01T00:00:00Z", "on_resume": "later"}, 422, "on_resume", nil},
		{"a customer who is not there", support, post, "/api/customers/user:nobody/pause", m{"reason": "x"}, 404, "nobody", nil},
		{"a resume of nothing", support, post, "/api/customers/" + customer + "/resume", nil, 409, "no pause", nil},
		{"a step that is none", support, post, "/api/enrollments/" + enrollment + "/move", m{"to": "moon"}, 422, "we-miss-you", nil},
		{"an exit without reason", support, post, "/api/enrollments/" + enrollment + "/exit", m{}, 422, "reason", nil},
		{"a topic that is none", support, post, "/api/customers/" + customer + "/topics", m{"topics": m{"moon": false}, "reason": "x"}, 422, "moon", nil},
		{"a topic withdrawn without a reason", support, post, "/api/customers/" + customer + "/topics", m{"topics": m{"offers": false}}, 422, "reason", nil},
		{"an address that is none", support, post, "/api/customers/" + customer + "/address", m{"email": "nora", "reason": "x"}, 422, "email", nil},
		{"consents of another address without proof", support, post, "/api/customers/" + customer + "/address", m{"email": "n@example.com", "reason": "x", "keep_consents": true}, 422, "wording", nil},
		{"a consent without proof", support, post, "/api/customers/" + customer + "/topics", m{"topics": m{"offers": true}}, 422, "wording", nil},
		{"a coupon that is none", in, post, "/api/coupons/redeem", m{"code": "NONE", "order_id": "o1"}, 404, "no coupon", nil},
		{"a coupon on nothing", in, post, "/api/coupons/redeem", m{"code": "NONE"}, 422, "order_id", nil},
		{"nobody to enroll", in, post, "/api/journeys/win-back/enrollments", m{}, 422, "customer", nil},
		{"a switch of nothing", admin, put, "/api/switch", m{}, 422, "nothing to switch", nil},
		{"an allow-list of words", admin, put, "/api/switch", m{"allow_list": []string{"everybody"}}, 422, "allow_list[0]", nil},
		{"a suppression of no address", admin, put, "/api/suppressions/nobody", m{"reason": "x"}, 422, "address", nil},
		{"a state that is none", support, get, "/api/messages?state=flying", nil, 400, "queued", nil},
	} {
		before := s.rows("idempotency")
		got := s.call(c.role, c.method, c.path, c.body, c.headers...)
		assert.Equal(t, c.status, got.status, "%s: %s", c.name, got.body)
		assert.Contains(t, got.body, c.says, c.name)
		assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"), c.name)
		assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), c.name)
		assert.Equal(t, before, s.rows("idempotency"), "%s: nothing half done", c.name)
	}
	assert.NotContains(t, s.log.String(), "panic")
}

// steps is win-back with one more step at its end.
func steps(step string) string { return winBack + "  - " + step + "\n" }

func pack(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// rows is what every table holds: the number of its rows, and a hash of them.
func (s *shop) rows(without ...string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	tables := one[[]string](s, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		AND relname <> ALL($1)`, without)
	require.Greater(s.t, len(tables), 20)
	for _, table := range tables {
		out[table] = one[string](s, `SELECT count(*) || ' ' || coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') FROM `+table+` x`)
	}
	return out
}

func TestEveryFaultAtOnceWithItsPlace(t *testing.T) {
	t.Parallel()
	s := open(t)
	bad := "journey: win-back\nname: Win back\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: sometimes\nsteps:\n  - wait: 5x\n  - send: gone\n  - jump: 3\n"
	got := s.call(journey.RoleMarketer, http.MethodPut, "/api/journeys/win-back", bad)
	assert.Equal(t, 422, got.status)
	for _, place := range []string{"journey.yaml:5:", "journey.yaml:7:", "journey.yaml:9:"} {
		assert.Contains(t, got.problems(), place, got.body)
	}
	assert.Equal(t, 404, s.call(journey.RoleMarketer, http.MethodGet, "/api/journeys/win-back", nil).status, "nothing was stored")
	missing := s.call(journey.RoleMarketer, http.MethodPut, "/api/journeys/win-back", m{"journey": winBack, "files": m{"we-miss-you.html": "hi"}})
	assert.Equal(t, 422, missing.status)
	assert.Contains(t, missing.problems(), "comeback-offer")
	assert.Contains(t, missing.problems(), "how-are-we")
}

func TestRateOfAKey(t *testing.T) {
	t.Parallel()
	s := open(t, func(d *api.Deps) { d.Rate, d.Burst = 1, 2 })
	for range 2 {
		assert.Equal(t, 200, s.call(journey.RoleViewer, http.MethodGet, "/api/journeys", nil).status)
	}
	over := s.call(journey.RoleViewer, http.MethodGet, "/api/journeys", nil)
	assert.Equal(t, 429, over.status)
	assert.Equal(t, "1", over.header.Get("Retry-After"))
	assert.Equal(t, 200, s.call(journey.RoleAdmin, http.MethodGet, "/api/journeys", nil).status, "another key has its own measure")
	s.wall.pass(time.Second)
	assert.Equal(t, 200, s.call(journey.RoleViewer, http.MethodGet, "/api/journeys", nil).status)
}

func TestStoreAwayIs503(t *testing.T) {
	t.Parallel()
	s := open(t)
	event := m{"userId": "u", "event": "E"}
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", event)
	database := one[string](s, `SELECT current_database()`)
	config := s.sql.Config().ConnConfig.Copy()
	config.Database = "postgres"
	admin, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer admin.Close(t.Context()) //nolint:errcheck // the session ends either way
	for _, sql := range []string{`ALTER DATABASE "` + database + `" ALLOW_CONNECTIONS false`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + database + `'`} {
		_, err = admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	for range 9 { // each of the pool's connections may find out by itself
		got := s.call(journey.RoleIngest, http.MethodPost, "/v1/track", event)
		assert.Equal(t, 503, got.status, got.body)
		assert.Equal(t, "5", got.header.Get("Retry-After"))
	}
}
