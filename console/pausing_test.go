package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// What each way of pausing would do is said before one is chosen: asked for by a link, or by opening the form where scripts run.
func TestPausingSaysWhatItWillDo(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, ben, _ := o.play()
	v := o.as(journey.RoleAdmin)
	assert.Contains(t, v.get("/journeys/win-back").body, `href="/journeys/win-back?pausing=1"`)
	page := v.get("/journeys/win-back?pausing=1").body
	assert.Contains(t, page, "3 enrollments stand still; no message is due within a day; of each enrollment its next decision counts, not what comes after that.")
	assert.Contains(t, page, "what is due goes out later, by as long as the pause lasted; waits go on where they stood")
	assert.Contains(t, v.get("/customers/"+ben+"?pausing=1").body, "1 enrollment stands still;")

	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open("/journeys/win-back")
	w.do(chromedp.Click(`details:has(#pausing) > summary`))
	w.eventually(`document.querySelector('#pausing p')?.innerText.startsWith('3 enrollments stand still') && document.querySelector('#pausing input[value=skip]').checkVisibility()`)
	w.accessible("a pause that is about to begin")
	w.looks(360, "dark")
	w.open("/journeys/win-back?pausing=1")
	w.looked("pausing", 360, "dark")
}
