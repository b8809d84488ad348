package console_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
)

func TestTopicsAreDeclaredAndPaused(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/topics").body, "No topics yet")
	o.play()
	v.signIn(journey.RoleMarketer)
	page := v.get("/topics").body
	assert.Contains(t, page, "Offers and news")
	assert.Contains(t, page, "<b>2</b> customers may be written to")
	got := v.post("/topics", url.Values{"key": {"transactional"}, "name": {" "}, "messages": {"x"}, "per": {"7d"}, "over": {"hold"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	for _, fault := range []string{"needs no consent", "is missing or over 200 bytes", "is not a number from 1 to 100"} {
		assert.Contains(t, got.body, fault, "all faults at once")
	}
	page = v.follow("/topics", url.Values{"key": {"offers"}, "name": {"Offers"}, "double_opt_in": {"yes"}, "messages": {"3"}, "per": {"36h"}, "over": {"drop"}}).body
	assert.Contains(t, page, "<b>0</b> customers may be written to")
	assert.Contains(t, page, "2 have not confirmed")
	assert.Contains(t, page, "At most 3 messages in 36h; the rest is dropped")
	page = v.follow("/topics/offers/pause", url.Values{"reason": {"the shop is closed"}}).body
	assert.Contains(t, page, "the shop is closed")
	page = v.follow("/topics/offers/resume", url.Values{"on_resume": {"keep"}}).body
	assert.NotContains(t, page, "the shop is closed,")
}

func TestNothingNewTakesAKey(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.post("/topics", url.Values{"fresh": {"yes"}, "name": {"Offers"}}).body, "is taken: offers")
	assert.Equal(t, "Offers and news", one[string](o, `SELECT name FROM topics WHERE key = 'offers'`))
	assert.Contains(t, v.follow("/topics", url.Values{"fresh": {"yes"}, "name": {"Été: news"}}).body, `id="ete-news"`)
	v.follow("/teams", url.Values{"fresh": {"yes"}, "name": {"Sales"}, "emails": {"sales@example.com"}})
	assert.Contains(t, v.post("/teams", url.Values{"fresh": {"yes"}, "key": {"sales"}, "emails": {"others@example.com"}}).body, "is taken: sales")
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM teams WHERE key = 'sales' AND emails::text LIKE '%sales@example.com%'`))
}

func TestSuppressionsAreFoundAddedAndLifted(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/suppressions").body, "No address is suppressed")
	assert.Contains(t, v.post("/suppressions", url.Values{"address": {"ada"}, "scope": {"all"}, "reason": {"x"}}).body, "address")
	page := v.follow("/suppressions", url.Values{"address": {"Ada@example.com"}, "scope": {"all"}, "reason": {"asked by post"}}).body
	assert.Contains(t, page, "ada@example.com")
	assert.Contains(t, page, "asked by post")
	_, err := o.sql.Exec(t.Context(), `INSERT INTO suppressions (address, scope, reason, at) VALUES ('ben@example.com', 'marketing', 'complaint', $1)`, o.wall.now())
	require.NoError(t, err)
	part := v.get("/suppressions?q=BEN@", "HX-Request", "true", "HX-Target", "results").body
	assert.Contains(t, part, "ben@example.com")
	assert.Contains(t, part, "its owner complained")
	assert.NotContains(t, part, "ada@example.com")
	assert.Contains(t, v.post("/suppressions/lift", url.Values{"address": {"ben@example.com"}, "reason": {"we would like to"}}).body, "wants no mail of ours")
	assert.Contains(t, v.follow("/suppressions/lift", url.Values{"address": {"ben@example.com"}, "reason": {"by phone"}, "asked": {"yes"}}).body, "It may be mailed again")
	assert.Contains(t, v.post("/suppressions/lift", url.Values{"address": {"ada@example.com"}, "reason": {" "}}).body, "needs a reason")
	v.follow("/suppressions/lift", url.Values{"address": {"ada@example.com"}, "reason": {"a mistake"}})
	assert.Zero(t, one[int](o, `SELECT count(*) FROM suppressions`))
	assert.Equal(t, "a mistake", one[string](o, `SELECT detail->>'reason' FROM audit WHERE verb = 'suppression.lift' ORDER BY id DESC LIMIT 1`))
}

// trouble is an installation with something of everything that goes wrong in sending.
func (o *office) trouble() {
	o.t.Helper()
	wall := o.wall.now()
	require.NoError(o.t, o.store.NoteBreaker(o.t.Context(), journey.Breaker{Lane: journey.LaneMarketing, Domain: "slow.example", Why: journey.BreakerPutOff,
		UntilWall: wall.Add(10 * time.Minute)}))
	_, err := o.sql.Exec(o.t.Context(), `INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by)
		VALUES ('apr_1', 'win-back', 1, 'asked', 4321, 100, $1, 'key_1')`, wall)
	require.NoError(o.t, err)
	_, err = o.sql.Exec(o.t.Context(), `INSERT INTO bounces (message_id, kind, source, at)
		SELECT id, 'hard', 'relay', $1 FROM messages WHERE state = 'accepted' LIMIT 1`, wall)
	require.NoError(o.t, err)
	o.ctl.LookUp = func(context.Context) []journey.MailFinding {
		return []journey.MailFinding{{What: "DKIM", Found: "the key is the one that signs"}, {What: "SPF", Found: "oak.example has no record", Mend: "publish one", Sick: true}}
	}
	o.ctl.Sender = journey.SenderInfo{Relay: "relay.oak.example:587", From: "oak.example", Connections: 8, Rate: "50/s"}
}

func TestSendingShowsWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/sending").body, "Every lane and every domain is open")
	o.trouble()
	page := v.get("/sending").body
	for _, said := range []string{"What goes to slow.example waits for a while", "It puts us off", "4321 people", "relay.oak.example:587", "50/s", "Waiting for a person", "example.com"} {
		assert.Contains(t, page, said)
	}
	assert.NotContains(t, page, "oak.example has no record", "the DNS is asked on demand")
	assert.Contains(t, v.get("/sending?look=domain").body, "oak.example has no record")
	part := v.get("/sending?look=domain", "HX-Request", "true", "HX-Target", "domain").body
	assert.Contains(t, part, "publish one")
	assert.NotContains(t, part, "<main")

	page = v.follow("/sending/breaker", url.Values{"lane": {journey.LaneMarketing}, "domain": {"slow.example"}, "next": {"/sending"}}).body
	assert.Contains(t, page, "Somebody has closed it")
	assert.Equal(t, http.StatusNotFound, v.post("/sending/breaker", url.Values{"lane": {journey.LaneMarketing}, "domain": {"fast.example"}}).status)
	assert.Contains(t, v.post("/sending/approvals/apr_1", url.Values{"do": {"approve"}, "count": {"12"}}).body, "4321")
	assert.Contains(t, v.follow("/sending/approvals/apr_1", url.Values{"do": {"approve"}, "count": {"4321"}}).body, "they are let in")

	page = v.follow("/sending/stop", url.Values{"scope": {"domain"}, "target": {"Example.COM"}, "reason": {"their server is down"}}).body
	assert.Contains(t, page, "their server is down")
	assert.NotContains(t, v.follow("/sending/unstop", url.Values{"scope": {"domain"}, "target": {"example.com"}, "next": {"/sending"}}).body, "their server is down")
	assert.Contains(t, v.post("/sending/limits", url.Values{"daily_ceiling": {"many"}, "audience_floor": {"10"}}).body, "is no whole number")
	page = v.follow("/sending/limits", url.Values{"daily_ceiling": {"3"}, "audience_floor": {"10"}, "allow_list": {"mara@oak.example\n@oak.example"}}).body
	assert.Contains(t, page, "mara@oak.example")
	assert.Equal(t, 3, one[int](o, `SELECT daily_ceiling FROM settings`))
	assert.Equal(t, "/sending", v.post("/switch", url.Values{"do": {"stop"}, "next": {"/sending"}}).path)
	assert.Equal(t, "/", v.post("/switch", url.Values{"do": {"send"}, "next": {"//evil.example"}}).path)
}

func TestMailPagesInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	o.trouble()
	require.NoError(t, o.ctl.Suppress(t.Context(), tester, "a-rather-long-address-of-somebody@a-long-domain.example.com", journey.SuppressAll, "asked by post"))
	w := o.browser()
	w.signIn(journey.RoleAdmin)
	w.around("topics", "/topics")
	w.around("suppressions", "/suppressions")
	w.around("sending", "/sending?look=domain")
}

// Every warning of today has the button that mends it, for who may.
func TestTodayMendsWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	o.trouble()
	_, err := o.sql.Exec(t.Context(), `INSERT INTO pools (key, alphabet, length, low_water) VALUES ('printed', '', 0, 5)`)
	require.NoError(t, err)
	_, err = o.ctl.Stop(t.Context(), tester, journey.StopJourney, "win-back", "wrong prices")
	require.NoError(t, err)
	_, err = o.ctl.Pause(t.Context(), tester, control.PauseRequest{Scope: journey.ScopeEverything, Reason: "stocktaking", OnResume: journey.Keep})
	require.NoError(t, err)
	viewer := o.as(journey.RoleViewer).get("/").body
	for _, said := range []string{"slow.example", "Very many are about to enter win-back", "Pool printed: 0 codes are left", "wrong prices", "stocktaking"} {
		assert.Contains(t, viewer, said)
	}
	for _, button := range []string{"/sending/breaker", "/sending/unstop", "/pools/printed/codes", `action="/resume"`} {
		assert.NotContains(t, viewer, button, "who may only look sees no buttons")
	}
	v := o.as(journey.RoleAdmin)
	page := v.get("/").body
	for _, button := range []string{"/sending/breaker", "/sending/unstop", "/pools/printed/codes", `action="/resume"`} {
		assert.Contains(t, page, button)
	}
	assert.Contains(t, v.follow("/pools/printed/codes", url.Values{"codes": {"A-1\nA-2 A-3\nA-4\nA-5\nA-6\nA-7\nA-8\nA-9\nA-10\nA-11\nA-12\nA-13\nA-14\nA-15\nA-16\nA-17\nA-18\nA-19\nA-20\nA-21"}}).body, "21 codes are in the pool printed")
	assert.NotContains(t, v.follow("/sending/unstop", url.Values{"scope": {"journey"}, "target": {"win-back"}, "next": {"/"}}).body, "wrong prices")
	assert.NotContains(t, v.follow("/resume", nil).body, "stocktaking,")
	page = v.follow("/sending/breaker", url.Values{"lane": {journey.LaneMarketing}, "domain": {"slow.example"}, "next": {"/"}}).body
	assert.Contains(t, page, "Somebody has closed it")
	assert.NotContains(t, page, "Pool printed:")
}

// Coupons, notes, mails once more, and forgetting her: each with its reason, each where it can be seen.
func TestWhatElseSupportDoes(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, ben, _ := o.play()
	v := o.as(journey.RoleSupport)
	at := "/customers/" + ben
	got := v.post(at+"/coupons", url.Values{"pool": {"comeback"}, "reason": {" "}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	page := v.follow(at+"/coupons", url.Values{"pool": {"comeback"}, "reason": {"her parcel was late"}}).body
	assert.Contains(t, page, one[string](o, `SELECT code FROM coupons WHERE customer_id = $1`, ben))
	page = v.follow(at+"/notes", url.Values{"text": {"Moves house in <May>"}}).body
	assert.Contains(t, page, "Moves house in &lt;May&gt;")
	assert.Contains(t, v.get(at+"?kind=note").body, "noted by Robin S.: Moves house")

	id := one[string](o, `SELECT id FROM messages WHERE customer_id = $1 AND template = 'we-miss-you'`, ada)
	form := fieldsOf(t, v.get("/messages/"+id).body, "/messages/"+id+"/resend")
	assert.NotEmpty(t, form.Get("once"))
	assert.Equal(t, http.StatusUnprocessableEntity, v.post("/messages/"+id+"/resend", form).status, "it needs a reason")
	form.Set("reason", "she deleted it")
	page = v.follow("/messages/"+id+"/resend", form).body
	assert.Contains(t, page, "It goes out once more")
	v.post("/messages/"+id+"/resend", form)
	assert.Equal(t, 2, one[int](o, `SELECT count(*) FROM messages WHERE customer_id = $1 AND template = 'we-miss-you'`, ada), "two clicks are one")

	file := v.get(at + "/export")
	assert.Equal(t, 200, file.status)
	assert.Contains(t, file.header.Get("Content-Disposition"), ".json")
	assert.Contains(t, file.body, `"complete":true`)
	assert.Equal(t, 403, o.as(journey.RoleMarketer).get(at+"/export").status)
	got = v.post(at+"/erase", url.Values{"reason": {"her request of 3 May"}, "sure": {"yes"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, v.post(at+"/erase", url.Values{"reason": {"Ben asked"}, "sure": {"erase"}}).body, "names the customer")
	assert.Contains(t, v.follow(at+"/erase", url.Values{"reason": {"her request of 3 May"}, "sure": {"Erase"}}).body, "She is erased")
	assert.Equal(t, http.StatusNotFound, v.get(at).status)
}
