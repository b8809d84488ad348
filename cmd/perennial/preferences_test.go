package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

const lettersJourney = `journey: letters
name: Letters
topic: news
enter: { when: { event: Signed Up } }
reentry: never
topics: { news: { name: News } }
steps:
  - send: { message: first, window: any, expires: 400d }
  - wait_for: { any: [ { event: Asked, then: [ { send: { message: second, window: any, expires: 400d } } ] } ], timeout: { after: 300d, then: [ { exit: silent } ] } }
`

const onesMoreJourney = `journey: back-again
name: Who is back from a pause
topic: transactional
enter: { when: { event: Customer Resumed } }
reentry: always
steps:
  - send: { message: back-again, window: any, expires: 400d }
`

// Thirty days in peace, asked for on the page that a mail links to: what falls due meanwhile waits, and goes out once when they are over, by
// itself; or when she says so before. Either way her stream tells of it, and a journey can listen. A day takes a fifth of a second here.
func TestThirtyDaysInPeace(t *testing.T) {
	t.Parallel()
	p, town := newTown(t, dayOf(200*time.Millisecond))
	p.start(p.url)
	p.takes(folderOf(t, lettersJourney, map[string]string{"first": "The first: Hello.", "second": "The second: You asked."}))
	p.takes(folderOf(t, onesMoreJourney, map[string]string{"back-again": "Good to have you back: Hello."}))
	agreed := map[string]any{"topics": map[string]any{"news": true}}
	ada, bea := p.at(town, "ada").arrives(agreed), p.at(town, "bea").arrives(agreed)
	var pages []string
	for _, she := range []*person{ada, bea} {
		she.does("Signed Up", nil)
		pages = append(pages, linkTo(t, "preferences", she.gets("The first")))
	}
	for i, she := range []*person{ada, bea} {
		page := she.follows(http.MethodGet, pages[i], nil)
		assert.Contains(t, page, "Leave me in peace for 30 days")
		page = she.follows(http.MethodPost, pages[i], url.Values{"pause": {"1"}})
		assert.Contains(t, page, "You asked us to leave you in peace")
		assert.Contains(t, page, "Write to me again")
		she.does("Asked", nil)
		testenv.Eventually(t, 20*time.Second, func() bool { return len(she.stands("letters").Pauses) > 0 }, "support to see that she stands still")
	}
	assert.Contains(t, ada.stands("letters").Next, "stands still: her mail on the topic was paused by the customer (she asked for it), until ")

	page := bea.follows(http.MethodPost, pages[1], url.Values{"resume": {"1"}})
	assert.NotContains(t, page, "You asked us to leave you in peace")
	for _, she := range []*person{bea, ada} {
		she.gets("The second")
		she.gets("Good to have you back")
	}
	p.quiet()
	for _, she := range []*person{ada, bea} {
		assert.ElementsMatch(t, []string{"The first", "The second", "Good to have you back"}, she.subjects(), "each once")
	}

	type over struct {
		Who, By     string
		At          time.Time
		Until, Went time.Time
	}
	ended := map[string]over{}
	rows, err := p.db.Query(t.Context(), `
		SELECT c.external_id, coalesce(e.properties->>'by', ''), e.happened_at, p.until_at, m.not_before_at
		FROM events e JOIN customers c ON c.id = e.customer_id JOIN pauses p ON p.target = c.id || '/news' JOIN messages m ON m.customer_id = c.id AND m.template = 'second'
		WHERE e.name = 'Customer Resumed'`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var o over
		require.NoError(t, rows.Scan(&o.Who, &o.By, &o.At, &o.Until, &o.Went))
		ended[o.Who] = o
	}
	require.Len(t, ended, 2)
	assert.Equal(t, "the customer", ended["bea"].By)
	assert.True(t, ended["bea"].At.Before(ended["bea"].Until), "she did not wait for the end")
	assert.True(t, ended["bea"].Went.Before(ended["bea"].Until))
	assert.Empty(t, ended["ada"].By, "nobody resumed her: the time was over")
	assert.Equal(t, ended["ada"].Until, ended["ada"].At)
	assert.False(t, ended["ada"].Went.Before(ended["ada"].Until), "nothing before the thirty days were over")
	var timeline journey.Page[journey.TimelineEntry]
	require.NoError(t, p.api().call(t.Context(), http.MethodGet, "/api/customers/user:ada/timeline?limit=100", nil, &timeline))
	said := ""
	for _, e := range timeline.Data {
		said += e.Text + "\n"
	}
	assert.Contains(t, said, "goes on: the pause by the customer is over")
}

const firstNews = `journey: first-news
name: The first news
topic: news
enter: { when: { event: Signed Up } }
reentry: never
topics: { news: { name: News from the house, double_opt_in: true } }
steps:
  - wait_for: { any: [ { event: Topic Subscribed, where: { topic: news, confirmed: true }, then: [ { send: { message: welcome, window: any } } ] } ], timeout: { after: 60d, then: [ { exit: silent } ] } }
`

// Double opt-in from end to end: she is asked at her address, looking at the link changes nothing however often a machine does it, her
// button does, and the journey that waits for it goes on.
func TestDoubleOptInFromEndToEnd(t *testing.T) {
	t.Parallel()
	p, town := newTown(t, 0)
	p.start(p.url)
	p.takes("../../templates/double-opt-in")
	p.takes(folderOf(t, firstNews, map[string]string{"welcome": "Welcome: Here is the news."}))
	ada := p.at(town, "ada").arrives(map[string]any{"topics": map[string]any{"news": true}})
	ada.does("Signed Up", nil)
	link := linkTo(t, "confirm", ada.gets("One tap, and our letters are yours"))
	standing := func() (is string) {
		require.NoError(t, p.db.QueryRow(t.Context(), `SELECT state FROM consents WHERE topic = 'news'`).Scan(&is))
		return is
	}
	waits := func() bool { return ada.stands("first-news").Phase == journey.PhaseWaiting }
	testenv.Eventually(t, 20*time.Second, waits, "the journey to wait")
	events := `SELECT count(*) FROM events`
	before := p.number(events)
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet, http.MethodGet} {
		ada.follows(method, link, nil)
	}
	assert.Contains(t, ada.follows(http.MethodGet, link, nil), "News from the house")
	assert.Equal(t, "given", standing(), "looking confirms nothing")
	assert.Equal(t, before, p.number(events))
	assert.True(t, waits())
	assert.Empty(t, ada.got("Welcome"))

	ada.follows(http.MethodPost, link, url.Values{})
	assert.Equal(t, "confirmed", standing())
	ada.gets("Welcome")
	ada.follows(http.MethodPost, link, url.Values{})
	testenv.Eventually(t, 20*time.Second, func() bool { return ada.stands("double-opt-in").Status == journey.StatusEnded }, "nobody to ask her again")
	p.quiet()
	assert.Equal(t, []string{"One tap, and our letters are yours", "Welcome"}, ada.subjects())
	assert.Equal(t, 1, p.number(`SELECT count(*) FROM consent_changes WHERE topic = 'news' AND state = 'confirmed'`), "with its proof, once")
}
