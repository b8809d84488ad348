package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SearchCustomers finds customers by our id, the caller's own id, the beginning of an address or of a name, or the number of an
// order as it was sent; with an empty query it lists the newest. Customers who were merged away are left out.
func (s *Store) SearchCustomers(ctx context.Context, query string, r journey.PageRequest) (_ journey.Page[journey.CustomerSummary], err error) {
	defer wrap(&err, "searching customers")
	var none journey.Page[journey.CustomerSummary]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	order := strings.TrimSpace(query)
	begins := strings.ToLower(order)
	sql := newest
	args := []any{before, r.Limit + 1}
	if begins != "" {
		sql = found
		args = append(args, begins, begins+"\U0010FFFF", strings.TrimPrefix(begins, "user:"), order)
	}
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CustomerSummary])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(c journey.CustomerSummary) string { return cursor(c.ID) }), nil
}

// newest lists customers, the newest first.
const newest = `
	SELECT id, coalesce(external_id, ''), email, first_name, last_name, created_at FROM customers
	WHERE merged_into IS NULL AND ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2`

// found asks each index for those whose text begins so: it lies between the text and what no text is above ($3, $4). Of each kind the
// first thousand in the order of the index are looked at, the newest of these come first: whoever searches by two letters types on. Each
// index is read in its own order, and whom they found is fetched by id, so that no plan can walk the whole table instead.
const found = `
	SELECT id, coalesce(external_id, ''), email, first_name, last_name, created_at FROM customers WHERE id = ANY (ARRAY(
		SELECT id FROM customers WHERE id = $3
		UNION SELECT customer_id FROM customer_ids WHERE lower(external_id) = $5
		UNION SELECT customer_id FROM events WHERE name = 'Order Completed' AND number IS NOT NULL AND properties->>'order_id' = $6
		UNION (SELECT id FROM customers WHERE lower(email) COLLATE "C" >= $3 AND lower(email) COLLATE "C" < $4 AND email <> ''
			AND merged_into IS NULL ORDER BY lower(email) COLLATE "C" LIMIT 1000)
		UNION (SELECT id FROM customers WHERE lower(first_name || ' ' || last_name) COLLATE "C" >= $3 AND lower(first_name || ' ' || last_name) COLLATE "C" < $4
			AND merged_into IS NULL ORDER BY lower(first_name || ' ' || last_name) COLLATE "C" LIMIT 1000)
		UNION (SELECT id FROM customers WHERE lower(last_name) COLLATE "C" >= $3 AND lower(last_name) COLLATE "C" < $4 AND last_name <> ''
			AND merged_into IS NULL ORDER BY lower(last_name) COLLATE "C" LIMIT 1000)))
	AND merged_into IS NULL AND ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2`

// eventColumns are those of journey.EventView, in its order.
const eventColumns = `e.id, coalesce(i.message_id, ''), e.kind, e.name, coalesce(e.customer_id, ''), e.user_id, e.anonymous_id, e.properties,
	e.happened_at, e.received_at, e.applied_at, e.historical, e.outcome, '{}'::text[]`

// Event returns one event with what it did, by our id or the caller's own.
func (s *Store) Event(ctx context.Context, id string) (e journey.EventView, err error) {
	defer wrap(&err, "reading an event") // the id may be a caller's, and this text goes to the log
	rows, err := s.pool.Query(ctx, `
		SELECT `+eventColumns+` FROM events e LEFT JOIN event_ids i ON i.event_id = e.id
		WHERE e.id = coalesce((SELECT event_id FROM event_ids WHERE message_id = $1), $1) AND `+notErasing, id)
	if err != nil {
		return e, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.EventView])
	if errors.Is(err, pgx.ErrNoRows) {
		return e, journey.Faultf(journey.CodeNotFound, "there is no event %s", id)
	}
	if err != nil {
		return e, err
	}
	e.Words, err = s.eventWords(ctx, e)
	return e, err
}

// Events lists events in the order of acceptance, the newest first; those of one name where it is given.
func (s *Store) Events(ctx context.Context, name string, r journey.PageRequest) (_ journey.Page[journey.EventView], err error) {
	defer wrap(&err, "listing events")
	var none journey.Page[journey.EventView]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+eventColumns+` FROM events e LEFT JOIN event_ids i ON i.event_id = e.id
		WHERE ($1 = '' OR e.name = $1) AND ($2 = '' OR e.seq < (SELECT seq FROM events WHERE id = $2)) AND `+notErasing+`
		ORDER BY e.seq DESC LIMIT $3`, name, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.EventView])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(e journey.EventView) string { return cursor(e.ID) }), nil
}
