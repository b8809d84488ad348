package console_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
	"perennial/templates"
	"perennial/testenv"
)

// window is one tab of a real browser, at an office.
type window struct {
	*office
	tab *testenv.Tab
}

// browser starts Chromium with a fresh profile.
func (o *office) browser() *window {
	o.t.Helper()
	return &window{o, testenv.Browser(o.t)}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	w.tab.Do(steps...)
}

// open goes to a path.
func (w *window) open(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.url+path), chromedp.WaitReady("main"))
}

// looks sets the width and the colours.
func (w *window) looks(width int64, scheme string) {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(width, map[bool]int64{true: 780, false: 900}[width < 600]))
	_, err := chromedp.Run(w.tab.Ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	})
	require.NoError(w.t, err)
}

// ask evaluates an expression in the page, and waits where it is a promise.
func ask[T any](w *window, expression string) T {
	w.t.Helper()
	return testenv.Ask[T](w.tab, expression)
}

// eventually waits until an expression in the page holds.
func (w *window) eventually(expression string) {
	w.t.Helper()
	w.tab.Eventually(20*time.Second, expression)
}

// signIn signs a user in by her password, through the form.
func (w *window) signIn(role journey.Role) {
	w.t.Helper()
	w.user(role)
	w.signInAgain(role)
}

// signInAgain signs in once more, after days have passed.
func (w *window) signInAgain(role journey.Role) {
	w.t.Helper()
	w.open("/sign-in")
	w.do(chromedp.SendKeys(`input[name=email]`, string(role)+"@oak.example"), chromedp.SendKeys(`input[name=password]`, goodPassword), chromedp.Click(`button.main`))
	w.eventually(`document.querySelector('nav') && location.pathname == '/'`)
}

// accessible runs axe-core over the page as it stands, all rules of WCAG 2.2 A and AA and its best practices.
func (w *window) accessible(name string) {
	w.t.Helper()
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(w.t, err)
	ask[bool](w, string(axe)+`; true`)
	faults := ask[[]string](w, `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(r =>
		r.violations.map(v => v.id + ': ' + v.help + '\n' + v.nodes.map(n => '  ' + n.html + '\n    ' + n.failureSummary).join('\n')))`)
	assert.Empty(w.t, faults, name)
}

// looked is what a page must be, at any width and in any colours.
func (w *window) looked(name string, width int64, scheme string) {
	w.t.Helper()
	where := fmt.Sprintf("%s at %d, %s", name, width, scheme)
	wide := ask[int64](w, `document.documentElement.scrollWidth`)
	assert.LessOrEqual(w.t, wide, width, "%s: %s", where, ask[string](w, `[...document.querySelectorAll('main *')].filter(e =>
		e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className).slice(0, 5).join(' ')`))
	assert.Zero(w.t, ask[int](w, `document.querySelectorAll('[style], main script').length`), "%s: nothing is inline", where)
	assert.Equal(w.t, "1", ask[string](w, `String(document.querySelectorAll('h1').length)`), where)
	w.accessible(where)
}

// around goes around a page: wide and at 360 pixels, light and dark.
func (w *window) around(name, path string) {
	w.t.Helper()
	for _, width := range []int64{1280, 360} {
		for _, scheme := range []string{"light", "dark"} {
			w.looks(width, scheme)
			w.open(path)
			w.looked(name, width, scheme)
		}
	}
}

