package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// orderKey names one order of one customer.
type orderKey struct{ Customer, ID string }

// loadOrders reads what is known of the orders that a batch tells of. Of holds the customer of each event.
func (a *application) loadOrders(ctx context.Context, batch []journey.Event, of []string) error {
	var customers, ids []string
	for i, e := range batch {
		if id, ok := journey.OrderID(e); ok && a.people[of[i]] != nil {
			customers, ids = append(customers, of[i]), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := a.tx.Query(ctx, `
		SELECT customer_id, order_id, completed_at, total, refunded, refunds, void FROM orders
		WHERE (customer_id, order_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`, customers, ids)
	if err != nil {
		return err
	}
	return scanOrders(rows, a.people)
}

// scanOrders gives customers their orders.
func scanOrders(rows pgx.Rows, people map[string]*person) error {
	for rows.Next() {
		var key orderKey
		var completed *time.Time
		var o journey.Order
		if err := rows.Scan(&key.Customer, &key.ID, &completed, &o.Total, &o.Refunded, &o.Refunds, &o.Void); err != nil {
			return err
		}
		if completed != nil {
			o.Completed = completed.UTC()
		}
		p := people[key.Customer]
		if p.Orders == nil {
			p.Orders = map[string]journey.Order{}
		}
		p.Orders[key.ID] = o
	}
	return rows.Err()
}

// OrdersNumbered finds the orders of that number by the events that completed them, one of each customer, two at most: with two, nobody
// knows whose it is.
func (s *Store) OrdersNumbered(ctx context.Context, number string) (_ []journey.PlacedOrder, err error) {
	defer wrap(&err, "looking up an order")
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT ON (e.customer_id) e.user_id, e.anonymous_id, coalesce(o.refunded, 0)
		FROM events e LEFT JOIN orders o ON o.customer_id = e.customer_id AND o.order_id = $1
		WHERE e.name = 'Order Completed' AND e.number IS NOT NULL AND e.properties->>'order_id' = $1 AND `+notErasing+`
		ORDER BY e.customer_id, e.seq LIMIT 2`, number)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.PlacedOrder])
}

// queueOrders writes the orders of which the events of a batch told.
func (a *application) queueOrders(b *pgx.Batch) {
	for customer, p := range a.people {
		queueOrders(b, customer, p.Orders)
	}
}

func queueOrders(b *pgx.Batch, customer string, orders map[string]journey.Order) {
	for _, id := range slices.Sorted(maps.Keys(orders)) {
		o := orders[id]
		var completed *time.Time
		if !o.Completed.IsZero() {
			completed = &o.Completed
		}
		b.Queue(`
			INSERT INTO orders (customer_id, order_id, completed_at, total, refunded, refunds, void) VALUES ($1, $2, $3, $4, $5, coalesce($6::jsonb, '{}'), $7)
			ON CONFLICT (customer_id, order_id) DO UPDATE SET completed_at = excluded.completed_at, total = excluded.total,
			    refunded = excluded.refunded, refunds = excluded.refunds, void = excluded.void`,
			customer, id, completed, o.Total, o.Refunded, o.Refunds, o.Void)
	}
}

// mergeOrders hands over the orders of from. Those of which both knew are read into the two, for MergeProfiles to count once.
func mergeOrders(ctx context.Context, tx pgx.Tx, b *pgx.Batch, from, into *person) error {
	rows, err := tx.Query(ctx, `
		SELECT customer_id, order_id, completed_at, total, refunded, refunds, void FROM orders
		WHERE customer_id IN ($1, $2) AND order_id IN (
			SELECT order_id FROM orders WHERE customer_id = $1 INTERSECT SELECT order_id FROM orders WHERE customer_id = $2)`, from.ID, into.ID)
	if err != nil {
		return err
	}
	if err := scanOrders(rows, map[string]*person{from.ID: from, into.ID: into}); err != nil {
		return err
	}
	b.Queue(`DELETE FROM orders WHERE customer_id = $1 AND order_id = ANY($2)`, from.ID, slices.Collect(maps.Keys(from.Orders)))
	b.Queue(`UPDATE orders SET customer_id = $2 WHERE customer_id = $1`, from.ID, into.ID)
	joined := map[string]journey.Order{}
	for id, o := range from.Orders {
		joined[id] = into.Orders[id].Join(o)
	}
	queueOrders(b, into.ID, joined)
	return nil
}
