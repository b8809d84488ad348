package testenv

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browserMost is how long a test may go on with its browser.
const browserMost = 4 * time.Minute

// Tab is one tab of a real browser, which ends with the test.
type Tab struct {
	t   testing.TB
	Ctx context.Context //nolint:containedctx // of the browser, which lives as long as the test
}

// Browser starts Chromium with a fresh profile.
func Browser(t testing.TB) *Tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), browserMost)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true), chromedp.Flag("lang", "en")))
	t.Cleanup(cancel)
	b := &Tab{t, ctx}
	b.Do(chromedp.Navigate("about:blank"))
	return b
}

// Do does one step after the other; each must succeed.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.Ctx, steps...), "is Chromium installed?")
}

// Ask evaluates an expression in the page, and waits where it is a promise.
func Ask[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.Ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// Eventually waits until an expression in the page holds; a page that is just being left is asked again.
func (b *Tab) Eventually(within time.Duration, expression string) {
	b.t.Helper()
	ok := assert.Eventually(b.t, func() bool {
		ok, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		return err == nil && ok
	}, within, 50*time.Millisecond, "%s", expression)
	if !ok {
		b.t.Fatal(Ask[string](b, `location.href + '\n' + document.body.innerText.slice(0, 900)`))
	}
}
