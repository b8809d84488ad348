package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// tour has arms, rounds and an exit; without its rounds it is another version.
func tour(rounds bool) string {
	again := []string{"  - id: again", "    repeat: { times: 2, then: [ { id: rest, wait: 1d } ] }"}
	if !rounds {
		again = nil
	}
	return yaml(append(append([]string{
		"journey: tour", "name: Tour", "topic: offers", "enter: { when: { event: Tour Asked } }", "reentry: always",
		"exit: [ { event: Refunded, as: refunded } ]",
		"steps:",
		"  - id: fork",
		"    branch:",
		"      - { if: { attribute: plan, eq: gold }, then: [ { send: we-miss-you } ] }",
		"      - { if: { attribute: plan, eq: silver }, then: [ { id: never, exit: silver } ] }",
		"      - { else: [ { id: bye, exit: basic } ] }"}, again...),
		"  - id: cart",
		"    wait_for: { any: [ { event: Cart Filled, then: [ { id: mark, set: { cart: full } } ] } ], timeout: { after: 2d, then: [ { send: last-call } ] } }",
	)...)
}

// travel lets some begin the tour, a few of them held out, and everybody go on for a while.
func (w *world) travel(r *rand.Rand, users []string) {
	w.t.Helper()
	for range 3 {
		user := users[r.IntN(len(users))]
		w.identify(user, map[string]any{"plan": []string{"gold", "gold", "basic"}[r.IntN(3)]})
		w.track(user, "Tour Asked", nil)
	}
	w.exec(`UPDATE enrollments SET holdout = true WHERE seq = 0 AND right(id, 1) < '3'`)
	w.exec(`INSERT INTO coupons (id, pool, code, state, customer_id, issued_at)
		SELECT 'cpn_' || $1 || id, (ARRAY['comeback', 'sorry'])[1 + $2::int % 2], $1 || id, 'issued', id, $3 FROM customers WHERE merged_into IS NULL AND external_id = ANY($4)`,
		w.id(), r.IntN(9), w.wall.now(), users[:1+r.IntN(3)])
	w.exec(`UPDATE coupons SET state = 'redeemed', value = $1, currency = $2 WHERE right(id, 1) < $3 AND state = 'issued'`,
		float64(r.IntN(9000))/100, []string{"", "eur", "USD"}[r.IntN(3)], fmt.Sprint(r.IntN(9)))
	for range 4 {
		w.wall.pass(time.Duration(1+r.IntN(40)) * time.Hour)
		if name := []string{"Cart Filled", "Refunded", ""}[r.IntN(3)]; name != "" {
			w.track(users[r.IntN(len(users))], name, nil)
		}
		for _, id := range list(w, `SELECT id FROM enrollments WHERE status = 'active' ORDER BY id`) {
			w.step(id, journey.CauseWake)
		}
	}
	w.apply()
}

// rawCoupons counts what customers were given of the raw coupons in SQL.
func (w *world) rawCoupons() []string {
	return list(w, `
		WITH given AS (SELECT *, date_trunc('month', issued_at AT TIME ZONE 'America/New_York')::date AS month FROM coupons WHERE customer_id IS NOT NULL)
		SELECT concat_ws(' ', 'issued', month, pool || '/', count(*), 0) FROM given GROUP BY month, pool
		UNION ALL SELECT concat_ws(' ', 'redeemed', month, pool || '/' || upper(currency), count(*), (sum(value::numeric) * 10000)::bigint)
		FROM given WHERE state = 'redeemed' GROUP BY month, pool, upper(currency) ORDER BY 1`)
}

// rawPaths counts steps and ways of the raw log in SQL: where she stands, or stood at the end, is the step of her last line, and an arm
// was taken by whoever came to its first step.
func (w *world) rawPaths() []string {
	return list(w, `
		SELECT concat_ws(' ', what, month, 'tour/' || place, count(DISTINCT id)) FROM (
			SELECT e.id, p.what, p.place, date_trunc('month', (
				SELECT min(at) FROM step_log WHERE enrollment_id = e.id AND what = 'entered') AT TIME ZONE 'America/New_York')::date AS month
			FROM enrollments e CROSS JOIN LATERAL (
				SELECT 'came' AS what, step AS place FROM step_log WHERE enrollment_id = e.id
				UNION SELECT 'took', way FROM step_log JOIN (VALUES ('mark', 'cart/1'), ('last-call', 'cart/timeout'), ('we-miss-you', 'fork/1'),
					('bye', 'fork/else')) arm (step, way) USING (step) WHERE enrollment_id = e.id
				UNION (SELECT CASE what WHEN 'exited' THEN 'left' ELSE 'stands' END, step FROM step_log WHERE enrollment_id = e.id ORDER BY id DESC LIMIT 1)
			) p WHERE NOT e.holdout AND p.place <> ''
		) t WHERE month IS NOT NULL GROUP BY what, month, place ORDER BY 1`)
}

