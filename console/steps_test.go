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

// stepping posts a form for a step, with the ETag of the draft as it is.
func (v *visitor) stepping(fields ...string) seen {
	v.t.Helper()
	d, err := v.store.Draft(v.t.Context(), "win-back")
	require.NoError(v.t, err)
	form := url.Values{"etag": {d.ETag}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.post("/journeys/win-back/edit/steps", form)
}

// Every kind of step is put in by its form, shown by it again with what was written, and changed by it.
func TestEveryStepHasAForm(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	palette := v.get("/journeys/win-back/edit?put=1&after=we-miss-you").body
	for form, fields := range map[string][]string{
		"send":       {"send.message", "comeback-offer", "send.window", "any", "send.unless", "{ attribute: plan, eq: tin }"},
		"survey":     {"survey.ask", "nps", "survey.send", "we-miss-you", "survey.wait", "4d", "survey.reminder.send", "comeback-offer", "survey.reminder.after", "2d"},
		"coupon":     {"coupon.pool", "comeback", "coupon.as", "second", "coupon.expires", "3d"},
		"wait":       {"wait", "9d"},
		"wait-at":    {"wait.at", "09:30", "wait.day", "sat"},
		"wait-until": {"wait.until", "{ attribute: renews_at }", "wait.offset", "-2d", "wait.if_missing", "3d"},
		"wait-span":  {"wait.for", "{ attribute: days }", "wait.default", "3d"},
		"wait_for":   {"wait_for.timeout.is", "after", "after/wait_for.timeout.after", "6d", "wait_for.any.0.event", "Order Completed", "wait_for.any.0.then.0", "bought", "wait_for.any.0.then.0.kind", "exit", "wait_for.timeout.then.0", "comeback-offer", "wait_for.timeout.then.0.kind", "send"},
		"branch":     {"branch.0.if", "{ attribute: plan, eq: gold }", "branch.0.then.0", "2d", "branch.0.then.0.kind", "wait", "branch.1.else.0", "enough: really", "branch.1.else.0.kind", "exit"},
		"split":      {"split.0.name", "a", "split.0.share", "40", "split.0.then.0", "1d", "split.0.then.0.kind", "wait", "split.1.name", "b", "split.1.share", "60", "split.1.then.0", "2d", "split.1.then.0.kind", "wait"},
		"repeat":     {"repeat.times", "3", "repeat.until", "{ attribute: done, exists: true }", "repeat.then.0", "1d", "repeat.then.0.kind", "wait"},
		"task":       {"task.title", "Call her: today", "task.team", "support", "task.due.is", "plain", "plain/task.due", "4h"},
		"set":        {"set", "{ tier: top, points: { add: 100 } }"},
		"notify":     {"notify.team", "sales", "notify.text", "{{ customer.first_name }} wants a call"},
		"webhook":    {"webhook.to", "billing", "webhook.body", "{ order: { trigger: order_id } }"},
		"start":      {"start.journey", "onboarding"},
		"leave":      {"leave", "[onboarding]"},
		"consent":    {"consent.topic", "offers", "consent.is", "withdrawn", "consent.reason", "she said so"},
		"pause":      {"pause.topics", "[offers]", "pause.for", "30d"},
		"suppress":   {"suppress.reason", "never opens anything"},
		"exit":       {"exit", "no reason: none"},
	} {
		assert.Contains(t, palette, "form="+form+"&", form)
		assert.Contains(t, v.get("/journeys/win-back/edit?put=1&after=we-miss-you&form="+form).body, `value="insert"`, form)
		post := []string{"do", "insert", "form", form, "put", "1", "after", "we-miss-you"}
		for i := 0; i+1 < len(fields); i += 2 {
			post = append(post, "f."+fields[i], fields[i+1])
		}
		got := v.stepping(post...)
		require.Equal(t, http.StatusSeeOther, got.status, "%s: %s", form, got.body)
		page := v.get(strings.TrimSuffix(got.path, "#step"))
		require.Equal(t, http.StatusOK, page.status)
		for i := 1; i < len(fields); i += 2 {
			if !strings.Contains(fields[i-1], "then.0") && !strings.Contains(fields[i-1], "else.0") {
				assert.Contains(t, page.body, strings.ReplaceAll(fields[i], `"`, "&#34;"), "%s: %s", form, fields[i-1])
			}
		}
		d, err := o.store.Draft(t.Context(), "win-back")
		require.NoError(t, err)
		_, err = o.ctl.Turn(t.Context(), tester, "win-back", d.Revision-1, d.ETag)
		require.NoError(t, err, "and is undone")
	}
}

// A step is changed, moved, and taken out by forms; a change that would leave a fault is refused with it, and what was typed stays.
func TestChangingStepsByForms(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	source := func() string {
		d, err := o.store.Draft(t.Context(), "win-back")
		require.NoError(t, err)
		return d.Source
	}
	page := v.get("/journeys/win-back/edit?step=wait-5d")
	assert.Contains(t, page.body, `value="5d"`)
	assert.Contains(t, page.body, `after we-miss-you`)
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "set", "form", "wait", "step", "wait-5d", "f.wait", "6d").status)
	assert.Equal(t, strings.Replace(winBack, "- wait: 5d", "- wait: 6d\n    id: wait-5d", 1), source(), "nothing else moved")
	bad := v.stepping("do", "set", "form", "wait", "step", "wait-5d", "f.wait", "6 suns")
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, `value="6 suns"`)
	assert.Contains(t, bad.body, "6 suns")
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "down", "step", "wait-5d").status)
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "move", "step", "comeback-offer", "to", "||").status)
	def, _ := journey.Parse("", []byte(source()))
	assert.Equal(t, []string{"comeback-offer", "we-miss-you", "coupon-offer", "wait-5d", "task-call-her"}, def.StepIDs())
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "remove", "step", "comeback-offer").status)
	assert.NotContains(t, source(), "comeback-offer")
	assert.Equal(t, http.StatusNotFound, v.stepping("do", "remove", "step", "comeback-offer").status)
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/edit?step=nothing").status)

	old := v.post("/journeys/win-back/edit/steps", url.Values{"etag": {"0"}, "do": {"up"}, "step": {"wait-5d"}})
	assert.Equal(t, http.StatusPreconditionFailed, old.status)
	assert.Contains(t, old.body, "has changed since")
}

