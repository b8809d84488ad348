package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Bad input to every path of the document that the server itself shows: it answers 4xx, never 5xx, nothing is half done, and the
// process lives on. The same installation is published to, and refuses what is not right.
func TestBadInputToEveryPath(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dev := p.dev(t)
	p.refusesAndTakes(t)
	h := newHostility(t, p)
	before := h.rows()
	asked := 0
	for _, path := range slices.Sorted(maps.Keys(h.doc.Paths)) {
		for method := range h.doc.Paths[path] {
			if method := strings.ToUpper(method); method == "GET" || method == "POST" || method == "PUT" || method == "DELETE" {
				asked += h.attack(method, path)
			}
		}
	}
	assert.Greater(t, asked, 1000)
	t.Logf("%d requests to %d paths: %v", asked, len(h.doc.Paths), h.answers)
	assert.Equal(t, before, h.rows(), "nothing is half done")
	assert.True(t, dev.running())
	assert.NotContains(t, dev.complained(), "panic")
	assert.NotContains(t, dev.complained(), "level=ERROR")
	fetch(t, p.url()+"/healthz")
	fetch(t, p.url()+"/readyz")
}

// hostility is somebody with every key who means no good.
type hostility struct {
	t    *testing.T
	url  string
	sql  *pgx.Conn
	keys []string
	doc  struct {
		Paths map[string]map[string]json.RawMessage
	}

	turn    int
	answers map[int]int // status → how often
}

func newHostility(t *testing.T, p *place) *hostility {
	t.Helper()
	h := &hostility{t: t, url: p.url(), answers: map[int]int{}}
	require.NoError(t, json.Unmarshal(fetch(t, p.url()+"/openapi.json"), &h.doc))
	admin := p.as(t, journey.RoleAdmin)
	for i := range 12 { // a key may ask 200 times a second
		var made struct{ Secret string }
		admin.post("/api/keys", map[string]any{"name": fmt.Sprint("hostile ", i), "role": "admin"}, &made)
		h.keys = append(h.keys, made.Secret)
	}
	var err error
	h.sql, err = pgx.Connect(t.Context(), p.engine(t).DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.sql.Close(t.Context()) })
	return h
}

// rows counts the rows of every table.
func (h *hostility) rows() map[string]int {
	h.t.Helper()
	rows, err := h.sql.Query(h.t.Context(), `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
	require.NoError(h.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(h.t, err)
	require.Greater(h.t, len(tables), 20)
	// Whoever takes customers, their answers or the audit out is written down, though it is a GET; and counting anew asks for nothing but to be asked.
	where := map[string]string{"audit": ` WHERE verb NOT IN ('customers.export', 'survey.export', 'audit.export', 'reports.count')`}
	out := map[string]int{}
	for _, table := range tables {
		var n int
		require.NoError(h.t, h.sql.QueryRow(h.t.Context(), `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()+where[table]).Scan(&n))
		out[table] = n
	}
	return out
}

var pathParameters = regexp.MustCompile(`\{(\w+)\}`)

// names are what nobody is called: in place of every id of a path.
var names = []string{"nothing", "user:nobody", "cus_99999999999999999999999999999999", "%00", "%ff%fe", "..%2F..%2Fetc%2Fpasswd", "'%20OR%201=1;--",
	"-1", "9223372036854775808", "%F0%9F%92%A3", strings.Repeat("a", 5000), "%0d%0aX-Injected:%201", "%7B%7Btemplate%7D%7D"}

// bodies are what nobody should send.
func bodies() []string {
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	return []string{"", "null", "[]", "123", `"text"`, "{", "{}", "{}{}", "\x00", `{"a":"\u0000"}`, "\xff\xfe", `{"__proto__":{}}`,
		`{"` + strings.Repeat("k", 10_000) + `":1}`, deep, strings.Repeat("x", 1<<20+1), `{"a":1e400}`, "--- \n- !!binary x\n", "<?xml version='1.0'?><a/>"}
}

