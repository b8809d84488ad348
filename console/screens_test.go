package console_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var (
	screens = flag.String("screens", "", "directory for pictures of a running installation; with -link")
	inbox   = flag.String("inbox", "", "where its inbox is: pages that customers see are linked in its mails")
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
	pages := []struct{ name, path string }{
		{"today", "/"}, {"customer", customer}, {"journey", "/journeys/win-back"}, {"message", first(customer, `a.whole[href^="/messages/"]`)},
		{"customers", "/customers"}, {"journeys", "/journeys"}, {"tasks", "/tasks"}, {"preview", "/journeys/win-back/versions/1/messages/we-miss-you"},
		{"messages", "/messages"}, {"writing", "/journeys/win-back/messages/we-miss-you.html"},
		{"library", "/library"}, {"edit", "/journeys/win-back/edit?step=takes-the-offer"}, {"simulate", "/journeys/win-back/simulate?who=invented&customers=50"},
		{"reports", "/reports"}, {"report", "/reports/loss?by=month"}, {"report-orders", "/reports/orders?by=month"},
	}
	var public []struct{ name, path string }
	for name, path := range linked(t, *inbox) {
		public = append(public, struct{ name, path string }{name, path})
	}
	pages = append(public, pages...) // these first: at this speed a question closes in a minute
	for _, p := range pages {
		for _, shape := range []struct {
			name   string
			width  int64
			scheme string
		}{{"wide", 1280, "light"}, {"phone", 360, "light"}, {"wide-dark", 1280, "dark"}} {
			if shape.scheme == "dark" && p.name != "today" && p.name != "journey" && p.name != "preferences" {
				continue // three will do
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

// linked finds the pages of customers in the mails of the inbox: the preference page and a survey.
func linked(t *testing.T, inbox string) map[string]string {
	t.Helper()
	var list struct {
		Messages []struct{ ID string }
	}
	read := func(path string, into any) {
		answer, err := http.Get(inbox + path) //nolint:gosec,noctx // the inbox of the demo
		require.NoError(t, err)
		defer answer.Body.Close() //nolint:errcheck // it was read
		require.NoError(t, json.NewDecoder(answer.Body).Decode(into))
	}
	found := map[string]string{}
	if inbox == "" {
		return found
	}
	read("/api/v1/messages?limit=200", &list)
	for _, m := range list.Messages {
		var mail struct{ Text string }
		read("/api/v1/message/"+url.PathEscape(m.ID), &mail)
		for name, pattern := range map[string]string{"preferences": `/preferences/[\w-]+`, "survey": `/s/[\w-]+(\?score=\d+)?`, "unsubscribe": `/u/[\w-]+`} {
			if path := regexp.MustCompile(pattern).FindString(mail.Text); path != "" && found[name] == "" && strings.Contains(mail.Text, "/u/") { // the latest mail comes first
				found[name] = path
			}
		}
	}
	require.Contains(t, found, "preferences")
	return found
}
