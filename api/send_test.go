package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
	"perennial/templates"
)

const account = `journey: account
name: Your account
topic: transactional
enter: { when: api }
topics: { offers: { name: Offers and news } }
pools: { comeback: { alphabet: ABCDEFGHJKLMNPQRSTUVWXYZ, length: 10 } }
steps:
  - send: { message: password-changed, reply_to: help@example.com, expires: 2d }
  - send: { message: did-you-know, topic: offers }
  - coupon: { pool: comeback, as: sorry, when_empty: go_on }
  - send: sorry
`

var accountFiles = map[string]string{
	"password-changed.html": "---\nsubject: Your password, {{ customer.first_name }}\n---\n<p>Changed from {{ trigger.device }}.</p>",
	"did-you-know.html":     "---\nsubject: Did you know\n---\n<p>That.</p>",
	"sorry.html":            "---\nsubject: Sorry\n---\n<p>Take {{ (coupon \"sorry\").code }}</p>",
}

// rendering is the real rendering of messages, as the program hands it in.
func rendering(v journey.Version, c journey.Claimed) (journey.Rendered, error) {
	def, problems := journey.Parse("journey.yaml", []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return journey.Rendered{}, problems.Errors()
	}
	set, problems := templates.Compile(def, v.Files)
	if set == nil {
		return journey.Rendered{}, problems.Errors()
	}
	m, err := set.Render(c.Message.Template, templates.Data{Customer: c.Customer, Account: c.Account, Trigger: c.Message.Data.Trigger,
		Coupons: c.Coupons, Brand: journey.Brand{Name: "Oak & Linen", Zone: time.UTC}})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text}, nil
}

func withRendering(d *api.Deps) { d.Control.Render = rendering }

// transactional takes and sends what is due in the lane of receipts.
func (s *shop) transactional() []journey.Claimed {
	s.t.Helper()
	list, err := s.store.ClaimMessages(s.t.Context(), journey.ClaimOptions{Lane: journey.LaneTransactional, Limit: 100, Lease: time.Minute, Sandbox: true})
	require.NoError(s.t, err)
	return list
}

func (s *shop) identify(user string, traits m) {
	s.t.Helper()
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": user, "traits": traits})
	s.apply()
}

func (s *shop) send(role journey.Role, key, message, customer string, properties m) reply {
	s.t.Helper()
	var headers []string
	if key != "" {
		headers = []string{"Idempotency-Key", key}
	}
	return s.call(role, http.MethodPost, "/api/send", m{"message": message, "customer": customer, "properties": properties}, headers...)
}

