package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// ground is what a decision stands on.
type ground struct {
	Facts  journey.Facts
	person *person
}

// loadGround reads, in one round trip, the facts that decisions of this version can look at.
func (s *Store) loadGround(ctx context.Context, tx pgx.Tx, e *enrollment, def *journey.Definition) (*ground, error) {
	needs, err := safely(def.Needs)
	if err != nil {
		return nil, err
	}
	g := &ground{Facts: journey.Facts{
		EnrollmentID: e.ID, JourneyKey: e.JourneyKey, Version: e.Version, Requests: e.requests,
		Coupons: map[string]journey.Coupon{}, Empty: map[string]bool{},
	}}
	f := &g.Facts
	people := map[string]*person{}
	b := &pgx.Batch{}
	queuePeople(b, []string{e.CustomerID}, people)
	queuePauses(b, e, def.Topic, &f.Pauses)
	queueCoupons(b, e.ID, f)
	queueCallFact(b, e.State.Call, f)
	queueSuppressed(b, e.CustomerID, def.Topic, s.clock.Now(), &f.Suppressed)
	if len(needs.Events) > 0 {
		queueNews(b, e, needs.Events, &f.Events)
	}
	if needs.Messages {
		queueMessageFacts(b, e.ID, &f.Messages)
	}
	queueCaps(b, e.CustomerID, needs, s.clock.Now(), def, f)
	queueMemory(b, e.CustomerID, needs, f)
	queueWinners(b, e.JourneyKey, needs.Contests, f)
	queueHours(b, needs.Teams, f)
	s.queueRecipients(b, e.CustomerID, def.Topic, needs, s.clock.Now(), f)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	g.person = people[e.CustomerID]
	if g.person == nil {
		return nil, errAgain
	}
	f.Customer, f.Applied, f.Zone = g.person.Customer, g.person.Applied, s.zoneOf(g.person.Customer)
	return g, nil
}

// queuePauses adds the pauses that cover the enrollment and were not over when it began.
func queuePauses(b *pgx.Batch, e *enrollment, topic string, into *[]journey.Pause) {
	b.Queue(`
		SELECT id, scope, target, reason, by, since_at AS since, until_at AS until, ended_at, on_resume, spread
		FROM pauses
		WHERE (scope = 'everything' OR scope = 'customer' AND target = $1 OR scope = 'enrollment' AND target = $2
		       OR scope = 'journey' AND target = $3 OR scope = 'topic' AND target = $4
		       OR scope = 'customer_topic' AND target = $1 || '/' || $4)
		  AND (coalesce(ended_at, until_at) IS NULL OR coalesce(ended_at, until_at) > $5)
		ORDER BY since_at, id`, e.CustomerID, e.ID, e.JourneyKey, topic, e.EnteredAt).Query(func(rows pgx.Rows) error {
		var err error
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByName[journey.Pause])
		return err
	})
}

// queueCoupons adds the coupons of the enrollment; of several under one name the last one counts.
func queueCoupons(b *pgx.Batch, enrollmentID string, into *journey.Facts) {
	b.Queue(`
		SELECT DISTINCT ON (alias) id, pool, alias, code, expires_at, coalesce(expires, '0'), redeemed_at, state = 'released'
		FROM coupons WHERE enrollment_id = $1 ORDER BY alias, issued_at DESC, id DESC`, enrollmentID).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var c journey.Coupon
				if err := rows.Scan(&c.ID, &c.Pool, &c.As, &c.Code, &c.ExpiresAt, &c.Expires, &c.RedeemedAt, &c.Released); err != nil {
					return err
				}
				into.Coupons[c.As] = c
			}
			return rows.Err()
		})
}

// queueSuppressed asks whether her address must not get this class of mail.
func queueSuppressed(b *pgx.Batch, customerID, topic string, now time.Time, into *bool) {
	b.Queue(`
		SELECT EXISTS (SELECT FROM customers c CROSS JOIN settings st
		               JOIN suppressions s ON s.address IN (lower(c.email), `+sealedSQL(`lower(c.email)`)+`)
		               WHERE c.id = $1 AND `+forbidsSQL(`$2`, `$3`)+`)`, customerID, topic != journey.TopicTransactional, now).
		QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// queueNews adds the events that have not been decided on. Historical ones trigger nothing.
func queueNews(b *pgx.Batch, e *enrollment, names []string, into *[]journey.Event) {
	b.Queue(`
		SELECT e.id, e.kind, coalesce(e.customer_id, ''), e.user_id, e.anonymous_id, e.name, coalesce(o.properties, e.properties),
		       e.context, e.happened_at, e.received_at, coalesce(e.number, 0), e.historical
		FROM events e LEFT JOIN events o ON e.kind = 'colleague' AND o.id = e.context->>'event'
		WHERE e.customer_id = $1 AND e.number > $2 AND e.name = ANY($3) AND NOT e.historical
		ORDER BY e.number`, e.CustomerID, e.State.Cursor, names).Query(func(rows pgx.Rows) error {
		var err error
		*into, err = pgx.CollectRows(rows, scanEvent)
		return err
	})
}

// queueMessageFacts adds what became of the messages of the enrollment.
func queueMessageFacts(b *pgx.Batch, enrollmentID string, into *[]journey.MessageFact) {
	b.Queue(`
		SELECT id, step, state, `+messageBounced+` AS bounced,
		       EXISTS (SELECT FROM observations o WHERE o.message_id = m.id AND kind = 'click' AND NOT machine) AS clicked, queued_at AS at
		FROM messages m WHERE enrollment_id = $1 ORDER BY queued_at, id`, enrollmentID).Query(func(rows pgx.Rows) error {
		var err error
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByName[journey.MessageFact])
		return err
	})
}

