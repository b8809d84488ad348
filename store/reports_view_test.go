package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// report returns the rows of one table, by period, group and label.
func (w *world) report(r journey.ReportRequest, table string) map[string]map[string]any {
	w.t.Helper()
	v, err := w.ReportView(w.t.Context(), r)
	require.NoError(w.t, err)
	t, err := v.Table(table)
	require.NoError(w.t, err)
	out := map[string]map[string]any{}
	for _, row := range t.Rows {
		key := row.Group + "/" + row.Label + row.Currency
		if row.Starts != nil {
			key = row.Starts.String() + key
		}
		out[key] = map[string]any{}
		for name, v := range row.Values {
			out[key][name] = nil
			if v != nil {
				out[key][name] = *v
			}
		}
		if row.Note != "" {
			out[key]["note"] = row.Note
		}
	}
	return out
}

// people are the users behind a figure, two at a time.
func (w *world) people(q journey.PeopleRequest) []string {
	w.t.Helper()
	out := []string{}
	for r := (journey.PageRequest{Limit: 2}); ; {
		page, err := w.ReportPeople(w.t.Context(), q, r)
		require.NoError(w.t, err)
		for _, p := range page.Data {
			out = append(out, p.ExternalID)
		}
		if page.Next == nil {
			return out
		}
		r.Cursor = *page.Next
	}
}

// Six go through a journey and two are held out of it; some order. The report counts what the journey has told, and who they are.
func TestReportOfAJourneyAgainstItsHoldout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("always"))
	var enrollments []string
	for i := range 8 {
		user := fmt.Sprint("u", i)
		w.identify(user, nil)
		w.track(user, "Signed Up", nil)
		enrollments = append(enrollments, w.enrollment(user, "win-back"))
		if i >= 6 {
			w.exec(`UPDATE enrollments SET holdout = true WHERE id = $1`, enrollments[i])
		}
		w.step(enrollments[i], journey.CauseStart)
		w.wall.pass(time.Minute)
	}
	for _, i := range []int{0, 1, 6} {
		w.track(fmt.Sprint("u", i), "Order Completed", map[string]any{"order_id": fmt.Sprint(i), "total": 10.5 * float64(i+1), "currency": "EUR"})
		w.step(enrollments[i], journey.CauseWake)
	}
	w.apply()
	w.count(3)
	all := journey.ReportRequest{Report: journey.ReportJourneys}
	got := w.report(all, "journeys")["win-back/"]
	for figure, value := range map[string]any{"entered": 6.0, "reached": 2.0, "held": 2.0, "held_rate": 0.5, "note": journey.VerdictEarly} {
		assert.Equal(t, value, got[figure], figure)
	}
	assert.InDelta(t, 2.0/6-0.5, got["lift"], 1e-9)
	assert.Less(t, got["low"], got["lift"])
	assert.Greater(t, got["high"], got["lift"])
	assert.Equal(t, map[string]any{"revenue": 3150.0, "each": 525.0, "held_each": 7350.0 / 2}, w.report(all, "goals")["win-back/EUR"])
	assert.Equal(t, map[string]any{"ended": 2.0, "share": 2.0 / 6}, w.report(all, "exits")["win-back/won-back"])
	assert.Empty(t, w.report(journey.ReportRequest{Report: journey.ReportJourneys, Journey: "other"}, "journeys"))
	q := journey.PeopleRequest{Report: journey.ReportJourneys, Table: "journeys", Figure: "entered", Group: "win-back", Starts: w.wall.now().AddDate(0, -3, 0), Ends: w.wall.now()}
	assert.Equal(t, []string{"u5", "u4", "u3", "u2", "u1", "u0"}, w.people(q), "the latest first")
	for figure, who := range map[string][]string{"held": {"u7", "u6"}, "reached": {"u1", "u0"}} {
		q.Figure = figure
		assert.Equal(t, who, w.people(q), figure)
	}
	q.Table, q.Figure, q.Label = "exits", "ended", "won-back"
	assert.Equal(t, []string{"u1", "u0"}, w.people(q))
}

