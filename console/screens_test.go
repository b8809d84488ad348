package console_test

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"perennial/console"
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
	// A draft, for the pages that show what it would change.
	w.open("/journeys/win-back/edit?step=a-few-days")
	w.do(chromedp.SetValue(`input[name="f.wait"]`, "7d"), chromedp.Click(`#step form button.main`))
	w.eventually(`document.getElementById('canvas')?.innerText.includes('Wait 7 days')`)
	customer := first("/customers?q="+url.QueryEscape("Pia"), "main .rows a.whole")
	pages := []pictured{
		{"today", "/"}, {"customers", "/customers"}, {"customer", customer}, {"imports", "/imports"}, {"messages", "/messages"},
		{"message", first(customer, `a.whole[href^="/messages/"]`)},
		{"journeys", "/journeys"}, {"journey", "/journeys/win-back"}, {"library", "/library"},
		{"edit", "/journeys/win-back/edit?step=takes-the-offer"}, {"edit-brings", "/journeys/win-back/edit?brings=all"}, {"edit-survey", "/journeys/win-back/edit/surveys/_new"}, {"history", "/journeys/win-back/edit/history"},
		{"simulate", "/journeys/win-back/simulate?who=invented&customers=50"}, {"plan", "/journeys/win-back/plan"},
		{"compare", "/journeys/win-back/compare"}, {"journey-reached", "/journeys/win-back?months=3"}, {"report-funnel", "/reports/journeys?journey=win-back"}, {"preview", "/journeys/win-back/versions/1/messages/we-miss-you"},
		{"writing", "/journeys/win-back/messages/we-miss-you.html"}, {"images", "/images"},
		{"segments", "/segments"}, {"segment-new", "/segments/_new"}, {"scores", "/scores"},
		{"survey-new", "/surveys/_new"}, {"survey-edit", "/surveys/why-leaving/edit"},
		{"coupons", "/coupons"}, {"pool", "/coupons/pools/comeback"}, {"surveys", "/surveys"}, {"survey-results", first("/surveys", `li a[href^="/surveys/"]`)},
		{"tasks", "/tasks"}, {"task", first("/tasks", `a[href^="/tasks/"]`)},
		{"reports", "/reports"}, {"report", "/reports/loss?by=month"}, {"report-orders", "/reports/orders?by=month"},
		{"report-settings", "/reports/settings"}, {"report-people", first("/reports/orders?by=month", `a[href*="/reports/orders/people"]`)},
		{"topics", "/topics"}, {"suppressions", "/suppressions"}, {"sending", "/sending"},
		{"users", "/users"}, {"keys", "/keys"}, {"teams", "/teams"}, {"webhooks", "/webhooks"}, {"sources", "/sources"},
		{"source-new", "/sources/_new?preset=shopify"}, {"audit", "/audit"}, {"account", "/account"},
	}
	everyPage(t, pages)
	var public []pictured
	for name, path := range linked(t, *inbox) {
		public = append(public, pictured{name, path})
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
			picture, err := chromedp.Run(w.tab.Ctx, chromedp.CaptureScreenshot())
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

// pictured is a page with the name of its pictures.
type pictured struct{ name, path string }

// everyPage sees to it that no page is forgotten: a new one belongs into the list above, or here among those that are no pages of their own.
func everyPage(t *testing.T, pages []pictured) {
	t.Helper()
	left := map[string]bool{}
	mux := http.NewServeMux()
	for _, p := range console.Paths() {
		if p.Method == http.MethodGet && len(p.Who) > 0 {
			left["GET "+p.Path] = true
			mux.Handle("GET "+p.Path, http.NotFoundHandler())
		}
	}
	for _, p := range pages {
		_, pattern := mux.Handler(httptest.NewRequestWithContext(t.Context(), http.MethodGet, p.path, nil))
		delete(left, pattern)
	}
	for _, part := range []string{ // parts of pages, files, and pages of what the demo has none of
		"/messages/{id}/mail", "/journeys/{key}/versions/{number}/messages/{message}/mail", "/journeys/{key}/messages/{file}/mail",
		"/journeys/{key}/simulate/{person}/mails/{mail}", "/audit.csv", "/customers/{id}/export", "/reports/{report}/table.csv", "/segments/{key}", "/webhooks/{id}",
		"/coupons/codes/{code}", "/sources/{key}", "/surveys/_look", "/imports/{id}", "/imports/{id}/refused.csv",
	} {
		delete(left, "GET "+part)
	}
	require.Empty(t, slices.Sorted(maps.Keys(left)), "pages without a picture: name them in console/screens_test.go")
}