// attack sends everything bad to one path, and returns how many requests that were.
func (h *hostility) attack(method, path string) int {
	var asked []*http.Request
	add := func(target, content, body string) {
		req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+target, strings.NewReader(body))
		if err != nil {
			h.t.Fatalf("%s %s: %v", method, target, err)
		}
		req.Header.Set("Content-Type", content)
		asked = append(asked, req)
	}
	fill := func(name string) string { return pathParameters.ReplaceAllLiteralString(path, name) }
	for _, name := range names {
		if name == names[0] || strings.Contains(path, "{") {
			add(fill(name), "application/json", "{}")
		}
	}
	if method == http.MethodGet {
		for _, query := range []string{"limit=-1", "limit=99999999999999999999", "limit=x", "cursor=%00", "cursor=bm9uZQ", "cursor=" + strings.Repeat("A", 4000), "after=%ff", "after=1e9",
			"q=%25_%27", "q=" + url.QueryEscape(strings.Repeat("💣", 500)), "state=%00", "state=flying", "name=%ff", "customer='--", "score=1e400&choice=%00", "limit=1&limit=x", "%gg=1"} {
			add(fill(names[0])+"?"+query, "", "")
		}
	} else {
		for _, body := range append(bodies(), h.wrongTypes(path, method)...) {
			add(fill(names[0]), "application/json", body)
		}
		add(fill(names[0]), "application/x-www-form-urlencoded", "score=%00&choice=%ff&comment="+strings.Repeat("x", 9000))
		add(fill(names[0]), "multipart/form-data; boundary=x", "--x\r\nbroken")
	}
	for _, req := range asked {
		h.send(req, path)
	}
	return len(asked)
}

var bodyReference = regexp.MustCompile(`"properties":\s*\{`)

// wrongTypes are objects with every field that the document names for the path, of no type that it can have.
func (h *hostility) wrongTypes(path, method string) []string {
	fields := map[string]bool{}
	for _, field := range []string{"reason", "until", "on_resume", "topics", "wording", "customer", "properties", "code", "order_id", "value", "currency", "codes",
		"in_flight", "journey", "files", "to", "outcome", "note", "name", "role", "sending", "live", "allow_list", "scope", "userId", "anonymousId", "previousId", "groupId",
		"event", "traits", "messageId", "timestamp", "context", "batch", "sentAt"} {
		fields[field] = true
	}
	if raw := h.doc.Paths[path][strings.ToLower(method)]; bodyReference.Match(raw) {
		for _, m := range regexp.MustCompile(`"(\w+)":\s*\{\s*"type"`).FindAllStringSubmatch(string(raw), -1) {
			fields[m[1]] = true
		}
	}
	var out []string
	for field := range fields {
		out = append(out, fmt.Sprintf(`{%q:{"deep":[null]}}`, field), fmt.Sprintf(`{%q:[[1]]}`, field), fmt.Sprintf(`{%q:-1e308}`, field))
	}
	return out
}

// send sends it with the next key, and judges the answer.
func (h *hostility) send(req *http.Request, path string) {
	h.turn++
	req.Header.Set("Authorization", "Bearer "+h.keys[h.turn%len(h.keys)])
	res, err := http.DefaultTransport.RoundTrip(req)
	if !assert.NoError(h.t, err, "%s %s", req.Method, path) {
		return
	}
	raw, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	h.answers[res.StatusCode]++
	what := fmt.Sprintf("%s %s", req.Method, short(req.URL.String()))
	assert.Less(h.t, res.StatusCode, 500, "%s: %s", what, raw)
	assert.NotEqual(h.t, http.StatusTooManyRequests, res.StatusCode, "the attack is slower than the rate")
	assert.Empty(h.t, res.Header.Get("X-Injected"), what)
	if res.StatusCode >= 400 && strings.HasPrefix(path, "/api/") {
		var problem answered
		if assert.NoError(h.t, json.Unmarshal(raw, &problem), "%s: %s", what, raw) {
			assert.NotEmpty(h.t, problem.Title, what)
		}
	}
	if req.Method != http.MethodGet && strings.HasPrefix(path, "/api/") && path != "/api/reports/count" {
		assert.GreaterOrEqual(h.t, res.StatusCode, 400, "%s took it: %s", what, bytes.TrimSpace(raw))
	}
}

func short(text string) string { return text[:min(len(text), 200)] }
