package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestFindingACustomer(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleSupport)
	assert.Contains(t, v.get("/customers").body, "No customers yet", "an empty page teaches the next step")
	ada, ben, _ := o.play()
	v.signIn(journey.RoleSupport)
	for _, query := range []string{"ada@ex", "Ada K", "king", "ada", ada} {
		got := v.get("/customers?q=" + url.QueryEscape(query))
		assert.Contains(t, got.body, "/customers/"+ada, query)
		assert.NotContains(t, got.body, "/customers/"+ben, query)
	}
	part := v.get("/customers?q=ben", "HX-Request", "true", "HX-Target", "results").body
	assert.Contains(t, part, ben)
	assert.NotContains(t, part, "<main", "htmx gets the results alone")
	assert.Contains(t, v.get("/customers?q=nobody-at-all").body, "Nobody found")
	assert.NotContains(t, v.get("/customers").body, "<b>Ray</b>", "a name stays text")
	assert.Equal(t, http.StatusNotFound, v.get("/customers/cus_none").status)
	assert.Equal(t, http.StatusBadRequest, v.get("/customers?after=x").status)
}

func TestHerPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, cleo := o.play()
	v := o.as(journey.RoleViewer)
	page := v.get("/customers/" + ada).body
	for _, said := range []string{"Ada King", "ada@example.com", "plan", "gold", "EDT", "Offers and news", "agreed", "Proof",
		"Win back", "version 1", "Stands at", "Call her", "About comeback-offer", "Every message that was meant for her went out", "Signed Up", "coupon"} {
		assert.Contains(t, page, said)
	}
	assert.NotContains(t, page, "/pause", "who may only look sees no buttons")
	page = v.get("/customers/" + cleo).body
	assert.Contains(t, page, "no consent for offers", "why did she not get it?")
	assert.NotContains(t, page, "<b>Ray")

	only := v.get("/customers/"+ada+"?kind=message&journey=win-back", "HX-Request", "true", "HX-Target", "timeline").body
	assert.Contains(t, only, "sent “About we-miss-you”")
	assert.NotContains(t, only, "Signed Up")
	assert.NotContains(t, only, "<main")
	assert.Contains(t, v.get("/customers/"+ada+"?kind=not_sent").body, "Nothing of that kind happened")
}

