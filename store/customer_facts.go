package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// addMemory fills in what conditions recall of customers: events, journeys, accounts, messages, coupons. One round trip for all.
func (s *Store) addMemory(ctx context.Context, q querier, all map[string]*journey.Facts, needs journey.Needs) error {
	ids := make([]string, 0, len(all))
	b := &pgx.Batch{}
	for id, f := range all {
		ids = append(ids, id)
		f.History, f.Journeys, f.Coupons = map[string][]journey.Event{}, map[string]string{}, map[string]journey.Coupon{}
		for _, key := range needs.Journeys {
			f.Journeys[key] = "never"
		}
	}
	if len(needs.AccountHistory) > 0 {
		queueAccountHistories(b, ids, needs.AccountHistory, all)
	}
	if len(needs.History) > 0 {
		queueHistories(b, ids, needs.History, all)
	}
	if len(needs.Journeys) > 0 {
		queueWhereabouts(b, ids, needs.Journeys, all)
	}
	if len(needs.Segments) > 0 {
		queueSegments(b, ids, needs.Segments, all)
	}
	if needs.Account {
		queueAccounts(b, ids, all)
	}
	if needs.Messages {
		queueAllMessages(b, ids, all)
	}
	if needs.Coupons {
		queueAllCoupons(b, ids, all)
	}
	if b.Len() == 0 {
		return nil
	}
	return q.SendBatch(ctx, b).Close()
}

// queueHistories adds past events, the newest of each name first.
func queueHistories(b *pgx.Batch, ids, names []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT e.* FROM unnest($1::text[]) AS customer CROSS JOIN unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
		    SELECT id, kind, coalesce(customer_id, ''), user_id, anonymous_id, name, properties, '{}'::jsonb, happened_at,
		           received_at, coalesce(number, 0), historical
		    FROM events WHERE customer_id = customer AND name = wanted AND number IS NOT NULL AND kind <> 'colleague'
		    ORDER BY number DESC LIMIT $3) e`, ids, names, journey.HistoryMax).Query(func(rows pgx.Rows) error {
		events, err := pgx.CollectRows(rows, scanEvent)
		for _, e := range events {
			f := all[e.CustomerID]
			f.History[e.Name] = append(f.History[e.Name], e)
		}
		return err
	})
}

// queueAccountHistories adds past events of everybody of their accounts, themselves included.
func queueAccountHistories(b *pgx.Batch, ids, names []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT c.id, e.* FROM customers c CROSS JOIN unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
		    SELECT v.name, v.customer_id, v.properties, v.happened_at, v.received_at, v.number
		    FROM events v WHERE v.name = wanted AND v.number IS NOT NULL AND v.kind <> 'colleague' AND v.customer_id IN (
		        SELECT c.id UNION SELECT m.id FROM customers m WHERE m.account_id = c.account_id)
		    ORDER BY v.received_at DESC, v.seq DESC LIMIT $3) e
		WHERE c.id = ANY($1)`, ids, names, journey.HistoryMax).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var e journey.Event
			if err := rows.Scan(&id, &e.Name, &e.CustomerID, &e.Properties, &e.At, &e.ReceivedAt, &e.Number); err != nil {
				return err
			}
			f := all[id]
			if f.AccountHistory == nil {
				f.AccountHistory = map[string][]journey.Event{}
			}
			f.AccountHistory[e.Name] = append(f.AccountHistory[e.Name], e)
		}
		return rows.Err()
	})
}

func queueWhereabouts(b *pgx.Batch, ids, keys []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT customer_id, journey_key, CASE WHEN bool_or(status = 'active') THEN 'active' ELSE 'finished' END
		FROM enrollments WHERE customer_id = ANY($1) AND journey_key = ANY($2) GROUP BY 1, 2`, ids, keys).Query(func(rows pgx.Rows) error {
		var id, key, is string
		_, err := pgx.ForEachRow(rows, []any{&id, &key, &is}, func() error { all[id].Journeys[key] = is; return nil })
		return err
	})
}

func queueSegments(b *pgx.Batch, ids, keys []string, all map[string]*journey.Facts) {
	b.Queue(`SELECT customer_id, segment FROM segment_members WHERE customer_id = ANY($1) AND segment = ANY($2) AND member`, ids, keys).
		Query(func(rows pgx.Rows) error {
			var id, key string
			_, err := pgx.ForEachRow(rows, []any{&id, &key}, func() error {
				if all[id].Segments == nil {
					all[id].Segments = map[string]bool{}
				}
				all[id].Segments[key] = true
				return nil
			})
			return err
		})
}

func queueAccounts(b *pgx.Batch, ids []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT c.id, a.id, coalesce(a.external_id, ''), a.name, a.attributes
		FROM accounts a JOIN customers c ON c.account_id = a.id WHERE c.id = ANY($1)`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			a := &journey.Account{}
			if err := rows.Scan(&id, &a.ID, &a.ExternalID, &a.Name, &a.Attributes); err != nil {
				return err
			}
			all[id].Account = a
		}
		return rows.Err()
	})
}

func queueAllMessages(b *pgx.Batch, ids []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT customer_id, id, step, state, `+messageBounced+`,
		       EXISTS (SELECT FROM observations o WHERE o.message_id = m.id AND kind = 'click' AND NOT machine), queued_at
		FROM messages m WHERE customer_id = ANY($1) ORDER BY queued_at, id`, ids).Query(func(rows pgx.Rows) error {
		var customer string
		var m journey.MessageFact
		_, err := pgx.ForEachRow(rows, []any{&customer, &m.ID, &m.Step, &m.State, &m.Bounced, &m.Clicked, &m.At}, func() error {
			all[customer].Messages = append(all[customer].Messages, m)
			return nil
		})
		return err
	})
}

// queueAllCoupons adds the last coupon under each name.
func queueAllCoupons(b *pgx.Batch, ids []string, all map[string]*journey.Facts) {
	b.Queue(`
		SELECT DISTINCT ON (customer_id, alias) customer_id, id, pool, alias, code, expires_at, redeemed_at, state = 'released'
		FROM coupons WHERE customer_id = ANY($1) ORDER BY customer_id, alias, issued_at DESC, id DESC`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var customer string
			var c journey.Coupon
			if err := rows.Scan(&customer, &c.ID, &c.Pool, &c.As, &c.Code, &c.ExpiresAt, &c.RedeemedAt, &c.Released); err != nil {
				return err
			}
			all[customer].Coupons[c.As] = c
		}
		return rows.Err()
	})
}
