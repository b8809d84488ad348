package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

// canary is in everything that is hers, in its own form; nobody else has it.
const canary = "kanarienvogel"

// leaves reads the whole database as text and returns where the canary sits.
func (s *shop) leaves(words ...string) []string {
	s.t.Helper()
	rows, err := s.sql.Query(s.t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NoError(s.t, err)
	var tables, found []string
	for rows.Next() {
		var name string
		require.NoError(s.t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(s.t, rows.Err())
	require.Greater(s.t, len(tables), 20)
	for _, table := range tables {
		rows, err := s.sql.Query(s.t.Context(), `SELECT to_jsonb(t)::text FROM "`+table+`" t`)
		require.NoError(s.t, err)
		for rows.Next() {
			var row string
			require.NoError(s.t, rows.Scan(&row))
			for _, word := range words {
				if strings.Contains(strings.ToLower(row), word) || strings.Contains(row, hex.EncodeToString([]byte(word))) {
					found = append(found, table+": "+row)
				}
			}
		}
		require.NoError(s.t, rows.Err())
	}
	return found
}

// live gives a customer a life of which every part holds the canary, and returns her ids.
func (s *shop) live(user string) (customer, enrollment string) {
	s.t.Helper()
	who := "user:" + user
	path := "/api/customers/" + url.PathEscape(who)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"anonymousId": canary + "-visitor", "event": "Page Viewed", "properties": m{"url": "/" + canary}})
	s.apply()
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": user, "anonymousId": canary + "-visitor", "messageId": canary + "-m1", "traits": m{
		"email": canary + ".old@example.com", "first_name": canary, "last_name": canary, "nickname": canary, "topics": m{"offers": true}}, "context": m{"ip": canary}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": user, "traits": m{"email": canary + "@example.com"}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": user, "event": "Signed Up", "properties": m{"plan": canary}})
	s.apply()
	c := s.must(journey.RoleViewer, http.MethodGet, path, nil)
	customer = c.json["id"].(string)
	enrollment = c.json["enrollments"].([]any)[0].(m)["id"].(string)
	s.step(enrollment, journey.CauseStart)
	s.deliver()
	s.call("", http.MethodGet, s.link(journey.TokenClick, one[string](s, `SELECT max(id) FROM messages WHERE customer_id = $1`, customer), 0), nil)
	s.wait(enrollment) // coupon, offer, survey
	s.deliver()
	code := one[string](s, `SELECT code FROM coupons WHERE customer_id = $1`, customer)
	s.must(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": code, "order_id": canary + "-order"}, "Idempotency-Key", canary+"-redeem")
	survey := one[string](s, `SELECT id FROM messages WHERE customer_id = $1 AND survey_id <> ''`, customer)
	s.wall.pass(time.Hour)
	s.form(s.link(journey.TokenSurvey, survey, 0), "score=3&comment="+canary)
	s.apply()
	s.step(enrollment, journey.CauseWake) // the second survey is asked
	second := one[string](s, `SELECT id FROM messages WHERE customer_id = $1 AND template = 'tell-us'`, customer)
	s.deliver()
	s.wall.pass(time.Hour)
	s.form(s.link(journey.TokenSurvey, second, 0), "choice=no_need&comment="+canary)
	s.apply()
	s.step(enrollment, journey.CauseWake) // the task
	task := one[string](s, `SELECT id FROM tasks WHERE customer_id = $1`, customer)
	s.must(journey.RoleSupport, http.MethodPost, path+"/pause", m{"reason": canary + " is on holiday"}, "Idempotency-Key", canary+"-pause")
	s.must(journey.RoleSupport, http.MethodPost, path+"/resume", m{})
	s.must(journey.RoleSupport, http.MethodPost, path+"/pause", m{"reason": canary})
	s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+task+"/done", m{"outcome": "reached", "note": canary}, "Idempotency-Key", "t1")
	s.must(journey.RoleSupport, http.MethodPost, path+"/notes", m{"text": canary + " moves house"}, "Idempotency-Key", canary+"-note")
	s.must(journey.RoleSupport, http.MethodPost, path+"/topics", m{"topics": m{"offers": false}, "reason": canary})
	s.must(journey.RoleSupport, http.MethodPost, path+"/topics", m{"topics": m{"offers": true}, "wording": canary})
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/"+canary+"@example.com", m{"reason": canary + " asked", "scope": "all"})
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/"+canary+".old@example.com", m{"reason": canary, "scope": "marketing"})
	s.must(journey.RoleIngest, http.MethodPost, "/api/journeys/win-back/enrollments", m{"customer": who, "properties": m{"why": canary}}, "Idempotency-Key", canary+"-enroll")
	other := one[string](s, `SELECT id FROM enrollments WHERE customer_id = $1 ORDER BY id DESC LIMIT 1`, customer)
	s.must(journey.RoleSupport, http.MethodPost, "/api/enrollments/"+other+"/exit", m{"reason": canary})
	s.step(other, journey.CauseStart)
	s.must(journey.RoleIngest, http.MethodPost, "/api/journeys/win-back/enrollments", m{"customer": who, "properties": m{"why": canary}}, "Idempotency-Key", canary+"-enroll-2")
	s.must(journey.RoleSupport, http.MethodPost, "/api/send", m{"message": "account/password-changed", "customer": who, "properties": m{"device": canary}}, "Idempotency-Key", canary+"-send")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": user, "event": "Waiting", "messageId": canary + "-m2", "properties": m{"note": canary}})
	return customer, enrollment
}

