package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// count brings the reports up to date, in batches of that size.
func (w *world) count(batch int) {
	w.t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = w.CountReports(w.t.Context(), batch)
		require.NoError(w.t, err)
	}
}

// counters are what the reports have counted, zeros left out.
func (w *world) counters() []string {
	w.t.Helper()
	return list(w, `SELECT concat_ws(' ', what, grain, starts, age, '"' || label || '"', n, total) FROM report_counts WHERE n <> 0 OR total <> 0 ORDER BY 1`)
}

// list returns the only column of a query.
func list(w *world, sql string, args ...any) []string {
	w.t.Helper()
	var out []string
	require.NoError(w.t, w.sql.QueryRow(w.t.Context(), `SELECT coalesce(array_agg(t), '{}') FROM (`+sql+`) q (t)`, args...).Scan(&out))
	return out
}

// history is what happened to a few customers, in whatever order it comes in.
func (w *world) history(r *rand.Rand, users []string) []journey.Event {
	var out []journey.Event
	names := []string{"Order Completed", "Order Completed", "Order Completed", "Order Refunded", "Order Cancelled", "Subscription Started",
		"Subscription Cancelled", "Product Added", "Customer Returned", "Page Viewed"}
	for range 20 + r.IntN(40) {
		name := names[r.IntN(len(names))]
		properties := map[string]any{}
		if r.IntN(6) > 0 {
			properties["order_id"] = fmt.Sprint(r.IntN(12))
		}
		if r.IntN(8) > 0 {
			properties["total"] = float64(r.IntN(20_000)) / 100
		}
		if c := []string{"", "EUR", "eur", "USD"}[r.IntN(4)]; c != "" {
			properties["currency"] = c
		}
		e := w.event(users[r.IntN(len(users))], name, properties)
		e.At = w.wall.now().Add(-time.Duration(r.IntN(500*24)) * time.Hour)
		out = append(out, e)
		if r.IntN(6) == 0 {
			e.MessageID = w.id() // told twice
			out = append(out, e)
		}
	}
	return append(out, w.letters(r, users)...)
}

// letters are events of our own about a few journeys and their messages.
func (w *world) letters(r *rand.Rand, users []string) (out []journey.Event) {
	names := []string{journey.EventJourneyEntered, journey.EventJourneyExited, journey.EventGoalReached, journey.EventMessageSent, journey.EventMessageSent,
		journey.EventLinkClicked, journey.EventMessageBounced, journey.EventTopicUnsubscribed, journey.EventSurveyAnswered}
	for range 20 + r.IntN(30) {
		user := r.IntN(len(users))
		n := fmt.Sprint(user, "-", r.IntN(5))
		properties := map[string]any{"journey": "win-back", "enrollment": "enr_" + n, "message": "mail-" + n[len(n)-1:], "message_id": "msg_" + n, "reason": "won-back",
			"machine": r.IntN(2) == 0, "source": journey.SourceUnsubscribe, "value": float64(r.IntN(900)) / 10, "currency": "EUR",
			"survey": "nps", "kind": "nps", "score": r.IntN(11), "invitation": "inv_" + n}
		e := w.event(users[user], names[r.IntN(len(names))], properties)
		e.Kind, e.At = journey.KindOwn, w.wall.now().Add(-time.Duration(r.IntN(500*24*3600))*time.Second)
		out = append(out, e)
	}
	return out
}

// rawLetters counts enrollments, messages and clicks of the raw events in SQL.
func (w *world) rawLetters() []string {
	return list(w, `
		WITH own AS (SELECT customer_id, name, properties p, happened_at AS at FROM events WHERE kind = 'own' AND number IS NOT NULL
			AND name IN ('Journey Entered', 'Message Sent', 'Link Clicked')),
		sent AS (SELECT customer_id, p->>'message_id' AS id, p->>'message' AS message, date_trunc('month', max(at) AT TIME ZONE 'America/New_York')::date AS month
			FROM own WHERE name = 'Message Sent' GROUP BY 1, 2, 3),
		entered AS (SELECT customer_id, p->>'enrollment' AS id, p->>'journey' AS journey, date_trunc('month', min(at) AT TIME ZONE 'America/New_York')::date AS month
			FROM own WHERE name = 'Journey Entered' GROUP BY 1, 2, 3)
		SELECT concat_ws(' ', CASE WHEN held THEN 'held' ELSE 'entered' END, month, journey || '/', count(*))
			FROM (SELECT *, EXISTS (SELECT FROM enrollments e WHERE e.id = entered.id AND e.holdout) AS held FROM entered) e GROUP BY held, month, journey
		UNION ALL SELECT concat_ws(' ', 'sent', month, 'win-back/' || message, count(*)) FROM sent GROUP BY month, message ORDER BY 1`)
}