// queueCaps adds the caps of topics, and the messages that they and the cap of the journey count.
func queueCaps(b *pgx.Batch, customerID string, needs journey.Needs, now time.Time, def *journey.Definition, into *journey.Facts) {
	into.Caps = map[string]journey.Cap{}
	if len(needs.Topics) > 0 {
		b.Queue(`SELECT key, cap FROM topics WHERE key = ANY($1) AND cap IS NOT NULL`, needs.Topics).Query(func(rows pgx.Rows) error {
			var key string
			var c journey.Cap
			_, err := pgx.ForEachRow(rows, []any{&key, &c}, func() error { into.Caps[key] = c; return nil })
			return err
		})
	}
	declared := needs.Cap
	for _, t := range def.Declares.Topics {
		declared = declared || t.Cap != nil
	}
	b.Queue(`
		SELECT journey_key AS journey, topic, not_before_at AS at FROM messages
		WHERE customer_id = $1 AND state NOT IN ('dropped', 'failed') AND not_before_at > $2
		  AND ($3 OR EXISTS (SELECT FROM topics WHERE key = ANY($4) AND cap IS NOT NULL))
		ORDER BY not_before_at DESC LIMIT 1000`, customerID, now.Add(-journey.MaxDuration), declared, needs.Topics).Query(func(rows pgx.Rows) error {
		var err error
		into.Sent, err = pgx.CollectRows(rows, pgx.RowToStructByName[journey.SentFact])
		return err
	})
}

// queueMemory adds what conditions recall of the customer: past events, other journeys, her account.
func queueMemory(b *pgx.Batch, customerID string, needs journey.Needs, into *journey.Facts) {
	into.History, into.Journeys = map[string][]journey.Event{}, map[string]string{}
	if len(needs.History) > 0 {
		b.Queue(`
			SELECT e.* FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
			    SELECT id, kind, coalesce(customer_id, ''), user_id, anonymous_id, name, properties, context, happened_at,
			           received_at, coalesce(number, 0), historical
			    FROM events WHERE customer_id = $1 AND name = wanted AND number IS NOT NULL AND kind <> 'colleague'
			    ORDER BY number DESC LIMIT $3) e`, customerID, needs.History, journey.HistoryMax).Query(func(rows pgx.Rows) error {
			events, err := pgx.CollectRows(rows, scanEvent)
			for _, e := range events {
				into.History[e.Name] = append(into.History[e.Name], e)
			}
			return err
		})
	}
	if len(needs.Segments) > 0 {
		b.Queue(`SELECT segment FROM segment_members WHERE customer_id = $1 AND segment = ANY($2) AND member`, customerID, needs.Segments).
			Query(func(rows pgx.Rows) error {
				into.Segments = map[string]bool{}
				var key string
				_, err := pgx.ForEachRow(rows, []any{&key}, func() error { into.Segments[key] = true; return nil })
				return err
			})
	}
	if len(needs.AccountHistory) > 0 {
		queueAccountHistory(b, customerID, needs.AccountHistory, into)
	}
	if len(needs.Journeys) > 0 {
		b.Queue(`
			SELECT journey_key, CASE WHEN bool_or(status = 'active') THEN 'active' ELSE 'finished' END
			FROM enrollments WHERE customer_id = $1 AND journey_key = ANY($2) GROUP BY journey_key`, customerID, needs.Journeys).
			Query(func(rows pgx.Rows) error {
				for _, key := range needs.Journeys {
					into.Journeys[key] = "never"
				}
				var key, is string
				_, err := pgx.ForEachRow(rows, []any{&key, &is}, func() error { into.Journeys[key] = is; return nil })
				return err
			})
	}
	if needs.Account {
		b.Queue(`
			SELECT a.id, coalesce(a.external_id, ''), a.name, a.attributes
			FROM accounts a JOIN customers c ON c.account_id = a.id WHERE c.id = $1`, customerID).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				into.Account = &journey.Account{}
				a := into.Account
				if err := rows.Scan(&a.ID, &a.ExternalID, &a.Name, &a.Attributes); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
}

// queueAccountHistory adds past events of everybody of her account, herself included. Who has no account has herself.
func queueAccountHistory(b *pgx.Batch, customerID string, names []string, into *journey.Facts) {
	into.AccountHistory = map[string][]journey.Event{}
	b.Queue(`
		SELECT e.* FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
		    SELECT v.id, v.kind, coalesce(v.customer_id, ''), v.user_id, v.anonymous_id, v.name, v.properties, v.context,
		           v.happened_at, v.received_at, coalesce(v.number, 0), v.historical
		    FROM events v WHERE v.name = wanted AND v.number IS NOT NULL AND v.kind <> 'colleague' AND v.customer_id IN (
		        SELECT $1 UNION SELECT m.id FROM customers c JOIN customers m ON m.account_id = c.account_id WHERE c.id = $1)
		    ORDER BY v.received_at DESC, v.seq DESC LIMIT $3) e`, customerID, names, journey.HistoryMax).Query(func(rows pgx.Rows) error {
		events, err := pgx.CollectRows(rows, scanEvent)
		for _, e := range events {
			into.AccountHistory[e.Name] = append(into.AccountHistory[e.Name], e)
		}
		return err
	})
}

// scanEvent reads an event; the order of the columns is that of the queries in this package.
func scanEvent(row pgx.CollectableRow) (e journey.Event, err error) {
	err = row.Scan(&e.ID, &e.Kind, &e.CustomerID, &e.UserID, &e.AnonymousID, &e.Name, &e.Properties, &e.Context, &e.At,
		&e.ReceivedAt, &e.Number, &e.Historical)
	e.MessageID = e.ID
	return e, err
}
