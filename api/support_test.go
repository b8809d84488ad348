package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

func TestSupportSeesWhereSheIsAndWhy(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada/lovelace")
	sent := s.deliver()
	require.Len(t, sent, 1)

	for _, q := range []string{"ada", "Ada K", "king", "ada.lovelace@EX", customer, "user:ada/lovelace"} {
		found := s.must(journey.RoleSupport, http.MethodGet, "/api/customers?q="+url.QueryEscape(q), nil)
		require.Len(t, found.json["data"], 1, "q=%s", q)
	}
	c := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:ada%2Flovelace", nil)
	e := c.json["enrollments"].([]any)[0].(m)
	assert.Equal(t, "active", e["status"])
	assert.Equal(t, "2030-05-11T09:00:00Z", e["next_at"])
	assert.Contains(t, e["next"], "5 days")
	assert.Equal(t, "waits 5 days, until Sat 11 May 09:00", e["why"])
	assert.Equal(t, "given", c.json["consents"].([]any)[0].(m)["state"])

	texts := s.timeline(customer)
	assert.Equal(t, []string{"sent “About we-miss-you” (message we-miss-you)", "waits 5 days, until Sat 11 May 09:00", "queued we-miss-you",
		"entered win-back, version 1"}, texts[:4], "the newest first")
	assert.Subset(t, texts[4:], []string{"agreed to offers, by identify", "Signed Up"}, "what led to it below")

	msg := s.must(journey.RoleSupport, http.MethodGet, "/api/messages/"+sent[0], nil)
	assert.Equal(t, "accepted", msg.json["state"])
	assert.Contains(t, msg.json["html"], "Hello <b>Ada</b>")
	assert.Contains(t, msg.json["text"], "Hello Ada")
	assert.Contains(t, msg.body, `{"name":"Subject","value":"About we-miss-you"}`)
	assert.Len(t, s.must(journey.RoleSupport, http.MethodGet, "/api/messages?state=accepted&customer="+customer, nil).json["data"], 1)

	report := s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/win-back/report", nil)
	assert.Equal(t, 1.0, report.json["entered"])
	assert.Equal(t, 1.0, report.json["messages"].([]any)[0].(m)["sent"])
	assert.Equal(t, e["step"], report.json["where"].([]any)[0].(m)["step"])

	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": "ada/lovelace", "event": "Order Completed", "properties": m{"total": 49.5}})
	s.apply()
	s.step(enrollment, journey.CauseWake)
	report = s.must(journey.RoleViewer, http.MethodGet, "/api/journeys/win-back/report", nil)
	assert.Equal(t, m{"won-back": 1.0}, report.json["exits"])
	assert.Equal(t, 49.5, report.json["goal"].(m)["value"])
	assert.Contains(t, s.timeline(customer), "left the journey: won-back")
}

// timeline is everything that happened to her, page by page, the newest first.
func (s *shop) timeline(customer string) []string {
	s.t.Helper()
	var texts []string
	last := "9"
	for cursor := ""; ; {
		page := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/"+customer+"/timeline?limit=2&cursor="+cursor, nil)
		for _, entry := range page.json["data"].([]any) {
			texts = append(texts, entry.(m)["text"].(string))
			at, err := time.Parse(time.RFC3339Nano, entry.(m)["at"].(string))
			require.NoError(s.t, err)
			require.LessOrEqual(s.t, at.Format("2006-01-02T15:04:05.000000"), last)
			last = at.Format("2006-01-02T15:04:05.000000")
		}
		next, more := page.json["next"].(string)
		if !more {
			return texts
		}
		cursor = url.QueryEscape(next)
	}
}

func TestEverybodyIsFollowedInOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	var texts []string
	cursor := ""
	follow := func() {
		for {
			page := s.must(journey.RoleViewer, http.MethodGet, "/api/timeline?limit=3&after="+url.QueryEscape(cursor), nil)
			cursor = page.json["next"].(string)
			list := page.json["data"].([]any)
			if len(list) == 0 {
				return
			}
			for _, entry := range list {
				texts = append(texts, entry.(m)["who"].(string)+": "+entry.(m)["text"].(string))
			}
		}
	}
	s.enter("ada")
	follow()
	assert.Empty(t, texts, "what has just happened has not settled")
	s.wall.pass(2 * time.Second)
	follow()
	s.deliver()
	s.enter("bea")
	s.wall.pass(2 * time.Second)
	follow()
	follow()
	all := strings.Join(texts, "\n")
	assert.Equal(t, 1, strings.Count(all, "Ada King: sent “About we-miss-you”"), all)
	assert.Equal(t, 2, strings.Count(all, "waits 5 days"), all)
	assert.Equal(t, 2, strings.Count(all, "Signed Up"), all)
	assert.Equal(t, 0, strings.Count(all, "Message Sent"), all)
}

