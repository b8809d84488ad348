package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// Somebody calls: support finds her while typing, sees why a mail did not go, leaves another in peace for a while, and lets her go on
// with the way that says what it will do.
func TestASupportStory(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, ben, cleo := o.play()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleSupport)
	w.do(chromedp.Click(`nav a[href="/customers"]`))
	w.eventually(`document.querySelectorAll('#results li').length == 3`)
	w.do(chromedp.SendKeys(`input[name=q]`, "cleo@"))
	w.eventually(`document.querySelectorAll('#results li').length == 1 && location.search.includes('q=cleo')`)
	assert.True(t, ask[bool](w, `document.activeElement.name == 'q'`), "she can go on typing")
	w.do(chromedp.Click(`#results a`))
	w.eventually(`location.pathname == '/customers/` + cleo + `' && document.querySelector('main').innerText.includes('no consent for offers')`)
	w.do(chromedp.Click(`.chips a[href*="kind=decision"]`))
	w.eventually(`document.querySelector('.chips a[href*="kind=decision"][aria-current]') && !document.querySelector('.timeline .k-event')`)

	w.open("/customers/" + ben)
	w.do(chromedp.Click(`.head details.pop summary`), chromedp.SendKeys(`.head input[name=reason]`, "on holiday"), chromedp.Click(`.head details.pop button.main`))
	w.eventually(`document.querySelector('.notice') && document.querySelector('main').innerText.includes('By Robin S.: on holiday')`)
	w.accessible("a paused customer")
	w.do(chromedp.Click(`.head details.pop summary`))
	w.eventually(`document.querySelector('.head details.pop').innerText.includes('no message falls due')`)
	w.accessible("the choice of going on")
	w.do(chromedp.Click(`.head input[value=catch_up]`), chromedp.Click(`.head details.pop button.main`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('It goes on') && !document.querySelector('main').innerText.includes('on holiday,')`)
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM pauses WHERE target = $1 AND ended_at IS NOT NULL`, ben))

	w.looks(360, "dark")
	w.open("/customers/" + ben)
	w.do(chromedp.Click(`article details.pop summary`))
	w.accessible("a form on a phone")
	assert.LessOrEqual(t, ask[int64](w, `document.documentElement.scrollWidth`), int64(360))
}
