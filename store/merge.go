package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// MergeCustomers makes one customer of two: into stays and takes over ids, events, consents, enrollments, messages, coupons,
// tasks and surveys of from. Refs are those of Customer. Of two enrollments in one journey the one that is further stays and
// the other exits `merged`. Merging what is one already has no effect.
func (s *Store) MergeCustomers(ctx context.Context, from, into, by string) (err error) {
	defer wrap(&err, "merging two customers")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		fromID, err := resolve(ctx, tx, from)
		if err != nil {
			return err
		}
		intoID, err := resolve(ctx, tx, into)
		if err != nil || fromID == intoID {
			return err
		}
		return s.merge(ctx, tx, fromID, intoID, by)
	})
}

// merge locks both and moves everything. It asks to start over when one of them was merged away meanwhile.
func (s *Store) merge(ctx context.Context, tx pgx.Tx, from, into, by string) error {
	if err := lockCustomers(ctx, tx, []string{from, into}); err != nil {
		return err
	}
	people, err := loadPeople(ctx, tx, []string{from, into})
	if err != nil {
		return err
	}
	loser, winner := people[from], people[into]
	if loser == nil || winner == nil || loser.MergedInto != "" || winner.MergedInto != "" {
		return errAgain
	}
	b := &pgx.Batch{}
	exits, err := s.mergeEnrollments(ctx, tx, b, loser, winner, by)
	if err != nil {
		return err
	}
	mergeConsents(b, from, into)
	mergeFrequency(b, from, into)
	mergeTotals(b, from, into)
	moveRows(b, from, into)
	if err := mergeOrders(ctx, tx, b, loser, winner); err != nil {
		return err
	}
	bounds, err := readBounds(ctx, tx)
	if err != nil {
		return err
	}
	mergeProfile(b, loser, winner, s.clock.Now(), bounds)
	// The facts of the reports follow this event: both are counted anew when it has been applied.
	merged := journey.Event{
		Kind: journey.KindOwn, CustomerID: into, Name: journey.EventCustomerMerged,
		Properties: map[string]any{"from": from, "into": into, "by": by},
	}
	if err := s.queueEvents(b, []journey.Event{merged}); err != nil {
		return err
	}
	b.Queue(`SELECT pg_notify($1, '')`, channelEvents)
	var dropped []told
	queueDrop(b, exits, journey.ReasonMerged, &dropped)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := s.tellOfMessages(ctx, tx, dropped); err != nil {
		return err
	}
	active, err := activeEnrollments(ctx, tx, into)
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, active)
}

// standing is how far an enrollment is, for the choice between two.
type standing struct {
	ID         string
	CustomerID string
	JourneyKey string
	Version    int
	EntryKey   string
	Active     bool
	EnteredAt  time.Time
	Steps      int64
	Cursor     int64
}

// further orders enrollments of one journey: active ones before ended ones, then who has entered more steps, then the older.
func further(a, b standing) int {
	active := func(s standing) int {
		if s.Active {
			return 0
		}
		return 1
	}
	return cmp.Or(active(a)-active(b), cmp.Compare(b.Steps, a.Steps), a.EnteredAt.Compare(b.EnteredAt), cmp.Compare(a.ID, b.ID))
}

