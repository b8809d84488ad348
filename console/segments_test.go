package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"perennial/control"
	"perennial/journey"
)

// fieldsOf reads what a browser would send of the form that goes to a path.
func fieldsOf(t testing.TB, page, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	out := url.Values{}
	attr := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	var walk func(n *html.Node, in bool)
	walk = func(n *html.Node, in bool) {
		if n.Type == html.ElementNode && n.Data == "form" {
			to, _ := attr(n, "action")
			in = to == action
		}
		name, named := attr(n, "name")
		if in && named {
			value, _ := attr(n, "value")
			switch n.Data {
			case "input":
				kind, _ := attr(n, "type")
				if _, checked := attr(n, "checked"); checked || kind != "checkbox" && kind != "radio" {
					out.Add(name, value)
				}
			case "textarea":
				if n.FirstChild != nil {
					out.Add(name, n.FirstChild.Data)
				}
			case "select":
				for o := range n.Descendants() {
					if _, chosen := attr(o, "selected"); o.Data == "option" && (chosen || !out.Has(name)) {
						v, has := attr(o, "value")
						if !has && o.FirstChild != nil {
							v = o.FirstChild.Data
						}
						out.Set(name, v)
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, in)
		}
	}
	walk(doc, false)
	return out
}

// Every condition of the language goes through the forms and comes out as it was.
func TestTheBuilderKeepsWhatItShows(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	_, err := o.ctl.PutSegment(t.Context(), tester, control.Edit{Key: "staff", Source: "{ attribute: plan, eq: staff }"})
	require.NoError(t, err)
	v := o.as(journey.RoleMarketer)
	for name, source := range map[string]string{
		"a":      "if:\n  all:\n    - { attribute: plan, eq: gold }\n",
		"values": "name: \"A name: with signs\"\nif:\n  any:\n    - { attribute: plan, in: [gold, \"5\", 5, true, \"a, b\"] }\n    - { attribute: zip, eq: \"0123\" }\n    - { attribute: points, gte: 12.5 }\n    - { attribute: plan, missing: true }\n    - { attribute: renews_at, within_next: 30d }\n    - { attribute: born, before: \"1990-01-02\" }\n    - { account: plan, starts_with: \"yes\" }\n",
		"groups": "if:\n  all:\n    - any:\n        - { attribute: plan, eq: gold }\n        - not:\n            any:\n              - { segment: staff }\n              - { consent: offers, is: withdrawn }\n    - not:\n        any:\n          - { journey: win-back, is: never }\n",
		"events": "if:\n  all:\n    - { event: Order Completed, by: account, count: { gte: 2 }, within: 90d, where: { total: { gte: 100 }, currency: { in: [EUR, USD] } } }\n    - { event: Signed Up }\n    - { message: any, was: clicked, count: { lt: 3 }, within: 2w }\n    - { coupon: offer, was: redeemed }\n",
		"text":   "if:\n  all:\n    - { attribute: plan, eq: { attribute: wanted } }\n    - { attribute: plan, eq: gold }\n",
		"none":   "if:\n  not:\n    any:\n      - { attribute: plan, eq: gold }\n",
	} {
		page := v.follow("/segments/_new", url.Values{"key": {name}, "source": {source}, "do": {"save_text"}})
		require.Contains(t, page.body, "Kept.", name)
		form := fieldsOf(t, page.body, "/segments/"+name)
		form.Set("do", "save")
		form.Del("source")
		v.follow("/segments/"+name, form)
		assert.Equal(t, source, one[string](o, `SELECT source FROM segments WHERE key = $1`, name))
	}
	other := v.follow("/segments/_new", url.Values{"key": {"alone"}, "source": {`{"not": {"event": "Order Completed"}}`}, "do": {"save_text"}})
	form := fieldsOf(t, other.body, "/segments/alone")
	form.Set("do", "save")
	v.follow("/segments/alone", form)
	assert.Equal(t, "if:\n  not:\n    any:\n      - { event: Order Completed }\n", one[string](o, `SELECT source FROM segments WHERE key = 'alone'`))
}

// Remarks of the text stay with what they are about when the forms write it anew.
func TestTheBuilderKeepsRemarks(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	const source = "# Whom we write to at Christmas.\nname: Guests\nif:\n  all:\n    # Paying ones.\n    - { attribute: plan, eq: gold } # since 2029\n" +
		"    # Or those who ask.\n    - any:\n        - { attribute: asked, exists: true } # by phone\n        - { attribute: zip, eq: \"0123\" }\n"
	page := v.follow("/segments/_new", url.Values{"key": {"guests"}, "source": {source}, "do": {"save_text"}})
	form := fieldsOf(t, page.body, "/segments/guests")
	form.Set("do", "save")
	form.Del("source")
	saved := func() string {
		t.Helper()
		page := v.follow("/segments/guests", form)
		require.Contains(t, page.body, "Kept.")
		form.Set("etag", fieldsOf(t, page.body, "/segments/guests").Get("etag"))
		return one[string](o, `SELECT source FROM segments WHERE key = 'guests'`)
	}
	assert.Equal(t, source, saved())
	form.Set("n-0.arg", "silver")
	form.Set("name", "Our guests")
	changed := strings.NewReplacer("eq: gold", "eq: silver", "Guests", "Our guests").Replace(source)
	assert.Equal(t, changed, saved(), "a row that was changed keeps its remarks")
	for _, field := range []string{"n-0.kind", "n-0.name", "n-0.op", "n-0.arg"} {
		form.Del(field)
	}
	assert.Equal(t, strings.Replace(changed, "    # Paying ones.\n    - { attribute: plan, eq: silver } # since 2029\n", "", 1), saved(),
		"those of a row that was taken out go with it")
}

func TestBuildingASegmentWithoutScripts(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/segments").body, "No segments yet")
	const path = "/segments/_new"
	page := v.get(path)
	assert.Contains(t, page.body, "Add a condition")
	form := fieldsOf(t, page.body, path)
	form.Set("n.add", "attribute")
	form.Set("do", "add:n")
	page = v.post(path, form)
	require.Equal(t, http.StatusOK, page.status)
	assert.Contains(t, page.body, `name="n-0.name"`)
	assert.Contains(t, page.body, "Something is still missing")

	form = fieldsOf(t, page.body, path)
	form.Set("n-0.name", "plan")
	form.Set("n-0.arg", "gold")
	form.Set("n.add", "none")
	form.Set("do", "add:n")
	form = fieldsOf(t, v.post(path, form).body, path)
	form.Set("n-1.add", "event")
	form.Set("do", "add:n-1")
	form = fieldsOf(t, v.post(path, form).body, path)
	form.Set("n-1-0.name", "Order Completed")
	form.Set("n-1-0.within", "x")
	form.Set("do", "show")
	page = v.post(path, form)
	assert.Regexp(t, `(?s)id="n-1-0-faults"><ul class="small bad"><li>within`, page.body, "the fault stands where it was made")
	form.Set("n-1-0.within", "30")
	page = v.post(path, form)
	assert.Contains(t, page.body, "<b>3</b>", "all three are gold and ordered nothing")
	assert.Contains(t, page.body, "/customers/"+ada)
	assert.Contains(t, page.body, "within: 30d", "the same as text")

	form.Set("do", "drop:n-1")
	assert.NotContains(t, v.post(path, form).body, "Order Completed")
	form.Set("do", "save")
	got := v.post(path, form)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status, "it has no key")
	form.Set("key", "gold")
	form.Set("name", "Gold, and quiet")
	page = v.follow(path, form)
	assert.Contains(t, page.body, "Gold, and quiet")
	for n := 1; n > 0; { // what the background does
		var err error
		n, _, err = o.store.TendSegments(t.Context(), 500)
		require.NoError(t, err)
	}
	page = v.get("/segments/gold")
	assert.Contains(t, page.body, "3 customers are in it")
	assert.Contains(t, page.body, "/customers/"+ada)
	assert.Contains(t, v.get("/segments").body, "Gold, and quiet")

	form.Set("etag", "older")
	form.Set("do", "save")
	assert.Equal(t, http.StatusPreconditionFailed, v.post("/segments/gold", form).status)
	page = v.post("/segments/gold", url.Values{"n.kind": {"all"}, "source": {"{ attribute: plan, eq }"}, "do": {"save_text"}})
	assert.Contains(t, page.body, "{ attribute: plan, eq }", "what was typed is still there")
	assert.Contains(t, page.body, "Line 1:")
	assert.Contains(t, v.follow("/segments/gold/delete", nil).body, "The segment gold is gone")
	assert.Equal(t, http.StatusNotFound, v.get("/segments/gold").status)
}

func TestBuildingASegmentInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleMarketer)
	w.open("/segments/_new")
	w.do(chromedp.SendKeys(`input[name=name]`, "Gold"), chromedp.SendKeys(`input[name=key]`, "gold"), chromedp.Click(`#n > .tools button`))
	w.eventually(`document.activeElement.name == 'n-0.name'`)
	w.do(chromedp.SendKeys(`input[name="n-0.name"]`, "plan"))
	w.eventually(`document.getElementById('n-0-faults').innerText.includes('eq')`)
	w.do(chromedp.SendKeys(`input[name="n-0.arg"]`, "gold"))
	w.eventually(`document.querySelector('#preview .big')?.innerText.startsWith('3') && !document.getElementById('n-0-faults').innerText`)
	assert.Equal(t, "n-0.arg", ask[string](w, `document.activeElement.name`), "she goes on typing")
	assert.Contains(t, ask[string](w, `document.getElementById('source').value`), "{ attribute: plan, eq: gold }")
	w.accessible("a segment being built")
	w.do(chromedp.Click(`button.main`))
	w.eventually(`location.pathname == '/segments/gold' && document.querySelector('.notice')`)
	assert.Equal(t, "name: Gold\nif:\n  all:\n    - { attribute: plan, eq: gold }\n", one[string](o, `SELECT source FROM segments`))
	_, err := o.ctl.PutSegment(t.Context(), tester, control.Edit{Key: "rich", Source: "all:\n  - any: [ { event: Order Completed, where: { total: { gte: 1 } } }, not: { segment: gold } ]\n  - { consent: offers, is: given }\n"})
	require.NoError(t, err)
	w.around("segments", "/segments")
	w.around("segment", "/segments/rich")
}

