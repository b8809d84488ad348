package api_test

import (
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

func TestPublicPagesSpeakHerLanguage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, _, sent := s.asked("ada")
	s.wall.pass(time.Minute)
	pages := map[journey.TokenKind][2]string{
		journey.TokenUnsubscribe: {"Shall we stop writing?", "Nous n’écrivons plus"}, journey.TokenPreferences: {"How often may we write", "À quel rythme"},
		journey.TokenSurvey: {"How likely are you to recommend", "Recommanderiez-vous Oak &amp; Linen"}, journey.TokenBack: {"The door is open", "La porte est ouverte"},
		journey.TokenConfirm: {"nothing left to confirm", "rien à confirmer"},
	}
	for kind, says := range pages {
		link := s.link(kind, sent[2], 0)
		got := s.call("", http.MethodGet, link, nil)
		assert.Contains(t, got.body, says[0])
		assert.Contains(t, got.body, `<html lang="en">`)
		got = s.call("", http.MethodGet, link, nil, "Accept-Language", "fr-CA,fr;q=0.8,en;q=0.5")
		assert.Contains(t, got.body, says[1], "what her browser asks for, where we know nothing of her")
		assert.Contains(t, got.body, `<html lang="fr">`)
		assert.Equal(t, "fr", got.header.Get("Content-Language"))
	}
	s.identify("ada", m{"locale": "fr_CA"})
	for kind, says := range pages {
		assert.Contains(t, s.call("", http.MethodGet, s.link(kind, sent[2], 0), nil, "Accept-Language", "en").body, says[1], "her own word beats the browser's")
	}
	assert.Contains(t, s.form(s.link(journey.TokenSurvey, sent[2], 0), "").body, "Il manque une chose")
	assert.Contains(t, s.call("", http.MethodGet, "/u/x", nil, "Accept-Language", "fr").body, "Ce lien ne fonctionne pas")
	s.identify("ada", m{"locale": "de-AT"})
	assert.Contains(t, s.call("", http.MethodGet, s.link(journey.TokenBack, sent[2], 0), nil).body, `<html lang="en">`, "a language that we do not have")
}

// Every language has the same keys, none is left over, and none that a page asks for is missing.
func TestWordsOfThePublicPages(t *testing.T) {
	t.Parallel()
	texts := map[string]map[string]string{}
	for _, code := range []string{"en", "fr"} {
		raw, err := os.ReadFile("pages/text/" + code + ".yaml")
		require.NoError(t, err)
		words := map[string]string{}
		require.NoError(t, yaml.Unmarshal(raw, &words))
		texts[code] = words
	}
	names := regexp.MustCompile(`\{\w+\}`)
	for key, text := range texts["en"] {
		require.Contains(t, texts["fr"], key)
		assert.ElementsMatch(t, names.FindAllString(text, -1), names.FindAllString(texts["fr"][key], -1), key)
		assert.NotEmpty(t, texts["fr"][key])
	}
	assert.Len(t, texts["fr"], len(texts["en"]))
	asked := regexp.MustCompile(`\bt "([a-z0-9_.]+)"`)
	files, err := fs.Glob(os.DirFS("pages"), "*.html")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile("pages/" + file)
		require.NoError(t, err)
		for _, found := range asked.FindAllStringSubmatch(string(raw), -1) {
			assert.Contains(t, texts["en"], found[1], file)
		}
	}
}

// How often: what is over waits for room, each change is proved, and receipts are untouched.
func TestFewerMails(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	sent := s.deliver()
	link := s.link(journey.TokenPreferences, sent[0], 0)
	assert.Contains(t, s.form(link, "shown=offers&topic=offers&days=7").body, `value="7" checked`)
	assert.Equal(t, 400, s.form(link, "days=2").status)
	s.wait(enrollment)
	assert.Empty(t, s.claim(), "five days after the last one")
	assert.Equal(t, "fewer_mails", one[string](s, `SELECT reason FROM messages WHERE state = 'queued' ORDER BY id LIMIT 1`))
	held := one[string](s, `SELECT id FROM messages WHERE reason = 'fewer_mails' LIMIT 1`)
	assert.Contains(t, s.must(journey.RoleSupport, http.MethodGet, "/api/messages/"+held, nil).json["words"], "she asked for fewer mails")
	s.form(link, "shown=offers&topic=offers&days=0")
	assert.NotEmpty(t, s.deliver(), "as many as there are: what waited goes at once")

	proof := one[m](s, `SELECT properties FROM events WHERE name = 'Frequency Chosen' ORDER BY seq LIMIT 1`)
	assert.Equal(t, m{"days": 7.0, "was": 0.0, "source": "preferences page", "address": "ada@example.com",
		"wording": "Choose what you would like to hear about. · How often may we write to you? Once a week at most"}, proof)
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM audit WHERE verb = 'customer.preferences' AND target = $1`, customer))
	s.form(link, "shown=offers&topic=offers&days=0")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM events WHERE name = 'Frequency Chosen'`), "the same again is no change")
}

