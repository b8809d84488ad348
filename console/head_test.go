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

const steps = "/journeys/win-back/edit/steps"

// headed is what a browser would send of the form for a part of the head, with fields changed.
func (v *visitor) headed(head string, fields ...string) url.Values {
	v.t.Helper()
	form := fieldsOf(v.t, v.get("/journeys/win-back/edit?head="+head).body, steps)
	form.Set("do", "set")
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

func (o *office) draft(key string) string {
	o.t.Helper()
	d, err := o.store.Draft(o.t.Context(), key)
	require.NoError(o.t, err)
	return d.Source
}

// What stands above the steps is shown by forms and written by them; a form that is saved as it is changes nothing.
func TestTheHeadByForms(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	page := v.get("/journeys/win-back/edit").body
	for _, head := range []string{"about", "enter", "reentry", "exit", "goal", "sending"} {
		assert.Contains(t, page, "/journeys/win-back/edit?head="+head+"#step")
		got := v.post(steps, v.headed(head))
		require.Equal(t, http.StatusSeeOther, got.status, "%s: %s", head, got.body)
		assert.Equal(t, winBack, o.draft("win-back"), head)
	}
	for _, c := range []struct {
		head   string
		fields []string
		want   string
	}{
		{"about", []string{"f.name", "Win them back", "f.why", "You were a customer: once", "f.group", "care", "f.priority", "3"},
			"name: Win them back\ntopic: offers\nwhy: \"You were a customer: once\"\ngroup: care\npriority: 3\n"},
		{"enter", []string{"f.enter.when.is", "inactive", "f.inactive/enter.when.inactive.event", "Order Completed", "f.inactive/enter.when.inactive.for", "60d"},
			"enter: { when: { inactive: { event: Order Completed, for: 60d } } }\n"},
		{"enter", []string{"f.enter.when.is", "segment", "f.segment/enter.when.segment", "vip", "f.segment/enter.when.leaves", "true"}, "enter: { when: { segment: vip, leaves: true } }\n"},
		{"enter", []string{"f.enter.when.is", "becomes", "f.becomes/enter.when.attribute", "plan", "f.becomes/enter.when.becomes", "5"}, "enter: { when: { attribute: plan, becomes: 5 } }\n"},
		{"enter", []string{"f.enter.when.is", "date", "f.date/enter.when.date.attribute", "birthday", "f.date/enter.when.date.at", "09:00", "f.date/enter.when.date.yearly", "true"},
			"enter: { when: { date: { attribute: birthday, at: \"09:00\", yearly: true } } }\n"},
		{"enter", []string{"f.enter.when.is", "schedule", "f.schedule/enter.when.schedule.cron", "0 9 * * mon", "f.schedule/enter.when.schedule.zone", "Europe/Vienna"},
			"enter: { when: { schedule: { cron: \"0 9 * * mon\", zone: Europe/Vienna } } }\n"},
		{"enter", []string{"f.enter.when.is", "once", "f.once/enter.when.once.at", "2030-02-05T10:00"}, "enter: { when: { once: { at: \"2030-02-05T10:00\" } } }\n"},
		{"enter", []string{"f.enter.when.is", "api"}, "enter: { when: api }\n"},
		{"enter", []string{"f.enter.when.is", "event", "f.event/enter.when.event", "Order Completed"}, "enter: { when: { event: Order Completed } }\n"},
		{"reentry", []string{"f.reentry.is", "per", "f.per/reentry.per.item0", "order_id", "f.per/reentry.per.item1", "sku", "f.per/reentry.meanwhile", "restart"}, "reentry: { per: [order_id, sku], meanwhile: restart }\n"},
		{"reentry", []string{"f.reentry.is", "after", "f.after/reentry.after", "180d"}, "reentry: { after: 180d }\n"},
		{"reentry", []string{"f.reentry.is", "never"}, "reentry: never\n"},
		{"exit", []string{"f.event/exit.0.as", "bought", "f.event/exit.0.where.where0.name", "total", "f.event/exit.0.where.where0.op", "gte", "f.event/exit.0.where.where0.arg", "10"},
			"exit: [ { event: Order Completed, as: bought, where: { total: { gte: 10 } } } ]\n"},
		{"exit", []string{"do", "add_way", "f.new.is", "event", "f.event/new.event", "Left: for good", "f.event/new.by", "account", "f.new.then.0", "gone", "f.new.then.0.kind", "send"},
			"  - event: \"Left: for good\"\n    by: account\n    then:\n      - send: gone\n"},
		{"exit", []string{"do", "remove_way:1"}, "exit:\n  - event: Order Completed\n    as: bought\n    where: { total: { gte: 10 } }\ngoal"},
		{"goal", []string{"f.event/goal.within", "30d", "f.event/goal.exit", "true"}, "goal: { event: Order Completed, value: total, within: 30d, exit: true }\n"},
		{"goal", []string{"f.goal.is", "unsaid"}, "where: { total: { gte: 10 } }\ntopics"},
		{"sending", []string{"f.send_window.from", "09:00", "f.send_window.to", "20:00", "f.send_window.days", "mon", "f.cap.messages", "3", "f.cap.per", "7d", "f.holdout", "10"},
			"holdout: 10\nsend_window: { from: \"09:00\", to: \"20:00\", days: [mon] }\n"},
		{"sending", []string{"f.cap.messages", "", "f.cap.per", "", "f.holdout", ""}, "priority: 3\nenter"},
	} {
		got := v.post(steps, v.headed(c.head, c.fields...))
		if assert.Equal(t, http.StatusSeeOther, got.status, "%v: %s", c.fields, got.body) {
			assert.Contains(t, o.draft("win-back"), c.want)
		}
	}
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/edit?head=tail").status)
}

// Why she gets it is written in each language.
func TestWhyInOtherLanguages(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	save := func(fields ...string) *journey.Definition {
		t.Helper()
		got := v.post(steps, v.headed("about", fields...))
		require.Equal(t, http.StatusSeeOther, got.status, got.body)
		def, problems := journey.Parse("", []byte(o.draft("win-back")))
		require.Empty(t, problems.Errors())
		return def
	}
	assert.Contains(t, v.get("/journeys/win-back/edit?head=about").body, "Why she gets it, in other languages")
	def := save("f.why", "You bought here.", "f.locales.row0.key", "fr", "f.locales.row0.text", "Vous avez acheté ici.")
	assert.Equal(t, map[string]string{"fr": "Vous avez acheté ici."}, def.Whys)
	def = save("f.locales.row1.key", "de-AT", "f.locales.row1.text", "Sie haben hier gekauft.")
	assert.Equal(t, map[string]string{"fr": "Vous avez acheté ici.", "de-at": "Sie haben hier gekauft."}, def.Whys)
	def = save("f.locales.row0.key", "", "f.locales.row0.text", "", "f.locales.row1.key", "", "f.locales.row1.text", "")
	assert.Empty(t, def.Whys, "emptied, it is gone")
	refused := v.post(steps, v.headed("about", "f.locales.row0.key", "french", "f.locales.row0.text", "Vous avez acheté ici."))
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.body, "there is no locale")
}

