package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// asked brings a customer to the first survey of win-back and returns the messages that were sent to her.
func (s *shop) asked(user string) (customer, enrollment string, sent []string) {
	s.t.Helper()
	customer, enrollment = s.enter(user)
	sent = s.deliver()
	s.wait(enrollment)
	sent = append(sent, s.deliver()...)
	require.Len(s.t, sent, 3, "we-miss-you, comeback-offer, how-are-we")
	return customer, enrollment, sent
}

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// Law 7, as a property: whatever the path and the method of looking, no row of any table changes; clicks leave observations.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, _, sent := s.asked("ada")
	s.wall.pass(time.Minute)
	before := s.rows("observations")
	paths := []string{"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/nothing"}
	for _, kind := range []journey.TokenKind{journey.TokenUnsubscribe, journey.TokenPreferences, journey.TokenView, journey.TokenSurvey, journey.TokenBack, journey.TokenClick} {
		link := s.link(kind, sent[2], 0)
		paths = append(paths, link, link+"?score=9&List-Unsubscribe=One-Click", link[:len(link)-2]+"xx", kind.Path()+"x")
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := s.call("", method, path, nil, "User-Agent", browser)
			assert.Less(t, got.status, 500, "%s %s", method, path)
			assert.Equal(t, before, s.rows("observations"), "%s %s", method, path)
		}
	}
	assert.Equal(t, 4, one[int](s, `SELECT count(*) FROM observations`), "of the clicks alone")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM observations WHERE machine`), "HEAD is a machine's")
	for path, item := range document(t, s).Paths.Map() { // and every GET of the API
		for method := range item.Operations() {
			if method == http.MethodGet && strings.HasPrefix(path, "/api/") {
				s.call(journey.RoleAdmin, method, strings.NewReplacer("{key}", "win-back", "{id}", "user:ada", "{file}", "x.html").Replace(path), nil)
			}
		}
	}
	delete(before, "audit") // it says who took an export, and nothing else
	assert.Equal(t, before, s.rows("observations", "audit"))
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM audit WHERE verb = 'customer.export'`))
}

func TestOneClickUnsubscribes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment, sent := s.asked("ada")
	link := s.link(journey.TokenUnsubscribe, sent[0], 0)
	assert.Contains(t, s.call("", http.MethodGet, link, nil).body, "Offers and news")
	got := s.form(link, "List-Unsubscribe=One-Click")
	assert.Equal(t, 200, got.status)
	assert.Contains(t, got.body, "No more of these")
	assert.Empty(t, got.header.Values("Set-Cookie"))
	multipart := "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	assert.Equal(t, 200, s.call("", http.MethodPost, link, multipart, "Content-Type", "multipart/form-data; boundary=b").status, "again, and the other form")
	assert.Equal(t, "withdrawn", one[string](s, `SELECT state FROM consents WHERE customer_id = $1`, customer))
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM consent_changes WHERE source = 'unsubscribe link' AND address = 'ada@example.com'`))
	s.apply()
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM consent_changes`), "applying the event adds no second proof")
	s.wait(enrollment)
	assert.Empty(t, s.claim())
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, err := s.sql.Exec(t.Context(), `INSERT INTO topics (key, name) VALUES ('tips', 'Tips for linen'), ('late', 'Came up later')`)
	require.NoError(t, err)
	customer, _, sent := s.asked("ada")
	link := s.link(journey.TokenPreferences, sent[0], 0)
	page := s.call("", http.MethodGet, link, nil).body
	assert.Contains(t, page, `value="offers" checked`)
	assert.NotContains(t, page, `value="tips" checked`)
	assert.Contains(t, s.form(link, "shown=offers&shown=tips&topic=tips&topic=invented").body, "Saved")
	states := one[string](s, `SELECT string_agg(topic || ' ' || state, ', ' ORDER BY topic) FROM consents WHERE customer_id = $1`, customer)
	assert.Equal(t, "offers withdrawn, tips given", states, "what was not shown was not decided")
	assert.Contains(t, s.form(link, "shown=offers&shown=tips&topic=tips&none=1").body, "Saved")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM consents WHERE state = 'withdrawn'`))
}

func TestSurveys(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, enrollment, sent := s.asked("ada")
	link := s.link(journey.TokenSurvey, sent[2], 0)
	page := s.call("", http.MethodGet, link+"?score=9", nil)
	assert.Contains(t, page.body, `value="9" required checked`)
	assert.Contains(t, page.body, "How likely are you to recommend Oak &amp; Linen to a friend?")

	early := s.form(link, "score=9")
	assert.Equal(t, 409, early.status, "nobody reads that fast")
	assert.Contains(t, early.body, "once more")
	assert.Zero(t, one[int](s, `SELECT count(*) FROM events WHERE name = 'Survey Answered'`))
	s.wall.pass(3 * time.Second)
	for form, status := range map[string]int{"": 422, "score=11": 422, "score=nine": 422, "score=%00": 400, "comment=%ff&score=9": 400} {
		assert.Equal(t, status, s.form(link, form).status, form)
	}
	assert.Contains(t, s.form(link, "score=9&comment=Lovely").body, "Thank you")
	s.form(link, "score=9&comment=Lovely")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Survey Answered'`), "the same again has no effect")
	assert.Contains(t, s.form(link, "score=3&comment=On+second+thought").body, "Thank you")
	assert.Equal(t, 3, one[int](s, `SELECT score FROM survey_invites WHERE ask = 'nps'`), "it may be changed")
	assert.Contains(t, s.call("", http.MethodGet, link, nil).body, "On second thought")

	s.apply()
	s.step(enrollment, journey.CauseWake)
	choice := s.deliver()
	require.NotEmpty(t, choice)
	s.wall.pass(3 * time.Second)
	link2 := s.link(journey.TokenSurvey, choice[len(choice)-1], 0)
	assert.Contains(t, s.call("", http.MethodGet, link2+"?choice=no_need", nil).body, `value="no_need" required checked`)
	assert.Equal(t, 422, s.form(link2, "choice=weather").status)
	assert.Equal(t, 200, s.form(link2, "choice=no_need").status)

	s.wall.pass(8 * 24 * time.Hour)
	assert.Equal(t, 410, s.call("", http.MethodGet, link, nil).status)
	assert.Equal(t, 410, s.form(link, "score=9").status)
	assert.Equal(t, 404, s.call("", http.MethodGet, s.link(journey.TokenSurvey, sent[0], 0), nil).status, "this mail asks nothing")
	assert.Equal(t, 404, s.form(link[:len(link)-3]+"abc", "score=9").status, "altered")
	assert.Equal(t, 404, s.form("/s/"+s.tokens.Sign(journey.TokenBack, sent[2], 0), "score=9").status, "of another door")
}

