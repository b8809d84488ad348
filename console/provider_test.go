package console_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/console"
	"perennial/control"
	"perennial/journey"
	"perennial/oidc"
	"perennial/oidc/oidctest"
)

// joined is a provider that learns its configuration once the console has an address.
type joined struct{ *oidc.Provider }

// withProvider opens the office beside a provider with those people, whom the door lets in.
func withProvider(t *testing.T, door control.Door, people ...oidctest.Person) (*office, *oidctest.Provider) {
	t.Helper()
	idp, at := oidctest.Start(t, people...), &joined{}
	o := open(t, func(d *console.Deps) { d.Provider = at; d.Control.Door = door })
	idp.Register(o.url + "/sign-in/provider/back")
	at.Provider = oidc.New(oidc.Config{Issuer: idp.URL, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Name: "Oak ID", Claim: "groups",
		Redirect: o.url + "/sign-in/provider/back", Home: o.url + "/sign-in", Wall: time.Now, Log: slog.New(slog.NewTextHandler(o.log, nil))})
	return o, idp
}

// come goes to the provider, signs in there, and returns the way back to us, not yet gone.
func (v *visitor) come(from, who string) (back string) {
	v.t.Helper()
	got := v.get(from)
	require.Equal(v.t, http.StatusSeeOther, got.status, "%s", got.body)
	elsewhere := *v.http
	elsewhere.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), v.url) {
			back = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	fetch := func(method, to string, form url.Values) (string, string) {
		r, err := http.NewRequestWithContext(v.t.Context(), method, to, strings.NewReader(form.Encode()))
		require.NoError(v.t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := elsewhere.Do(r)
		require.NoError(v.t, err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		require.NoError(v.t, err)
		return string(raw), res.Request.URL.String()
	}
	page, at := fetch(http.MethodGet, got.path, nil)
	found := regexp.MustCompile(`name="authRequestID" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(v.t, found, "%s", page)
	fetch(http.MethodPost, at, url.Values{"authRequestID": {found[1]}, "name": {who}, "password": {who}})
	require.NotEmpty(v.t, back)
	return back
}

// arrive comes all the way.
func (v *visitor) arrive(who string) seen {
	v.t.Helper()
	return v.get(v.come("/sign-in/provider?next=/customers", who))
}

func TestWhoComesByTheProvider(t *testing.T) {
	t.Parallel()
	o, idp := withProvider(t, control.Door{Domains: []string{"oak.example"}},
		oidctest.Person{ID: "mara", Email: "Mara@oak.example", Name: "Mara"},
		oidctest.Person{ID: "nico", Email: "nico@oak.example", Unverified: true},
		oidctest.Person{ID: "eve", Email: "eve@evil.example"},
		oidctest.Person{ID: "sam", Email: "support@oak.example"},
		oidctest.Person{ID: "mara2", Email: "mara@oak.example"})
	for who, why := range map[string]string{"mara": "nobody has let you in yet", "nico": "does not vouch", "eve": "evil.example may not sign in here"} {
		got := o.visitor().arrive(who)
		assert.Equal(t, http.StatusForbidden, got.status, who)
		assert.Contains(t, got.body, why)
		assert.Contains(t, got.body, `name="password"`, "the other way in is beside it")
	}
	assert.Zero(t, one[int](o, `SELECT count(*) FROM users`))

	mara, err := o.ctl.CreateUser(t.Context(), tester, "mara@oak.example", "", journey.RoleMarketer)
	require.NoError(t, err)
	v := o.visitor()
	assert.Equal(t, "/customers", v.arrive("mara").path)
	assert.Contains(t, v.get("/account").body, "You can sign in with Oak ID")
	assert.NotContains(t, v.get("/account").body, `name="password"`)
	got := v.post("/account/password", url.Values{"password": {"a way beside the provider"}})
	assert.Equal(t, http.StatusForbidden, got.status, "who comes by the provider gets no second way in by herself")
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM audit WHERE verb = 'user.sign_in' AND actor = $1 AND detail->>'by' = 'provider'`, mara.ID))
	got = o.visitor().arrive("mara2")
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, got.body, "belonged to another account")
	idp.Change(oidctest.Person{ID: "mara", Email: "mara.moss@oak.example"})
	assert.Equal(t, "/customers", o.visitor().arrive("mara").path, "her address there may change: she is known by what does not")

	o.wall.pass(25 * time.Hour)
	assert.Equal(t, http.StatusSeeOther, v.get("/account").status, "a session by the provider lasts a day")
	require.NoError(t, o.store.DisableUser(t.Context(), mara.ID, false, tester))
	got = o.visitor().arrive("mara")
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.body, "no longer let in")

	t.Run("who has a password links herself", func(t *testing.T) {
		w := o.as(journey.RoleSupport)
		got := o.visitor().arrive("sam")
		assert.Equal(t, http.StatusConflict, got.status)
		assert.Contains(t, got.body, "you have a password here")
		got = w.get(w.come("/sign-in/provider?link=1", "mara"))
		assert.Equal(t, http.StatusConflict, got.status, "another's account there")
		got = w.get(w.come("/sign-in/provider?link=1", "sam"))
		assert.Equal(t, "/account", got.path)
		assert.Contains(t, w.get("/account").body, "Linked. From now on")
		assert.Equal(t, "/customers", o.visitor().arrive("sam").path)
		got = w.follow("/sign-out", nil)
		assert.Contains(t, got.body, idp.URL+"/end_session?client_id=perennial")
	})
}