func TestAPauseAnswersWhenNothingNewIsSent(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	flying := s.claim()
	require.Len(t, flying, 1)
	paused := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/pause", m{"reason": "on holiday", "until": "2030-05-20T09:00:00Z"})
	assert.Equal(t, []any{flying[0].Message.ID}, paused.json["in_flight"], "it is named")
	assert.Equal(t, "keep", paused.json["pause"].(m)["on_resume"])
	pass, err := s.store.ReachDot(t.Context(), true, []journey.Dot{{Fence: journey.Fence{ID: flying[0].Message.ID, Attempt: flying[0].Message.Attempt},
		Address: "ada@example.com", Subject: "x", Bytes: mail(flying[0])}})
	require.NoError(t, err)
	assert.False(t, pass[flying[0].Message.ID], "and does not pass the dot any more")
	assert.Empty(t, s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/pause", m{"reason": "still"}).json["in_flight"])

	s.step(enrollment, journey.CauseWake)
	c := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/"+customer, nil)
	e := c.json["enrollments"].([]any)[0].(m)
	assert.Contains(t, e["next"], "stands still: she was paused by support of the test (on holiday)")
	assert.Nil(t, e["next_at"])
	assert.Len(t, c.json["pauses"], 2)
	s.apply()
	assert.Contains(t, strings.Join(s.timeline(customer), "\n"), "was paused by support of the test: on holiday")

	s.wall.pass(time.Hour)
	resumed := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/resume", nil)
	assert.Len(t, resumed.json["ended"], 2)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM wakeups WHERE enrollment_id = $1`, enrollment), "she is woken")
	s.step(enrollment, journey.CauseWake)
	e = s.must(journey.RoleSupport, http.MethodGet, "/api/enrollments/"+enrollment, nil).json
	assert.Equal(t, "2030-05-11T10:00:00Z", e["next_at"], "an hour later than it would have been")
}

func TestPausesOfJourneyAndEverythingWakeThoseWhoHold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, enrollment := s.enter("ada")
	for _, path := range []string{"/api/journeys/win-back", "/api"} {
		s.must(journey.RoleAdmin, http.MethodPost, path+"/pause", m{"reason": "a fault in the copy"})
		s.step(enrollment, journey.CauseWake)
		require.Equal(t, "hold", one[string](s, `SELECT plan->>'kind' FROM enrollments`))
		_, err := s.sql.Exec(t.Context(), `DELETE FROM wakeups`)
		require.NoError(t, err)
		s.must(journey.RoleAdmin, http.MethodPost, path+"/resume", nil)
		assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM wakeups`), path)
		s.step(enrollment, journey.CauseWake)
	}
	assert.Equal(t, 409, s.call(journey.RoleAdmin, http.MethodPost, "/api/resume", nil).status)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "everything.pause")
}

// A decision that has read the pause, and commits after it was ended, begins to hold when nobody looks any more: resuming
// waits for it.
func TestResumeWakesWhoBeginsToHoldMeanwhile(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, enrollment := s.enter("ada")
	_, err := s.sql.Exec(t.Context(), `DELETE FROM wakeups`)
	require.NoError(t, err)
	s.must(journey.RoleAdmin, http.MethodPost, "/api/pause", m{"reason": "x"})
	tx, err := s.sql.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context()) //nolint:errcheck // it is committed below
	_, err = tx.Exec(t.Context(), `UPDATE enrollments SET plan = '{"kind": "hold"}' WHERE id = $1`, enrollment)
	require.NoError(t, err)
	done := make(chan int, 1)
	go func() { done <- s.call(journey.RoleAdmin, http.MethodPost, "/api/resume", nil).status }()
	require.Eventually(t, func() bool { return one[int](s, `SELECT count(*) FROM pauses WHERE ended_at IS NOT NULL`) == 1 }, 5*time.Second, 5*time.Millisecond)
	select {
	case status := <-done:
		t.Fatalf("resume answered %d before the decision was over", status)
	case <-time.After(100 * time.Millisecond):
	}
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, 200, <-done)
	testenv.Eventually(t, 20*time.Second, func() bool { // a transaction of another test on this server may be in the way
		s.wall.pass(time.Second)
		require.NoError(t, s.store.FinishResumes(t.Context()))
		return one[int](s, `SELECT count(*) FROM wakeups WHERE enrollment_id = $1`, enrollment) == 1
	}, "her to be woken")
}