// A pause of thirty days stands on the page, holds her journeys, is ended by her alone, and keeps what was left to wait.
func TestAPauseOfHerOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	sent := s.deliver()
	link := s.link(journey.TokenPreferences, sent[0], 0)
	page := s.form(link, "pause=1").body
	assert.Contains(t, page, "We do, until")
	assert.NotContains(t, page, "Leave me in peace")
	assert.Equal(t, "given", one[string](s, `SELECT state FROM consents WHERE customer_id = $1`, customer), "she leaves nothing")
	until := one[time.Time](s, `SELECT until_at FROM pauses WHERE scope = 'customer_topic' AND target = $1 || '/offers'`, customer)
	assert.Equal(t, s.wall.now().Add(30*24*time.Hour).UTC(), until.UTC())
	assert.Equal(t, journey.PlanHold, s.step(enrollment, journey.CauseWake).Kind)
	s.form(link, "pause=1")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM pauses`), "asking again does not make it longer")

	s.wall.pass(10 * 24 * time.Hour)
	assert.Empty(t, s.claim())
	assert.NotContains(t, s.form(link, "resume=1").body, "We do, until")
	s.step(enrollment, journey.CauseWake)
	due := one[time.Time](s, `SELECT due_at FROM enrollments WHERE id = $1`, enrollment)
	assert.WithinDuration(t, s.wall.now().Add(5*24*time.Hour), due, time.Minute, "the five days go on where they stood")
	for _, name := range []string{"Customer Paused", "Customer Resumed"} {
		proof := one[m](s, `SELECT properties FROM events WHERE name = $1`, name)
		assert.Equal(t, "ada@example.com", proof["address"])
		assert.NotEmpty(t, proof["wording"])
	}
	exported := s.call(journey.RoleSupport, http.MethodGet, "/api/customers/"+customer+"/export", nil)
	assert.Contains(t, exported.body, "she asked for it", "it stands in her export")
	s.must(journey.RoleSupport, http.MethodPost, "/api/customers/"+customer+"/topics/offers/pause", m{"reason": "a death in the family"})
	s.form(link, "resume=1")
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM pauses WHERE ended_at IS NULL`), "what support paused is not hers to end")
}

const askAgain = `journey: ask-again
name: Ask again
topic: transactional
why: Somebody asked for our letters with this address.
enter: { when: { event: Signed Up } }
reentry: never
topics: { news: { name: News, double_opt_in: true } }
steps: [ { send: is-it-you } ]
`