func TestWhatSupportDoes(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, ben, cleo := o.play()
	v := o.as(journey.RoleSupport)
	at := "/customers/" + ben

	got := v.post(at+"/pause", url.Values{"reason": {""}, "until": {"yesterday"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "is no date and time")
	got = v.post(at+"/pause", url.Values{"reason": {"on holiday"}, "until": {"2030-01-01T10:00"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "lies in the past")
	assert.Contains(t, got.body, `value="on holiday"`, "what she typed is still there")
	assert.Contains(t, got.body, `<details class="pop" open>`, "and seen")
	moved := v.post(at+"/address", url.Values{"email": {"ben@@example"}, "reason": {"by phone"}})
	assert.Contains(t, moved.body, `<details open><summary>Change her address`)
	assert.Equal(t, 1, strings.Count(moved.body, "<details open"), "no other form")

	page := v.follow(at+"/pause", url.Values{"reason": {"on holiday"}, "until": {"2030-06-01T10:00"}, "on_resume": {"catch_up"}}).body
	assert.Contains(t, page, "Paused. Nothing new is sent.")
	assert.Contains(t, page, "on holiday")
	assert.Contains(t, page, "Sat 1 Jun 2030, 10:00 CEST", "in the zone of the times shown")
	assert.Equal(t, "catch_up", one[string](o, `SELECT on_resume FROM pauses WHERE target = $1`, ben))
	assert.Contains(t, page, "no message falls due", "before one resumes, it is said what that will do")
	page = v.follow(at+"/resume", url.Values{"on_resume": {"keep"}}).body
	assert.NotContains(t, page, "on holiday,")
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM audit a JOIN users u ON u.id = a.actor WHERE u.role = 'support' AND a.verb LIKE '%pause%' AND a.target = $1`, ben))

	v.follow(at+"/pause", url.Values{"reason": {"a week off"}, "for": {"7d"}})
	assert.Equal(t, 7*24*time.Hour, one[time.Duration](o, `SELECT until_at - since_at FROM pauses WHERE target = $1 AND reason = 'a week off'`, ben))
	v.follow(at+"/resume", url.Values{"on_resume": {"keep"}})

	e := o.enrollment(ben)
	in := at + "/enrollments/" + e
	v.follow(in+"/pause", url.Values{"reason": {"a moment"}})
	v.follow(in+"/resume", nil)
	page = v.follow(in+"/skip", url.Values{"reason": {"she asked"}}).body
	assert.Contains(t, page, "skip, asked by Robin S.")
	page = v.post(in+"/move", url.Values{"to": {"nowhere"}, "reason": {"x"}}).body
	assert.Contains(t, page, "has no step")
	v.follow(in+"/move", url.Values{"to": {"comeback-offer"}, "reason": {"x"}})
	page = v.post(in+"/exit", url.Values{"reason": {" "}}).body
	assert.Contains(t, page, "an exit needs a reason")
	v.follow(in+"/exit", url.Values{"reason": {"asked-us-to-stop"}})
	assert.Equal(t, 3, one[int](o, `SELECT count(*) FROM requests WHERE enrollment_id = $1`, e))

	page = v.follow("/customers/"+cleo+"/topics", url.Values{"shown": {"offers"}}).body
	assert.Contains(t, page, "Nothing was changed")
	page = v.post("/customers/"+cleo+"/topics", url.Values{"shown": {"offers"}, "topic": {"offers"}}).body
	assert.Contains(t, page, "a consent needs its proof")
	page = v.follow("/customers/"+cleo+"/topics", url.Values{"shown": {"offers"}, "topic": {"offers"}, "wording": {"By phone, wants offers"}}).body
	assert.Contains(t, page, "“By phone, wants offers”")
	assert.Contains(t, page, "support, Robin S.")
	page = v.post("/customers/"+cleo+"/address", url.Values{"email": {"cleo@new.example"}, "reason": {"by letter"}, "keep": {"1"}}).body
	assert.Contains(t, page, "need their proof")
	page = v.follow("/customers/"+cleo+"/address", url.Values{"email": {"cleo@new.example"}, "reason": {"by letter"}, "keep": {"1"}, "wording": {"the same, please"}}).body
	assert.Contains(t, page, "Her address is cleo@new.example now.")

	task := one[string](o, `SELECT id FROM tasks WHERE customer_id = $1`, ada)
	page = v.follow("/customers/"+ada+"/tasks/"+task+"/done", url.Values{"outcome": {"reached"}, "note": {"she was glad"}}).body
	assert.Contains(t, page, "Her journey goes on")
	assert.Equal(t, "Robin S.", one[string](o, `SELECT done_by FROM tasks`))
}

func TestAMailAsItWasSent(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	v := o.as(journey.RoleViewer)
	id := one[string](o, `SELECT id FROM messages WHERE customer_id = $1 AND template = 'we-miss-you'`, ada)
	page := v.get("/messages/" + id)
	assert.Contains(t, page.body, "About we-miss-you")
	assert.Contains(t, page.body, "Hello in text")
	assert.Contains(t, page.body, "ada@example.com")
	mail := v.get("/messages/" + id + "/mail")
	require.Equal(t, http.StatusOK, mail.status)
	assert.Contains(t, mail.header.Get("Content-Security-Policy"), "sandbox")
	assert.Contains(t, mail.body, `<p style="color:green">Hello <b>Ada</b></p>`)
	assert.Contains(t, mail.body, `<a title="https://example.org/shop?a=1&amp;b=2">Shop</a>`, "a click here is none of hers")
	for _, gone := range []string{"evil.example", "steal", "<form", "<base", "refresh"} {
		assert.NotContains(t, mail.body, gone)
	}
	assert.Equal(t, http.StatusNotFound, v.get("/messages/msg_none").status)
	assert.Zero(t, one[int](o, `SELECT count(*) FROM observations`), "looking leaves no click")
}

func TestJourneysAndWhoIsInside(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/journeys").body, "No journeys yet")
	ada, ben, _ := o.play()
	v.signIn(journey.RoleMarketer)
	assert.Contains(t, v.get("/journeys").body, `href="/journeys/win-back"`)
	page := v.get("/journeys/win-back").body
	assert.Contains(t, page, `class="journey-graph"`)
	assert.NotContains(t, page, "<style", "the policy forbids it")
	step := one[string](o, `SELECT step FROM enrollments WHERE customer_id = $1`, ben)
	assert.Contains(t, page, "step="+step)
	page = v.get("/journeys/win-back?version=1&step=" + step).body
	assert.Contains(t, page, "/customers/"+ben)
	assert.NotContains(t, page, "/customers/"+ada)
	part := v.get("/journeys/win-back?version=1", "HX-Request", "true", "HX-Target", "picture").body
	assert.True(t, strings.HasPrefix(strings.TrimSpace(part), `<div id="picture"`), part[:60])
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/none").status)
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back?version=7").status)

	page = v.follow("/journeys/win-back/pause", url.Values{"reason": {"wrong prices"}, "on_resume": {"keep"}}).body
	assert.Contains(t, page, "wrong prices")
	assert.Contains(t, v.get("/").body, "wrong prices", "today says so")
	v.follow("/journeys/win-back/resume", url.Values{"on_resume": {"keep"}})
	assert.NotContains(t, v.get("/").body, "wrong prices")

	preview := v.get("/journeys/win-back/versions/1/messages/we-miss-you")
	assert.Contains(t, preview.body, "About us")
	body := v.get("/journeys/win-back/versions/1/messages/we-miss-you/mail?customer=" + ben)
	assert.Contains(t, body.body, "Hello Ben")
	assert.NotContains(t, body.body, "href=")
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/versions/1/messages/none").status)
}

func TestTodaySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleAdmin)
	page := v.get("/").body
	assert.Contains(t, page, "Sandbox")
	assert.Contains(t, page, "No consent", "why messages were not sent")
	assert.Contains(t, v.follow("/switch", url.Values{"do": {"stop"}}).body, "Switch sending on")
	v.follow("/switch", url.Values{"do": {"send"}})
	page = v.follow("/switch", url.Values{"do": {"live"}}).body
	assert.Contains(t, page, "All is well")
	for i := range 5 {
		o.signUp("x"+strings.Repeat("y", i), "X", "Y", true)
	}
	o.wall.pass(4 * 24 * time.Hour)
	v.signIn(journey.RoleAdmin)
	page = v.get("/").body
	assert.Contains(t, page, "1 task is overdue", "the task had three days")
	assert.Contains(t, page, "messages should have gone out over an hour ago")
	assert.Contains(t, page, "Call her", "with the way to it")
	assert.Contains(t, page, "No “Signed Up” since")
	assert.NotContains(t, page, "Message Sent", "what we tell ourselves is no silence")
	part := v.get("/", "HX-Request", "true", "HX-Target", "figures").body
	assert.True(t, strings.HasPrefix(strings.TrimSpace(part), `<dl class="figures"`))
}
