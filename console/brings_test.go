package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

const brings = "/journeys/win-back/edit/brings"

// bringing posts the form for something that the journey brings along, as it is shown, with some fields filled in.
func (v *visitor) bringing(kind, name string, fields ...string) seen {
	v.t.Helper()
	at := "/journeys/win-back/edit?brings=" + kind
	if name != "" {
		at += "&name=" + name
	}
	form := fieldsOf(v.t, v.get(at).body, brings)
	form.Set("do", "declare")
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.post(brings, form)
}

// What a journey brings along is added, changed, renamed with all that names it, and taken out, by forms; the rest of the text stays.
func TestWhatAJourneyBringsAlongHasForms(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	assert.Equal(t, http.StatusForbidden, o.as(journey.RoleSupport).do(http.MethodPost, brings, "").status)
	assert.Contains(t, v.get("/journeys/win-back/edit").body, `href="/journeys/win-back/edit?brings=all#step"`)
	all := v.get("/journeys/win-back/edit?brings=all").body
	for _, want := range []string{"Offers and news", "makes its codes", "1 place names it", `?brings=segments#step"`, "/edit/surveys/_new"} {
		assert.Contains(t, all, want)
	}
	for _, c := range []struct {
		kind, name string
		fields     []string
		want       string
	}{
		{"topics", "", []string{"as", "club", "f.name", "The club: ours", "f.double_opt_in", "true", "f.cap.messages", "3", "f.cap.per", "7d", "f.locales.row0.key", "fr", "f.locales.row0.text", "Le club"},
			`club: { name: "The club: ours", double_opt_in: true, cap: { messages: 3, per: 7d }, locales: { fr: { name: Le club } } }`},
		{"topics", "club", []string{"f.name", "Club", "f.cap.messages", "", "f.cap.per", "", "f.locales.row1.key", "de", "f.locales.row1.text", "Der Club"},
			"club: { name: Club, double_opt_in: true, locales: { fr: { name: Le club }, de: { name: Der Club } } }"},
		{"pools", "", []string{"as", "printed"}, "printed: {}"},
		{"pools", "printed", []string{"f.alphabet", "ABCDEFGHJK", "f.length", "12"}, "printed: { alphabet: ABCDEFGHJK, length: 12 }"},
		{"pools", "comeback", []string{"as", "return"}, "coupon: { pool: return, as: offer, expires: 14d }"},
		{"segments", "", []string{"as", "vip", "f.if.kind", "all", "f.if-0.kind", "attribute", "f.if-0.name", "tier", "f.if-0.op", "eq", "f.if-0.arg", "top"},
			"segments:\n  vip: { attribute: tier, eq: top }"},
		{"segments", "vip", []string{"f.if-0.arg", "best"}, "vip: { attribute: tier, eq: best }"},
		{"webhooks", "", []string{"as", "billing", "f.url", "https://billing.example.com/x", "f.secret_env", "WEBHOOK_BILLING"},
			`billing: { url: "https://billing.example.com/x", secret_env: WEBHOOK_BILLING }`},
	} {
		got := v.bringing(c.kind, c.name, c.fields...)
		if assert.Equal(t, http.StatusSeeOther, got.status, "%s: %s", c.fields, got.body) {
			assert.Contains(t, o.draft("win-back"), c.want)
			assert.Equal(t, http.StatusOK, v.get(strings.TrimSuffix(got.path, "#step")).status)
		}
	}
	page := v.get("/journeys/win-back/edit?brings=pools&name=return").body
	assert.Contains(t, page, "Give a coupon of return", "what names it leads to its form")
	assert.Contains(t, page, "1 place names return. Without it here, that of the server is meant")
	form := fieldsOf(t, page, brings)
	form.Set("do", "undeclare")
	gone := v.follow(brings, form)
	assert.Contains(t, gone.body, "Done. Undo takes it back.")
	assert.NotContains(t, o.draft("win-back"), "return: {")
	assert.Contains(t, o.draft("win-back"), "printed: { alphabet")
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/edit?brings=pools&name=return").status)
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/edit?brings=nothing").status)
}

