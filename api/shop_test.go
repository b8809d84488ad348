package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/control"
	"perennial/intake"
	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

// shop is the whole API on a real database, with a clock that the test owns. What Temporal and SMTP do in production, the test
// does by hand: drive, deliver.
type shop struct {
	t      testing.TB
	store  *store.Store
	ctl    *control.Control
	http   http.Handler
	tokens journey.Tokens
	keys   map[journey.Role]string
	wall   *wall
	sql    *pgxpool.Pool
	log    *bytes.Buffer
}

type wall struct {
	mu sync.Mutex
	at time.Time
}

func (w *wall) now() time.Time       { w.mu.Lock(); defer w.mu.Unlock(); return w.at }
func (w *wall) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

// tester is who makes what no request makes.
var tester = journey.Actor{ID: "test", Name: "the test", Role: journey.RoleAdmin}

func open(t testing.TB, change ...func(*api.Deps)) *shop {
	t.Helper()
	s := &shop{t: t, wall: &wall{at: time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)}, keys: map[journey.Role]string{}, log: &bytes.Buffer{}}
	dsn := testenv.Database(t)
	var err error
	s.store, err = store.Open(t.Context(), dsn, store.Options{Wall: s.wall.now, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(s.store.Close)
	s.sql, err = pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(s.sql.Close)
	settings, err := s.store.Settings(t.Context())
	require.NoError(t, err)
	s.tokens = journey.Tokens{Key: settings.TokenKey}
	s.ctl = &control.Control{Store: s.store, Flight: s.store, Clock: s.store.Clock(), Check: check, Patience: 300 * time.Millisecond}
	for _, role := range journey.Roles() {
		_, s.keys[role], err = s.ctl.CreateKey(t.Context(), tester, string(role)+" of the test", role)
		require.NoError(t, err)
	}
	d := api.Deps{Control: s.ctl, Read: s.store, Clock: s.store.Clock(), Tokens: s.tokens, Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Brand: journey.Brand{Name: "Oak & Linen", Address: "Oak & Linen, Lindengasse 12, 1070 Vienna", Zone: time.UTC}, Rate: 1e6, Burst: 1e6}
	for _, f := range change {
		f(&d)
	}
	s.http, err = api.New(d)
	require.NoError(t, err)
	return s
}

// check stands in for the check of templates: every send needs its file, and none may hold a broken action.
func check(def *journey.Definition, files map[string]string) journey.Problems {
	var problems journey.Problems
	def.Walk(func(s *journey.Step) {
		message := ""
		if s.Send != nil {
			message = s.Send.Message
		} else if s.Survey != nil {
			message = s.Survey.Send
		}
		if message != "" && files[message+".html"] == "" {
			problems = append(problems, journey.Problem{File: control.JourneyFile, Line: s.Line, Column: 1, Message: "there is no template " + message})
		}
	})
	for name, text := range files {
		if i := strings.Index(text, "{{ end"); i >= 0 {
			problems = append(problems, journey.Problem{File: name, Line: 1 + strings.Count(text[:i], "\n"), Column: 1, Message: "an end that ends nothing"})
		}
	}
	return problems
}

// reply is what came back, read.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// call makes one request with the key of a role; "" has none. The body is a string as it is, anything else as JSON.
func (s *shop) call(role journey.Role, method, path string, body any, headers ...string) reply {
	s.t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	case []byte:
		raw = b
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(s.t, err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, bytes.NewReader(raw))
	if role != "" {
		r.Header.Set("Authorization", "Bearer "+s.keys[role])
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.http.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out.json), "%s", out.body)
	}
	return out
}

// must is call, for what has to work.
func (s *shop) must(role journey.Role, method, path string, body any, headers ...string) reply {
	s.t.Helper()
	r := s.call(role, method, path, body, headers...)
	require.Less(s.t, r.status, 300, "%s %s: %s", method, path, r.body)
	return r
}

// form posts a form, as a browser does.
func (s *shop) form(path, form string) reply {
	s.t.Helper()
	return s.call("", http.MethodPost, path, form, "Content-Type", "application/x-www-form-urlencoded")
}

type m = map[string]any

const winBack = `journey: win-back
name: Win back
topic: offers
enter: { when: { event: Signed Up } }
reentry: always
exit: [ { event: Order Completed, as: won-back } ]
goal: { event: Order Completed, value: total }
topics: { offers: { name: Offers and news } }
pools: { comeback: { alphabet: ABCDEFGHJKLMNPQRSTUVWXYZ, length: 10 } }
surveys: { why: { question: "What made you stay away?", kind: choice, options: [too_expensive, no_need], follow_up: "Anything else?" } }
steps:
  - send: we-miss-you
  - wait: 5d
  - coupon: { pool: comeback, as: offer, expires: 14d }
  - send: comeback-offer
  - survey: { ask: nps, send: how-are-we, wait: 7d }
  - survey: { ask: why, send: tell-us, wait: 7d }
  - task: { title: Call her, team: support, wait: 3d }
`