// Ways are added to a branch, changed and taken out.
func TestWaysByForms(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	got := v.stepping("do", "insert", "form", "branch", "put", "1", "after", "we-miss-you", "f.branch.0.if", "{ attribute: plan, eq: gold }",
		"f.branch.0.then.0", "1d", "f.branch.0.then.0.kind", "wait", "f.branch.1.else.0", "2d", "f.branch.1.else.0.kind", "wait")
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "add_way", "form", "branch", "ways", "branch", "step", "branch-plan",
		"f.new.if", "{ attribute: plan, eq: tin }", "f.new.then.0", "tin", "f.new.then.0.kind", "exit").status)
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "set", "form", "branch", "ways", "branch", "step", "branch-plan",
		"f.branch.0.if", "{ attribute: plan, eq: silver }", "f.branch.1.if", "{ attribute: plan, eq: tin }").status)
	d, err := o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	assert.Contains(t, d.Source, "      - if: { attribute: plan, eq: silver }\n        then:\n          - wait: 1d\n      - if: { attribute: plan, eq: tin }\n        then:\n          - exit: tin\n      - else:\n          - wait: 2d\n")
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "insert", "form", "split", "put", "1", "after", "we-miss-you", "f.split.0.name", "a", "f.split.0.share", "40", "f.split.0.then.0", "1d",
		"f.split.0.then.0.kind", "wait", "f.split.1.name", "b", "f.split.1.share", "60", "f.split.1.then.0", "2d", "f.split.1.then.0.kind", "wait").status)
	won := v.stepping("do", "set", "form", "split", "ways", "split", "step", "split-a", "f.split.0.name", "a", "f.split.0.share", "50", "f.split.1.name", "b", "f.split.1.share", "50",
		"f.split.winner.by", "goal", "f.split.winner.after", "14d", "f.split.winner.min", "500")
	require.Equal(t, http.StatusSeeOther, won.status, won.body)
	assert.Contains(t, o.draft("win-back"), "      winner: { by: goal, after: 14d, min: 500 }\n")
	assert.Contains(t, v.get("/journeys/win-back/edit?step=split-a").body, `name="f.split.variants.1.share" value="50"`)
	require.Equal(t, http.StatusSeeOther, v.stepping("do", "remove_way:0", "form", "branch", "ways", "branch", "step", "branch-plan").status)
	d, err = o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	assert.NotContains(t, d.Source, "silver")
}

