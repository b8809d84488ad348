package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"perennial/control"
	"perennial/journey"
)

const comeback = "/journeys/win-back/messages/comeback-offer.html"

func TestMessagesSayWhoSendsThem(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleViewer)
	assert.Contains(t, v.get("/messages").body, "No messages yet")
	o.play()
	v.signIn(journey.RoleViewer)
	_, _, err := o.ctl.SaveTemplate(t.Context(), tester, "win-back", "forgotten.html", "---\nsubject: Ever used?\n---\n<p>Hello</p>", "")
	assert.NoError(t, err)
	page := v.get("/messages").body
	assert.Contains(t, page, `href="`+comeback+`"`)
	assert.Contains(t, page, "About an offer", "its subject")
	assert.Contains(t, page, `/journeys/win-back?step=comeback-offer#people`, "the step that sends it")
	assert.Contains(t, page, "No step sends it")
	found := v.get("/messages?q=ever+used", "HX-Request", "true", "HX-Target", "results").body
	assert.Contains(t, found, "forgotten")
	assert.NotContains(t, found, "comeback-offer.html")
	assert.Contains(t, v.get("/messages?q=nothing+like+it").body, "No message is called that")
}

func TestAMessageIsWrittenIntoTheDraft(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, ben, _ := o.play()
	v := o.as(journey.RoleMarketer)
	page := v.get(comeback)
	assert.Contains(t, page.body, "Version 1, live")
	was := between(page.body, `name="was" value="`, `"`)
	text := "---\r\nsubject: {{ customer.first_name }}, a new offer\r\n---\r\n<p>{{ customer.shoe_size }} {{ coupon \"offer\" }}</p>"

	look := v.post(comeback+"/look", url.Values{"text": {text}, "customer": {"ben"}}, "HX-Request", "true", "HX-Target", "look").body
	assert.Contains(t, look, "Ben, a new offer", "as Ben sees it in the list")
	assert.Contains(t, look, "customer.shoe_size")
	assert.NotContains(t, look, "<textarea", "only a part")
	assert.Contains(t, v.post(comeback+"/look", url.Values{"text": {text}, "customer": {"nobody at all"}}).body, "Nobody is called")
	assert.Contains(t, v.get(comeback+"?customer=b", "HX-Request", "true", "HX-Target", "people").body, `value="ben@example.com"`)

	// A fault is told with its line; the draft stays as it is, and what was typed stays in the form.
	bad := v.post(comeback, url.Values{"text": {text + "\r\n<script>steal()</script>"}, "was": {was}})
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, "is not allowed in a message")
	assert.Contains(t, bad.body, `data-line="5"`)
	assert.Contains(t, bad.body, "Nora, a new offer")
	assert.Contains(t, bad.body, "&lt;script&gt;steal()")

	saved := v.follow(comeback, url.Values{"text": {text}, "was": {was}, "customer": {ben}})
	assert.Contains(t, saved.body, "Saved in the draft")
	assert.Contains(t, saved.body, "/mail?customer="+ben+"&amp;view=wide", "the frame shows what she gets")
	assert.Contains(t, v.get(comeback+"/mail?customer="+ben).body, `<title>Ben, a new offer</title>`)
	d, err := o.store.Draft(t.Context(), "win-back")
	assert.NoError(t, err)
	assert.True(t, d.IsDraft)
	assert.Equal(t, strings.ReplaceAll(text, "\r\n", "\n"), d.Files["comeback-offer.html"])
	assert.Equal(t, "marketer", one[string](o, `SELECT role FROM audit WHERE verb = 'journey.edit' ORDER BY id DESC LIMIT 1`))

	// Of two who write the same message the second is told; one who writes another is not in the way.
	second := v.post(comeback, url.Values{"text": {text + "!"}, "was": {was}})
	assert.Equal(t, http.StatusPreconditionFailed, second.status)
	assert.Contains(t, second.body, "somebody else has saved")
	again := between(second.body, `name="was" value="`, `"`)
	_, _, err = o.ctl.SaveTemplate(t.Context(), tester, "win-back", "we-miss-you.html", "---\nsubject: Other\n---\n<p>Other</p>", "")
	assert.NoError(t, err)
	v.follow(comeback, url.Values{"text": {text + "!"}, "was": {again}})
	before := one[int](o, `SELECT count(*) FROM audit`)
	v.follow(comeback, url.Values{"text": {text + "!"}, "was": {again}})
	assert.Equal(t, before, one[int](o, `SELECT count(*) FROM audit`), "the same once more changes nothing")
}