func TestErasureTakesAllThatIsHers(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("account", account, accountFiles)
	bea, _ := s.enter("bea")
	user := canary + "/1"
	path := "/api/customers/" + url.PathEscape("user:"+user)
	customer, enrollment := s.live(user)
	held := s.leaves(canary)
	for _, table := range []string{"customers", "customer_ids", "events", "event_ids", "consent_changes", "enrollments", "step_log", "messages", "coupons",
		"survey_invites", "tasks", "notes", "pauses", "audit", "idempotency", "suppressions"} {
		assert.True(t, strings.Contains(strings.Join(held, "\n"), table+": "), "the life has left its trace in %s", table)
	}
	before := s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/win-back/report", nil)
	message := one[string](s, `SELECT max(id) FROM messages WHERE customer_id = $1 AND state = 'accepted'`, customer)
	events := one[int](s, `SELECT count(*) FROM events WHERE customer_id = $1`, bea)

	assert.Equal(t, 403, s.call(journey.RoleViewer, http.MethodDelete, path, m{"reason": "x"}).status)
	assert.Equal(t, 422, s.call(journey.RoleSupport, http.MethodDelete, path, m{}).status)
	assert.Contains(t, s.call(journey.RoleSupport, http.MethodDelete, path, m{"reason": "Kanarienvogel asked us"}).body, "names the customer")
	erased := s.must(journey.RoleSupport, http.MethodDelete, path, m{"reason": "her letter of 3 May"})
	require.Equal(t, 200, erased.status, erased.body)
	assert.Equal(t, "erased", erased.json["state"])
	assert.Equal(t, customer, erased.json["customer"])

	assert.Empty(t, s.leaves(canary))
	assert.NotContains(t, s.log.String(), canary)
	for _, gone := range []string{path, "/api/customers/" + customer, path + "/timeline", path + "/export", "/api/enrollments/" + enrollment, "/api/messages/" + message,
		"/api/customers/cus_erased", "/api/customers/cus_erased/timeline", "/api/events/" + canary + "-m1"} {
		assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodGet, gone, nil).status, gone)
	}
	for _, kind := range []journey.TokenKind{journey.TokenUnsubscribe, journey.TokenPreferences, journey.TokenView, journey.TokenSurvey, journey.TokenBack, journey.TokenClick} {
		assert.Equal(t, 404, s.call("", http.MethodGet, s.link(kind, message, 0), nil).status, "a link of her mail")
	}
	assert.Equal(t, 1, len(s.must(journey.RoleAdmin, http.MethodGet, "/api/customers?q=", nil).json["data"].([]any)), "Bea alone")
	assert.Equal(t, events, one[int](s, `SELECT count(*) FROM events WHERE customer_id = $1`, bea), "Bea's stream is as it was")
	assert.Empty(t, append(s.claim(), s.transactional()...), "nothing of hers is sent any more")
	d, err := s.store.Advance(t.Context(), enrollment, 99, journey.CauseTimer)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanDone, d.Kind, "her driver ends")
	s.apply()
	again := s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/"+customer, m{"reason": "once more"})
	assert.Equal(t, "erased", again.json["state"], "asking again says so")

	after := s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/win-back/report", nil)
	for _, counted := range []string{"entered", "holdout", "goal", "answers"} {
		assert.Equal(t, before.json[counted], after.json[counted], counted)
	}
	assert.Equal(t, before.json["messages"].([]any)[0].(m)["clicked"], after.json["messages"].([]any)[0].(m)["clicked"])
	assert.Equal(t, 2.0, after.json["exits"].(m)["erased"], "those she was in")
	assert.Equal(t, 1.0, after.json["exits"].(m)["support"], "a reason that a person wrote")
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "her letter of 3 May")
	s.stillSuppressed(user)
}

