package store_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func (w *world) fact(user, name string) any {
	w.t.Helper()
	c, err := w.Customer(w.t.Context(), "user:"+user)
	require.NoError(w.t, err)
	return c.Attributes[name]
}

// The same events in any order of arrival, doubled, in batches of any size, and half of them of a customer who is merged in, make
// the same facts.
func TestOrdersCountOnceHoweverTheyCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := w.wall.now().AddDate(0, 0, -10)
	story := func(user string) []journey.Event {
		var out []journey.Event
		for i, e := range []struct{ name, id, total string }{
			{"Order Completed", "1", "20.10"}, {"Order Completed", "2", "0.20"}, {"Order Completed", "3", "50"}, {"Order Completed", "4", "9.99"},
			{"Order Refunded", "1", "5.05"}, {"Order Refunded", "1", "10.05"}, {"Order Refunded", "2", ""}, {"Order Cancelled", "4", ""},
			{"Order Refunded", "nobody's", "7"}, {"Order Refunded", "3", "a 10"}, {"Order Refunded", "3", "b 2.50"},
		} {
			properties := map[string]any{"order_id": e.id}
			if refund, amount, own := strings.Cut(e.total, " "); own {
				properties["refund_id"], properties["amount"], e.total = refund, json.Number(amount), ""
			}
			if e.total != "" {
				properties["total"] = json.Number(e.total)
			}
			event := w.event(user, e.name, properties)
			event.At = start.Add(time.Duration(i) * time.Hour)
			out = append(out, event)
		}
		return out
	}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a draw that can be repeated
	for _, user := range []string{"ada", "bo", "cem", "dia", "eve", "fay"} {
		w.identify(user, nil)
		w.identify(user+"-too", nil)
		events := append(story(user), story(user)...)
		for range len(events) / 2 {
			events[r.IntN(len(events))].UserID = user + "-too"
		}
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for len(events) > 0 {
			n := 1 + r.IntN(len(events))
			w.accept(events[:n]...)
			w.apply()
			events = events[n:]
		}
		require.NoError(t, w.MergeCustomers(t.Context(), "user:"+user+"-too", "user:"+user, "test"))
		w.apply()
		assert.InDelta(t, 2, w.fact(user, "orders_count"), 0, user)
		assert.InDelta(t, 47.55, w.fact(user, "total_spent"), 0, user)
		assert.InDelta(t, 23.775, w.fact(user, "average_order"), 0, user)
		assert.Equal(t, "active", w.fact(user, "lifecycle"), user)
		assert.Equal(t, start.Format(time.RFC3339), w.fact(user, "first_order_at"), user)
	}
	assert.Equal(t, 6*5, one[int](w, `SELECT count(*) FROM orders`), "all are hers who stayed")
	assert.Equal(t, 6*5, one[int](w, `SELECT count(*) FROM orders WHERE refunds = CASE order_id WHEN '3' THEN '{"a": 10, "b": 2.5}' ELSE '{}' END::jsonb`))
}

// Time alone brings her into the next stage, which lets her in, wakes what waits for it, and moves segments.
func TestTimeMovesTheLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(byVisit("rescue", "{ attribute: lifecycle, becomes: at_risk }"))
	w.publish(yaml("journey: watch", "name: Watch", "topic: transactional", "enter: { when: { event: Order Completed } }", "reentry: never",
		"steps: [ { wait_for: { any: [ { if: { attribute: lifecycle, eq: lapsed }, then: [ { exit: lapsed } ] } ], timeout: { after: 400d, then: [ { exit: silent } ] } } } ]"))
	w.identify("bo", nil)
	assert.Equal(t, "prospect", w.fact("bo", "lifecycle"))
	w.track("ada", "Order Completed", map[string]any{"order_id": "1", "total": 5.0})
	assert.Equal(t, "new", w.fact("ada", "lifecycle"))
	watch := w.enrollment("ada", "watch")
	w.step(watch, journey.CauseStart)

	_, next, err := w.TendSegments(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, 30*journey.Day, next.Sub(w.wall.now()), "nobody looks before")
	w.wall.pass(30 * journey.Day)
	w.tend()
	assert.Equal(t, "active", w.fact("ada", "lifecycle"))
	w.keep("in-danger", "{ attribute: lifecycle, in: [ at_risk, lapsed ] }")
	assert.Zero(t, w.entered("ada", "rescue"))

	w.wall.pass(60 * journey.Day)
	w.tend()
	assert.Equal(t, "at_risk", w.fact("ada", "lifecycle"))
	assert.Equal(t, 1, w.entered("ada", "rescue"))
	assert.True(t, w.isIn("ada", "in-danger"))
	assert.NotEqual(t, journey.PlanDone, w.step(watch, journey.CauseWake).Kind, "the wait looks, and goes on")

	w.wall.pass(90 * journey.Day)
	w.tend()
	assert.Equal(t, journey.PlanDone, w.step(watch, journey.CauseWake).Kind)
	assert.Equal(t, "lapsed", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, watch))
	w.wall.pass(185 * journey.Day) // the last bound of her score
	w.tend()
	assert.Zero(t, one[int](w, `SELECT count(*) FROM customers WHERE stage_due_at IS NOT NULL`), "time will change nothing any more")

	w.track("ada", "Order Completed", map[string]any{"order_id": "2", "total": 5.0})
	assert.Equal(t, "active", w.fact("ada", "lifecycle"))
	assert.False(t, w.isIn("ada", "in-danger"))
	assert.Equal(t, "prospect", w.fact("bo", "lifecycle"))
}

// Who was a customer before there were stages gets hers without entering a journey by it.
func TestTheFirstStageIsNoNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(byVisit("rescue", "{ attribute: lifecycle, becomes: at_risk }"))
	w.track("ada", "Order Completed", map[string]any{"order_id": "1", "total": 5.0})
	w.wall.pass(100 * journey.Day)
	w.exec(`UPDATE customers SET attributes = attributes - 'lifecycle' - 'average_order', stage_due_at = created_at`)
	w.tend()
	assert.Equal(t, "at_risk", w.fact("ada", "lifecycle"))
	assert.InDelta(t, 5, w.fact("ada", "average_order"), 0)
	assert.Zero(t, w.entered("ada", "rescue"))
}

func TestOrdersAreExportedAndErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.track("ada", "Order Completed", map[string]any{"order_id": "4711", "total": 5.0})
	export, err := w.Export(t.Context(), "user:ada", marketer)
	require.NoError(t, err)
	var rows []string
	for _, section := range export.Sections {
		if section.Name != "orders" {
			continue
		}
		for row, err := range section.Rows(t.Context()) {
			require.NoError(t, err)
			rows = append(rows, string(row))
		}
	}
	require.Len(t, rows, 1)
	assert.Contains(t, rows[0], `"4711"`)
	_, err = w.Erase(t.Context(), "user:ada", "asked", marketer)
	require.NoError(t, err)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM orders`))
}