// What is wrong stands at its field, with the mend; what was typed stays, and so does the draft.
func TestFaultsStandAtTheirFields(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	for _, c := range []struct {
		head   string
		fields []string
		want   string
	}{
		{"about", []string{"f.name", ""}, `(?s)name="f.name"[^>]*aria-invalid="true".{0,400}id="f.name-faults"><ul class="small bad"><li>`},
		{"enter", []string{"f.enter.when.is", "inactive", "f.inactive/enter.when.inactive.event", "", "f.inactive/enter.when.inactive.for", "soon"},
			`(?s)id="f.inactive/enter.when.inactive.event-faults"><ul.*id="f.inactive/enter.when.inactive.for-faults"><ul class="small bad"><li>[^<]*soon`},
		{"enter", []string{"f.enter.if.add", "attribute", "do", "add:f.enter.if"}, ``},
		{"enter", []string{"f.enter.if-0.kind", "attribute", "f.enter.if-0.name", "age", "f.enter.if-0.op", "gte", "f.enter.if-0.arg", "old"},
			`id="f.enter.if-0-faults"><ul class="small bad"><li>gte`},
		{"reentry", []string{"f.reentry.is", "after", "f.after/reentry.after", "0d"}, `id="f.after/reentry.after-faults"><ul`},
		{"exit", []string{"do", "add_way", "f.new.is", "event"}, `id="f.event/new.event-faults"><ul`},
		{"goal", []string{"f.event/goal.within", "x"}, `id="f.event/goal.within-faults"><ul`},
		{"sending", []string{"f.send_window.from", "21:00", "f.send_window.to", "20:00"}, `id="f.send_window.from-faults"><ul`},
		{"sending", []string{"f.holdout", "80"}, `id="f.holdout-faults"><ul`},
	} {
		got := v.post(steps, v.headed(c.head, c.fields...))
		if c.want == "" {
			assert.Equal(t, http.StatusOK, got.status)
			assert.Contains(t, got.body, `name="f.enter.if-0.name"`)
			continue
		}
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, "%v", c.fields)
		assert.Regexp(t, c.want, got.body, "%v", c.fields)
		assert.Equal(t, winBack, o.draft("win-back"))
	}
	got := v.stepping("do", "insert", "form", "send", "put", "1", "after", "we-miss-you", "f.send.message", "hello", "f.send.expires", "x")
	assert.Regexp(t, `id="f.send.expires-faults"><ul`, got.body)
	page := v.get("/journeys/win-back/edit?step=task-call-her")
	form := fieldsOf(t, page.body, steps)
	form.Set("do", "set")
	form.Set("step", "task-call-her")
	form.Set("f.plain/task.due", "late")
	assert.Regexp(t, `id="f.plain/task.due-faults"><ul`, v.post(steps, form).body)
}