func TestClicksAreMarked(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, _, sent := s.asked("ada")
	link := s.link(journey.TokenClick, sent[2], 0)
	click := func(headers ...string) reply { return s.call("", http.MethodGet, link, nil, headers...) }
	got := click("User-Agent", browser)
	assert.Equal(t, 302, got.status)
	assert.Equal(t, "https://example.com/shop", got.header.Get("Location"))
	s.wall.pass(3 * time.Second)
	click("User-Agent", browser)
	click("User-Agent", "Mozilla/5.0 (compatible; SomeBot/1.0)")
	click("User-Agent", browser, "Sec-Purpose", "prefetch")
	click()
	assert.Equal(t, []bool{true, false, true, true, true}, one[[]bool](s, `SELECT array_agg(machine ORDER BY id) FROM observations`),
		"too soon, a person, a robot, a prefetch, nobody")
	assert.Equal(t, 404, s.call("", http.MethodGet, s.link(journey.TokenClick, sent[2], 1), nil).status, "javascript: leads nowhere")
	assert.Equal(t, 404, s.call("", http.MethodGet, s.link(journey.TokenClick, sent[2], 7), nil).status)
	assert.Equal(t, 1.0, s.must(journey.RoleViewer, http.MethodGet, "/api/messages/"+sent[2], nil).json["clicks"])
}

func TestTheWayBackAndTheMailInABrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _, sent := s.asked("ada")
	back := s.link(journey.TokenBack, sent[0], 0)
	assert.Contains(t, s.form(back, "").body, "Welcome back")
	assert.Contains(t, s.form(back, "").body, "Welcome back")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Customer Returned'`), "once per mail")
	s.apply()
	assert.Contains(t, strings.Join(s.timeline(customer), "\n"), "came back")

	view := s.call("", http.MethodGet, s.link(journey.TokenView, sent[0], 0), nil)
	assert.Contains(t, view.body, "Hello <b>Ada</b>")
	policy := view.header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "sandbox")
	assert.NotContains(t, policy, "allow-scripts")
	_, err := s.sql.Exec(t.Context(), `UPDATE messages SET bytes = NULL`)
	require.NoError(t, err)
	assert.Equal(t, 410, s.call("", http.MethodGet, s.link(journey.TokenView, sent[0], 0), nil).status)

	for _, path := range []string{back, s.link(journey.TokenUnsubscribe, sent[0], 0), "/u/x"} {
		page := s.call("", http.MethodGet, path, nil)
		assert.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
		assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
		assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
		assert.NotContains(t, page.body, "<script")
	}
}
