package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// In a real browser, at 360 and 700 pixels: nothing stands out at the side, every control is big enough for a thumb and has a
// name, the stylesheet passes its own policy, and the survey can be answered.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, _, sent := s.asked("ada")
	s.wall.pass(time.Minute)
	server := httptest.NewServer(s.http)
	t.Cleanup(server.Close)
	ctx := browse(t)
	survey := server.URL + s.link(journey.TokenSurvey, sent[2], 0)
	for _, width := range []int64{360, 700} {
		for _, url := range []string{survey + "?score=9", server.URL + s.link(journey.TokenUnsubscribe, sent[2], 0), server.URL + "/u/x", server.URL + "/docs",
			server.URL + s.link(journey.TokenPreferences, sent[2], 0), server.URL + s.link(journey.TokenBack, sent[2], 0),
			server.URL + s.link(journey.TokenConfirm, sent[2], 0), server.URL + journey.TestLinkPath} {
			scheme := map[int64]string{360: "dark", 700: "light"}[width]
			_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
				return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			})
			require.NoError(t, err)
			require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(url)))
			seen := ask[struct {
				Wide, Small, Nameless int
				Font                  string
			}](t, ctx, `({
				Wide: document.documentElement.scrollWidth,
				Font: getComputedStyle(document.body).fontFamily,
				Small: [...document.querySelectorAll('button, .choice, .scores label')].map(e => e.getBoundingClientRect())
					.filter(r => r.height < 44 || r.width < 34).length,
				Nameless: [...document.querySelectorAll('input:not([type=hidden]), textarea')]
					.filter(e => !e.labels.length || !e.labels[0].textContent.trim()).length,
			})`)
			assert.LessOrEqual(t, int64(seen.Wide), width, url)
			assert.Contains(t, seen.Font, "Georgia", "%s has its style", url)
			assert.Zero(t, seen.Small, "%s at %d", url, width)
			assert.Zero(t, seen.Nameless, url)
			accessible(t, ctx, url)
		}
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(survey+"?score=9"), chromedp.SendKeys("#comment", "Lovely"),
		chromedp.Click("button[type=submit]"), chromedp.WaitVisible(`main a`)))
	text := ask[string](t, ctx, `document.querySelector('main').textContent`)
	assert.Contains(t, text, "change it")
	assert.Equal(t, 9, one[int](s, `SELECT score FROM survey_invites WHERE comment = 'Lovely'`))
}

// accessible runs axe-core over the page as it stands, all rules of WCAG 2.2 A and AA and its best practices.
func accessible(t *testing.T, ctx context.Context, url string) { //nolint:revive // a test comes first
	t.Helper()
	axe, err := os.ReadFile("../console/testdata/axe.min.js")
	require.NoError(t, err)
	ask[bool](t, ctx, string(axe)+`; true`)
	faults, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ' ' + n.failureSummary)))`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	assert.Empty(t, faults, url)
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, ctx context.Context, expression string) T { //nolint:revive // a test comes first
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return v
}

// browse starts a browser with a fresh profile.
func browse(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true)))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")), "is Chromium installed?")
	return ctx
}

func TestAPanicIsAProblemAndALine(t *testing.T) {
	t.Parallel()
	s := open(t, func(d *api.Deps) {
		d.Rest = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the roof fell in") })
	})
	got := s.call("", http.MethodGet, "/console", nil)
	assert.Equal(t, 500, got.status)
	assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	assert.NotContains(t, got.body, "roof")
	assert.Contains(t, s.log.String(), "the roof fell in")
	assert.Equal(t, 404, s.call("", http.MethodGet, "/api/none", nil).status, "what is ours is not handed over")
	server := api.HTTPServer(s.http, slog.New(slog.DiscardHandler))
	assert.NotZero(t, server.ReadHeaderTimeout)
	assert.NotZero(t, server.MaxHeaderBytes)
}