// What became of messages, as the stream tells it: a click of a machine is none, what comes twice counts once, and an unsubscribe link
// belongs to the mail before it.
func TestReportOfMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tell := func(user, name, message string, more map[string]any) {
		properties := map[string]any{"journey": "win-back", "step": message, "message": message, "message_id": "msg_" + user + message, "enrollment": "enr_" + user}
		for k, v := range more {
			properties[k] = v
		}
		e := w.event(user, name, properties)
		e.Kind = journey.KindOwn
		w.accept(e)
		w.wall.pass(time.Hour)
	}
	for _, user := range []string{"ada", "bo", "cem"} {
		w.identify(user, nil)
		tell(user, journey.EventJourneyEntered, "", nil)
		tell(user, journey.EventMessageSent, "we-miss-you", nil)
	}
	tell("ada", journey.EventLinkClicked, "we-miss-you", map[string]any{"machine": false})
	tell("ada", journey.EventLinkClicked, "we-miss-you", map[string]any{"machine": false})
	tell("bo", journey.EventLinkClicked, "we-miss-you", map[string]any{"machine": true})
	tell("bo", journey.EventMessageBounced, "we-miss-you", nil)
	tell("cem", journey.EventMessageSent, "last-call", nil)
	unsubscribed := w.event("cem", journey.EventTopicUnsubscribed, map[string]any{"topic": "offers", "source": journey.SourceUnsubscribe})
	unsubscribed.Kind = journey.KindOwn
	w.accept(unsubscribed)
	w.apply()
	w.count(100)
	got := w.report(journey.ReportRequest{Report: journey.ReportMessages}, "messages")
	assert.Equal(t, map[string]any{"sent": 3.0, "bounced": 1.0, "bounce_rate": 1.0 / 3, "clicked": 1.0, "click_rate": 1.0 / 3, "complained": 0.0,
		"unsubscribed": 0.0, "unsubscribe_rate": 0.0}, got["win-back/we-miss-you"])
	assert.Equal(t, 1.0, got["win-back/last-call"]["unsubscribed"])
	q := journey.PeopleRequest{Report: journey.ReportMessages, Table: "messages", Group: "win-back", Label: "we-miss-you"}
	for figure, who := range map[string][]string{"sent": {"ada", "bo", "cem"}, "clicked": {"ada"}, "bounced": {"bo"}, "complained": {}} {
		q.Figure = figure
		assert.ElementsMatch(t, who, w.people(q), figure)
	}
	q = journey.PeopleRequest{Report: journey.ReportJourneys, Table: "funnel", Figure: "got", Group: "win-back", Label: "last-call"}
	assert.Equal(t, []string{"cem"}, w.people(q))
}

func TestReportOfCohorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // it is the 6th of May 2030
	order := func(user, id, day string, total float64) {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		e := w.event(user, "Order Completed", map[string]any{"order_id": id, "total": total, "currency": "EUR"})
		e.At = at
		w.accept(e)
	}
	order("ada", "1", "2030-01-31", 10)
	order("ada", "2", "2030-02-01", 20)
	order("ada", "3", "2030-04-30", 30)
	order("bo", "4", "2030-01-02", 40)
	order("cem", "5", "2030-02-28", 50)
	w.apply()
	w.count(100)
	r := journey.ReportRequest{Report: journey.ReportCohorts}
	got := w.report(r, "cohorts")["2030-01-01/"]
	assert.Equal(t, []any{2.0, 0.5, 0.0, 0.5, 0.0, nil}, []any{got["size"], got["1"], got["2"], got["3"], got["4"], got["5"]}, "the fifth month has not come")
	worth := w.report(r, "worth")["2030-01-01/EUR"]
	assert.Equal(t, map[string]any{"0": 2500.0, "1": 3500.0, "3": 5000.0, "6": nil, "12": nil, "so_far": 5000.0}, worth)
	quarter := w.report(journey.ReportRequest{Report: journey.ReportCohorts, By: journey.ByQuarter}, "cohorts")["2030-01-01/"]
	assert.Equal(t, []any{3.0, 1.0 / 3, 0.0, nil}, []any{quarter["size"], quarter["1"], quarter["2"], quarter["3"]}, "for those of March the third is not there")
	q := journey.PeopleRequest{Report: journey.ReportCohorts, Table: "cohorts", Starts: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Figure: "3"}
	assert.Equal(t, []string{"ada"}, w.people(q))
	q.Figure = "size"
	assert.ElementsMatch(t, []string{"ada", "bo"}, w.people(q))
}

func TestReportOfSatisfaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, score := range []int{10, 9, 8, 6, 0} {
		w.answer(fmt.Sprint("u", i), "nps", "nps", fmt.Sprint("i", i), score)
	}
	w.answer("u4", "nps", "nps", "i4", 7) // she has changed her mind
	w.answer("u0", "csat", "csat", "c", 4)
	w.answer("u0", "sizes", "choice", "s", -1)
	w.apply()
	w.count(100)
	r := journey.ReportRequest{Report: journey.ReportSatisfaction, By: journey.ByYear}
	got := w.report(r, "satisfaction")
	assert.Equal(t, map[string]any{"answers": 5.0, "score": 20.0, "good": 0.4, "bad": 0.2}, got["2030-01-01/nps"])
	assert.Equal(t, map[string]any{"answers": 1.0, "score": 4.0, "good": 1.0, "bad": 0.0}, got["2030-01-01/csat"])
	assert.Equal(t, map[string]any{"answers": 1.0, "score": nil, "good": nil, "bad": nil}, got["2030-01-01/sizes"])
	q := journey.PeopleRequest{Report: journey.ReportSatisfaction, Table: "satisfaction", By: journey.ByYear, Label: "nps", Figure: "good"}
	assert.ElementsMatch(t, []string{"u0", "u1"}, w.people(q))
	q.Figure = "bad"
	assert.Equal(t, []string{"u3"}, w.people(q))
	q.Figure = "answers"
	assert.Len(t, w.people(q), 5)
}

// answer has a customer answer a question; a score below 0 is none.
func (w *world) answer(user, survey, kind, invitation string, score int) {
	properties := map[string]any{"survey": survey, "kind": kind, "invitation": invitation, "choice": "x"}
	if score >= 0 {
		properties["score"] = score
	}
	e := w.event(user, journey.EventSurveyAnswered, properties)
	e.Kind = journey.KindOwn
	w.accept(e)
	w.wall.pass(time.Minute)
}

func TestReportsOfCouponsAndTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bo := w.identify("ada", nil).ID, w.identify("bo", nil).ID
	w.exec(`INSERT INTO pools (key) VALUES ('comeback')`)
	now := w.wall.now()
	for i, c := range []struct{ customer, state, currency string }{{ada, "redeemed", "eur"}, {bo, "redeemed", "USD"}, {bo, "issued", ""}} {
		w.exec(`INSERT INTO coupons (id, pool, code, state, customer_id, issued_at, value, currency) VALUES ($1, 'comeback', $1, $2, $3, $4, $5, $6)`,
			fmt.Sprint("cpn_", i), c.state, c.customer, now.AddDate(0, 0, -i), 12.5, c.currency)
	}
	for i, hours := range []int{1, 3, 50} {
		w.exec(`INSERT INTO tasks (id, customer_id, title, team, created_at, due_at, done_at, outcome) VALUES ($1, $2, 'Call her', 'support', $3, $4, $5, 'solved')`,
			fmt.Sprint("tsk_", i), ada, now.AddDate(0, 0, -5), now.AddDate(0, 0, -4), now.AddDate(0, 0, -5).Add(time.Duration(hours)*time.Hour))
	}
	w.count(10)
	r := journey.ReportRequest{Report: journey.ReportCoupons}
	assert.Equal(t, map[string]any{"issued": 3.0, "redeemed": 2.0, "rate": 2.0 / 3}, w.report(r, "coupons")["comeback/"])
	assert.Equal(t, map[string]any{"orders": 1.0, "revenue": 1250.0}, w.report(r, "coupon_orders")["comeback/EUR"])
	assert.Len(t, w.report(r, "coupon_orders"), 2, "euros and dollars are not added")
	q := journey.PeopleRequest{Report: journey.ReportCoupons, Table: "coupons", Figure: "redeemed", Group: "comeback"}
	assert.Equal(t, []string{"ada", "bo"}, w.people(q))
	tasks := w.report(journey.ReportRequest{Report: journey.ReportTasks}, "tasks")["2030-05-01/support"]
	assert.Equal(t, map[string]any{"median": 3.0, "most": 50.0, "done": 3.0, "late": 1.0, "late_rate": 1.0 / 3}, tasks)
	q = journey.PeopleRequest{Report: journey.ReportTasks, Table: "tasks", Figure: "late", Label: "support"}
	assert.Equal(t, []string{"ada"}, w.people(q))
}