// What is typed is kept for whoever typed it, on the server, and is not in use.
func TestAHalfWrittenMessageIsKept(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	was := between(v.get(comeback).body, `name="was" value="`, `"`)
	half := "---\nsubject: Half\n---\n<p>{{ customer.first_name"
	look := v.post(comeback+"/look", url.Values{"text": {half}, "was": {was}}, "HX-Request", "true", "HX-Target", "look").body
	assert.Contains(t, look, "kept for you, and not in use")
	page := v.get(comeback).body
	assert.Contains(t, page, "&lt;p&gt;{{ customer.first_name</textarea>", "in another tab it is there again")
	assert.Contains(t, page, "kept for you, and not in use")
	assert.Contains(t, page, "data-line=", "with its faults")
	assert.Contains(t, v.get("/messages").body, "not in use yet")
	assert.NotContains(t, o.as(journey.RoleAdmin).get(comeback).body, "subject: Half", "nobody else sees it")
	d, err := o.store.Draft(t.Context(), "win-back")
	assert.NoError(t, err)
	assert.NotContains(t, d.Files["comeback-offer.html"], "Half", "what is published and sent stays what was saved")
	assert.Equal(t, http.StatusUnprocessableEntity, v.post(comeback, url.Values{"text": {half}, "was": {was}}).status)

	_, _, err = o.ctl.SaveTemplate(t.Context(), tester, "win-back", "comeback-offer.html", "---\nsubject: Theirs\n---\n<p>Theirs</p>", "")
	assert.NoError(t, err)
	page = v.get(comeback).body
	assert.Contains(t, page, "Somebody else has saved this message since you began")
	whole := half + " }}</p>"
	got := v.post(comeback, url.Values{"text": {whole}, "was": {between(page, `name="was" value="`, `"`)}})
	assert.Equal(t, http.StatusPreconditionFailed, got.status, "who was faster is not overwritten unseen")
	v.follow(comeback, url.Values{"text": {whole}, "was": {between(got.body, `name="was" value="`, `"`)}})
	assert.NotContains(t, v.get(comeback).body, "kept for you", "what is saved is kept no longer")

	v.post(comeback+"/look", url.Values{"text": {half}, "was": {""}})
	page = v.follow(comeback+"/drop", url.Values{"text": {half}}).body
	assert.Contains(t, page, "The text is dropped")
	assert.Contains(t, page, "subject: Half\n---\n&lt;p&gt;{{ customer.first_name }}&lt;/p&gt;</textarea>")
	assert.Zero(t, one[int](o, `SELECT count(*) FROM draft_desks`))
}