// Random histories, late, doubled, of customers who become one and of some who are erased: what was counted on the way, in
// batches of any size, is what a count from the beginning finds, and what a count of the raw events by other means finds.
func TestReportsCountTheSameInAnyBatches(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a draw that can be repeated
			definition, problems := []journey.LossDefinition{
				{By: journey.LossOrder, Days: 60}, {By: journey.LossSubscription}, {By: journey.LossCart, Days: 9},
			}[seed%3].Settle()
			require.Empty(t, problems)
			_, err := w.SetReportSettings(t.Context(), journey.ReportSettings{Zone: "America/New_York", Loss: definition}, journey.Actor{ID: "test"})
			require.NoError(t, err)
			users := []string{"ada", "bo", "cem", "dia", "eve"}
			w.publish(tour(true))
			w.exec(`INSERT INTO pools (key) VALUES ('comeback'), ('sorry')`)
			for range 4 {
				w.accept(w.history(r, users)...)
				w.apply()
				w.travel(r, users)
				switch r.IntN(3) {
				case 0:
					w.merge(r, users)
				case 1:
					w.wall.pass(time.Duration(r.IntN(40)) * 24 * time.Hour)
				}
				for range r.IntN(6) {
					_, err := w.CountReports(t.Context(), 1+r.IntN(40))
					require.NoError(t, err)
				}
			}
			w.count(1 + r.IntN(30))
			onTheWay := w.counters()
			require.NotEmpty(t, onTheWay)
			assert.Equal(t, w.naive(definition), w.lossByDay(), "as somebody counts who looks at every day")
			assert.Equal(t, w.rawMoney(), list(w, `
				SELECT concat_ws(' ', starts, label, n, total) FROM report_counts WHERE what = 'orders' AND n <> 0 ORDER BY 1`))
			assert.Equal(t, w.rawLetters(), list(w, `
				SELECT concat_ws(' ', what, starts, label, n) FROM report_counts WHERE what IN ('entered', 'held', 'sent') AND n <> 0 ORDER BY 1`))
			assert.Equal(t, w.rawCoupons(), list(w, `
				SELECT concat_ws(' ', what, starts, label, n, total) FROM report_counts WHERE what IN ('issued', 'redeemed') AND n <> 0 ORDER BY 1`))
			require.NotEmpty(t, w.rawPaths())
			assert.Equal(t, w.rawPaths(), list(w, `
				SELECT concat_ws(' ', what, starts, label, n) FROM report_counts WHERE what IN ('came', 'took', 'stands', 'left') AND n <> 0 ORDER BY 1`))
			require.NoError(t, w.CountAnew(t.Context()))
			w.count(1 + r.IntN(4))
			assert.Equal(t, onTheWay, w.counters(), "from the beginning")
			w.reportsOfErased(t, users[r.IntN(len(users))])
		})
	}
}

// merge makes one of two customers who are still two.
func (w *world) merge(r *rand.Rand, users []string) {
	w.t.Helper()
	from, into := "user:"+users[r.IntN(len(users))], "user:"+users[r.IntN(len(users))]
	for _, ref := range []string{from, into} {
		if _, err := w.Customer(w.t.Context(), ref); journey.CodeOf(err) == journey.CodeNotFound {
			return // she has done nothing yet
		}
	}
	require.NoError(w.t, w.MergeCustomers(w.t.Context(), from, into, "test"))
	w.apply()
}

// reportsOfErased erases one, and holds the counters to what stays: everything but that somebody is still a customer.
func (w *world) reportsOfErased(t *testing.T, user string) {
	t.Helper()
	c, err := w.Customer(t.Context(), "user:"+user)
	if journey.CodeOf(err) == journey.CodeNotFound {
		return
	}
	require.NoError(t, err)
	before := w.counters()
	_, err = w.Erase(t.Context(), c.ID, "she asked", journey.Actor{ID: "test"})
	require.NoError(t, err)
	w.apply()
	w.count(10)
	assert.Empty(t, list(w, `SELECT customer_id FROM report_orders WHERE customer_id = $1 UNION SELECT customer_id FROM report_spells WHERE customer_id = $1
		UNION SELECT customer_id FROM report_answers WHERE customer_id = $1`, c.ID))
	after := w.counters()
	money := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains([]string{"lost", "kept", "exit", "left", "stan"}, s[:4]) })
	}
	assert.Equal(t, money(before), money(after), "what she ordered stays counted, as nobody's")
	require.NoError(t, w.CountAnew(t.Context()))
	w.count(10)
	assert.Equal(t, after, w.counters(), "and a count from the beginning keeps it")
}

// rawMoney adds up the orders of the raw events in SQL.
func (w *world) rawMoney() []string {
	return list(w, `
		WITH told AS (
			SELECT customer_id, coalesce(properties->>'order_id', id) AS o, name, happened_at AS at, id, coalesce((properties->>'total')::numeric, 0) AS total,
				properties ? 'total' AS known, upper(coalesce(properties->>'currency', '')) AS currency
			FROM events WHERE name LIKE 'Order %' AND (properties ? 'order_id' OR name = 'Order Completed') AND number IS NOT NULL
		), first AS (
			SELECT DISTINCT ON (customer_id, o) customer_id, o, at, total, currency FROM told WHERE name = 'Order Completed' ORDER BY customer_id, o, at, total DESC, id
		), back AS (
			SELECT customer_id, o, max(total) FILTER (WHERE name = 'Order Refunded') AS refunded,
				bool_or(name = 'Order Cancelled' OR name = 'Order Refunded' AND NOT known) AS void
			FROM told WHERE name <> 'Order Completed' GROUP BY 1, 2
		)
		SELECT concat_ws(' ', date_trunc('month', at AT TIME ZONE 'America/New_York')::date, currency, count(*), (sum(total - coalesce(refunded, 0)) * 10000)::bigint)
		FROM first LEFT JOIN back USING (customer_id, o)
		WHERE NOT coalesce(void, false) AND (coalesce(refunded, 0) = 0 OR refunded < total)
		GROUP BY date_trunc('month', at AT TIME ZONE 'America/New_York'), currency ORDER BY 1`)
}
