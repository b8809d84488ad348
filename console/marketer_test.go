package console_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// A marketer takes the win-back from the library, changes two mails, simulates, publishes; sees people arrive; and publishes version 2 with people
// in flight, who go over to it.
func TestAMarketersStory(t *testing.T) {
	t.Parallel()
	o := open(t)
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.do(chromedp.Click(`nav a[href="/journeys"]`))
	w.eventually(`document.querySelector('main a[href="/library"]')`)
	w.do(chromedp.Click(`main a[href="/library"]`))
	w.eventually(`document.querySelector('input[name=from][value=win-back]')`)
	ask[bool](w, `(f => { f.closest('details').open = true; f.form.elements.key.value = 'come-back'; f.form.elements.name.value = 'Come back'; f.form.requestSubmit(); return true })(document.querySelector('input[name=from][value=win-back]'))`)
	w.eventually(`location.pathname == '/journeys/come-back/edit' && document.querySelector('#outcome')?.innerText.includes('for you to decide')`)

	for _, step := range []string{"we-miss-you", "last-call"} {
		w.open("/journeys/come-back/edit?step=" + step)
		w.do(chromedp.Click(`#step a[href$="/messages/` + step + `.html"]`))
		w.eventually(`document.querySelector('textarea[name=text]')?.value.includes('subject:')`)
		ask[bool](w, `(f => { f.value = f.value.replace(/subject: .*/, 'subject: Our own words about `+step+`'); return true })(document.querySelector('textarea[name=text]'))`)
		w.do(chromedp.Click(`#writing button.main`))
		w.eventually(`document.querySelector('.notice')`)
	}

	w.open("/journeys/come-back/edit")
	w.do(chromedp.Click(`#tools a[href$="/simulate"]`))
	w.eventually(`document.querySelector('input[name=customers]')`)
	w.do(chromedp.Click(`main form button.main`))
	w.eventually(`document.querySelector('.figures') && document.querySelector('main').textContent.includes('Our own words about we-miss-you')`)
	ask[bool](w, `(d => { d.open = true; return true })(document.querySelector('details:has(iframe.mail)'))`)
	w.eventually(`document.querySelector('details[open] iframe.mail')`)
	w.accessible("a simulation with a mail open")

	w.open("/journeys/come-back/edit")
	w.do(chromedp.Click(`#tools a[href$="/plan"]`))
	w.eventually(`document.querySelector('#plan')?.innerText.includes('first version')`)
	for _, want := range []string{"6 lines are for you to decide", "0 customers are in the journey now. 0 qualify to enter now."} {
		assert.Contains(t, ask[string](w, `document.querySelector('#plan').innerText`), want)
	}
	w.do(chromedp.Click(`#plan input[name=seen]`), chromedp.Click(`#plan form[method=post] button.main`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('Version 1 is live')`)

	people := o.lapse("nora", "olga", "pia")
	w.signInAgain(journey.RoleMarketer)
	w.open("/journeys/come-back")
	w.eventually(`document.querySelector('#step-a-few-days .count')?.textContent.includes('3')`)
	assert.Equal(t, 3, one[int](o, `SELECT count(*) FROM messages WHERE subject = 'About we-miss-you' AND state = 'accepted'`))

	w.open("/journeys/come-back/edit?step=a-few-days")
	w.do(chromedp.SetValue(`input[name="f.wait"]`, "7d"), chromedp.Click(`#step form button.main`))
	w.eventually(`document.getElementById('canvas')?.innerText.includes('Wait 7 days')`)
	w.do(chromedp.Click(`#tools a[href$="/plan"]`))
	w.eventually(`document.querySelector('#plan')?.innerText.includes('7 days instead of 5 days')`)
	w.do(chromedp.Click(`#in-flight-migrate`))
	w.eventually(`document.querySelector('#in-flight-migrate').checked && document.querySelector('#plan input[name=in_flight][value=migrate][type=hidden]')`)
	assert.Contains(t, ask[string](w, `document.querySelector('#plan').innerText`), "3 customers go on in version 2")
	w.accessible("a plan")
	w.do(chromedp.Click(`#plan input[name=seen]`), chromedp.Click(`#plan form[method=post] button.main`))
	w.eventually(`document.querySelector('.notice')?.innerText.includes('Version 2 is live') && document.querySelector('main').innerText.includes('3 of 3 customers have not yet gone over')`)
	o.cross()
	for _, id := range people {
		o.step(o.enrollment(id), journey.CauseWake)
	}
	w.open("/journeys/come-back")
	w.eventually(`document.querySelector('#step-a-few-days .count')?.textContent.includes('3') && document.querySelector('main').innerText.includes('version 2, live')`)
	w.do(chromedp.Click(`a[href$="/compare"]`))
	w.eventually(`document.querySelector('main').innerText.includes('7 days instead of 5 days')`)
}

// lapse lets customers order once and then go silent until the journey takes them in; the first mail goes out.
func (o *office) lapse(users ...string) (ids []string) {
	o.t.Helper()
	for _, user := range users {
		traits := map[string]any{"email": user + "@example.com", "first_name": user, "timezone": "Europe/Vienna", "topics": map[string]any{"offers": true}}
		now := o.store.Clock().Now()
		_, err := o.store.AppendEvents(o.t.Context(), []journey.Event{
			{Kind: journey.KindIdentify, UserID: user, Properties: traits, At: now},
			{Kind: journey.KindTrack, UserID: user, Name: "Order Completed", Properties: map[string]any{"order_id": user + "-1", "total": 80}, At: now},
		})
		require.NoError(o.t, err)
	}
	o.apply()
	o.wall.pass(60*24*time.Hour + time.Hour)
	n, err := o.store.ScanInactive(o.t.Context(), 100)
	require.NoError(o.t, err)
	require.Equal(o.t, len(users), n)
	for _, user := range users {
		c, err := o.store.Customer(o.t.Context(), "user:"+user)
		require.NoError(o.t, err)
		o.step(o.enrollment(c.ID), journey.CauseStart)
		ids = append(ids, c.ID)
	}
	o.deliver()
	return ids
}

// cross moves everybody whom a migration moves.
func (o *office) cross() {
	o.t.Helper()
	open, err := o.store.OpenMigrations(o.t.Context())
	require.NoError(o.t, err)
	for _, id := range open {
		for range 10 {
			done, err := o.store.MigrateSome(o.t.Context(), id, 100)
			require.NoError(o.t, err)
			if done.Finished {
				break
			}
		}
	}
}
