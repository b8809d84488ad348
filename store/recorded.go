package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// recordedMost is how many of her newest events are read.
const recordedMost = 2000

// Recorded reads what is known of a customer, as far as a journey can look at it. Nothing is locked: it is for looking ahead,
// not for deciding. The fault is not_found.
func (s *Store) Recorded(ctx context.Context, customer, journeyKey, topic string) (r journey.Recorded, err error) {
	defer wrap(&err, "reading what is recorded of the customer")
	c, err := s.Customer(ctx, customer)
	if err != nil {
		return r, err
	}
	r.Customer = c
	if c.AccountID != "" {
		account, err := s.Account(ctx, c.AccountID)
		if err != nil {
			return r, err
		}
		r.Account = &account
	}
	b := &pgx.Batch{}
	queueSuppressed(b, c.ID, topic, s.clock.Now(), &r.Suppressed)
	b.Queue(`
		SELECT e.id, e.kind, coalesce(e.customer_id, ''), e.user_id, e.anonymous_id, e.name, coalesce(o.properties, e.properties),
		       e.context, e.happened_at, e.received_at, coalesce(e.number, 0), e.historical
		FROM events e LEFT JOIN events o ON e.kind = 'colleague' AND o.id = e.context->>'event'
		WHERE e.customer_id = $1 AND e.number IS NOT NULL
		ORDER BY e.number DESC LIMIT $2`, c.ID, recordedMost).Query(func(rows pgx.Rows) error {
		var err error
		r.Events, err = pgx.CollectRows(rows, scanEvent)
		slices.Reverse(r.Events)
		return err
	})
	b.Queue(`
		SELECT entry_key, status = 'active', ended_at FROM enrollments WHERE customer_id = $1 AND journey_key = $2
		ORDER BY entered_at, id`, c.ID, journeyKey).Query(func(rows pgx.Rows) error {
		var err error
		r.Past, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Past])
		return err
	})
	return r, s.pool.SendBatch(ctx, b).Close()
}