func TestAnAnswerOfTheProviderCountsOnceAndInOneBrowser(t *testing.T) {
	t.Parallel()
	o, _ := withProvider(t, control.Door{Domains: []string{"oak.example"}, Newcomers: journey.RoleViewer}, oidctest.Person{ID: "mara", Email: "mara@oak.example"})
	v := o.visitor()
	back := v.come("/sign-in/provider", "mara")
	got := o.visitor().get(back)
	assert.Equal(t, http.StatusUnauthorized, got.status, "an answer that was sent to somebody else's browser")
	assert.Contains(t, got.body, "began in another browser")
	assert.Equal(t, "/", v.get(back).path)
	assert.Equal(t, "viewer", one[string](o, `SELECT role FROM users WHERE email = 'mara@oak.example'`))
	assert.Equal(t, http.StatusOK, v.get("/").status)
	assert.Equal(t, http.StatusUnauthorized, v.get(back).status)
	assert.Equal(t, http.StatusUnauthorized, o.visitor().get("/sign-in/provider/back?code=x&state=").status)
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM sessions`))
	for range 40 {
		o.visitor().get("/sign-in/provider/back?code=x")
	}
	assert.Equal(t, http.StatusTooManyRequests, o.visitor().get("/sign-in/provider/back?code=x").status)
}

func TestRolesByGroups(t *testing.T) {
	t.Parallel()
	o, idp := withProvider(t, control.Door{Roles: map[string]journey.Role{"crm": journey.RoleAdmin, "helpdesk": journey.RoleSupport}},
		oidctest.Person{ID: "mara", Email: "mara@oak.example", Groups: []string{"helpdesk", "crm"}},
		oidctest.Person{ID: "nico", Email: "nico@oak.example", Groups: []string{"kitchen"}})
	assert.Equal(t, http.StatusForbidden, o.visitor().arrive("nico").status)
	role := func() string { return one[string](o, `SELECT role FROM users WHERE email = 'mara@oak.example'`) }
	assert.Equal(t, "/customers", o.visitor().arrive("mara").path)
	assert.Equal(t, "admin", role(), "the most that a group gives")
	idp.Change(oidctest.Person{ID: "mara", Email: "mara@oak.example", Groups: []string{"helpdesk"}})
	o.visitor().arrive("mara")
	assert.Equal(t, "admin", role(), "the last admin stays one")
	o.user(journey.RoleAdmin)
	o.visitor().arrive("mara")
	assert.Equal(t, "support", role())
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM audit WHERE verb = 'user.role' AND detail->>'from' = 'admin'`))
	idp.Change(oidctest.Person{ID: "mara", Email: "mara@oak.example"})
	assert.Equal(t, http.StatusForbidden, o.visitor().arrive("mara").status, "who left her groups stays out")
}

func TestAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	o, idp := withProvider(t, control.Door{}, oidctest.Person{ID: "mara", Email: "mara@oak.example"})
	u := o.user(journey.RoleViewer)
	idp.GoAway(true)
	v := o.visitor()
	got := v.get("/sign-in/provider?next=/journeys")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Contains(t, got.body, "Oak ID does not answer")
	assert.Contains(t, got.body, `value="/journeys"`)
	got = v.post("/sign-in", url.Values{"email": {u.Email}, "password": {goodPassword}, "next": {"/journeys"}})
	assert.Equal(t, "/journeys", got.path)
	assert.Equal(t, http.StatusNotFound, open(t).visitor().get("/sign-in/provider").status, "where there is none")
}

// A browser goes there and back, with our policy of what a page may do.
func TestSigningInByTheProviderInABrowser(t *testing.T) {
	t.Parallel()
	o, _ := withProvider(t, control.Door{Domains: []string{"oak.example"}, Newcomers: journey.RoleViewer}, oidctest.Person{ID: "mara", Email: "mara@oak.example", Name: "Mara"})
	w := o.browser()
	w.looks(360, "dark")
	w.open("/customers")
	w.eventually(`location.pathname == '/sign-in'`)
	w.accessible("signing in, with a provider")
	w.do(chromedp.Click(`a.main`))
	w.eventually(`document.querySelector('[name=name]')`)
	w.do(chromedp.SendKeys(`[name=name]`, "mara"), chromedp.SendKeys(`[name=password]`, "mara"), chromedp.Click(`button`))
	w.eventually(`location.pathname == '/customers'`)
	w.open("/account")
	w.accessible("an account that is linked")
	ask[bool](w, `document.querySelector('form[action="/sign-out"]').submit() == null`)
	w.eventually(`location.pathname == '/sign-in' && document.querySelector('main').innerText.includes('Sign out of Oak ID')`)
	w.accessible("signed out")
}

var _ console.Provider = (*oidc.Provider)(nil)