// Whoever has been in the journey is shown with what it knows of her; for everybody else that is invented.
func TestWhatTheJourneyKnowsIsHers(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, ben, _ := o.play()
	v := o.as(journey.RoleViewer)
	code := one[string](o, `SELECT code FROM coupons WHERE customer_id = $1`, ada)
	text := "---\nsubject: {{ coupon \"offer\" }} {{ trigger.order_id }}\n---\n<p>Hello</p>"
	look := func(who string) string {
		return v.post(comeback+"/look", url.Values{"text": {text}, "customer": {who}}).body
	}
	hers := look(ada)
	assert.Contains(t, hers, "<strong>"+code+"</strong>")
	assert.Contains(t, hers, "trigger.order_id", "she entered without one")
	assert.Contains(t, hers, "of the last time in it")
	assert.Contains(t, look(ben), "LINEN-7KQ4", "he has not been given his yet")
	sample := look("")
	assert.Contains(t, sample, "LINEN-7KQ4 OL-20417")
	assert.Contains(t, sample, "is invented here")
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM coupons WHERE customer_id IS NOT NULL`), "no coupon is taken")
}

func TestLanguagesAndTextParts(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	french := v.get(comeback + "?locale=fr")
	assert.Equal(t, "/journeys/win-back/messages/comeback-offer.fr.html", french.path)
	page := v.get(french.path).body
	assert.Contains(t, page, "About an offer", "begins with what everybody gets")
	v.follow(french.path, url.Values{"text": {"---\nsubject: Une offre {{ locale }}\n---\n<p>Bonjour</p>"}, "was": {""}})
	assert.Contains(t, v.get("/messages").body, `<span class="tag">fr</span>`)
	assert.Contains(t, v.get(french.path).body, "Une offre fr")
	text := "/journeys/win-back/messages/comeback-offer.txt"
	v.follow(text, url.Values{"text": {"Hello in plain words"}, "was": {""}})
	assert.Contains(t, v.get(comeback+"/mail?view=text").body, "Hello in plain words")
	assert.Contains(t, v.follow(french.path+"/remove", nil).body, "comeback-offer.fr.html is removed")
	assert.Equal(t, http.StatusNotFound, v.post(french.path+"/remove", nil).status)
	for _, path := range []string{"/journeys/win-back/messages/nothing.html", "/journeys/none/messages/x.html", "/journeys/win-back/messages/layout.html",
		"/journeys/win-back/messages/..%2fx.html", "/journeys/win-back/messages/x"} {
		assert.Equal(t, http.StatusNotFound, v.get(path).status, path)
	}
}

// Whatever somebody writes, the frame beside it runs nothing, fetches no page and leads nowhere.
func TestTheFrameIsInert(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	hostile := "---\nsubject: <script>alert(1)</script>\n---\n<p onclick=alert(1)>x</p><script>steal()</script><iframe src=//evil.example></iframe>" +
		"<form action=//evil.example><input></form><base href=//evil.example><meta http-equiv=refresh content=0;url=//evil.example><a href='javascript:steal()'>go</a>" +
		"<svg><a xlink:href='https://evil.example'>go</a></svg>" +
		"<style>@media (prefers-color-scheme: dark) { p { color: red } }</style>"
	for _, view := range []string{"wide", "dark", "inverted", "text"} {
		got := v.post(comeback+"/mail", url.Values{"text": {hostile}, "view": {view}})
		assert.Equal(t, http.StatusOK, got.status)
		policy := got.header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'")
		assert.Contains(t, policy, "; sandbox")
		for _, bad := range []string{"<script", "<iframe", "<form", "<base", "http-equiv=refresh", "href='javascript", "xlink:href"} {
			assert.NotContains(t, got.body, bad, view)
		}
	}
	assert.Contains(t, v.post(comeback+"/look", url.Values{"text": {hostile}}).body, "&lt;script&gt;alert(1)")
	light, dark := v.get("/journeys/win-back/messages/we-miss-you.html/mail"), v.get("/journeys/win-back/messages/we-miss-you.html/mail?view=dark")
	assert.Contains(t, light.body, "@media (max-width:0px)")
	assert.Contains(t, dark.body, "@media (min-width:0px)")
	turned := v.get("/journeys/win-back/messages/we-miss-you.html/mail?view=inverted").body
	assert.Contains(t, turned, "@media (max-width:0px)", "its own dark side is not what such programs show")
	assert.Contains(t, turned, "filter:invert(1)")
	assert.NotContains(t, light.body, "filter:invert(1)")
	broken := v.post(comeback+"/mail", url.Values{"text": {"---\nsubject: {{ customer.\n---\n<p>x</p>"}})
	assert.Contains(t, broken.body, "cannot be shown")
	loop := "---\nsubject: x\n---\n" + strings.Repeat("{{ range trigger.products }}", 40) + "x" + strings.Repeat("{{ end }}", 40)
	assert.Equal(t, http.StatusOK, v.post(comeback+"/mail", url.Values{"text": {loop}}).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, v.post(comeback+"/mail", url.Values{"text": {strings.Repeat("x", 600<<10)}}).status)
}

func TestATestOfOneMessage(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	was := between(v.get(comeback).body, `name="was" value="`, `"`)
	form := url.Values{"text": {"---\nsubject: New\n---\n<p>{{ coupon \"offer\" }}</p>"}, "was": {was}, "to": {"ann@example.com, bob@example.com"}, "customer": {"ben"}}
	assert.Contains(t, v.follow(comeback+"/test", form).body, "on its way to ann@example.com, bob@example.com")
	assert.Equal(t, 2, one[int](o, `SELECT count(*) FROM messages WHERE customer_id = 'cus_test' AND template = 'comeback-offer'`))
	form["to"], form["was"] = []string{"no address"}, []string{control.Mark(form.Get("text"))}
	refused := v.post(comeback+"/test", form)
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.body, "is not an address")
}

func TestLiquidIsConverted(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	old := "---\nsubject: {{ customer.first_name | default: 'Hello' }}\n---\n<p>{% if customer.plan == 'gold' %}Gold{% endif %} {{ customer.points | plus: 1 }}</p>"
	look := v.post(comeback+"/look", url.Values{"text": {old}}).body
	assert.Contains(t, look, "This looks like Liquid")
	assert.Contains(t, look, "a tag of Liquid", "as it stands it cannot be saved")
	page := v.post(comeback+"/convert", url.Values{"text": {old}})
	assert.Equal(t, http.StatusOK, page.status)
	assert.Contains(t, page.body, "1 thing could not be converted")
	assert.Contains(t, page.body, "filter plus has no counterpart")
	assert.Contains(t, page.body, "{{ if eq customer.plan &#34;gold&#34; }}Gold{{ end }}")
	assert.Contains(t, page.body, `data-changed="true"`)
	whole := v.post(comeback+"/convert", url.Values{"text": {strings.Replace(old, " | plus: 1", "", 1)}}).body
	assert.Contains(t, whole, "All of it is converted")
	assert.NotContains(t, whole, "This looks like Liquid")
	assert.Equal(t, one[string](o, `SELECT state FROM journeys WHERE draft_source IS NULL`), "live", "nothing is saved")
	assert.NotContains(t, v.get(comeback).body, "Liquid")
}

// The editor in a browser: the frame follows what is typed, and the line of a fault is found.
func TestWritingInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open(comeback + "?customer=ben")
	w.eventually(`document.querySelector('#look .what').innerText.includes('About an offer')`)
	w.do(chromedp.Focus(`#text`))
	ask[bool](w, `(t => { t.setSelectionRange(t.value.length, t.value.length); return true })(document.querySelector('#text'))`)
	w.do(chromedp.KeyEvent("\n<p>lorem {{ customer.shoe_size }}</p>"))
	w.eventually(`document.querySelector('#look .lint.bad') && document.querySelector('#look .lint').innerText.includes('placeholder word lorem')`)
	w.eventually(`document.querySelector('#look').innerText.includes('customer.shoe_size')`)
	w.accessible("an editor with a fault")
	w.do(chromedp.Click(`#look .lint a`))
	assert.Equal(t, "<p>lorem {{ customer.shoe_size }}</p>", ask[string](w, `(t => t.value.slice(t.selectionStart, t.selectionEnd))(document.querySelector('#text'))`))
	w.do(chromedp.Click(`.views label:nth-of-type(2)`))
	w.eventually(`document.querySelector('.glass iframe').getBoundingClientRect().width < 400`)
	assert.Equal(t, "null", ask[string](w, `String(document.querySelector('.glass iframe').contentDocument)`), "the frame is out of reach")
	w.do(chromedp.SetValue(`#text`, "---\nsubject: A quiet one\n---\n<p>Hello</p>"), chromedp.Click(`.desk button.main`))
	w.eventually(`document.querySelector('.notice') && document.querySelector('#text').value.includes('A quiet one')`)
}

// between is what stands between two texts.
func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
