package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// marketer is somebody at the console of a demo.
type marketer struct {
	*testenv.Tab
	t   *testing.T
	url string
}

// patience is how long she waits for what she expects to see.
const patience = 40 * time.Second

func (m *marketer) sees(expression string) {
	m.t.Helper()
	m.Eventually(patience, expression)
}

func (m *marketer) opens(path string) {
	m.t.Helper()
	m.Do(chromedp.Navigate(m.url+path), chromedp.WaitReady("main"))
}

// clicks what she sees, and goes on when she sees what should come of it. The browser finds the element, not its place: a page that is being
// refreshed while she looks moves under a mouse.
func (m *marketer) clicks(selector, until string) {
	m.t.Helper()
	m.sees(fmt.Sprintf(`document.readyState == 'complete' && document.querySelector(%q)`, selector))
	testenv.Ask[bool](m.Tab, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, selector))
	m.sees(until)
}

var signInLink = regexp.MustCompile(`Watch in the console: (http\S+)`)

// The marketer's story on the demo as it is, a day a second: she signs in with the link that it prints, takes the win-back from the library,
// changes two mails, simulates, publishes; sees people arrive and move on in the picture without loading the page anew; and publishes
// version 2 while they are on their way, and says that they go over.
func TestAMarketerAtTheDemo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	demo := p.start(t, "demo")
	demo.await(2*time.Minute, func() bool { return signInLink.MatchString(demo.said()) }, "the link that signs in")
	m := &marketer{testenv.Browser(t), t, p.url()}
	m.Do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(signInLink.FindStringSubmatch(demo.said())[1]), chromedp.WaitReady("main"))
	m.clicks(`main button.main`, `document.querySelector('nav') && location.pathname == '/'`)

	m.takesFromTheLibrary("win-back", "come-back", "Come back")
	m.writes("come-back", "we-miss-you", "last-call")
	m.simulates("come-back", "Our own words about we-miss-you")
	m.publishes("come-back", 1, "first version")

	m.opens("/journeys/come-back")
	testenv.Ask[bool](m.Tab, `window.unloaded = true`)
	stop := lapses(t, p)
	m.sees(`[...document.querySelectorAll('#picture .count text')].some(c => Number(c.textContent) > 0)`)
	m.sees(`document.querySelector('#step-a-few-days .count')`)
	m.sees(`document.querySelector('#step-takes-the-offer .count')`)
	assert.True(t, testenv.Ask[bool](m.Tab, `window.unloaded === true`), "the page was not loaded anew")

	m.opens("/journeys/come-back/edit?step=a-few-days")
	m.Do(chromedp.SetValue(`input[name="f.wait"]`, "9d"))
	m.clicks(`#step form button.main`, `document.getElementById('canvas')?.innerText.includes('Wait 9 days')`)
	m.opens("/journeys/come-back/plan")
	m.clicks(`#in-flight-migrate`, `document.querySelector('#in-flight-migrate')?.checked && document.querySelector('#plan input[name=in_flight][value=migrate][type=hidden]')`)
	m.publishes("come-back", 2, "9 days instead of 5 days")
	m.sees(`document.querySelector('main').innerText.includes('version 2, live')`)
	m.sees(`document.querySelector('#step-takes-the-offer .count')`)
	stop()
	m.sees(`document.querySelector('#crossing').hidden`)

	var moved journey.Page[journey.Version]
	require.NoError(t, p.as(t, journey.RoleViewer).server.call(t.Context(), http.MethodGet, "/api/journeys/come-back/versions", nil, &moved))
	require.Len(t, moved.Data, 2)
	for _, v := range moved.Data {
		assert.Equal(t, v.Number == 2, v.Active > 0, "version %d has %d people in it: they went over", v.Number, v.Active)
	}
	subjects := map[string]bool{}
	for _, mail := range p.delivered(t) {
		subjects[mail.Subject] = true
	}
	assert.True(t, subjects["Our own words about we-miss-you"], "the mail that she changed went out")
}