// What is wrong stands at its field, and the draft stays; the builder of a segment works by its buttons.
func TestFaultsOfWhatAJourneyBringsAlong(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	for _, c := range []struct {
		kind, name string
		fields     []string
		want       string
	}{
		{"topics", "", []string{"as", "Not a key", "f.name", "x"}, `(?s)id="as-faults"><ul.*not-a-key`},
		{"topics", "", []string{"as", "offers", "f.name", "x"}, `(?s)id="as-faults"><ul.*is there already`},
		{"topics", "", []string{"as", "club", "f.name", ""}, `id="f.name-faults"><ul`},
		{"topics", "", []string{"as", "club", "f.name", "x", "f.cap.messages", "3", "f.cap.per", "soon"}, `id="f.cap.per-faults"><ul`},
		{"pools", "comeback", []string{"f.length", ""}, `(?s)id="as-faults"><ul.*alphabet`},
		{"pools", "comeback", []string{"f.length", "2"}, `id="f.length-faults"><ul`},
		{"webhooks", "", []string{"as", "billing", "f.url", "ftp://x", "f.secret_env", "SECRET"}, `(?s)id="f.url-faults"><ul.*id="f.secret_env-faults"><ul`},
		{"segments", "", []string{"as", "vip", "f.if-0.kind", "attribute", "f.if-0.name", "age", "f.if-0.op", "gte", "f.if-0.arg", "old"}, `id="f.if-0-faults"><ul`},
	} {
		got := v.bringing(c.kind, c.name, c.fields...)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, "%v", c.fields)
		assert.Regexp(t, c.want, got.body, "%v", c.fields)
		assert.Equal(t, winBack, o.draft("win-back"))
	}
	row := v.bringing("segments", "", "as", "vip", "f.if.add", "event", "do", "add:f.if")
	assert.Equal(t, http.StatusOK, row.status)
	assert.Contains(t, row.body, `name="f.if-0.name"`)
	assert.Contains(t, row.body, `name="as" value="vip"`)
	assert.NotContains(t, row.body, `value="trigger">`, "a segment knows of no trigger")
}

// A survey of the journey's own is written on the page that those of the server have.
func TestASurveyOfAJourneyIsWritten(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	const at = "/journeys/win-back/edit/surveys/_new"
	form := fieldsOf(t, v.get(at).body, at)
	form.Set("key", "why")
	form["option"] = []string{"price", "other"}
	form.Set("do", "save")
	bad := v.post(at, form)
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Regexp(t, `<ul class="small bad"><li>[a-z ]*question is empty`, bad.body)
	assert.Contains(t, bad.body, `value="why"`)
	form.Set("question", "Why are you leaving?")
	saved := v.post(at, form)
	require.Equal(t, http.StatusSeeOther, saved.status, saved.body)
	assert.Contains(t, o.draft("win-back"), "surveys:\n  why: { question: \"Why are you leaving?\", kind: choice, options: [price, other] }")
	shown := v.get(strings.TrimSuffix(saved.path, "#step")).body
	assert.Contains(t, shown, `href="/journeys/win-back/edit/surveys/why"`)

	v.stepping("do", "insert", "form", "survey", "put", "1", "after", "we-miss-you", "f.survey.ask", "why", "f.survey.send", "we-miss-you")
	const there = "/journeys/win-back/edit/surveys/why"
	form = fieldsOf(t, v.get(there).body, there)
	form.Set("key", "reason")
	form.Set("question", "Why?")
	form.Set("do", "save")
	require.Equal(t, http.StatusSeeOther, v.post(there, form).status)
	assert.Contains(t, o.draft("win-back"), `reason: { question: "Why?", kind: choice, options: [price, other] }`)
	assert.Contains(t, o.draft("win-back"), "ask: reason")
	assert.Equal(t, http.StatusNotFound, v.get(there).status)
}