func TestOneTransactionalMail(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	s.identify("ada", m{"email": "ada@example.com", "first_name": "Ada"})

	sent := s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", m{"device": "a phone"})
	require.Equal(t, 202, sent.status, sent.body)
	assert.Equal(t, "queued", sent.json["state"])
	id := sent.json["message"].(string)
	again := s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", m{"device": "a phone"})
	assert.Equal(t, id, again.json["message"])
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	assert.Equal(t, 422, s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", m{"device": "another"}).status, "the key with another body")

	claimed := s.transactional()
	require.Len(t, claimed, 1)
	c := claimed[0].Message
	assert.Equal(t, id, c.ID)
	assert.Equal(t, map[string]any{"device": "a phone"}, c.Data.Trigger)
	assert.Equal(t, "help@example.com", c.ReplyTo)
	assert.Equal(t, 48*time.Hour, c.ExpiresAt.Sub(c.NotBefore))
	fence := journey.Fence{ID: c.ID, Attempt: c.Attempt}
	pass, err := s.store.ReachDot(t.Context(), true, []journey.Dot{{Fence: fence, Address: "ada@example.com", Subject: "Your password, Ada", Bytes: mail(claimed[0])}})
	require.NoError(t, err)
	require.True(t, pass[c.ID])
	require.NoError(t, s.store.RecordReplies(t.Context(), []journey.Reply{{Fence: fence, Outcome: journey.Outcome{Kind: journey.OutcomeAccepted, Code: 250}}}))
	s.apply()
	view := s.must(journey.RoleSupport, http.MethodGet, "/api/messages/"+id, nil)
	assert.Equal(t, "accepted", view.json["state"])
	assert.Contains(t, view.json["text"], "Hello Ada")
	assert.Contains(t, s.timeline(s.customer("ada")), "sent “Your password, Ada” (message password-changed)")
	assert.Equal(t, 1.0, s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/account/report", nil).json["messages"].([]any)[0].(m)["sent"])
	assert.Equal(t, 0.0, s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/account/report", nil).json["entered"])
}

func (s *shop) customer(user string) string {
	s.t.Helper()
	return s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:"+user, nil).json["id"].(string)
}

func TestOneMailIsRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	s.publish("win-back", winBack, winBackFiles)
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/draft", m{"journey": strings.Replace(account, "journey: account", "journey: draft", 1), "files": accountFiles})
	s.identify("ada", m{"email": "ada@example.com"})
	for _, c := range []struct {
		name, message, customer string
		status                  int
		says                    string
	}{
		{"no such customer", "account/password-changed", "user:nobody", 404, "no customer"},
		{"no customer", "account/password-changed", "", 422, "customer"},
		{"a newsletter", "account/did-you-know", "user:ada", 422, "account/password-changed"},
		{"a message of another journey", "win-back/we-miss-you", "user:ada", 422, "topic transactional"},
		{"the mail of a survey", "win-back/how-are-we", "user:ada", 422, "not transactional"},
		{"no such message", "account/nothing", "user:ada", 422, "sends no message"},
		{"no such journey", "nothing/hello", "user:ada", 422, "no live journey"},
		{"a draft", "draft/password-changed", "user:ada", 422, "no live journey"},
		{"not a name", "password-changed", "user:ada", 422, "journey/message"},
		{"a coupon that nobody has", "account/sorry", "user:ada", 422, "sorry"},
	} {
		got := s.send(journey.RoleIngest, "key of "+c.name, c.message, c.customer, nil)
		assert.Equal(t, c.status, got.status, "%s: %s", c.name, got.body)
		assert.Contains(t, got.body, c.says, c.name)
	}
	without := s.send(journey.RoleIngest, "", "account/password-changed", "user:ada", nil)
	assert.Equal(t, 422, without.status)
	assert.Contains(t, without.body, "Idempotency-Key")
	assert.Equal(t, 403, s.send(journey.RoleMarketer, "k", "account/password-changed", "user:ada", nil).status)
	assert.Zero(t, one[int](s, `SELECT count(*) FROM messages`))
}

func TestOneMailThatCannotBeSentSaysWhy(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	s.identify("ada", m{"email": "ada@example.com"})
	s.identify("bea", m{"first_name": "Bea"})
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/ada@example.com", m{"reason": "she asked"})
	for user, reason := range map[string]string{"ada": "suppressed", "bea": "no_address"} {
		got := s.send(journey.RoleSupport, "to "+user, "account/password-changed", "user:"+user, nil)
		require.Equal(t, 202, got.status, got.body)
		assert.Equal(t, "dropped", got.json["state"])
		assert.Equal(t, reason, got.json["reason"])
		s.apply()
		assert.Contains(t, s.timeline(s.customer(user)), got.json["words"])
		assert.Equal(t, reason, s.must(journey.RoleViewer, http.MethodGet, "/api/messages/"+got.json["message"].(string), nil).json["reason"])
	}
	assert.Empty(t, s.transactional())
}

// A process that died after it had stored the mail, or before it had stored the answer, does not make two of it.
func TestOneMailIsOneWhateverDiesInBetween(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	s.identify("ada", m{"email": "ada@example.com"})
	first := s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", nil)
	require.Equal(t, 202, first.status)
	_, err := s.sql.Exec(t.Context(), `UPDATE idempotency SET status = 0, response = ''`)
	require.NoError(t, err)
	assert.Equal(t, 409, s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", nil).status, "perhaps it is still at it")
	s.wall.pass(2 * time.Minute)
	second := s.send(journey.RoleIngest, "pw-1", "account/password-changed", "user:ada", nil)
	assert.Equal(t, first.json["message"], second.json["message"])
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM messages`))

	_, err = s.sql.Exec(t.Context(), `DELETE FROM idempotency`)
	require.NoError(t, err)
	ids, got := make([]any, 8), sync.WaitGroup{}
	for i := range ids {
		got.Go(func() {
			ids[i] = s.send(journey.RoleIngest, fmt.Sprint("pw-", i%2), "account/password-changed", "user:ada", nil).json["message"]
		})
	}
	got.Wait()
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM messages`), "pw-0 and pw-1")
	assert.Equal(t, 2, one[int](s, `SELECT count(DISTINCT message_id) FROM messages`))
	for i, id := range ids {
		if i%2 == 1 && id != nil { // nil: answered with 409 while the first was at it
			assert.Equal(t, first.json["message"], id)
		}
	}
}
