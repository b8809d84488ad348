package console_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var (
	screens = flag.String("screens", "", "directory for pictures of a running installation; with -link")
	link    = flag.String("link", "", "a link that signs in to it, as make demo prints it")
)

// make screenshots: pictures of every page of a running installation, wide and on a phone.
func TestScreens(t *testing.T) {
	if *screens == "" {
		t.Skip("make screenshots runs it")
	}
	at, err := url.Parse(*link)
	require.NoError(t, err)
	o := &office{t: t, url: at.Scheme + "://" + at.Host}
	w := o.browser()
	w.looks(1280, "light")
	w.do(chromedp.Navigate(*link))
	w.eventually(`document.querySelector('main')`)
	if ask[bool](w, `document.querySelector('button.main') != null`) {
		w.do(chromedp.Click(`button.main`))
	}
	w.eventually(`location.pathname == '/' && document.querySelector('nav')`)
	first := func(page, selector string) string {
		w.open(page)
		return ask[string](w, `(e => e.pathname + e.search)(new URL(document.querySelector('`+selector+`').getAttribute('href'), location))`)
	}
	customer := first("/customers?q="+url.QueryEscape("Pia"), "main .rows a.whole")
	for _, p := range []struct{ name, path string }{
		{"today", "/"}, {"customer", customer}, {"journey", "/journeys/win-back"}, {"message", first(customer, `a.whole[href^="/messages/"]`)},
		{"customers", "/customers"}, {"journeys", "/journeys"}, {"preview", "/journeys/win-back/versions/1/messages/we-miss-you"},
	} {
		for _, shape := range []struct {
			name   string
			width  int64
			scheme string
		}{{"wide", 1280, "light"}, {"phone", 360, "light"}, {"wide-dark", 1280, "dark"}} {
			if shape.scheme == "dark" && p.name != "today" && p.name != "journey" {
				continue // two will do
			}
			w.looks(shape.width, shape.scheme)
			w.open(p.path)
			w.eventually(`document.readyState == 'complete'`)
			picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(*screens, 0o750))
			require.NoError(t, os.WriteFile(filepath.Join(*screens, p.name+"-"+shape.name+".png"), picture, 0o600))
		}
	}
}