func TestSkipMoveExit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	_, enrollment := s.enter("ada")
	path := "/api/enrollments/" + enrollment
	skip := s.call(journey.RoleSupport, http.MethodPost, path+"/skip", m{"reason": "she called"}, "Idempotency-Key", "1")
	assert.Equal(t, 202, skip.status, skip.body)
	assert.Contains(t, skip.json["asked"], "skip, asked by support of the test")
	s.step(enrollment, journey.CauseWake)
	e := s.must(journey.RoleSupport, http.MethodGet, path, nil)
	assert.Nil(t, e.json["asked"])
	assert.Equal(t, "asked", e.json["phase"], "the wait was left, the coupon taken, the survey asked")
	assert.Equal(t, 202, s.call(journey.RoleSupport, http.MethodPost, path+"/move", m{"to": "we-miss-you"}).status)
	s.step(enrollment, journey.CauseWake)
	assert.Equal(t, 202, s.call(journey.RoleSupport, http.MethodPost, path+"/exit", m{"reason": "asked us to stop"}).status)
	s.step(enrollment, journey.CauseWake)
	e = s.must(journey.RoleSupport, http.MethodGet, path, nil)
	assert.Equal(t, "ended", e.json["status"])
	assert.Equal(t, "asked us to stop", e.json["reason"])
	assert.Equal(t, 409, s.call(journey.RoleSupport, http.MethodPost, path+"/skip", nil).status, "it has ended")
}

func TestOfManyOrdersOneRedeemsTheCoupon(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	s.enter("bea")
	s.wait(enrollment)
	code := one[string](s, `SELECT code FROM coupons WHERE customer_id = $1`, customer)
	redeem := func(order, who string) reply {
		return s.call(journey.RoleIngest, http.MethodPost, "/api/coupons/redeem", m{"code": strings.ToLower(code), "order_id": order, "value": 49, "currency": "EUR", "customer": who})
	}
	notHers := redeem("o0", "user:bea")
	assert.Equal(t, 409, notHers.status)
	assert.Equal(t, "not_hers", notHers.json["reason"])
	statuses := together(8, func(i int) int { return redeem("o"+string(rune('a'+i)), "").status })
	assert.Equal(t, map[int]int{200: 1, 409: 7}, statuses)
	won := one[string](s, `SELECT order_id FROM coupons WHERE code = $1`, code)
	assert.Equal(t, 200, redeem(won, "user:ada").status, "the same order again has no effect")
	assert.Equal(t, "redeemed", redeem("another", "").json["reason"])
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Coupon Redeemed'`))
	s.apply()
	assert.Contains(t, strings.Join(s.timeline(customer), "\n"), "redeemed "+code+" on order "+won)
	_, err := s.sql.Exec(t.Context(), `UPDATE coupons SET state = 'issued', order_id = '', expires_at = $1`, s.wall.now())
	require.NoError(t, err)
	assert.Equal(t, "expired", redeem("late", "").json["reason"])
}

func TestTasksAreDoneOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("call", "journey: call\nname: Call\ntopic: transactional\nenter: { when: { event: Signed Up } }\nreentry: never\nsteps:\n  - task: { title: Call her, team: support, due: 4h, wait: 3d }\n", map[string]string{})
	customer, enrollment := s.enter("ada")
	open := s.must(journey.RoleSupport, http.MethodGet, "/api/tasks?team=support", nil).json["data"].([]any)
	require.Len(t, open, 1)
	id := open[0].(m)["id"].(string)
	assert.Equal(t, "Call her", open[0].(m)["title"])
	assert.Equal(t, 422, s.call(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/done", m{}).status)
	assert.Equal(t, 403, s.call(journey.RoleViewer, http.MethodPost, "/api/tasks/"+id+"/claim", m{}).status)
	mine := s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/claim", nil).json["assignee"].(string)
	assert.Len(t, s.must(journey.RoleSupport, http.MethodGet, "/api/tasks?customer="+customer+"&due_before=2040-01-01T00:00:00Z&assignee="+url.QueryEscape(mine), nil).json["data"], 1)
	assert.Equal(t, 409, s.call(journey.RoleAdmin, http.MethodPost, "/api/tasks/"+id+"/claim", m{}).status)
	s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/release", nil)
	s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/notes", m{"text": "no answer"})
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, "/api/tasks/"+id, nil).body, "no answer")
	for _, bad := range []string{"state=gone", "due_after=yesterday"} {
		assert.Equal(t, 400, s.call(journey.RoleSupport, http.MethodGet, "/api/tasks?"+bad, nil).status, bad)
	}
	s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/done", m{"outcome": "reached", "note": "she laughed"})
	s.must(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/done", m{"outcome": "reached"})
	assert.Equal(t, 409, s.call(journey.RoleSupport, http.MethodPost, "/api/tasks/"+id+"/done", m{"outcome": "not reached"}).status)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Task Done'`))
	s.apply()
	s.step(enrollment, journey.CauseWake)
	assert.Equal(t, "finished", s.must(journey.RoleSupport, http.MethodGet, "/api/enrollments/"+enrollment, nil).json["reason"])
	assert.Contains(t, strings.Join(s.timeline(customer), "\n"), "task done: Call her, reached – she laughed")
	assert.Empty(t, s.must(journey.RoleSupport, http.MethodGet, "/api/tasks", nil).json["data"])
	assert.Len(t, s.must(journey.RoleSupport, http.MethodGet, "/api/tasks?state=done", nil).json["data"], 1)
}

