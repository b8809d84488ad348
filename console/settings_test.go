package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/console"
	"perennial/journey"
)

// secretIn is what a page shows once.
func secretIn(t *testing.T, page string) string {
	t.Helper()
	m := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(page)
	require.NotNil(t, m, page)
	return html.UnescapeString(m[1])
}

func TestKeysAreShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/keys").body, "No keys yet")
	got := v.post("/keys", url.Values{"name": {" "}, "role": {"ingest"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "a key needs a name")
	got = v.post("/keys", url.Values{"name": {"shop"}, "role": {"ingest"}})
	require.Equal(t, http.StatusOK, got.status)
	secret := secretIn(t, got.body)
	who, err := o.ctl.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, journey.RoleIngest, who.Role)
	page := v.get("/keys").body
	assert.Contains(t, page, "shop")
	assert.NotContains(t, page, secret)
	page = v.follow("/keys/"+who.ID+"/revoke", nil).body
	assert.Contains(t, page, "1 revoked key")
	_, err = o.ctl.Authenticate(t.Context(), secret)
	assert.Equal(t, journey.CodeUnauthorized, journey.CodeOf(err))
}

func TestUsersAreMadeAndChanged(t *testing.T) {
	t.Parallel()
	o := open(t, func(d *console.Deps) { d.Brand.PublicURL = "http://perennial.example" })
	v := o.as(journey.RoleAdmin)
	got := v.post("/users", url.Values{"email": {"mara@oak.example"}, "name": {"Mara"}, "role": {"support"}})
	require.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.body, "A link for Mara")
	link := secretIn(t, got.body)
	require.True(t, strings.HasPrefix(link, "http://perennial.example/sign-in/"), link)
	mara := o.visitor()
	got = mara.post(strings.TrimPrefix(link, "http://perennial.example"), url.Values{"password": {goodPassword}})
	require.Equal(t, http.StatusSeeOther, got.status)
	assert.Equal(t, http.StatusForbidden, mara.get("/users").status)
	assert.NotContains(t, mara.get("/").body, `href="/users"`)

	id := one[string](o, `SELECT id FROM users WHERE email = 'mara@oak.example'`)
	assert.Contains(t, v.follow("/users/"+id+"/role", url.Values{"role": {"admin"}}).body, "The role is changed")
	assert.Equal(t, http.StatusOK, mara.get("/users").status, "from her next request on")
	self := one[string](o, `SELECT id FROM users WHERE email = 'admin@oak.example'`)
	assert.Contains(t, v.post("/users/"+self+"/role", url.Values{"role": {"viewer"}}).body, "nobody changes her own role")
	assert.Contains(t, v.post("/users/"+self+"/disable", nil).body, "nobody can shut herself out")
	assert.Contains(t, v.follow("/users/"+id+"/disable", nil).body, "locked out")
	assert.Equal(t, http.StatusSeeOther, mara.get("/users").status, "she is signed out")
	assert.Contains(t, v.post("/users/"+id+"/link", url.Values{"purpose": {"sign_in"}}).body, "this user is disabled")
	v.follow("/users/"+id+"/enable", nil)
	assert.Contains(t, v.post("/users/"+id+"/link", url.Values{"purpose": {"sign_in"}}).body, "works once")
	assert.Contains(t, v.post("/users/"+id+"/link", url.Values{"purpose": {"other"}}).body, "there is no such purpose")
	assert.Contains(t, v.post("/users", url.Values{"email": {"mara@oak.example"}, "role": {"viewer"}}).body, "this address already")
}