// A topic with double opt-in is written about only after the link in a mail to her present address was confirmed.
func TestDoubleOptIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("ask-again", askAgain, map[string]string{"is-it-you.html": "---\nsubject: Was it you?\n---\n<p><a href=\"{{ confirm_url }}\">Yes</a></p>\n"})
	customer, _, sent := s.asked("ada")
	s.identify("ada", m{"topics": m{"news": true}})
	link := s.link(journey.TokenConfirm, sent[0], 0)
	page := s.call("", http.MethodGet, link, nil).body
	assert.Contains(t, page, "at ada@example.com")
	assert.Contains(t, page, "<li>News</li>")
	assert.Equal(t, "given", one[string](s, `SELECT state FROM consents WHERE topic = 'news'`), "looking confirms nothing")
	assert.Contains(t, s.call("", http.MethodGet, s.link(journey.TokenPreferences, sent[0], 0), nil).body, "Waits for your confirmation")
	assert.Contains(t, s.form(link, "").body, "Thank you")
	assert.Equal(t, "confirmed", one[string](s, `SELECT state FROM consents WHERE topic = 'news'`))
	assert.Equal(t, "confirmed confirmation link Yes, I would like to receive this by e-mail at ada@example.com: ada@example.com",
		one[string](s, `SELECT state || ' ' || source || ' ' || wording || ' ' || address FROM consent_changes WHERE topic = 'news' ORDER BY id DESC LIMIT 1`))
	assert.Equal(t, true, one[m](s, `SELECT properties FROM events WHERE name = 'Topic Subscribed' ORDER BY seq DESC LIMIT 1`)["confirmed"])
	s.apply()
	s.form(link, "")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM consent_changes WHERE topic = 'news' AND customer_id = $1`, customer), "again has no effect")
	assert.Contains(t, s.call("", http.MethodGet, link, nil).body, "nothing left to confirm")

	s.identify("ada", m{"email": "ada@elsewhere.example"})
	got := s.form(link, "")
	assert.Equal(t, 410, got.status)
	assert.Contains(t, got.body, "another address")
}

func TestWhyDidIGetThis(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", strings.Replace(winBack, "topic: offers\n", "topic: offers\nwhy: You had not been here for a while.\n", 1), winBackFiles)
	_, _, sent := s.asked("ada")
	link := s.link(journey.TokenPreferences, sent[0], 0)
	page := s.call("", http.MethodGet, link, nil).body
	for _, part := range []string{"Why did I get this mail?", "“About we-miss-you”", "You had not been here for a while.", "You said yes to “Offers and news” on"} {
		assert.Contains(t, page, part)
	}
	assert.Contains(t, s.form(link, "shown=offers&days=0").body, "have left it since")
}

// What a topic is called and why she was written to stand in her language on every page that names them.
func TestTopicsAndWhyInHerLanguage(t *testing.T) {
	t.Parallel()
	s := open(t)
	source := strings.Replace(winBack, "topic: offers\n", "topic: offers\nwhy: You had not been here for a while.\nlocales: { fr: { why: On ne vous avait plus vue. } }\n", 1)
	s.publish("win-back", strings.Replace(source, "{ name: Offers and news }", "{ name: Offers and news, locales: { fr: { name: Offres et nouvelles } } }", 1), winBackFiles)
	s.must(journey.RoleMarketer, http.MethodPut, "/api/topics/news", m{"name": "News", "double_opt_in": true, "locales": m{"fr": m{"name": "Nouvelles"}, "fr-CA": m{"name": "Nouveautés"}}})
	_, _, sent := s.asked("ada")
	s.identify("ada", m{"locale": "fr-FR", "topics": m{"news": true}})
	for kind, says := range map[journey.TokenKind][]string{
		journey.TokenUnsubscribe: {"Offres et nouvelles"}, journey.TokenConfirm: {"<li>Nouvelles</li>"},
		journey.TokenPreferences: {"<span>Offres et nouvelles</span>", "On ne vous avait plus vue.", "dit oui à « Offres et nouvelles »", "<span>Nouvelles<small>"},
	} {
		page := s.call("", http.MethodGet, s.link(kind, sent[2], 0), nil).body
		for _, part := range says {
			assert.Contains(t, page, part)
		}
		assert.NotContains(t, page, `lang="en"`)
	}
	s.identify("ada", m{"locale": "fr_CA"})
	assert.Contains(t, s.call("", http.MethodGet, s.link(journey.TokenConfirm, sent[2], 0), nil).body, "<li>Nouveautés</li>")

	// A journey that declares the topic without other languages leaves those that there are.
	s.publish("win-back", winBack, winBackFiles)
	topics := s.must(journey.RoleViewer, http.MethodGet, "/api/topics", nil).json["data"].([]any)
	assert.Equal(t, m{"fr": m{"name": "Offres et nouvelles"}}, topics[1].(m)["locales"])
	got := s.call(journey.RoleMarketer, http.MethodPut, "/api/topics/news", m{"name": "", "locales": m{"French": m{"name": "x"}, "fr": m{"name": " "}}})
	assert.Equal(t, 422, got.status)
	for _, part := range []string{"name: is missing", "locales.French: is no locale", "locales.fr.name: is missing"} {
		assert.Contains(t, got.problems(), part)
	}
}
