package console_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/console"
	"perennial/control"
	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/store"
	"perennial/templates"
	"perennial/testenv"
)

// office is the console on a real database behind the whole server, as the program mounts it, with a clock that the test owns.
type office struct {
	t     testing.TB
	store *store.Store
	ctl   *control.Control
	wall  *wall
	sql   *pgxpool.Pool
	log   *bytes.Buffer
	url   string
	deps  console.Deps
}

type wall struct {
	mu sync.Mutex
	at time.Time
}

func (w *wall) now() time.Time       { w.mu.Lock(); defer w.mu.Unlock(); return w.at }
func (w *wall) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

var tester = journey.Actor{ID: "test", Name: "the test", Role: journey.RoleAdmin}

const goodPassword = "four quiet herons wade"

func open(t testing.TB, change ...func(*console.Deps)) *office {
	t.Helper()
	o := &office{t: t, wall: &wall{at: time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	dsn := testenv.Database(t)
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	o.store, err = store.Open(t.Context(), dsn, store.Options{Wall: o.wall.now, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(o.store.Close)
	o.sql, err = pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(o.sql.Close)
	settings, err := o.store.Settings(t.Context())
	require.NoError(t, err)
	o.ctl = &control.Control{Store: o.store, Flight: o.store, Clock: o.store.Clock(), Check: check, Render: render, Patience: 100 * time.Millisecond,
		LookAt: lookAt, WriteTests: writeTests, Play: simulated, Library: library(), TakeFile: takenBy(o.store)}
	log := slog.New(slog.NewTextHandler(o.log, nil))
	brand := journey.Brand{Name: "Oak & Linen", Address: "Oak & Linen, Lindengasse 12, 1070 Vienna", Zone: vienna}
	o.ctl.ShowSurvey, err = api.ShowSurvey(brand)
	require.NoError(t, err)
	o.deps = console.Deps{Control: o.ctl, Read: o.store, Clock: o.store.Clock(), Brand: brand, Log: log}
	for _, f := range change {
		f(&o.deps)
	}
	pages, err := console.New(o.deps)
	require.NoError(t, err)
	whole, err := api.New(api.Deps{Control: o.ctl, Read: o.store, Clock: o.store.Clock(), Tokens: journey.Tokens{Key: settings.TokenKey},
		Brand: brand, Log: log, Rate: 1e6, Burst: 1e6, Rest: pages})
	require.NoError(t, err)
	server := httptest.NewServer(whole)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

func check(def *journey.Definition, files map[string]string) journey.Problems {
	_, problems := templates.Compile(def, files)
	return problems
}

// takenBy reads files as the program does.
func takenBy(s *store.Store) func(context.Context, journey.Actor, journey.ImportUpload, io.Reader) (journey.Import, error) {
	return func(ctx context.Context, by journey.Actor, u journey.ImportUpload, file io.Reader) (journey.Import, error) {
		return intake.Take(ctx, s, by, u, file)
	}
}

// library are the journeys that ship, as the program hands them out.
func library() control.Library {
	return control.Library{List: templates.Library, Begin: templates.Begin}
}

// simulated plays as the program does, without scripts.
func simulated(ctx context.Context, v journey.Version, r journey.SimulationRequest) (journey.Simulation, error) {
	return simulate.Version(ctx, v, r, simulate.Options{Brand: journey.Brand{Name: "Oak & Linen", Address: "Lindengasse 12, 1070 Vienna"}, Profile: intake.Profile})
}

// render renders as the program does.
func render(v journey.Version, c journey.Claimed) (journey.Rendered, error) {
	def, _ := journey.Parse("journey.yaml", []byte(v.Source))
	set, problems := templates.Compile(def, v.Files)
	if set == nil {
		return journey.Rendered{}, problems
	}
	m, err := set.Render(c.Message.Template, templates.Data{Customer: c.Customer, JourneyKey: def.Key, JourneyName: def.Name,
		Brand: journey.Brand{Name: "Oak & Linen", Address: "Lindengasse 12, 1070 Vienna"}, Links: journey.Links{Unsubscribe: "https://mail.example/u/x",
			Click: func(url string) string { return url }}})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text}, nil
}

// lookAt shows a message as the program does.
func lookAt(def *journey.Definition, files map[string]string, r journey.LookRequest) journey.Look {
	return templates.Look(def, files, r.File, func(d templates.Data) templates.Data {
		if r.Customer != nil {
			d.Customer, d.Account = *r.Customer, r.Account
		}
		if r.Been != nil {
			d.Trigger, d.Answer, d.Vars = r.Been.Trigger, r.Been.Answer, r.Been.Vars
			maps.Copy(d.Coupons, r.Coupons)
		}
		return d
	})
}

// writeTests writes one message to each address, as plainly as can be.
func writeTests(_ journey.Version, r journey.TestRequest) (mails []journey.TestMail, err error) {
	for _, to := range r.To {
		id := journey.NewID(journey.PrefixMessage)
		mails = append(mails, journey.TestMail{ID: id, Template: r.Message, Address: to, Subject: journey.TestMark + r.Message, MessageID: id + "@x",
			Bytes: []byte("Subject: " + r.Message + "\r\n\r\nHello\r\n")})
	}
	return mails, nil
}

// user makes a user with goodPassword.
func (o *office) user(role journey.Role) journey.User {
	o.t.Helper()
	u, err := o.ctl.CreateUser(o.t.Context(), tester, string(role)+"@oak.example", "Robin "+strings.ToUpper(string(role[:1]))+".", role)
	require.NoError(o.t, err)
	link, err := o.ctl.NewLink(o.t.Context(), tester, u.ID, journey.LinkPassword)
	require.NoError(o.t, err)
	_, _, err = o.ctl.FollowLink(o.t.Context(), link, goodPassword)
	require.NoError(o.t, err)
	return u
}

// visitor is one browser: its cookies, and nothing else.
type visitor struct {
	*office
	http *http.Client
}

// seen is what came back.
type seen struct {
	status int
	path   string // where it ended
	header http.Header
	body   string
}

func (o *office) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	return &visitor{o, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser in which a user of that role is signed in.
func (o *office) as(role journey.Role) *visitor {
	o.t.Helper()
	o.user(role)
	v := o.visitor()
	v.signIn(role)
	return v
}

// signIn signs in, or again once days have passed.
func (v *visitor) signIn(role journey.Role) {
	v.t.Helper()
	got := v.post("/sign-in", url.Values{"email": {string(role) + "@oak.example"}, "password": {goodPassword}})
	require.Equal(v.t, http.StatusSeeOther, got.status, "%s", got.body)
}

func (v *visitor) do(method, path, body string, headers ...string) seen {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	require.NoError(v.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := v.http.Do(r)
	require.NoError(v.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	page := string(raw)
	if at := strings.Index(page, "<main"); at >= 0 { // what stands around it is the same everywhere
		page = page[at:]
	}
	return seen{res.StatusCode, res.Header.Get("Location"), res.Header, page}
}

// get asks again for a page whose figures are still being counted, as the page does itself.
func (v *visitor) get(path string, headers ...string) seen {
	v.t.Helper()
	got := v.do(http.MethodGet, path, "", headers...)
	notice := noticeThere.FindString(got.body) // it is said once, and stays while the page asks
	for strings.Contains(got.body, `id="figures" role="status"`) {
		got = v.do(http.MethodGet, path, "", headers...)
		if !strings.Contains(got.body, notice) {
			got.body = notice + got.body
		}
	}
	return got
}

var noticeThere = regexp.MustCompile(`(?s)<p class="notice".*?</p>`)

func (v *visitor) post(path string, form url.Values, headers ...string) seen {
	v.t.Helper()
	return v.do(http.MethodPost, path, form.Encode(), headers...)
}

// follow posts, expects a redirect, and returns the page behind it.
func (v *visitor) follow(path string, form url.Values) seen {
	v.t.Helper()
	got := v.post(path, form)
	require.Equal(v.t, http.StatusSeeOther, got.status, "%s: %s", path, got.body)
	return v.get(got.path)
}

func one[T any](o *office, sql string, args ...any) (v T) {
	o.t.Helper()
	require.NoError(o.t, o.sql.QueryRow(o.t.Context(), sql, args...).Scan(&v))
	return v
}
