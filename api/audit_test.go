package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// act is one request that changes something, as who may.
type act struct {
	role         journey.Role
	method, path string // of the document
	at           string // the path with what it names
	body         any
	headers      []string
}

// unaudited are the paths whose success leaves no entry in the audit, each with what says the same instead.
func unaudited() map[string]string {
	const stream = "the event itself is kept, with the key that sent it; it is not a deed of a colleague"
	const replied = "the task that it becomes, and Message Replied in her stream"
	return map[string]string{
		"POST /v1/identify": stream, "POST /v1/track": stream, "POST /v1/page": stream, "POST /v1/screen": stream, "POST /v1/group": stream,
		"POST /v1/alias": stream, "POST /v1/batch": stream,
		"POST /api/journeys/{key}/plan": "changes nothing", "POST /api/journeys/{key}/simulate": "changes nothing", "POST /api/segments/preview": "changes nothing",
		"POST /s/{token}": "Survey Answered in her stream", "POST /back/{token}": "Customer Returned in her stream", "POST /test-link": "does nothing",
		"POST /hooks/mail/generic": "Message Bounced in her stream", "POST /hooks/mail/ses": "Message Bounced in her stream",
		"POST /hooks/mail/postmark": "Message Bounced in her stream",
		"POST /hooks/reply/generic": replied, "POST /hooks/reply/postmark": replied, "POST /hooks/reply/sendgrid": replied, "POST /hooks/reply/mailgun": replied,
		"POST /hooks/in/{source}": "the source's deliveries, and its events in her stream", "POST /api/sources/{key}/try": "changes nothing",
	}
}

// Every path of the document that changes something leaves an entry in the audit when it has succeeded, in the same transaction, or
// stands above with the reason why not. A new path fails here until it does one or the other.
func TestEveryChangeStandsInTheAudit(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering, withTests)
	covered := unaudited()
	for _, a := range s.acts() {
		before := one[int](s, `SELECT count(*) FROM audit`)
		got := s.call(a.role, a.method, a.at, a.body, a.headers...)
		if !assert.Less(t, got.status, 300, "%s %s: %s", a.method, a.at, got.body) {
			continue
		}
		assert.Greater(t, one[int](s, `SELECT count(*) FROM audit`), before, "%s %s leaves no entry", a.method, a.path)
		covered[a.method+" "+a.path] = "audited"
	}
	for path, item := range document(t, s).Paths.Map() {
		for method := range item.Operations() {
			if method != http.MethodGet {
				assert.NotEmpty(t, covered[method+" "+path], "%s %s is not walked: say in acts how it succeeds, or in unaudited why it leaves nothing", method, path)
				delete(covered, method+" "+path)
			}
		}
	}
	assert.Empty(t, covered, "paths that are no longer in the document")
}