// Three go through a journey with arms and rounds, and one is held out. Every step says who came to it and what became of them there, in
// the order of the picture; so does each way, also one that nobody took. A step that the next version does not have stays, as a former one.
func TestReportOfTheStepsOfAJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(tour(true))
	all := map[string]string{}
	for _, user := range []string{"ada", "bo", "cem", "dia"} {
		plan := "gold"
		if user == "cem" {
			plan = "basic"
		}
		w.identify(user, map[string]any{"plan": plan})
		w.track(user, "Tour Asked", nil)
		all[user] = w.enrollment(user, "tour")
		if user == "dia" {
			w.exec(`UPDATE enrollments SET holdout = true WHERE id = $1`, all[user])
		}
		w.step(all[user], journey.CauseStart)
		w.wall.pass(time.Minute)
	}
	for range 2 { // rounds
		w.wall.pass(24 * time.Hour)
		for _, user := range []string{"ada", "bo", "dia"} {
			w.step(all[user], journey.CauseTimer)
		}
	}
	sent := w.event("ada", journey.EventMessageSent, map[string]any{"journey": "tour", "step": "we-miss-you", "message": "we-miss-you", "message_id": "msg_1", "enrollment": all["ada"]})
	sent.Kind = journey.KindOwn
	w.accept(sent)
	w.track("ada", "Cart Filled", nil)
	w.step(all["ada"], journey.CauseWake)
	w.apply()
	w.count(3)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM report_moves`), "what was counted is taken away")

	v, err := w.ReportView(t.Context(), journey.ReportRequest{Report: journey.ReportJourneys, Journey: "tour"})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"fork () came 3, on 3, ended 0, stands 0, got –",
		"we-miss-you (fork/1) came 2, on 2, ended 0, stands 0, got 1",
		"never (fork/2) came 0, on 0, ended 0, stands 0, got –",
		"bye (fork/else) came 1, on 0, ended 1, stands 0, got –",
		"again () came 2, on 2, ended 0, stands 0, got –",
		"rest (again) came 2, on 2, ended 0, stands 0, got –",
		"cart () came 2, on 1, ended 0, stands 1, got –",
		"mark (cart/1) came 1, on 0, ended 1, stands 0, got –",
		"last-call (cart/timeout) came 0, on 0, ended 0, stands 0, got 0",
	}, stepsOf(t, v))
	assert.Equal(t, map[string]map[string]any{
		"tour/fork/1": {"took": 2.0, "share": 2.0 / 3}, "tour/fork/2": {"took": 0.0, "share": 0.0}, "tour/fork/else": {"took": 1.0, "share": 1.0 / 3},
		"tour/cart/1": {"took": 1.0, "share": 0.5}, "tour/cart/timeout": {"took": 0.0, "share": 0.0},
	}, w.report(journey.ReportRequest{Report: journey.ReportJourneys}, "ways"))
	for _, behind := range []struct {
		table, figure, label string
		who                  []string
	}{
		{"funnel", "came", "fork", []string{"cem", "bo", "ada"}}, {"funnel", "went_on", "cart", []string{"ada"}}, {"funnel", "ended", "bye", []string{"cem"}},
		{"funnel", "stands", "cart", []string{"bo"}}, {"funnel", "got", "we-miss-you", []string{"ada"}}, {"ways", "took", "fork/1", []string{"bo", "ada"}},
		{"ways", "took", "cart/timeout", []string{}}, {"journeys", "held", "", []string{"dia"}},
	} {
		assert.Equal(t, behind.who, w.people(journey.PeopleRequest{Report: journey.ReportJourneys, Table: behind.table, Figure: behind.figure, Group: "tour", Label: behind.label}), behind)
	}

	w.publish(tour(false))
	v, err = w.ReportView(t.Context(), journey.ReportRequest{Report: journey.ReportJourneys, Journey: "tour"})
	require.NoError(t, err)
	assert.Equal(t, []string{"again () came 2, on 2, ended 0, stands 0, got –, former", "rest () came 2, on 2, ended 0, stands 0, got –, former"}, stepsOf(t, v)[7:])
	funnel, err := v.Table("funnel")
	require.NoError(t, err)
	sheet, err := funnel.CSV()
	require.NoError(t, err)
	assert.Contains(t, string(sheet), "group,label,currency,inside,words,came,share,went_on,ended,stands,got,note\n")
	assert.Contains(t, string(sheet), ",tour,we-miss-you,,fork/1,Send we-miss-you,2,0.666667,2,0,0,1,\n")
}

// stepsOf writes the rows of the funnel, each on a line.
func stepsOf(t *testing.T, v journey.ReportView) (out []string) {
	t.Helper()
	table, err := v.Table("funnel")
	require.NoError(t, err)
	for _, row := range table.Rows {
		says := func(figure string) string {
			if row.Values[figure] == nil {
				return "–"
			}
			return fmt.Sprint(*row.Values[figure])
		}
		line := fmt.Sprintf("%s (%s) came %s, on %s, ended %s, stands %s, got %s", row.Label, row.Inside, says("came"), says("went_on"), says("ended"), says("stands"), says("got"))
		if row.Note != "" {
			line += ", " + row.Note
		}
		out = append(out, line)
	}
	return out
}