// stillSuppressed signs her up again with the same address.
func (s *shop) stillSuppressed(user string) {
	s.t.Helper()
	t := s.t
	key := one[[]byte](s, `SELECT token_key FROM settings`)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(canary + "@example.com"))
	assert.Equal(t, "all", one[string](s, `SELECT scope FROM suppressions WHERE address = $1`, "sealed:"+hex.EncodeToString(mac.Sum(nil))))
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM suppressions`))
	s.identify(user, m{"email": strings.ToUpper(canary[:1]) + canary[1:] + "@example.com", "topics": m{"offers": true}})
	anew := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/"+url.PathEscape("user:"+user), nil)
	assert.Contains(t, anew.json["suppressed"], "all: ")
	got := s.send(journey.RoleSupport, "anew", "account/password-changed", "user:"+user, nil)
	assert.Equal(t, "suppressed", got.json["reason"], got.body)
	s.identify("second", m{"email": canary + ".old@example.com", "topics": m{"offers": true}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": "second", "event": "Signed Up"})
	s.apply()
	id := one[string](s, `SELECT e.id FROM enrollments e JOIN customers c ON c.id = e.customer_id WHERE c.email LIKE '%.old@%'`)
	s.step(id, journey.CauseStart)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM step_log WHERE enrollment_id = $1 AND detail->>'reason' = 'suppressed'`, id), "offers are not sent to her")
	assert.Equal(t, "queued", s.send(journey.RoleSupport, "second", "account/password-changed", "user:second", nil).json["state"], "a receipt is")
	s.must(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/"+canary+"@example.com?reason=she+is+back&asked=true", nil)
	assert.Equal(t, "queued", s.send(journey.RoleSupport, "lifted", "account/password-changed", "user:"+user, nil).json["state"], "a person lifted it")
}

// What another customer has as well stays readable: it is hers.
func TestErasureLeavesWhatIsSomebodyElses(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	s.identify("ada", m{"email": "home@example.com", "first_name": "Ada"})
	s.identify("bea", m{"email": "Home@example.com", "first_name": "Bea"})
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/home@example.com", m{"reason": "they moved"})
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:ada", m{"reason": "a letter"})
	assert.Equal(t, "home@example.com", one[string](s, `SELECT address FROM suppressions`))
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:bea", m{"reason": "a letter"})
	assert.Contains(t, one[string](s, `SELECT address FROM suppressions`), "sealed:")
	assert.Empty(t, s.leaves("home@example.com", "\"ada\"", "\"bea\""))
}

// A mail between claim and reply: before the dot it does not pass, behind it its reply changes nothing any more.
func TestErasureStopsWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("account", account, accountFiles)
	for _, user := range []string{"claimed", "dotted"} {
		s.identify(user, m{"email": user + "@example.com"})
		s.send(journey.RoleSupport, user, "account/password-changed", "user:"+user, nil)
	}
	dots := map[string]journey.Dot{}
	for _, c := range s.transactional() {
		dots[c.Customer.ExternalID] = journey.Dot{Fence: journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}, Address: c.Customer.Email, Bytes: mail(c)}
	}
	require.Len(t, dots, 2)
	pass, err := s.store.ReachDot(t.Context(), true, []journey.Dot{dots["dotted"]})
	require.NoError(t, err)
	require.True(t, pass[dots["dotted"].ID])
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:claimed", m{"reason": "a letter"})
	told := s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:dotted", m{"reason": "a letter"})
	assert.Equal(t, []any{dots["dotted"].ID}, told.json["in_flight"])

	pass, err = s.store.ReachDot(t.Context(), true, []journey.Dot{dots["claimed"]})
	require.NoError(t, err)
	assert.False(t, pass[dots["claimed"].ID])
	for _, d := range dots {
		require.NoError(t, s.store.RecordReplies(t.Context(), []journey.Reply{{Fence: d.Fence, Address: d.Address,
			Outcome: journey.Outcome{Kind: journey.OutcomeFailed, Suppress: true, Code: 550, Text: "no " + d.Address}}}))
	}
	_, err = s.store.SweepDoubtful(t.Context(), journey.LaneTransactional)
	require.NoError(t, err)
	s.apply()
	assert.Empty(t, s.leaves("claimed@", "dotted@"))
	assert.Equal(t, "dropped", one[string](s, `SELECT state FROM messages WHERE id = $1`, dots["claimed"].ID))
	assert.Equal(t, "unknown", one[string](s, `SELECT state FROM messages WHERE id = $1`, dots["dotted"].ID))
}