// mergeEnrollments moves the enrollments of the loser, asks those that are behind to exit, and renumbers both streams. It
// returns the ids of those that exit.
func (s *Store) mergeEnrollments(ctx context.Context, tx pgx.Tx, b *pgx.Batch, from, into *person, by string) ([]string, error) {
	_, err := tx.Exec(ctx, `SELECT FROM enrollments WHERE customer_id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE`, from.ID, into.ID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		SELECT id, customer_id, journey_key, version, entry_key, status = 'active' AS active, entered_at,
		       (SELECT coalesce(sum(n::bigint), 0)::bigint
		        FROM jsonb_each_text(coalesce(state->'visits', '{}')) AS v (step, n)) AS steps,
		       coalesce((state->>'cursor')::bigint, 0) AS cursor
		FROM enrollments WHERE customer_id IN ($1, $2)`, from.ID, into.ID)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[standing])
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, further)
	exits, rename, err := s.collisions(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	b.Queue(`UPDATE enrollments SET entry_key = entry_key || ':merged:' || id WHERE id = ANY($1)`, rename)
	b.Queue(`
		INSERT INTO requests (enrollment_id, verb, reason, by, at)
		SELECT id, 'exit', $2, $3, $4 FROM unnest($1::text[]) AS id`, exits, journey.ReasonMerged, by, s.clock.Now())
	renumber(b, from, into, all)
	b.Queue(`UPDATE enrollments SET customer_id = $2 WHERE customer_id = $1`, from.ID, into.ID)
	return exits, nil
}

// collisions says which enrollments must exit, because the same journey has one that is further, and which entry keys must
// change, because two enrollments of one customer cannot have the same. Journeys with an enrollment per value of the trigger
// keep those of different values side by side.
func (s *Store) collisions(ctx context.Context, q querier, all []standing) (exits, rename []string, err error) {
	type entry struct{ journey, key string }
	staying, keys := map[string]bool{}, map[entry]bool{}
	for _, e := range all { // the furthest first
		def, err := s.definition(ctx, q, e.JourneyKey, e.Version)
		if err != nil {
			return nil, nil, err
		}
		k := entry{e.JourneyKey, e.EntryKey}
		sideBySide := def.Reentry != nil && (len(def.Reentry.Per) > 0 || def.Reentry.Always) || def.Enter.Each != nil
		behind := staying[e.JourneyKey] && !sideBySide || keys[k]
		if e.Active && behind {
			exits = append(exits, e.ID)
		}
		if keys[k] {
			rename = append(rename, e.ID)
		}
		keys[k] = true
		if e.Active {
			staying[e.JourneyKey] = true
		}
	}
	return exits, rename, nil
}

// renumber puts the events of from after those of into that have been decided on, and what has not been decided on after
// both: so no enrollment takes an old event of the other customer for news, and none misses one of its own. The unique index
// is checked row by row, which is why numbers go by way of negative ones.
func renumber(b *pgx.Batch, from, into *person, all []standing) {
	decided := into.Applied
	for _, e := range all {
		if e.Active && e.CustomerID == into.ID {
			decided = min(decided, e.Cursor)
		}
	}
	b.Queue(`UPDATE events SET number = -(number + $3) WHERE customer_id = $1 AND number > $2`, into.ID, decided, from.Applied)
	b.Queue(`UPDATE events SET number = -number WHERE customer_id = $1 AND number < 0`, into.ID)
	b.Queue(`UPDATE events SET number = number + $3, customer_id = $2 WHERE customer_id = $1`, from.ID, into.ID, decided)
	b.Queue(`
		UPDATE enrollments SET state = state || jsonb_build_object(
		    'cursor', coalesce((state->>'cursor')::bigint, 0) + CASE customer_id WHEN $1 THEN $3::bigint ELSE $4::bigint END,
		    'began', coalesce((state->>'began')::bigint, 0) + CASE WHEN customer_id = $1 THEN $3::bigint
		             WHEN coalesce((state->>'began')::bigint, 0) >= $3 THEN $4::bigint ELSE 0 END)
		WHERE customer_id IN ($1, $2) AND status = 'active'`, from.ID, into.ID, decided, from.Applied)
}

// mergeConsents lets the later change win; at the same moment withdrawn beats given.
func mergeConsents(b *pgx.Batch, from, into string) {
	b.Queue(`
		INSERT INTO consents (customer_id, topic, state, changed_at)
		SELECT $2, topic, state, changed_at FROM consents WHERE customer_id = $1
		ON CONFLICT (customer_id, topic) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
		WHERE excluded.changed_at > consents.changed_at
		   OR excluded.changed_at = consents.changed_at AND excluded.state = 'withdrawn'`, from, into)
	b.Queue(`DELETE FROM consents WHERE customer_id = $1`, from)
}

// mergeFrequency keeps the fewer mails of the two that they asked for.
func mergeFrequency(b *pgx.Batch, from, into string) {
	b.Queue(`
		UPDATE customers c SET mail_days = greatest(c.mail_days, o.mail_days) FROM customers o WHERE c.id = $2 AND o.id = $1`, from, into)
	b.Queue(`UPDATE customers SET mail_days = 0 WHERE id = $1`, from)
}

// mergeTotals adds up how often each event happened.
func mergeTotals(b *pgx.Batch, from, into string) {
	b.Queue(`
		INSERT INTO event_totals AS t (customer_id, name, count, first_at, last_at, last_event_id)
		SELECT $2, name, count, first_at, last_at, last_event_id FROM event_totals WHERE customer_id = $1
		ON CONFLICT (customer_id, name) DO UPDATE SET
		    count = t.count + excluded.count, first_at = least(t.first_at, excluded.first_at),
		    last_at = greatest(t.last_at, excluded.last_at),
		    last_event_id = CASE WHEN excluded.last_at > t.last_at THEN excluded.last_event_id ELSE t.last_event_id END`, from, into)
	b.Queue(`DELETE FROM event_totals WHERE customer_id = $1`, from)
}

// moveRows hands over what only names the customer. Pauses that hold go along; those that are over stay with the past.
func moveRows(b *pgx.Batch, from, into string) {
	b.Queue(`UPDATE customer_ids SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE consent_changes SET customer_id = $2 WHERE customer_id = $1`, from, into)
	// Both were written to for one step, as colleagues of a customer: one of the two mails is enough.
	b.Queue(`
		UPDATE messages m SET step = step || ':merged:' || id, reason = CASE WHEN state IN ('queued', 'deferred', 'claimed') THEN $3 ELSE reason END,
		       state = CASE WHEN state IN ('queued', 'deferred', 'claimed') THEN CASE WHEN resent THEN 'unknown' ELSE 'dropped' END ELSE state END
		WHERE customer_id = $1 AND EXISTS (
			SELECT FROM messages o WHERE o.customer_id = $2 AND o.enrollment_id = m.enrollment_id AND o.step = m.step AND o.visit = m.visit
				AND o.channel = m.channel)`, from, into, journey.ReasonMerged)
	b.Queue(`UPDATE messages SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`DELETE FROM segment_members WHERE customer_id = $1`, from)
	b.Queue(`DELETE FROM segment_checks WHERE customer_id = $1`, from)
	queueCheck(b, into)
	b.Queue(`UPDATE coupons SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE notes SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE tasks SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE parcels SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE calls SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE survey_invites SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE step_log SET customer_id = $2 WHERE customer_id = $1`, from, into)
	b.Queue(`UPDATE pauses SET target = $2 WHERE scope = 'customer' AND target = $1 AND ended_at IS NULL`, from, into)
	b.Queue(`
		UPDATE pauses SET target = $2 || substr(target, length($1) + 1)
		WHERE scope = 'customer_topic' AND starts_with(target, $1 || '/') AND ended_at IS NULL`, from, into)
}