func TestTopicsSwitchesAndSuppressions(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, _ := s.enter("ada")
	off := s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/topics", m{"topics": m{"offers": false}, "reason": "asked by phone"})
	assert.Equal(t, "withdrawn", off.json["data"].([]any)[0].(m)["state"])
	assert.Empty(t, s.claim(), "what was queued is not sent")
	s.apply()
	texts := strings.Join(s.timeline(customer), "\n")
	assert.Contains(t, texts, "unsubscribed from offers")
	assert.Contains(t, texts, "not sent: no consent for offers (message we-miss-you)")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM consent_changes`), "one proof each")
	s.must(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/topics", m{"topics": m{"offers": true}, "wording": "Yes please, by phone"})

	assert.Equal(t, m{"sending": true, "live": false, "allow_list": []any{}, "audience_floor": 1000.0, "daily_ceiling": 5.0, "held": false, "stops": []any{}}, s.must(journey.RoleViewer, http.MethodGet, "/api/switch", nil).json)
	set := s.must(journey.RoleAdmin, http.MethodPut, "/api/switch", m{"sending": false, "allow_list": []string{" Mara@Example.com", "@example.com"}})
	assert.Equal(t, m{"sending": false, "live": false, "allow_list": []any{"mara@example.com", "@example.com"}, "audience_floor": 1000.0, "daily_ceiling": 5.0,
		"held": false, "stops": []any{}}, set.json)

	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/Ada@example.com", m{"reason": "she asked"})
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:ada", nil).json["suppressed"], "she asked")
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/suppressions", nil).body, "ada@example.com")
	assert.Contains(t, s.call(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/ada@example.com", nil).body, "needs a reason")
	s.must(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/ada@example.com?reason=a+mistake", nil)
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/ada@example.com?reason=a+mistake", nil).status)
	_, err := s.sql.Exec(t.Context(), `INSERT INTO suppressions (address, scope, reason, at) VALUES ('ben@example.com', 'marketing', 'complaint', $1)`, s.store.Clock().Now())
	require.NoError(t, err)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/suppressions?q=BEN", nil).body, "ben@example.com")
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/suppressions?q=ada", nil).body, "ben@example.com")
	refused := s.call(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/ben@example.com?reason=sales+wants+to", nil)
	assert.Equal(t, 422, refused.status)
	assert.Contains(t, refused.body, "wants no mail of ours")
	s.must(journey.RoleAdmin, http.MethodDelete, "/api/suppressions/ben@example.com?reason=by+phone&asked=true", nil)
}

func TestCodesWakeThoseWhoHold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", strings.Replace(winBack, "comeback: { alphabet: ABCDEFGHJKLMNPQRSTUVWXYZ, length: 10 }", "comeback: {}", 1), winBackFiles)
	_, enrollment := s.enter("ada")
	s.wait(enrollment)
	require.Equal(t, "held", s.must(journey.RoleViewer, http.MethodGet, "/api/enrollments/"+enrollment, nil).json["phase"])
	_, err := s.sql.Exec(t.Context(), `DELETE FROM wakeups`)
	require.NoError(t, err)
	added := s.must(journey.RoleMarketer, http.MethodPost, "/api/coupon-pools/comeback/codes", m{"codes": []string{"Spring-1", "SPRING-1", "spring-2"}})
	assert.Equal(t, 2.0, added.json["added"])
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM wakeups`))
	s.step(enrollment, journey.CauseWake)
	assert.Equal(t, "asked", s.must(journey.RoleViewer, http.MethodGet, "/api/enrollments/"+enrollment, nil).json["phase"])
}