var winBackFiles = map[string]string{"we-miss-you.html": "hello", "comeback-offer.html": "hello", "how-are-we.html": "hello", "tell-us.html": "hello"}

// publish makes a journey live, through the API.
func (s *shop) publish(key, source string, files map[string]string) {
	s.t.Helper()
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/"+key, m{"journey": source, "files": files})
	s.must(journey.RoleMarketer, http.MethodPost, "/api/journeys/"+key+"/publish", m{"in_flight": "keep"})
}

// enter signs a customer up, who enters win-back, and returns her enrollment after its first decision.
func (s *shop) enter(user string) (customer, enrollment string) {
	s.t.Helper()
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": user, "traits": m{"email": strings.ReplaceAll(user, "/", ".") + "@example.com", "first_name": "Ada",
		"last_name": "King", "topics": m{"offers": true}}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": user, "event": "Signed Up"})
	s.apply()
	c := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:"+url.PathEscape(user), nil)
	list := c.json["enrollments"].([]any)
	require.NotEmpty(s.t, list, "she entered")
	customer, enrollment = c.json["id"].(string), list[0].(m)["id"].(string)
	s.step(enrollment, journey.CauseStart)
	return customer, enrollment
}

func (s *shop) apply() {
	s.t.Helper()
	for {
		n, err := s.store.ApplyInbox(s.t.Context(), intake.Profile, 500)
		require.NoError(s.t, err)
		if n == 0 {
			return
		}
	}
}

// step advances an enrollment as the driver would.
func (s *shop) step(enrollment string, cause journey.Cause) journey.Directive {
	s.t.Helper()
	d, err := s.store.Advance(s.t.Context(), enrollment, one[int64](s, `SELECT seq FROM enrollments WHERE id = $1`, enrollment)+1, cause)
	require.NoError(s.t, err)
	return d
}

// wait lets the clock reach the moment at which she goes on by herself, and fires the timer.
func (s *shop) wait(enrollment string) journey.Directive {
	s.t.Helper()
	due := one[time.Time](s, `SELECT due_at FROM enrollments WHERE id = $1`, enrollment)
	s.wall.pass(due.Sub(s.wall.now()))
	return s.step(enrollment, journey.CauseTimer)
}

// claim takes what is due, as a sender would.
func (s *shop) claim() []journey.Claimed {
	s.t.Helper()
	list, err := s.store.ClaimMessages(s.t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 100, Lease: time.Minute, Sandbox: true})
	require.NoError(s.t, err)
	return list
}

// deliver sends everything that is due, to a relay that takes it, and returns the ids.
func (s *shop) deliver() []string {
	s.t.Helper()
	var ids []string
	claimed := s.claim()
	for ; len(claimed) > 0; claimed = append(claimed[1:], s.claim()...) { // one at a time per customer
		c := claimed[0]
		fence := journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}
		pass, err := s.store.ReachDot(s.t.Context(), true, []journey.Dot{{Fence: fence, Address: c.Customer.Email, Subject: "About " + c.Message.Template,
			Bytes: mail(c), Links: []string{"https://example.com/shop", "javascript:alert(1)"}}})
		require.NoError(s.t, err)
		require.True(s.t, pass[c.Message.ID])
		require.NoError(s.t, s.store.RecordReplies(s.t.Context(), []journey.Reply{{Fence: fence, Outcome: journey.Outcome{Kind: journey.OutcomeAccepted, Code: 250}}}))
		ids = append(ids, c.Message.ID)
	}
	s.apply()
	return ids
}

func mail(c journey.Claimed) []byte {
	return fmt.Appendf(nil, "From: Mara <mara@example.com>\r\nTo: <%s>\r\nSubject: About %s\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Ada\r\n"+
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p style=\"color:green\">Hello <b>Ada</b></p><script>steal()</script>\r\n--b--\r\n",
		c.Customer.Email, c.Message.Template)
}

func (s *shop) link(kind journey.TokenKind, message string, n int) string {
	return kind.Path() + s.tokens.Sign(kind, message, n)
}

// one returns the only value of a query.
func one[T any](s *shop, sql string, args ...any) T {
	s.t.Helper()
	var v T
	require.NoError(s.t, s.sql.QueryRow(context.WithoutCancel(s.t.Context()), sql, args...).Scan(&v), sql)
	return v
}

// problems are the texts of all faults of an answer, one per line, with their places.
func (r reply) problems() string {
	var b strings.Builder
	list, _ := r.json["problems"].([]any)
	for _, p := range list {
		fault := p.(m)
		fmt.Fprintf(&b, "%v:%v:%v %v: %v\n", fault["file"], fault["line"], fault["column"], fault["path"], fault["message"])
	}
	return b.String()
}
