package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// TellPausesOver appends Customer Resumed to the streams of customers whose pauses have come to their end by themselves, limit of them at
// most (200 at most) in one transaction: once for what ends in the same moment. It returns how many customers, and when the next pause
// ends, in wall time; zero: none does. Whether a pause holds hangs on its time alone and not on this.
func (s *Store) TellPausesOver(ctx context.Context, limit int) (n int, next time.Time, err error) {
	defer wrap(&err, "telling of pauses that are over")
	if limit <= 0 || limit > customersMax {
		limit = customersMax
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n, err = s.tellPausesOver(ctx, tx, limit)
		return err
	})
	if err != nil {
		return n, next, err
	}
	next, err = s.nextMoment(ctx, `
		SELECT until_at FROM pauses WHERE until_at IS NOT NULL AND ended_at IS NULL AND NOT told AND scope IN ('customer', 'customer_topic', 'enrollment')
		ORDER BY until_at, id LIMIT 1`)
	return n, next, err
}

// tellPausesOver locks the customers before their pauses, as pausing does. What another process has told of meanwhile is not among them.
func (s *Store) tellPausesOver(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	now := s.clock.Now()
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT coalesce(e.customer_id, split_part(p.target, '/', 1)) FROM (
			SELECT scope, target FROM pauses
			WHERE until_at <= $1 AND ended_at IS NULL AND NOT told AND scope IN ('customer', 'customer_topic', 'enrollment')
			ORDER BY until_at, id LIMIT $2) p LEFT JOIN enrollments e ON p.scope = 'enrollment' AND e.id = p.target`, now, limit)
	if err != nil {
		return 0, err
	}
	customers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(customers) == 0 {
		return 0, err
	}
	slices.Sort(customers)
	if err := lockCustomers(ctx, tx, customers); err != nil {
		return 0, err
	}
	rows, err = tx.Query(ctx, `
		WITH over AS (
			UPDATE pauses p SET told = true
			FROM (SELECT o.id, o.scope, coalesce(e.customer_id, split_part(o.target, '/', 1)) AS customer, coalesce(e.id, '') AS enrollment
				FROM pauses o LEFT JOIN enrollments e ON o.scope = 'enrollment' AND e.id = o.target
				WHERE o.until_at <= $1 AND o.ended_at IS NULL AND NOT o.told AND o.scope IN ('customer', 'customer_topic', 'enrollment')) o
			WHERE p.id = o.id AND o.customer = ANY($2) AND NOT p.told AND p.ended_at IS NULL
			RETURNING o.customer, o.scope, o.enrollment, p.by, p.on_resume, p.until_at, p.target)
		SELECT customer, scope, enrollment, by, on_resume, until_at,
			coalesce(array_agg(split_part(target, '/', 2) ORDER BY target) FILTER (WHERE scope = 'customer_topic'), '{}')
		FROM over GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY until_at, customer, scope, enrollment`, now, customers)
	if err != nil {
		return 0, err
	}
	over, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pauseOver])
	if err != nil {
		return 0, err
	}
	var events []journey.Event
	for _, p := range over {
		if p.Customer != erasedID {
			events = append(events, p.event())
		}
	}
	if len(events) == 0 {
		return len(customers), nil
	}
	if err := s.insertEvents(ctx, tx, events); err != nil {
		return 0, err
	}
	return len(customers), notify(ctx, tx, channelEvents)
}

// pauseOver is what has come to its end for a customer in one moment.
type pauseOver struct {
	Customer, Scope, Enrollment, By, OnResume string
	Until                                     time.Time
	Topics                                    []string
}

// event says that she goes on. Nobody resumed her: there is no `by`.
func (p pauseOver) event() journey.Event {
	properties := map[string]any{"scope": p.Scope, "policy": p.OnResume, "paused_by": p.By}
	if p.Enrollment != "" {
		properties["enrollment"] = p.Enrollment
	}
	if len(p.Topics) > 0 {
		properties["topics"] = p.Topics
	}
	return journey.Event{Kind: journey.KindOwn, Name: journey.EventCustomerResumed, CustomerID: p.Customer, At: p.Until, Properties: properties}
}
