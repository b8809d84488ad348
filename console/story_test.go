package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// Somebody calls with the number of her order: support finds her by it, sees why a mail did not go, leaves her in peace, lets her go on,
// gives her a coupon for her trouble and writes that down.
func TestAStoryOfAnOrderNumber(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, _, cleo := o.play()
	_, err := o.store.AppendEvents(t.Context(), []journey.Event{{Kind: journey.KindTrack, UserID: "cleo", Name: "Order Completed",
		Properties: map[string]any{"order_id": "A-1001", "total": 40, "currency": "EUR"}, At: o.store.Clock().Now()}})
	require.NoError(t, err)
	o.apply()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleSupport)
	w.do(chromedp.Click(`nav a[href="/customers"]`))
	w.eventually(`document.querySelectorAll('#results li').length == 3`)
	w.do(chromedp.SendKeys(`input[name=q]`, "A-1001"))
	w.eventually(`document.querySelectorAll('#results li').length == 1 && location.search.includes('A-1001')`)
	w.do(chromedp.Click(`#results a`))
	w.eventually(`location.pathname == '/customers/` + cleo + `' && document.querySelector('main').innerText.includes('no consent for offers')`)

	w.do(chromedp.Click(`.head details.pop summary`), chromedp.SendKeys(`.head input[name=reason]`, "called, upset"), chromedp.Click(`.head details.pop button.main`))
	w.eventually(`document.querySelector('main').innerText.includes('called, upset')`)
	w.do(chromedp.Click(`.head details.pop summary`), chromedp.Click(`.head details.pop button.main`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('It goes on')`)

	give := `form[action$="/coupons"]`
	w.do(chromedp.Click(`details:has(> `+give+`) > summary`), chromedp.SendKeys(give+` input[name=reason]`, "her parcel was late"), chromedp.Click(give+` button`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('She has the code')`)
	code := one[string](o, `SELECT code FROM coupons WHERE customer_id = $1`, cleo)
	assert.Contains(t, ask[string](w, `document.querySelector('main').innerText`), code)
	note := `form[action$="/notes"]`
	w.do(chromedp.SendKeys(note+` textarea`, "Sent her a coupon"), chromedp.Click(note+` button`))
	w.eventually(`document.querySelector('li.note')?.innerText.includes('Sent her a coupon')`)
	w.accessible("a customer with a coupon and a note")
	for _, verb := range []string{"customer.pause", "customer.resume", "customer.coupon", "customer.note"} {
		assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM audit WHERE verb = $1 AND actor LIKE 'usr_%'`, verb), verb)
	}
}
