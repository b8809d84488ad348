package console_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/console"
	"perennial/control"
	"perennial/journey"
)

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	o := open(t)
	u := o.user(journey.RoleSupport)
	v := o.visitor()

	got := v.get("/account?x=1")
	assert.Equal(t, http.StatusSeeOther, got.status)
	assert.Equal(t, "/sign-in?next=%2Faccount%3Fx%3D1", got.path, "she comes back to what she wanted to see")

	got = v.post("/sign-in", url.Values{"email": {u.Email}, "password": {"not this one at all"}, "next": {"/account"}})
	assert.Equal(t, http.StatusUnauthorized, got.status)
	assert.Contains(t, got.body, "do not belong together")
	assert.Contains(t, got.body, `value="support@oak.example"`, "the form keeps what she typed")
	assert.NotContains(t, got.body, "not this one")

	got = v.post("/sign-in", url.Values{"email": {" Support@Oak.Example "}, "password": {goodPassword}, "next": {"/account"}})
	assert.Equal(t, "/account", got.path)
	cookie := got.header.Get("Set-Cookie")
	assert.Contains(t, cookie, "HttpOnly")
	assert.Contains(t, cookie, "SameSite=Lax")
	assert.NotContains(t, cookie, "Secure", "the test is not on https")
	assert.Zero(t, one[int](o, `SELECT count(*) FROM sessions WHERE encode(hash, 'escape') LIKE '%' || $1 || '%'`, cookieValue(cookie)), "only its hash is kept")

	got = v.get("/account")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.body, "support@oak.example")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "script-src 'self'")
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM audit WHERE verb = 'user.sign_in' AND actor = $1 AND detail->>'by' = 'password'`, u.ID))

	got = v.follow("/sign-out", nil)
	assert.Contains(t, got.body, "You are signed out.")
	assert.Equal(t, http.StatusSeeOther, v.get("/account").status)
	assert.NotContains(t, o.log.String(), goodPassword)
}

func cookieValue(cookie string) string {
	value, _, _ := strings.Cut(cookie, ";")
	_, value, _ = strings.Cut(value, "=")
	return value
}

func TestNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	u := o.user(journey.RoleViewer)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "evil", "/\t/evil.example"} {
		got := o.visitor().post("/sign-in", url.Values{"email": {u.Email}, "password": {goodPassword}, "next": {next}})
		assert.Equal(t, "/", got.path, next)
	}
}

func TestALinkWorksOnceAndOnlyByItsButton(t *testing.T) {
	t.Parallel()
	o := open(t)
	u, err := o.ctl.CreateUser(t.Context(), tester, "dana@oak.example", "", journey.RoleAdmin)
	require.NoError(t, err)
	token, err := o.ctl.NewLink(t.Context(), tester, u.ID, journey.LinkSignIn)
	require.NoError(t, err)
	link := "/sign-in/" + token

	for range 3 { // a preview of links uses nothing up
		got := o.visitor().get(link)
		assert.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, got.body, "dana@oak.example")
	}
	v := o.visitor()
	assert.Contains(t, v.follow(link, nil).body, "Today")
	assert.Contains(t, v.get("/account").body, "no password yet")
	assert.Equal(t, http.StatusGone, o.visitor().post(link, nil).status)
	assert.Equal(t, http.StatusGone, o.visitor().get(link).status)

	expired, err := o.ctl.NewLink(t.Context(), tester, u.ID, journey.LinkSignIn)
	require.NoError(t, err)
	o.wall.pass(25 * time.Hour)
	assert.Equal(t, http.StatusGone, o.visitor().post("/sign-in/"+expired, nil).status)
	assert.Equal(t, http.StatusGone, o.visitor().get("/sign-in/"+strings.Repeat("A", 5000)).status)
}

func TestAPasswordLink(t *testing.T) {
	t.Parallel()
	o := open(t)
	u, err := o.ctl.CreateUser(t.Context(), tester, "noor@oak.example", "Noor", journey.RoleMarketer)
	require.NoError(t, err)
	token, err := o.ctl.NewLink(t.Context(), tester, u.ID, journey.LinkPassword)
	require.NoError(t, err)
	link := "/sign-in/" + token
	v := o.visitor()
	for password, why := range map[string]string{"short": "fewer than 12", "aaaaaaaaaaaaaaa": "repeated", "noor@oak.example": "your address", "noornoornoor1": "your address", strings.Repeat("é", 200): "over 256"} {
		got := v.post(link, url.Values{"password": {password}})
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, password)
		assert.Contains(t, got.body, why)
	}
	v.follow(link, url.Values{"password": {goodPassword}})
	assert.Equal(t, http.StatusSeeOther, o.visitor().post("/sign-in", url.Values{"email": {u.Email}, "password": {goodPassword}}).status)
	stored := one[string](o, `SELECT password FROM users WHERE id = $1`, u.ID)
	assert.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$`, stored)
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	o := open(t)
	u := o.user(journey.RoleSupport)
	wrong := url.Values{"email": {u.Email}, "password": {"not this one at all"}}
	right := url.Values{"email": {u.Email}, "password": {goodPassword}}
	v := o.visitor()
	for range 8 {
		assert.Equal(t, http.StatusUnauthorized, v.post("/sign-in", wrong).status)
	}
	got := v.post("/sign-in", right)
	assert.Equal(t, http.StatusTooManyRequests, got.status, "also for the right password: who guesses learns nothing")
	assert.Contains(t, got.body, "a quarter of an hour")
	elsewhere := control.Credentials{Email: u.Email, Password: goodPassword, From: netip.MustParseAddr("192.0.2.7")}
	_, _, err := o.ctl.SignIn(t.Context(), elsewhere)
	require.NoError(t, err, "a stranger cannot lock her out from where she is")
	o.wall.pass(16 * time.Minute)
	assert.Equal(t, http.StatusSeeOther, v.post("/sign-in", right).status)

	place := control.Credentials{Password: "whatever it may be", From: netip.MustParseAddr("2001:db8::1")}
	for i := range 40 {
		place.Email = string(rune('a'+i%26)) + strings.Repeat("x", i) + "@oak.example"
		_, _, err := o.ctl.SignIn(t.Context(), place)
		require.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err), "%v", err)
	}
	place.From = netip.MustParseAddr("2001:db8::2") // the same household
	_, _, err = o.ctl.SignIn(t.Context(), place)
	assert.Equal(t, journey.CodeRate, journey.CodeOf(err))
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	for range 12 { // used every two days it stays, for thirty days at most
		o.wall.pass(2 * 24 * time.Hour)
		assert.Equal(t, http.StatusOK, v.get("/account").status)
	}
	o.wall.pass(4 * 24 * time.Hour)
	assert.Equal(t, http.StatusSeeOther, v.get("/account").status, "not used for three days")

	a, b := o.visitor(), o.visitor()
	for _, browser := range []*visitor{a, b} {
		browser.post("/sign-in", url.Values{"email": {"admin@oak.example"}, "password": {goodPassword}})
		assert.Equal(t, http.StatusOK, browser.get("/account").status)
	}
	got := a.post("/account/password", url.Values{"old": {"wrong wrong wrong"}, "password": {"a much better one"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "is not your password")
	got = a.follow("/account/password", url.Values{"old": {goodPassword}, "password": {"a much better one"}})
	assert.Contains(t, got.body, "Other sessions have ended")
	assert.Equal(t, http.StatusSeeOther, b.get("/account").status)
}

func TestADisabledUserIsOut(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleSupport)
	id := one[string](o, `SELECT id FROM users WHERE role = 'support'`)
	require.NoError(t, o.store.DisableUser(t.Context(), id, false, tester))
	assert.Equal(t, http.StatusSeeOther, v.get("/account").status)
	assert.Equal(t, http.StatusUnauthorized, o.visitor().post("/sign-in", url.Values{"email": {"support@oak.example"}, "password": {goodPassword}}).status)
	admin := o.user(journey.RoleAdmin)
	err := o.store.DisableUser(t.Context(), admin.ID, false, tester)
	assert.Equal(t, journey.CodeConflict, journey.CodeOf(err), "somebody must be left: %v", err)
	require.NoError(t, o.store.DisableUser(t.Context(), id, true, tester))
	assert.Equal(t, http.StatusSeeOther, o.visitor().post("/sign-in", url.Values{"email": {"support@oak.example"}, "password": {goodPassword}}).status)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	got := v.post("/switch", url.Values{"do": {"live"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.body, "came from another site")
	got = v.post("/switch", url.Values{"do": {"live"}}, "Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.False(t, one[bool](o, `SELECT live FROM settings`))
	got = v.follow("/switch", url.Values{"do": {"live"}})
	assert.Contains(t, got.body, "Perennial is live")
	assert.True(t, one[bool](o, `SELECT live FROM settings`))
	who := one[string](o, `SELECT u.email FROM audit a JOIN users u ON u.id = a.actor WHERE a.verb = 'switch'`)
	assert.Equal(t, "admin@oak.example", who, "the audit names the user")
}

func TestCookiesOverHTTPS(t *testing.T) {
	t.Parallel()
	o := open(t, func(d *console.Deps) { d.Brand.PublicURL = "https://mail.oak.example/path" })
	u := o.user(journey.RoleViewer)
	got := o.visitor().post("/sign-in", url.Values{"email": {u.Email}, "password": {goodPassword}})
	cookie := got.header.Get("Set-Cookie")
	assert.True(t, strings.HasPrefix(cookie, "__Host-perennial_session="), cookie)
	assert.Contains(t, cookie, "Secure")
}

func TestWhenceARequestComes(t *testing.T) {
	t.Parallel()
	o := open(t, func(d *console.Deps) { d.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	wrong := url.Values{"email": {"x@oak.example"}, "password": {"not this one at all"}}
	for range 9 {
		o.visitor().post("/sign-in", wrong, "X-Forwarded-For", "198.51.100.1, 203.0.113.9")
	}
	assert.Equal(t, http.StatusTooManyRequests, o.visitor().post("/sign-in", wrong, "X-Forwarded-For", "198.51.100.2, 203.0.113.9").status,
		"what the proxy itself saw counts, not what the caller claims")
	assert.Equal(t, http.StatusUnauthorized, o.visitor().post("/sign-in", wrong, "X-Forwarded-For", "203.0.113.10").status)
}

func TestTheLanguageIsTheReaders(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleViewer)
	assert.Contains(t, o.visitor().get("/sign-in", "Accept-Language", "fr-CA,fr;q=0.9,en;q=0.5").body, "Se connecter")
	assert.Contains(t, o.visitor().get("/sign-in", "Accept-Language", strings.Repeat("x-", 3000)).body, "Sign in")
	got := v.follow("/account", url.Values{"name": {"Anouk"}, "language": {"fr"}})
	assert.Contains(t, got.body, "Enregistré.")
	assert.Equal(t, "fr", got.header.Get("Content-Language"))
	assert.Contains(t, v.get("/", "Accept-Language", "en").body, "Aujourd’hui", "what she chose beats what her browser asks for")
}