func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, ben, _ := o.play()
	o.publish("post-purchase")
	w := o.browser()
	w.around("sign-in", "/sign-in")
	w.around("fault", "/sign-in/none")
	w.signIn(journey.RoleAdmin)
	w.around("today", "/")
	w.around("customers", "/customers?q=a")
	w.around("customer", "/customers/"+ada)
	w.around("message", "/messages/"+one[string](o, `SELECT id FROM messages WHERE customer_id = $1 AND template = 'we-miss-you'`, ada))
	w.around("journeys", "/journeys")
	w.around("journey", "/journeys/win-back?step="+one[string](o, `SELECT step FROM enrollments WHERE customer_id = $1`, ben))
	w.around("journey-large", "/journeys/post-purchase")
	w.around("messages", "/messages")
	w.around("writing", "/journeys/post-purchase/messages/"+one[string](o, `SELECT min(f) FROM versions v, jsonb_object_keys(files) f WHERE journey_key = 'post-purchase' AND f LIKE '%.html'`)+"?customer=ben")
	w.around("preview", "/journeys/win-back/versions/1/messages/we-miss-you")
	w.around("account", "/account")
	w.around("tasks", "/tasks")
	w.around("task", "/tasks/"+one[string](o, `SELECT id FROM tasks`))
}

// The pages on which journeys are written, in a browser of their own.
func TestTheEditorsPagesInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.signIn(journey.RoleMarketer)
	w.around("library", "/library")
	w.around("edit", "/journeys/win-back/edit")
	w.around("edit-step", "/journeys/win-back/edit?step=coupon-offer")
	w.around("edit-new", "/journeys/win-back/edit?put=1&after=wait-5d")
	w.around("edit-branch", "/journeys/win-back/edit?put=1&after=wait-5d&form=branch")
	w.around("simulate", "/journeys/win-back/simulate?who=invented&customers=10&days=30")
	o.revise("win-back")
	w.around("plan", "/journeys/win-back/plan?in_flight=migrate")
	w.around("compare", "/journeys/win-back/compare")
	w.around("history", "/journeys/win-back/edit/history")
}

// Everything can be reached by the keyboard, in the order in which it is seen, and shows where one is.
func TestByKeyboard(t *testing.T) {
	t.Parallel()
	o := open(t)
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleAdmin)
	w.open("/account")
	reached := ask[int](w, `(() => { const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
		.filter(e => e.checkVisibility()); return all.filter(e => e.tabIndex >= 0).length - all.length })()`)
	assert.Zero(t, reached, "nothing that can be used is left out of the order")
	w.do(chromedp.KeyEvent("\t"))
	assert.Equal(t, "skip", ask[string](w, `document.activeElement.className`))
	w.do(chromedp.KeyEvent("\r"))
	w.eventually(`location.hash == '#main'`)

	w.looks(360, "light")
	w.open("/account")
	assert.False(t, ask[bool](w, `document.querySelector('nav').checkVisibility()`))
	w.do(chromedp.Focus(`button.menu`), chromedp.KeyEvent("\r"))
	w.eventually(`document.querySelector('nav').checkVisibility()`)
	w.accessible("the open menu")
	w.do(chromedp.KeyEvent("\u001b"))
	w.eventually(`!document.querySelector('nav').checkVisibility()`)
}

// revise gives a journey a draft that lets another step begin.
func (o *office) revise(key string) {
	o.t.Helper()
	d, err := o.store.Draft(o.t.Context(), key)
	require.NoError(o.t, err)
	_, _, err = o.ctl.SaveDraft(o.t.Context(), tester, control.Edit{Key: key, Source: strings.Replace(d.Source, "- wait: 5d", "- id: rest\n    wait: 7d", 1)})
	require.NoError(o.t, err)
}

// publish publishes journeys that ship.
func (o *office) publish(keys ...string) {
	o.t.Helper()
	for _, key := range keys {
		files, err := templates.Load(templates.Embedded(), key)
		require.NoError(o.t, err)
		source := files["journey.yaml"]
		delete(files, "journey.yaml")
		_, _, err = o.ctl.SaveDraft(o.t.Context(), tester, control.Edit{Key: key, Source: source, Files: files})
		require.NoError(o.t, err)
		_, err = o.ctl.Publish(o.t.Context(), tester, control.PublishRequest{Key: key})
		require.NoError(o.t, err)
	}
}

func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	for _, page := range []string{"/", "/account"} {
		body := v.get(page).body
		assert.NotContains(t, strings.ReplaceAll(body, o.url, ""), "https://", page)
	}
}
