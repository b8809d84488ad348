package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SampleInFlight returns up to limit enrollments that are in flight and not held, always the same ones of the same people, and how
// many there are.
func (s *Store) SampleInFlight(ctx context.Context, key string, limit int) (ids []string, of int, err error) {
	defer wrap(&err, "choosing people of journey %q", key)
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*)::int FROM enrollments WHERE journey_key = $1 AND status = 'active'),
		    array(SELECT id FROM enrollments WHERE journey_key = $1 AND status = 'active' AND held = '' ORDER BY md5(id), id LIMIT $2)`,
		key, limit).Scan(&of, &ids)
	return ids, of, err
}

// recalledEvents bounds what a replay reads of one person.
const recalledEvents = 2000

// Recall reads one enrollment with everything that a decision of def can look at, and with what she did since she entered. It
// changes nothing. Nil when she is not in flight any more.
func (s *Store) Recall(ctx context.Context, id string, def *journey.Definition) (out *journey.Recalled, err error) {
	defer wrap(&err, "reading what enrollment %s recorded", id)
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, journey_key, version, customer_id, status, state, entered_at FROM enrollments
			WHERE id = $1 AND status = 'active' AND customer_id <> 'cus_erased'`, id)
		if err != nil {
			return err
		}
		var e enrollment
		found := false
		if _, err := pgx.ForEachRow(rows, []any{&e.ID, &e.JourneyKey, &e.Version, &e.CustomerID, &e.Status, &e.State, &e.EnteredAt},
			func() error { found = true; return nil }); err != nil || !found {
			return err
		}
		g, err := s.loadGround(ctx, tx, &e, def)
		if err != nil {
			return err
		}
		out = &journey.Recalled{Version: e.Version, State: e.State, Facts: g.Facts}
		out.Name = g.Facts.Customer.ID
		if c := g.Facts.Customer; c.Email != "" {
			out.Name = c.Email
		}
		return s.recallPast(ctx, tx, &e, def, out)
	})
	return out, err
}

func (s *Store) recallPast(ctx context.Context, tx pgx.Tx, e *enrollment, def *journey.Definition, out *journey.Recalled) error {
	b := &pgx.Batch{}
	b.Queue(`SELECT DISTINCT template FROM messages WHERE enrollment_id = $1 AND state NOT IN ('dropped', 'failed') ORDER BY template`, e.ID).
		Query(func(rows pgx.Rows) (err error) {
			out.Had, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	if names := def.Needs().Events; len(names) > 0 {
		b.Queue(`
			SELECT e.id, e.kind, coalesce(e.customer_id, ''), e.user_id, e.anonymous_id, e.name, e.properties, e.context, e.happened_at,
			       e.received_at, coalesce(e.number, 0), e.historical
			FROM events e WHERE e.customer_id = $1 AND e.number > $2 AND e.name = ANY($3) AND NOT e.historical AND e.kind <> 'colleague'
			ORDER BY e.number LIMIT $4`, e.CustomerID, e.State.Began, names, recalledEvents).
			Query(func(rows pgx.Rows) (err error) {
				out.Events, err = pgx.CollectRows(rows, scanEvent)
				return err
			})
	}
	return tx.SendBatch(ctx, b).Close()
}

// audienceDays is what is usual: the mean of so many days.
const audienceDays = 28

// Audience says who will enter by the trigger of def, against those who entered the journey lately.
func (s *Store) Audience(ctx context.Context, key string, def *journey.Definition) (a journey.Audience, err error) {
	defer wrap(&err, "estimating who will enter journey %q", key)
	now := s.clock.Now()
	since := now.Add(-audienceDays * 24 * time.Hour)
	a = journey.Audience{Trigger: def.Enter.Words(), Days: audienceDays}
	var entered, did, quiet int
	var silent time.Time
	event, never := def.Enter.Event, def.Reentry != nil && def.Reentry.Never
	if q := def.Enter.Inactive; q != nil {
		silent = now.Add(-q.For)
	}
	b := &pgx.Batch{}
	b.Queue(`SELECT count(*)::int FROM enrollments WHERE journey_key = $1 AND entered_at > $2`, key, since).
		QueryRow(func(row pgx.Row) error { return row.Scan(&entered) })
	if event != "" {
		b.Queue(`SELECT count(*)::int FROM event_totals WHERE name = $1 AND last_at > $2`, event, since).
			QueryRow(func(row pgx.Row) error { return row.Scan(&did) })
	}
	if def.Enter.Inactive != nil {
		b.Queue(`
			SELECT count(*)::int FROM event_totals t WHERE t.name = $1 AND t.last_at <= $2
			  AND NOT EXISTS (SELECT FROM enrollments e WHERE e.customer_id = t.customer_id AND e.journey_key = $3
			                  AND (e.status = 'active' OR e.entry_key = 'inactive:' || t.last_event_id OR $4))`,
			def.Enter.Inactive.Event, silent, key, never).
			QueryRow(func(row pgx.Row) error { return row.Scan(&quiet) })
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return a, err
	}
	a.PerDay, a.Likely = float64(entered)/audienceDays, float64(did)/audienceDays
	if def.Enter.Inactive != nil {
		a.AtOnce = &quiet
	}
	a.Judge()
	return a, nil
}