// By mouse: a step is put in by the plus and dragged to another; the text stands beside it, the picture follows the text, and undo takes all back.
func TestEditingInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open("/journeys/win-back")
	w.do(chromedp.Click(`a[href$="/edit"]`))
	w.eventually(`document.getElementById('source')?.value.includes('wait: 5d')`)
	w.do(chromedp.Click(`.slot[data-after="we-miss-you"]`))
	w.eventually(`document.querySelector('.kinds')`)
	w.do(chromedp.Click(`.kinds a[href*="form=exit"]`))
	w.eventually(`document.querySelector('input[name="f.exit"]')`)
	w.do(chromedp.SendKeys(`input[name="f.exit"]`, "enough"), chromedp.Click(`#step button.main`))
	w.eventually(`document.getElementById('source').value.includes('- exit: enough') && document.getElementById('step-exit-enough')`)

	w.do(chromedp.SetValue(`#source`, strings.Replace(winBack, "wait: 5d", "wiat: 5d", 1)))
	ask[bool](w, `document.getElementById('source').dispatchEvent(new Event('input', { bubbles: true }))`)
	w.eventually(`document.querySelector('#outcome .faults')?.innerText.includes('did you mean') && document.querySelector('#canvas.dimmed')`)
	w.accessible("a text with a fault")
	w.do(chromedp.Click(`#outcome a[data-line]`))
	assert.Equal(t, "source", ask[string](w, `document.activeElement.id`))
	assert.Equal(t, "wiat: 5d", ask[string](w, `(f => f.value.slice(f.selectionStart, f.selectionEnd))(document.getElementById('source'))`))
	w.do(chromedp.SetValue(`#source`, strings.Replace(winBack, "wait: 5d", "wait: 8d", 1)))
	ask[bool](w, `document.getElementById('source').dispatchEvent(new Event('input', { bubbles: true }))`)
	w.eventually(`document.getElementById('canvas').innerText.includes('Wait 8 days') && !document.querySelector('#canvas.dimmed')`)
	d, err := o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	assert.Contains(t, d.Source, "wait: 8d", "saved while she types")

	w.open("/journeys/win-back/edit")
	drag := `(() => { const at = e => (r => ({ clientX: r.left + r.width / 2, clientY: r.top + r.height / 2, bubbles: true, cancelable: true, button: 0, pointerType: 'mouse' }))(e.getBoundingClientRect());
		const box = document.getElementById('step-we-miss-you'), slot = document.querySelector('.slot[data-after="comeback-offer"]');
		slot.scrollIntoView({ block: 'center' });
		const from = at(box);
		box.dispatchEvent(new PointerEvent('pointerdown', from));
		slot.dispatchEvent(new PointerEvent('pointermove', at(slot)));
		const lit = slot.classList.contains('target');
		slot.dispatchEvent(new PointerEvent('pointerup', at(slot)));
		return lit; })()`
	assert.True(t, ask[bool](w, drag), "the place is lit")
	w.eventually(`document.getElementById('source')?.value.indexOf('send: comeback-offer') < document.getElementById('source')?.value.indexOf('send: we-miss-you')`)
	w.do(chromedp.Click(`#tools button:not(:disabled)`))
	w.eventually(`document.getElementById('source').value.indexOf('send: comeback-offer') > document.getElementById('source').value.indexOf('send: we-miss-you')`)
}