// Values are chosen by what they are and where they are found; what a form says is what stands in the text.
func TestValuesHaveForms(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	for _, c := range []struct {
		form   string
		fields []string
		want   string
	}{
		{"wait-until", []string{"f.wait.until.from", "attribute", "f.wait.until.text", "renews_at", "f.wait.until.default", "2031-01-01", "f.wait.offset", "-2d"},
			`wait: { until: { attribute: renews_at, default: "2031-01-01" }, offset: -2d }`},
		{"wait-until", []string{"f.wait.until.from", "coupon", "f.wait.until.text", "offer", "f.wait.until.get", "expires_at", "f.wait.if_missing", "skip"},
			"until: { coupon: offer, get: expires_at }"},
		{"wait-span", []string{"f.wait.for.from", "answer", "f.wait.for.text", "score", "f.wait.default", "3d"}, "wait: { for: { answer: score }, default: 3d }"},
		{"set", []string{"f.set.row0.key", "tier", "f.set.row0.from", "said", "f.set.row0.text", "top"}, "set: { tier: top }"},
		{"set", []string{"f.set.row0.key", "points", "f.set.row0.from", "add", "f.set.row0.text", "100"}, "set: { points: { add: 100 } }"},
		{"start", []string{"f.start.journey", "onboarding", "f.start.with.row0.key", "order_id", "f.start.with.row0.from", "trigger", "f.start.with.row0.text", "order_id"},
			"start: { journey: onboarding, with: { order_id: { trigger: order_id } } }"},
		{"webhook", []string{"f.webhook.to", "billing", "f.webhook.body.row0.key", "order", "f.webhook.body.row0.from", "text", "f.webhook.body.row0.text", "{ id: { trigger: order_id } }"},
			"body: { order: { id: { trigger: order_id } } }"},
		{"leave", []string{"f.leave.item0", "onboarding"}, "leave: [onboarding]"},
		{"pause", []string{"f.pause.topics.item0", "offers", "f.pause.topics.item1", "club", "f.pause.for", "3d"}, "pause: { topics: [offers, club], for: 3d }"},
		{"send", []string{"f.send.message", "we-miss-you", "f.send.to.is", "role", "f.role/send.to.account", "admin", "f.send.reply_to", "help@example.com", "f.send.subjects.row0.key", "a",
			"f.send.subjects.row0.text", "{{ customer.first_name }}, we miss you", "f.send.subjects.row1.key", "b", "f.send.subjects.row1.text", "Still here?"},
			`subjects: { a: "{{ customer.first_name }}, we miss you", b: "Still here?" }`},
		{"task", []string{"f.task.title", "Call", "f.task.due.is", "working", "f.working/task.due.working", "4h"}, "task: { title: Call, due: { working: 4h } }"},
	} {
		at := "/journeys/win-back/edit?put=1&after=coupon-offer&form=" + c.form
		form := fieldsOf(t, v.get(at).body, "/journeys/win-back/edit/steps")
		for i := 0; i+1 < len(c.fields); i += 2 {
			form.Set(c.fields[i], c.fields[i+1])
		}
		form.Set("do", "insert")
		got := v.post("/journeys/win-back/edit/steps", form)
		if !assert.Equal(t, http.StatusSeeOther, got.status, "%s: %s", c.form, got.body) {
			continue
		}
		assert.Contains(t, o.draft("win-back"), c.want)
		before := o.draft("win-back")
		step := strings.TrimSuffix(got.path, "#step")
		_, id, _ := strings.Cut(step, "step=")
		again := fieldsOf(t, v.get(step).body, "/journeys/win-back/edit/steps")
		again.Set("do", "set")
		again.Set("step", id)
		for i := 0; i+1 < len(c.fields); i += 2 {
			assert.Equal(t, c.fields[i+1], again.Get(c.fields[i]), "%s is shown as it was said", c.fields[i])
		}
		kept := v.post("/journeys/win-back/edit/steps", again)
		require.Equal(t, http.StatusSeeOther, kept.status, kept.body)
		assert.Equal(t, before, strings.Replace(o.draft("win-back"), "\n    id: "+id, "", 1), "nothing but its id was written")
		d, err := o.store.Draft(t.Context(), "win-back")
		require.NoError(t, err)
		for d.Before() > 0 {
			d, err = o.ctl.Turn(t.Context(), tester, "win-back", d.Before(), d.ETag)
			require.NoError(t, err)
		}
	}
	bad := fieldsOf(t, v.get("/journeys/win-back/edit?put=1&after=coupon-offer&form=wait-until").body, "/journeys/win-back/edit/steps")
	bad.Set("do", "insert")
	assert.Regexp(t, `id="f.wait.until-faults"><ul`, v.post("/journeys/win-back/edit/steps", bad).body)
}

// By keyboard, in both looks: what the journey brings along, a new segment, a value.
func TestBringingAlongInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open("/journeys/win-back/edit?brings=all")
	w.accessible("what it brings along")
	w.do(chromedp.Focus(`.brought a[href*="brings=pools#"]`), chromedp.KeyEvent("\r"))
	w.eventually(`document.querySelector('input[name="as"]') && document.querySelector('input[name="f.alphabet"]')`)
	w.do(chromedp.SendKeys(`input[name="as"]`, "printed\r"))
	w.eventually(`document.getElementById('source').value.includes('printed: {}')`)
	w.open("/journeys/win-back/edit?brings=segments")
	w.do(chromedp.Click(`#step button[value="add:f.if"]`))
	w.eventually(`document.querySelector('input[name="f.if-0.name"]')`)
	w.accessible("a segment of the journey")
	w.open("/journeys/win-back/edit?put=1&after=we-miss-you&form=wait-until")
	assert.False(t, ask[bool](w, `document.querySelector('.of-coupon').checkVisibility()`), "only a coupon has a code")
	w.do(chromedp.SetValue(`select[name="f.wait.until.from"]`, "coupon"))
	w.eventually(`document.querySelector('.of-coupon').checkVisibility()`)
	w.accessible("a value")
	for _, page := range []string{"brings=all", "brings=topics&name=offers", "put=1&after=we-miss-you&form=set"} {
		w.looks(360, "dark")
		w.open("/journeys/win-back/edit?" + page)
		w.looked("brings "+url.QueryEscape(page), 360, "dark")
	}
}