func (s *shop) acts() []act {
	const post, put, del = http.MethodPost, http.MethodPut, http.MethodDelete
	const support, marketer, admin, ingest = journey.RoleSupport, journey.RoleMarketer, journey.RoleAdmin, journey.RoleIngest
	s.publish("win-back", winBack, winBackFiles)
	s.publish("account", account, accountFiles)
	s.publish("held", "journey: held\nname: Held\ntopic: offers\nenter: { when: api }\nreentry: always\npools: { printed: {} }\nsteps: [ { wait: 1d, id: first }, { wait: 2d, id: second } ]\n", nil)
	customer, enrollment, sent := s.asked("ada")
	s.enter("eve")
	s.must(ingest, post, "/api/journeys/held/enrollments", m{"customer": "user:ada"})
	inHeld := one[string](s, `SELECT id FROM enrollments WHERE journey_key = 'held'`)
	s.step(inHeld, journey.CauseStart)
	code := one[string](s, `SELECT code FROM coupons WHERE customer_id = $1`, customer)
	task := journey.NewID(journey.PrefixTask)
	s.exec(`INSERT INTO tasks (id, customer_id, enrollment_id, step, visit, title, team, created_at) VALUES ($1, $2, $3, 'x', 1, 'Call her', 'support', $4)`, task, customer, enrollment, s.wall.now())
	open := journey.NewID(journey.PrefixTask)
	s.exec(`INSERT INTO tasks (id, customer_id, enrollment_id, step, visit, title, team, created_at) VALUES ($1, $2, $3, 'y', 1, 'Call her', 'support', $4)`, open, customer, enrollment, s.wall.now())
	user := s.must(admin, post, "/api/users", m{"email": "tom@oak.example", "name": "Tom", "role": "support"}).json["id"].(string)
	s.exec(`UPDATE enrollments SET held = 'Temporal is ahead' WHERE id = $1`, inHeld)
	s.group("ada", "acme", m{"name": "Acme"})
	s.exec(`INSERT INTO topics (key, name, double_opt_in) VALUES ('news', 'News', true)`)
	s.exec(`INSERT INTO consents (customer_id, topic, state, changed_at) VALUES ($1, 'news', 'given', $2)`, customer, s.wall.now())
	key := s.must(admin, post, "/api/keys", m{"name": "old", "role": "viewer"}).json["id"].(string)
	hook := s.must(admin, post, "/api/webhooks", m{"url": "https://crm.example.com/in", "events": []string{"Survey Answered"}}).json["id"].(string)
	s.exec(`INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by)
		VALUES ('apr_1', 'win-back', 1, 'asked', 12000, 1000, $1, 'key_other'), ('apr_2', 'held', 1, 'stopped', 12000, 1000, $1, 'key_other')`, s.wall.now())
	s.exec(`UPDATE audiences SET share = 1, share_at = asked_at, decided_at = asked_at WHERE id = 'apr_2'`)
	dry := s.call(marketer, post, "/api/imports?name=a.csv&dry_run=true", "email\nbo@example.com\n", "Content-Type", "text/csv")
	require.Less(s.t, dry.status, 300, dry.body)
	stopped := s.call(marketer, post, "/api/imports?name=b.csv&dry_run=true", "email\nco@example.com\n", "Content-Type", "text/csv")
	require.Less(s.t, stopped.status, 300, stopped.body)
	s.exec(`INSERT INTO breakers (lane, domain, why, until_wall) VALUES ($1, 'slow.example', 'put_off', $2::timestamptz + interval '1 hour')`,
		journey.LaneMarketing, s.wall.now())
	her, hers := "/api/customers/{id}", "/api/customers/"+customer
	e := "/api/enrollments/" + inHeld
	form, csv := []string{"Content-Type", "application/x-www-form-urlencoded"}, []string{"Content-Type", "text/csv"}
	acts := []act{
		{marketer, put, "/api/journeys/{key}", "/api/journeys/held", "journey: held\nname: Held\ntopic: offers\nenter: { when: api }\nreentry: always\nsteps: [ { wait: 1d, id: first }, { send: hello } ]\n", []string{"Content-Type", "application/yaml"}},
		{support, post, "/api/send", "/api/send", m{"message": "account/password-changed", "customer": "user:ada", "properties": m{"device": "phone"}}, []string{"Idempotency-Key", "one"}},
		{marketer, post, "/api/imports", "/api/imports?name=c.csv", "email\nflo@example.com\n", csv},
		{marketer, post, "/api/coupon-pools/{key}/codes.csv", "/api/coupon-pools/printed/codes.csv", "TWO\n", csv},
		{"", post, "/preferences/{token}", s.link(journey.TokenPreferences, sent[0], 0), "days=7", form},
		{"", post, "/confirm/{token}", s.link(journey.TokenConfirm, sent[0], 0), "", form},
		{support, post, "/api/messages/{id}/resend", "/api/messages/" + sent[0] + "/resend", m{"reason": "x"}, nil},
		{"", post, "/u/{token}", s.link(journey.TokenUnsubscribe, sent[0], 0), "List-Unsubscribe=One-Click", form},
		{support, post, her + "/topics", hers + "/topics", m{"topics": m{"offers": true}, "wording": "by phone"}, nil},
	}
	for _, a := range []struct {
		role             journey.Role
		method, path, at string
		body             any
	}{
		{marketer, put, "/api/journeys/{key}/templates/{file}", "/api/journeys/held/templates/hello.html", m{"text": "---\nsubject: Hello\n---\n<p>Hello</p>\n"}},
		{marketer, post, "/api/journeys/{key}/draft/undo", "/api/journeys/held/draft/undo", m{}}, {marketer, post, "/api/journeys/{key}/draft/redo", "/api/journeys/held/draft/redo", nil},
		{marketer, post, "/api/journeys/{key}/publish", "/api/journeys/held/publish", m{"in_flight": "keep"}},
		{marketer, post, "/api/journeys/{key}/pause", "/api/journeys/held/pause", m{"reason": "x"}},
		{marketer, post, "/api/journeys/{key}/resume", "/api/journeys/held/resume", m{}},
		{marketer, del, "/api/journeys/{key}/templates/{file}", "/api/journeys/account/templates/password-changed.html", nil},
		{marketer, post, "/api/images", "/api/images?title=dot.gif", dot},
		{marketer, del, "/api/images/{name}", "/api/images/" + nameOf(dot, "gif"), nil},
		{marketer, post, "/api/journeys/{key}/test", "/api/journeys/account/test", m{"to": []string{"ann@example.com"}}},
		{ingest, post, "/api/journeys/{key}/enrollments", "/api/journeys/held/enrollments", m{"customer": "user:eve"}},
		{ingest, post, "/api/coupons/redeem", "/api/coupons/redeem", m{"code": code, "order_id": "o-1"}},
		{marketer, post, "/api/coupon-pools", "/api/coupon-pools", m{"key": "summer"}},
		{marketer, put, "/api/coupon-pools/{key}", "/api/coupon-pools/printed", m{"low_water": 3}},
		{marketer, post, "/api/coupon-pools/{key}/codes", "/api/coupon-pools/printed/codes", m{"codes": []string{"ONE"}}},
		{marketer, put, "/api/surveys/{key}", "/api/surveys/how", m{"question": "How was it?", "kind": "text"}},
		{marketer, put, "/api/segments/{key}", "/api/segments/big", m{"attribute": "total_spent", "gte": 100}},
		{marketer, del, "/api/segments/{key}", "/api/segments/big", nil},
		{marketer, post, "/api/imports/{id}/start", "/api/imports/" + dry.json["id"].(string) + "/start", m{}},
		{marketer, del, "/api/imports/{id}", "/api/imports/" + stopped.json["id"].(string), nil},
		{support, post, her + "/pause", hers + "/pause", m{"reason": "x"}}, {support, post, her + "/resume", hers + "/resume", m{}},
		{support, post, her + "/coupons", hers + "/coupons", m{"pool": "comeback", "reason": "x"}},
		{support, post, her + "/notes", hers + "/notes", m{"text": "moves house"}},
		{support, post, her + "/topics", hers + "/topics", m{"topics": m{"offers": false}, "reason": "x"}},
		{support, post, her + "/topics/{topic}/pause", hers + "/topics/offers/pause", m{"reason": "x"}},
		{support, post, her + "/topics/{topic}/resume", hers + "/topics/offers/resume", m{}},
		{support, post, her + "/address", hers + "/address", m{"email": "ada@new.example", "reason": "x"}},
		{support, put, "/api/accounts/{id}", "/api/accounts/account:acme", m{"attributes": m{"plan": "big"}}},
		{support, put, "/api/accounts/{id}/members/{customer}", "/api/accounts/account:acme/members/user:ada", m{"role": "finance"}},
		{admin, post, "/api/enrollments/{id}/release", e + "/release", m{}},
		{support, post, "/api/enrollments/{id}/pause", e + "/pause", m{"reason": "x"}}, {support, post, "/api/enrollments/{id}/resume", e + "/resume", m{}},
		{support, post, "/api/enrollments/{id}/move", e + "/move", m{"to": "second", "reason": "x"}},
		{support, post, "/api/enrollments/{id}/skip", e + "/skip", m{"reason": "x"}}, {support, post, "/api/enrollments/{id}/exit", e + "/exit", m{"reason": "x"}},
		{support, post, "/api/tasks/{id}/claim", "/api/tasks/" + task + "/claim", m{}},
		{support, post, "/api/tasks/{id}/release", "/api/tasks/" + task + "/release", nil},
		{support, post, "/api/tasks/{id}/notes", "/api/tasks/" + task + "/notes", m{"text": "no answer"}},
		{support, post, "/api/tasks/{id}/done", "/api/tasks/" + task + "/done", m{"outcome": "reached"}},
		{support, post, "/api/tasks/{id}/claim", "/api/tasks/" + open + "/claim", nil}, {support, post, "/api/tasks/{id}/notes", "/api/tasks/" + open + "/notes", m{"text": "no answer"}},
		{support, post, "/api/tasks/{id}/release", "/api/tasks/" + open + "/release", nil},
		{admin, post, "/api/users", "/api/users", m{"email": "mara@oak.example", "name": "Mara", "role": "support"}},
		{admin, put, "/api/users/{id}", "/api/users/" + user, m{"role": "marketer"}}, {admin, post, "/api/users/{id}/link", "/api/users/" + user + "/link", m{}},
		{admin, put, "/api/reports/settings", "/api/reports/settings", m{"loss": m{"by": "no_order", "days": 30}}}, {admin, post, "/api/reports/count", "/api/reports/count", m{}},
		{admin, post, "/api/keys", "/api/keys", m{"name": "shop", "role": "ingest"}}, {admin, del, "/api/keys/{id}", "/api/keys/" + key, nil},
		{marketer, put, "/api/topics/{key}", "/api/topics/club", m{"name": "The club"}},
		{admin, post, "/api/sending/breakers/close", "/api/sending/breakers/close", m{"lane": journey.LaneMarketing, "domain": "slow.example"}},
		{admin, put, "/api/switch", "/api/switch", m{"daily_ceiling": 4}},
		{marketer, put, "/api/switch/{scope}/{target}", "/api/switch/journey/held", m{"reason": "x"}}, {marketer, del, "/api/switch/{scope}/{target}", "/api/switch/journey/held", nil},
		{admin, put, "/api/suppressions/{address}", "/api/suppressions/lost@example.com", m{"reason": "x"}}, {admin, del, "/api/suppressions/{address}", "/api/suppressions/lost@example.com?reason=a+mistake", nil},
		{admin, post, "/api/webhooks", "/api/webhooks", m{"url": "https://crm.example.com/two", "events": []string{"Survey Answered"}}},
		{admin, put, "/api/webhooks/{id}", "/api/webhooks/" + hook, m{"url": "https://crm.example.com/three"}},
		{admin, post, "/api/webhooks/{id}/replay", "/api/webhooks/" + hook + "/replay", m{"since": s.wall.now().Add(-journey.Day)}},
		{admin, post, "/api/webhooks/{id}/test", "/api/webhooks/" + hook + "/test", m{}}, {admin, del, "/api/webhooks/{id}", "/api/webhooks/" + hook, nil},
		{admin, put, "/api/teams/{key}", "/api/teams/care", m{"name": "Care", "emails": []string{"care@example.com"}}}, {admin, del, "/api/teams/{key}", "/api/teams/care", nil},
		{marketer, put, "/api/rfm", "/api/rfm", m{"recency": []string{"7d", "14d", "30d", "90d"}, "frequency": []int{2, 3, 4, 5}, "monetary": []int{10, 20, 30, 40}}},
		{admin, put, "/api/sources/{key}", "/api/sources/shop", m{"preset": "shopify"}}, {admin, post, "/api/sources/{key}/secret", "/api/sources/shop/secret", m{}},
		{admin, del, "/api/sources/{key}", "/api/sources/shop", nil},
		{admin, put, "/api/endpoints/{key}", "/api/endpoints/billing", m{"url": "https://billing.example.com/x"}}, {admin, del, "/api/endpoints/{key}", "/api/endpoints/billing", nil},
		{admin, post, "/api/pause", "/api/pause", m{"reason": "x"}}, {admin, post, "/api/resume", "/api/resume", m{}},
		{marketer, post, "/api/topics/{key}/pause", "/api/topics/offers/pause", m{"reason": "x"}}, {marketer, post, "/api/topics/{key}/resume", "/api/topics/offers/resume", m{}},
		{admin, post, "/api/approvals/{id}", "/api/approvals/apr_1", m{"refuse": true, "reason": "x"}},
		{marketer, post, "/api/journeys/{key}/ramp/resume", "/api/journeys/held/ramp/resume", m{"reason": "x"}},
		{marketer, post, "/api/journeys/{key}/ramp", "/api/journeys/win-back/ramp", m{}},
		{marketer, post, "/api/journeys/{key}/archive", "/api/journeys/held/archive", m{}},
		{marketer, post, "/api/journeys/{key}/restore", "/api/journeys/account/restore", m{"version": 1}},
		{support, del, her, hers, m{"reason": "her letter"}},
	} {
		acts = append(acts, act{a.role, a.method, a.path, a.at, a.body, nil})
	}
	return acts
}

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.sql.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// Whoever connects as the product can add to the audit and not change it; an erasure takes out what tells of her, and nothing else.
func TestTheAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleAdmin, http.MethodPut, "/api/switch", m{"daily_ceiling": 4})
	for _, sql := range []string{
		`DELETE FROM audit`, `TRUNCATE audit`, `UPDATE audit SET actor = 'nobody'`, `UPDATE audit SET detail = '{"daily_ceiling": 5}'`,
		`UPDATE audit SET target = 'other', detail = '{}'`, `UPDATE audit SET at = at - interval '1 day', detail = '{}'`,
	} {
		_, err := s.sql.Exec(t.Context(), sql)
		assert.ErrorContains(t, err, "append-only", sql)
	}
	assert.NotZero(t, one[int](s, `SELECT count(*) FROM audit WHERE verb LIKE 'switch%' OR verb LIKE 'installation%' OR detail <> '{}'`))
}

func TestSupportChangesAnAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _ := s.enter("ada")
	s.exec(`INSERT INTO topics (key, name, double_opt_in) VALUES ('news', 'News', true)`)
	s.exec(`INSERT INTO consents (customer_id, topic, state, changed_at) VALUES ($1, 'news', 'confirmed', $2)`, customer, s.wall.now())
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/ada@example.com", m{"reason": "bounced by post"})
	path := "/api/customers/" + customer + "/address"

	kept := s.must(journey.RoleSupport, http.MethodPost, path, m{"email": "Ada@New.example", "reason": "she called", "keep_consents": true, "wording": "offers and news to the new address, by phone"})
	assert.Equal(t, "ada@example.com", kept.json["was"])
	assert.Equal(t, "news given, offers given", one[string](s, `SELECT string_agg(topic || ' ' || state, ', ' ORDER BY topic) FROM consents WHERE customer_id = $1`, customer), "what was confirmed has to be confirmed again")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM consent_changes WHERE source = 'change of address' AND lower(address) = 'ada@new.example' AND wording LIKE '%by phone'`))
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM suppressions`), "that of the old address stays")
	assert.NotEmpty(t, s.deliver(), "the new one is not suppressed")
	s.apply()

	s.must(journey.RoleSupport, http.MethodPost, path, m{"email": "ada@third.example", "reason": "she wrote"})
	assert.Equal(t, "news withdrawn, offers withdrawn", one[string](s, `SELECT string_agg(topic || ' ' || state, ', ' ORDER BY topic) FROM consents WHERE customer_id = $1`, customer), "nobody said that the third may be written to")
	s.apply()
	c := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/"+customer, nil)
	assert.Equal(t, "ada@third.example", c.json["email"])
	assert.Equal(t, "ada@third.example", c.json["attributes"].(m)["email"])
	assert.Contains(t, s.timeline(customer), "has another address: ada@third.example, by support of the test: she wrote")
	s.must(journey.RoleSupport, http.MethodPost, path, m{"email": "ada@third.example", "reason": "again"})
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM events WHERE name = 'Address Changed'`), "the same is no change")
}