// mergeProfile writes what the two know together and empties the one that goes: she is only a pointer now.
func mergeProfile(b *pgx.Batch, from, into *person, now time.Time, bounds journey.ScoreBounds) {
	c := journey.MergeProfiles(into.Customer, from.Customer)
	journey.Derive(c.Attributes, now)
	bounds.Apply(c.Attributes, now)
	b.Queue(`
		UPDATE customers SET external_id = NULL, email = '', first_name = '', last_name = '', locale = '', timezone = '',
		       account_id = NULL, account_role = '', attributes = '{}', applied = 0, merged_into = $2, stage_due_at = NULL
		WHERE id = $1 OR merged_into = $1`, from.ID, into.ID)
	b.Queue(`
		UPDATE customers SET external_id = nullif($2, ''), email = $3, first_name = $4, last_name = $5, locale = $6,
		       timezone = $7, account_id = nullif($8, ''), attributes = $9, created_at = $10, applied = applied + $11,
		       account_role = $12, stage_due_at = $13
		WHERE id = $1`,
		c.ID, c.ExternalID, c.Email, c.FirstName, c.LastName, c.Locale, c.Timezone, c.AccountID, c.Attributes, c.CreatedAt,
		from.Applied, c.AccountRole, stageDue(c, now, bounds))
}

func activeEnrollments(ctx context.Context, q querier, customerID string) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT id FROM enrollments WHERE customer_id = $1 AND status = 'active' ORDER BY id`, customerID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