func TestErasureFollowsAMerge(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.identify("old-ada", m{"email": canary + "@example.com"})
	s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:old-ada/pause", m{"reason": canary})
	s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:old-ada/resume", nil)
	before := s.customer("old-ada")
	s.identify("ada", m{"first_name": canary})
	require.NoError(t, s.store.MergeCustomers(t.Context(), "user:old-ada", "user:ada", "the test"))
	into := s.customer("old-ada")
	require.NotEqual(t, before, into)
	got := s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/"+before, m{"reason": "a letter"})
	assert.Equal(t, into, got.json["customer"], "she is the one whom she was merged into")
	assert.Empty(t, s.leaves(canary, "old-ada"))
	assert.Zero(t, one[int](s, `SELECT count(*) FROM customers WHERE id <> 'cus_erased'`))
}

// Merging, erasing and applying at once: whoever comes first, nothing of hers is left, and nothing stands still.
func TestErasureAgainstMergesAndTheInbox(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("account", account, accountFiles)
	for round := range 8 {
		user, visitor := fmt.Sprintf("%s-%d", canary, round), fmt.Sprintf("%s-v%d", canary, round)
		s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"anonymousId": visitor, "event": "Signed Up", "properties": m{"a": canary}})
		s.identify(user, m{"email": user + "@example.com", "topics": m{"offers": true}})
		s.identify(user+"-other", m{"email": user + "@example.com", "first_name": canary})
		s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": user, "anonymousId": visitor, "traits": m{"b": canary}})
		errs := make(chan error, 4)
		go func() { _, err := s.store.ApplyInbox(t.Context(), intake.Profile, 500); errs <- err }()
		go func() { errs <- s.store.MergeCustomers(t.Context(), "user:"+user, "user:"+user+"-other", "the test") }()
		go func() { _, err := s.store.ApplyInbox(t.Context(), intake.Profile, 500); errs <- err }()
		go func() {
			_, err := s.store.Erase(t.Context(), "user:"+user, "a letter", tester)
			errs <- err
		}()
		for range 4 {
			if err := <-errs; err != nil {
				require.Contains(t, []journey.Code{journey.CodeNotFound, journey.CodeUnavailable}, journey.CodeOf(err), "%v", err)
			}
		}
		s.apply()
		// What was accepted after the erasure is a new customer's, whom a second erasure takes.
		for _, ref := range one[[]string](s, `SELECT coalesce(array_agg(id), '{}') FROM customers WHERE merged_into IS NULL`) {
			_, err := s.store.Erase(t.Context(), ref, "a letter", tester)
			require.NoError(t, err)
		}
		require.Empty(t, s.leaves(canary))
		require.Zero(t, one[int](s, `SELECT count(*) FROM events WHERE applied_at IS NULL`))
	}
}