// A page that is looked at, or built on, counts nobody: the button does, and with scripts what was built asks by itself.
func TestASegmentIsCountedWhenAskedFor(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	_, err := o.ctl.PutSegment(t.Context(), tester, control.Edit{Key: "gold", Source: "{ attribute: plan, eq: gold }"})
	require.NoError(t, err)
	v := o.as(journey.RoleMarketer)
	page := v.get("/segments/gold").body
	assert.Contains(t, page, "is counted when you ask")
	assert.NotContains(t, page, `class="big"`)
	assert.NotContains(t, page, `hx-trigger="load"`)
	form := fieldsOf(t, page, "/segments/gold")
	form.Set("do", "show")
	page = v.post("/segments/gold", form).body
	assert.Contains(t, page, `<p class="big"><b>3</b>`)
	assert.NotContains(t, page, "is counted when you ask")

	form.Set("do", "add:n")
	form.Set("n.add", "segment")
	assert.Contains(t, v.post("/segments/gold", form).body, "Something is still missing", "of what is not whole that is said")
	form.Set("do", "drop:n-1")
	assert.Contains(t, v.post("/segments/gold", form).body, "is counted when you ask")
	part := v.post("/segments/gold", form, "HX-Request", "true", "HX-Target", "builder").body
	assert.Contains(t, part, `hx-trigger="load"`, "with scripts it comes by itself")
	form.Del("do")
	part = v.post("/segments/gold", form, "HX-Request", "true", "HX-Target", "preview").body
	assert.Contains(t, part, `<p class="big"><b>3</b>`)
}