// A condition of a step is built row by row, without scripts; what forms cannot show stays as text; unchanged it is left to the letter.
func TestBuildingAConditionOfAStep(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	got := v.stepping("do", "insert", "form", "branch", "put", "1", "after", "we-miss-you", "f.branch.0.if",
		"{ all: [ { any: [ { attribute: plan, eq: gold }, { trigger: total, gte: 5 } ] }, { event: Order Completed, since: entry }, { not: { segment: staff } }, { attribute: a, eq: { trigger: b } } ] }",
		"f.branch.0.then.0", "1d", "f.branch.0.then.0.kind", "wait")
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	before := o.draft("win-back")
	def, _ := journey.Parse("", []byte(before))
	id := def.Steps[1].ID
	at := "/journeys/win-back/edit?step=" + id
	form := fieldsOf(t, v.get(at).body, steps)
	form.Set("do", "set")
	form.Set("step", id)
	require.Equal(t, http.StatusSeeOther, v.post(steps, form).status)
	assert.Equal(t, strings.Count(before, "{ not: { segment: staff } }"), strings.Count(o.draft("win-back"), "{ not: { segment: staff } }"))

	form.Set("do", "add:f.branch.0.if-0")
	form.Set("f.branch.0.if-0.add", "answer")
	page := v.post(steps, form)
	require.Equal(t, http.StatusOK, page.status)
	form = fieldsOf(t, page.body, steps)
	form.Set("step", id)
	assert.Equal(t, "answer", form.Get("f.branch.0.if-0-2.kind"))
	form.Set("f.branch.0.if-0-2.name", "score")
	form.Set("f.branch.0.if-0-2.op", "lte")
	form.Set("f.branch.0.if-0-2.arg", "low")
	form.Set("do", "drop:f.branch.0.if-2")
	form = fieldsOf(t, v.post(steps, form).body, steps)
	form.Set("etag", fieldsOf(t, v.get(at).body, steps).Get("etag"))
	form.Set("step", id)
	form.Set("do", "set")
	got = v.post(steps, form)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Regexp(t, `id="f.branch.0.if-0-2-faults"><ul`, got.body, "the row says so")
	form.Set("f.branch.0.if-0-2.arg", "6")
	require.Equal(t, http.StatusSeeOther, v.post(steps, form).status)
	assert.Contains(t, o.draft("win-back"), "{ answer: score, lte: 6 }")
	assert.NotContains(t, o.draft("win-back"), "staff")
	assert.Contains(t, o.draft("win-back"), "{ attribute: a, eq: { trigger: b } }")
}