// Whatever breaks, in whichever table: the log names ids of ours, codes and tables, and nothing that a caller or a customer wrote.
func TestNothingOfHersIsLogged(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("account", account, accountFiles)
	s.live(canary)
	for _, table := range []string{"customers", "customer_ids", "events", "event_ids", "consents", "enrollments", "step_log", "messages", "coupons", "survey_invites",
		"tasks", "notes", "pauses", "audit", "suppressions", "erasures", "journeys", "versions", "idempotency"} {
		_, err := s.sql.Exec(t.Context(), `ALTER TABLE "`+table+`" RENAME TO gone`)
		require.NoError(t, err)
		for _, c := range []struct{ method, path, body string }{
			{http.MethodGet, "/api/customers/user:CANARY", ""}, {http.MethodGet, "/api/customers?q=CANARY", ""},
			{http.MethodGet, "/api/customers/user:CANARY/timeline", ""}, {http.MethodGet, "/api/customers/user:CANARY/export", ""},
			{http.MethodPost, "/api/customers/user:CANARY/pause", `{"reason": "CANARY"}`}, {http.MethodPost, "/api/customers/user:CANARY/topics", `{"topics": {"offers": true}, "wording": "CANARY"}`},
			{http.MethodGet, "/api/events/CANARY", ""}, {http.MethodGet, "/api/events?name=CANARY", ""}, {http.MethodGet, "/api/enrollments/enr_1", ""},
			{http.MethodPost, "/api/enrollments/enr_1/exit", `{"reason": "CANARY"}`}, {http.MethodGet, "/api/messages/msg_1", ""}, {http.MethodPost, "/api/tasks/tsk_1/done", `{"outcome": "CANARY"}`},
			{http.MethodPost, "/api/customers/user:CANARY/notes", `{"text": "CANARY"}`},
			{http.MethodPost, "/api/coupons/redeem", `{"code": "CANARY", "order_id": "CANARY", "customer": "user:CANARY"}`},
			{http.MethodPost, "/api/send", `{"message": "account/password-changed", "customer": "user:CANARY", "properties": {"device": "CANARY"}}`},
			{http.MethodPost, "/api/journeys/win-back/enrollments", `{"customer": "user:CANARY", "properties": {"x": "CANARY"}}`},
			{http.MethodPut, "/api/suppressions/CANARY@example.com", `{"reason": "CANARY"}`}, {http.MethodDelete, "/api/suppressions/CANARY@example.com", ""},
			{http.MethodPost, "/v1/identify", `{"userId": "CANARY", "messageId": "CANARY-log", "traits": {"email": "CANARY@example.com"}}`},
			{http.MethodDelete, "/api/customers/user:CANARY", `{"reason": "a letter"}`},
		} {
			s.broken(journey.RoleAdmin, c.method, strings.ReplaceAll(c.path, "CANARY", canary), strings.ReplaceAll(c.body, "CANARY", canary), "Idempotency-Key", canary+table+c.path)
		}
		_, err = s.sql.Exec(t.Context(), `ALTER TABLE gone RENAME TO "`+table+`"`)
		require.NoError(t, err)
		s.call(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": canary, "traits": m{"email": canary + "@example.com"}})
		s.apply()
	}
	assert.Greater(t, strings.Count(s.log.String(), "level=ERROR"), 40, "what broke was logged")
	for line := range strings.Lines(s.log.String()) {
		assert.NotContains(t, line, canary)
	}
}

// broken is call, for an answer that may be cut off in the middle.
func (s *shop) broken(role journey.Role, method, path string, body any, headers ...string) {
	s.t.Helper()
	defer func() {
		if v := recover(); v != nil {
			require.Equal(s.t, http.ErrAbortHandler, v)
		}
	}()
	s.call(role, method, path, body, headers...)
}

func TestExportHoldsEverything(t *testing.T) {
	t.Parallel()
	s := open(t, withRendering)
	s.publish("win-back", winBack, winBackFiles)
	s.publish("account", account, accountFiles)
	customer, _ := s.live(canary)
	for i := range 450 { // more than two pages
		s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": canary, "event": "Page Viewed", "properties": m{"n": i}})
	}
	s.apply()
	assert.Equal(t, 403, s.call(journey.RoleViewer, http.MethodGet, "/api/customers/"+customer+"/export", nil).status)
	out := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:"+canary+"/export", nil)
	assert.Equal(t, "application/json", out.header.Get("Content-Type"))
	assert.Equal(t, true, out.json["complete"])
	assert.Equal(t, 1.0, out.json["format"])
	for _, section := range []string{"customer", "ids", "suppressions", "consents", "consent_changes", "enrollments", "decisions", "messages", "clicks_and_views",
		"coupons", "surveys", "tasks", "notes", "pauses", "audit", "events"} {
		assert.NotEmpty(t, out.json[section], section)
	}
	list := out.json["events"].([]any)
	assert.Len(t, list, one[int](s, `SELECT count(*) FROM events WHERE customer_id = $1`, customer))
	for i, e := range list {
		assert.Equal(t, float64(i+1), e.(m)["number"], "each once, in order")
	}
	raw, err := json.Marshal(out.json["messages"])
	require.NoError(t, err)
	assert.Contains(t, string(raw), "mail_base64")
	assert.Equal(t, "2030-05-06T09:00:00+00:00", out.json["customer"].([]any)[0].(m)["created_at"])
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit?limit=1", nil).body, "customer.export")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": canary, "event": "Waiting"})
	waiting := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:"+canary+"/export", nil)
	assert.Len(t, waiting.json["events_waiting"], 1)
}