func TestTeams(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/teams").body, "No teams yet")
	got := v.post("/teams", url.Values{"key": {"Sales!"}, "emails": {"nobody"}})
	assert.Contains(t, got.body, "is not a key")
	assert.Contains(t, got.body, "is not an address")
	assert.Contains(t, got.body, `value="Sales!"`, "what was typed is still there")
	page := v.follow("/teams", url.Values{"key": {"sales"}, "name": {"Sales"}, "emails": {"a@oak.example\nb@oak.example"}, "url": {"https://chat.example/secret"}}).body
	assert.Contains(t, page, "a@oak.example, b@oak.example")
	assert.NotContains(t, page, "chat.example", "where the chat is, is a secret")
	v.follow("/teams", url.Values{"key": {"sales"}, "name": {"Sales team"}, "emails": {"a@oak.example"}})
	assert.Equal(t, "https://chat.example/secret", one[string](o, `SELECT url FROM teams`), "left empty it stays")
	v.follow("/teams", url.Values{"key": {"sales"}, "emails": {"a@oak.example"}, "no_url": {"yes"}})
	assert.Empty(t, one[string](o, `SELECT url FROM teams`))
	page = v.follow("/teams", url.Values{"key": {"sales"}, "emails": {"a@oak.example"}, "zone": {"Europe/Vienna"}, "default": {"yes"},
		"open": {"mon tue wed 09:00-17:00\n\nthu, 10:00-12:30"}, "holidays": {"2030-12-25 2030-12-26"}}).body
	again := fieldsOf(t, page, "/teams")
	assert.Equal(t, "mon tue wed 09:00-17:00\nthu 10:00-12:30", again["open"][0])
	assert.Equal(t, "2030-12-25\n2030-12-26", again["holidays"][0])
	assert.Contains(t, page, "gets what belongs to no other team")
	assert.Contains(t, v.post("/teams", url.Values{"key": {"sales"}, "emails": {"a@oak.example"}, "zone": {"Mars"}, "open": {"someday"}}).body, "is not a time zone")
	assert.Contains(t, v.follow("/teams/sales/delete", nil).body, "No teams yet")
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.post("/webhooks", url.Values{"url": {"ftp://x"}}).body, "url")
	got := v.post("/webhooks", url.Values{"url": {"https://shop.example/hooks?token=x"}, "event": {"Message Sent"}})
	assert.True(t, strings.HasPrefix(secretIn(t, got.body), "whsec_"))
	id := one[string](o, `SELECT id FROM webhooks`)
	at := "/webhooks/" + id
	page := v.get(at).body
	assert.Contains(t, page, "shop.example")
	assert.Contains(t, page, `value="Message Sent" checked`)
	assert.NotContains(t, page, "whsec_")
	assert.Contains(t, v.follow(at+"/test", nil).body, "webhook.test")
	assert.Contains(t, v.post(at+"/replay", url.Values{"since": {""}}).body, "is no date and time")
	page = v.follow(at+"/replay", url.Values{"since": {"2030-05-01T00:00"}}).body
	assert.Contains(t, page, "3 events are on their way once more")
	assert.Contains(t, page, "Message Sent")
	assert.NotContains(t, v.get(at+"?state=delivered").body, "1 attempt")
	v.follow(at, url.Values{"url": {"https://shop.example/other"}, "event": {"Goal Reached", "Journey Exited"}})
	assert.Equal(t, "https://shop.example/other", one[string](o, `SELECT url FROM webhooks`))
	assert.Contains(t, v.follow(at+"/active", url.Values{"active": {"false"}}).body, "It is told no more")
	assert.Contains(t, v.follow(at+"/active", url.Values{"active": {"true"}}).body, "It is told again")
	assert.Contains(t, v.follow(at+"/delete", nil).body, "The webhook is gone")
	assert.Equal(t, http.StatusNotFound, v.get(at).status)
}

func TestTheAudit(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, ben, _ := o.play()
	v := o.as(journey.RoleAdmin)
	v.follow("/customers/"+ben+"/pause", url.Values{"reason": {"=on holiday"}})
	page := v.get("/audit").body
	for _, said := range []string{"customer.pause", "Robin A.", "journey.publish", "/customers/" + ben} {
		assert.Contains(t, page, said)
	}
	for query, wanted := range map[string]bool{
		"actor=robin+a.": true, "actor=admin@oak.example": true, "actor=test": false, "target=" + ben: true, "target=user:ben": true,
		"target=win-back": false, "verb=customer": true, "verb=customer.pause": true, "verb=cust": false,
		"from=2030-05-06&to=2030-05-20": true, "to=2030-05-01": false, "from=2031-01-01": false,
	} {
		found := strings.Contains(v.get("/audit?"+query).body, ">customer.pause<")
		assert.Equal(t, wanted, found, query)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, v.get("/audit?from=tomorrow").status)
	file := v.get("/audit.csv?verb=customer.pause")
	assert.Equal(t, "text/csv; charset=utf-8", file.header.Get("Content-Type"))
	lines := strings.Split(strings.TrimSpace(file.body), "\n")
	require.Len(t, lines, 2, file.body)
	assert.Contains(t, lines[1], ben)
	assert.Contains(t, v.get("/audit?verb=audit.export").body, "audit.export", "who took it away stands in it")
}

// The pages of the settings in a browser, with something on each.
func TestSettingsInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.signIn(journey.RoleAdmin)
	_, _, err := o.ctl.CreateKey(t.Context(), tester, "shop", journey.RoleIngest)
	require.NoError(t, err)
	_, err = o.ctl.CreateUser(t.Context(), tester, "mara@oak.example", "Mara", journey.RoleSupport)
	require.NoError(t, err)
	_, err = o.ctl.PutTeam(t.Context(), tester, journey.Team{Key: "sales", Name: "Sales", Emails: []string{"sales@oak.example"}}, nil)
	require.NoError(t, err)
	hook, _, err := o.ctl.AddWebhook(t.Context(), tester, "https://shop.example/hooks/a-rather-long-path/that-does-not-end", nil)
	require.NoError(t, err)
	_, err = o.ctl.TestWebhook(t.Context(), tester, hook.ID)
	require.NoError(t, err)
	w.around("keys", "/keys")
	w.around("users", "/users")
	w.around("teams", "/teams")
	w.around("webhooks", "/webhooks")
	w.around("webhook", "/webhooks/"+hook.ID)
	w.around("audit", "/audit")
}