// A newcomer writes a journey of three steps in forms alone, from an empty draft to publishing it.
func TestANewcomersStory(t *testing.T) {
	t.Parallel()
	o := open(t)
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open("/library")
	ask[bool](w, `(f => { f.closest('details') && (f.closest('details').open = true); f.form.elements.key.value = 'welcome'; f.form.elements.name.value = 'Welcome'; f.form.requestSubmit(); return true })(document.querySelector('input[name=from][value=""]'))`)
	w.eventually(`location.pathname == '/journeys/welcome/edit' && document.getElementById('heads')`)
	saved := func(text string) {
		w.t.Helper()
		w.do(chromedp.Click(`#step button.main`))
		w.eventually(`document.getElementById('source')?.value.includes(` + "`" + text + "`" + `)`)
	}
	head := func(key string) {
		w.t.Helper()
		w.do(chromedp.Click(`#heads a[href*="head=` + key + `"]`))
		w.eventually(`document.querySelector('#step input[name=head][value=` + key + `]')`)
	}
	head("about")
	w.do(chromedp.SetValue(`[name="f.name"]`, "A warm welcome"), chromedp.SetValue(`[name="f.topic"]`, "transactional"))
	saved("name: A warm welcome")

	w.do(chromedp.Click(`#go-enter`))
	w.eventually(`document.querySelector('#step input[name=head][value=enter]')`)
	assert.True(t, ask[bool](w, `document.querySelector('[name="f.event/enter.when.event"]').checkVisibility() && !document.querySelector('[name="f.inactive/enter.when.inactive.for"]').checkVisibility()`))
	w.do(chromedp.SetValue(`[name="f.event/enter.when.event"]`, "Account Opened"), chromedp.Click(`#step .condition > .group > .tools button`))
	w.eventually(`document.querySelector('[name="f.enter.if-0.name"]') == document.activeElement`)
	assert.Equal(t, "Account Opened", ask[string](w, `document.querySelector('[name="f.event/enter.when.event"]').value`), "what was typed before is still there")
	w.do(chromedp.SendKeys(`[name="f.enter.if-0.name"]`, "plan"), chromedp.SendKeys(`[name="f.enter.if-0.arg"]`, "gold"))
	w.accessible("who enters")
	saved("if: { attribute: plan, eq: gold }")
	head("reentry")
	w.do(chromedp.Click(`[name="f.reentry.is"][value=after]`), chromedp.SetValue(`[name="f.after/reentry.after"]`, "half a year"))
	w.do(chromedp.Click(`#step button.main`))
	w.eventually(`document.querySelector('[name="f.after/reentry.after"][aria-invalid]') == document.activeElement`)
	w.accessible("a fault at its field")
	w.do(chromedp.SetValue(`[name="f.after/reentry.after"]`, "180d"))
	saved("reentry: { after: 180d }")

	w.do(chromedp.Click(`#canvas a[href*="head=exit"]`))
	w.eventually(`document.querySelector('[name="f.event/exit.0.as"]')`)
	w.do(chromedp.SetValue(`[name="f.event/exit.0.as"]`, "ordered"))
	saved("as: ordered")
	head("goal")
	w.do(chromedp.SetValue(`[name="f.event/goal.value"]`, "total"))
	saved("value: total")
	head("sending")
	w.do(chromedp.SetValue(`[name="f.holdout"]`, "10"))
	saved("holdout: 10")

	w.open("/journeys/welcome/edit?step=a-few-days")
	w.do(chromedp.SetValue(`[name="f.wait"]`, "2d"))
	saved("wait: 2d")
	w.eventually(`document.querySelector('#outcome').innerText.includes('3 lines are for you to decide')`) // the topic that the starter brings
	w.do(chromedp.Click(`#tools a[href$="/plan"]`))
	w.eventually(`document.querySelector('#plan input[name=seen]')`)
	w.do(chromedp.Click(`#plan input[name=seen]`), chromedp.Click(`#plan form[method=post] button.main`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('Version 1 is live')`)
	def, problems := journey.Parse("", []byte(one[string](o, `SELECT source FROM versions WHERE journey_key = 'welcome'`)))
	require.Empty(t, problems.Errors())
	assert.Equal(t, "A warm welcome", def.Name)
	assert.Equal(t, "Account Opened", def.Enter.Event)
	assert.Len(t, def.Steps, 3)
	assert.Equal(t, 10, def.Holdout)
}

// The forms for the head in a browser of their own.
func TestTheHeadInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.signIn(journey.RoleMarketer)
	for _, part := range []string{"enter", "exit", "sending"} {
		w.around("edit-"+part, "/journeys/win-back/edit?head="+part)
	}
}
