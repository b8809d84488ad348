package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// moment is something that happened to a customer, as the naive count reads it.
type happened struct {
	at   time.Time
	name string
}

// naive counts how many are customers, and how many have been lost, on every twentieth day: it asks of each customer and each such day
// what the definition says in words, and knows of no spells.
func (w *world) naive(d journey.LossDefinition) []string {
	w.t.Helper()
	rows, err := w.sql.Query(w.t.Context(), `SELECT customer_id, happened_at, name FROM events WHERE number IS NOT NULL AND kind = 'track'`)
	require.NoError(w.t, err)
	all := map[string][]happened{}
	var id string
	var h happened
	_, err = pgx.ForEachRow(rows, []any{&id, &h.at, &h.name}, func() error { all[id] = append(all[id], h); return nil })
	require.NoError(w.t, err)
	var out []string
	for _, day := range w.days() {
		n := 0
		for id, events := range all {
			orders := w.standing(id, d.By == journey.LossCart)
			if isCustomer(d, events, orders, day, one[time.Time](w, `SELECT created_at FROM customers WHERE id = $1`, id)) {
				n++
			}
		}
		out = append(out, fmt.Sprintf("%s %d", day.Format(time.DateOnly), n))
	}
	return out
}

// lossByDay is the same of the facts.
func (w *world) lossByDay() []string {
	var out []string
	for _, day := range w.days() {
		n := one[int](w, `SELECT count(*) FROM report_spells WHERE began_at <= $1 AND (ended_at IS NULL OR ended_at > $1)`, day)
		out = append(out, fmt.Sprintf("%s %d", day.Format(time.DateOnly), n))
	}
	return out
}

func (w *world) days() (out []time.Time) {
	for day := w.wall.now().AddDate(0, 0, -700); day.Before(w.wall.now()); day = day.AddDate(0, 0, 20) {
		out = append(out, day.Add(17*time.Minute)) // events come on the hour: none at the very moment
	}
	return out
}

// standing are the moments of her orders that stand; of all that were completed where cancelled ones count as well.
func (w *world) standing(customer string, all bool) (out []time.Time) {
	rows, err := w.sql.Query(w.t.Context(), `
		SELECT completed_at FROM orders WHERE customer_id = $1 AND completed_at IS NOT NULL AND ($2 OR NOT void AND (refunded = 0 OR refunded < total))
		UNION ALL SELECT happened_at FROM events WHERE customer_id = $1 AND name = 'Order Completed' AND NOT properties ? 'order_id'`, customer, all)
	require.NoError(w.t, err)
	out, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
	require.NoError(w.t, err)
	return out
}

func isCustomer(d journey.LossDefinition, events []happened, orders []time.Time, day, known time.Time) bool {
	patience := time.Duration(d.Days) * 24 * time.Hour
	within := func(at time.Time) bool { return !at.After(day) && day.Sub(at) < patience }
	slices.SortFunc(events, func(a, b happened) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	switch d.By {
	case journey.LossOrder:
		return slices.ContainsFunc(orders, within)
	case journey.LossCart: // something was put into the cart lately, and no order came since
		for _, e := range events {
			if slices.Contains(d.Begins, e.name) && within(e.at) &&
				!slices.ContainsFunc(orders, func(o time.Time) bool { return !o.Before(e.at) && !o.After(day) }) {
				return true
			}
		}
		return false
	}
	last := "" // what the last word on a subscription was
	for _, e := range events {
		if (slices.Contains(d.Begins, e.name) || slices.Contains(d.Ends, e.name)) && !e.at.After(day) {
			last = e.name
		}
	}
	if last == "" { // the first word comes later: if it is an end, she began before we were told
		i := slices.IndexFunc(events, func(e happened) bool { return slices.Contains(d.Begins, e.name) || slices.Contains(d.Ends, e.name) })
		return i >= 0 && slices.Contains(d.Ends, events[i].name) && !known.After(day)
	}
	return slices.Contains(d.Begins, last)
}