// takesFromTheLibrary begins a journey from one of the library.
func (m *marketer) takesFromTheLibrary(from, key, name string) {
	m.t.Helper()
	m.clicks(`nav a[href="/journeys"]`, `document.querySelector('main a[href="/library"]')`)
	m.clicks(`main a[href="/library"]`, `document.querySelector('input[name=from][value=`+from+`]')`)
	testenv.Ask[bool](m.Tab, fmt.Sprintf(`(f => { f.closest('details').open = true; f.form.elements.key.value = %q; f.form.elements.name.value = %q; f.form.requestSubmit(); return true })(document.querySelector('input[name=from][value=%s]'))`, key, name, from))
	m.sees(`location.pathname == '/journeys/` + key + `/edit' && document.querySelector('#outcome')?.innerText.includes('for you to decide')`)
}

// writes gives messages another subject.
func (m *marketer) writes(key string, messages ...string) {
	m.t.Helper()
	for _, message := range messages {
		m.opens("/journeys/" + key + "/messages/" + message + ".html")
		m.sees(`document.querySelector('textarea[name=text]')?.value.includes('subject:')`)
		testenv.Ask[bool](m.Tab, `(f => { f.value = f.value.replace(/subject: .*/, 'subject: Our own words about `+message+`'); return true })(document.querySelector('textarea[name=text]'))`)
		m.clicks(`#writing button.main`, `document.querySelector('.notice')`)
	}
}

func (m *marketer) simulates(key, subject string) {
	m.t.Helper()
	m.opens("/journeys/" + key + "/simulate")
	m.clicks(`main form button.main`, `document.querySelector('.figures') && document.querySelector('main').textContent.includes('`+subject+`')`)
}

// publishes goes by the plan, which says what is new.
func (m *marketer) publishes(key string, version int, says string) {
	m.t.Helper()
	if !strings.Contains(testenv.Ask[string](m.Tab, `location.pathname`), "/plan") {
		m.opens("/journeys/" + key + "/plan")
	}
	m.sees(`document.querySelector('#plan')?.innerText.includes('` + says + `')`)
	m.clicks(`#plan input[name=seen]`, `document.querySelector('#plan input[name=seen]').checked`)
	m.clicks(`#plan form[method=post] button.main`, fmt.Sprintf(`document.querySelector('.notice')?.innerText.includes('Version %d is live')`, version))
}

// lapses lets people come who bought long ago and whose sixty days of silence are over within two days, one after the other, until it is stopped.
func lapses(t *testing.T, p *place) (stop func()) {
	t.Helper()
	systems, viewer := p.as(t, journey.RoleIngest).server, p.as(t, journey.RoleViewer).server
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			arrives(t.Context(), systems, fmt.Sprintf("quiet-%d", n))
			lapsed(t.Context(), systems, viewer, fmt.Sprintf("quiet-%d", n-1)) // she is known by now
			select {
			case <-done:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	return func() { close(done); <-ended }
}

// arrives and lapsed leave it to the test to miss somebody who did not come.
func arrives(ctx context.Context, systems *server, id string) {
	_ = systems.call(ctx, http.MethodPost, "/v1/identify", map[string]any{"userId": id, "traits": map[string]any{
		"email": id + "@example.com", "timezone": "UTC", "topics": map[string]any{"offers": true}}}, nil)
}

func lapsed(ctx context.Context, systems, viewer *server, id string) {
	var she struct {
		CreatedAt time.Time `json:"created_at"`
	}
	if viewer.call(ctx, http.MethodGet, "/api/customers/user:"+id, nil, &she) != nil {
		return
	}
	_ = systems.call(ctx, http.MethodPost, "/v1/track", map[string]any{"userId": id, "event": "Order Completed", "messageId": id,
		"timestamp": she.CreatedAt.Add(-58 * journey.Day).Format(time.RFC3339), "context": map[string]any{"historical": true},
		"properties": map[string]any{"order_id": id, "total": 80}}, nil)
}
