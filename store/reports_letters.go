package store

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueLoadLetters reads what is kept of customers' enrollments and messages into their facts.
func queueLoadLetters(b *pgx.Batch, ids []string, out map[string]journey.CustomerFacts) {
	b.Queue(`
		SELECT customer_id, enrollment_id, journey_key, entered_at, holdout, reason, reached, worth, currency,
			nullif(got, '{}'), nullif(came, '{}'), nullif(took, '{}'), at_step FROM report_enrollments
		WHERE customer_id = ANY($1) ORDER BY customer_id, enrollment_id COLLATE "C"`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var e journey.EnrollmentFact
			if err := rows.Scan(&id, &e.ID, &e.Journey, &e.EnteredAt, &e.Holdout, &e.Reason, &e.Reached, &e.Worth, &e.Currency, &e.Got,
				&e.Came, &e.Took, &e.At); err != nil {
				return err
			}
			f := out[id]
			f.Enrollments = append(f.Enrollments, e)
			out[id] = f
		}
		return rows.Err()
	})
	b.Queue(`
		SELECT customer_id, month, journey_key, message, sent, bounced, complained, clicked, unsubscribed, last_at FROM report_messages
		WHERE customer_id = ANY($1) ORDER BY customer_id, month, journey_key COLLATE "C", message COLLATE "C"`, ids).Query(func(rows pgx.Rows) error {
		var id string
		var m journey.MessageMonth
		_, err := pgx.ForEachRow(rows, []any{&id, &m.Month, &m.Journey, &m.Message, &m.Sent, &m.Bounced, &m.Complained, &m.Clicked, &m.Unsubscribed, &m.LastAt}, func() error {
			f := out[id]
			f.Messages = append(f.Messages, m)
			out[id] = f
			return nil
		})
		return err
	})
}

// queueEnrollmentFacts writes enrollments; those that have not changed are left alone.
func queueEnrollmentFacts(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	var who, enrollments, journeys, reasons, currencies, got, came, took, at []string
	var entered []time.Time
	var holdout, reached []bool
	var worth []int64
	for _, id := range ids {
		for _, e := range facts[id].Enrollments {
			who, enrollments, journeys, entered = append(who, id), append(enrollments, e.ID), append(journeys, e.Journey), append(entered, e.EnteredAt)
			holdout, reasons, reached = append(holdout, e.Holdout), append(reasons, e.Reason), append(reached, e.Reached)
			worth, currencies, got = append(worth, e.Worth), append(currencies, e.Currency), append(got, strings.Join(e.Got, "\n"))
			came, took, at = append(came, strings.Join(e.Came, "\n")), append(took, strings.Join(e.Took, "\n")), append(at, e.At)
		}
	}
	b.Queue(`
		DELETE FROM report_enrollments WHERE customer_id = ANY($1) AND (customer_id, enrollment_id) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))`,
		ids, who, enrollments)
	if len(who) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO report_enrollments AS r (customer_id, enrollment_id, journey_key, entered_at, holdout, reason, reached, worth, currency, got, came, took, at_step)
		SELECT customer, enrollment, journey, entered, holdout, reason, reached, worth, currency, coalesce(string_to_array(nullif(got, ''), E'\n'), '{}'),
			coalesce(string_to_array(nullif(came, ''), E'\n'), '{}'), coalesce(string_to_array(nullif(took, ''), E'\n'), '{}'), at_step
		FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::boolean[], $8::bigint[], $9::text[], $10::text[],
			$11::text[], $12::text[], $13::text[]) AS t (customer, enrollment, journey, entered, holdout, reason, reached, worth, currency, got, came, took, at_step)
		ON CONFLICT (customer_id, enrollment_id) DO UPDATE SET journey_key = excluded.journey_key, entered_at = excluded.entered_at,
			holdout = excluded.holdout, reason = excluded.reason, reached = excluded.reached, worth = excluded.worth,
			currency = excluded.currency, got = excluded.got, came = excluded.came, took = excluded.took, at_step = excluded.at_step
		WHERE (r.reason, r.reached, r.worth, r.currency, r.got, r.came, r.took, r.at_step, r.entered_at) IS DISTINCT FROM
			(excluded.reason, excluded.reached, excluded.worth, excluded.currency, excluded.got, excluded.came, excluded.took, excluded.at_step, excluded.entered_at)`,
		who, enrollments, journeys, entered, holdout, reasons, reached, worth, currencies, got, came, took, at)
}

// queueMessageMonths writes messages; those that have not changed are left alone.
func queueMessageMonths(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	var who, journeys, messages []string
	var months, last []time.Time
	var sent, bounced, complained, clicked, unsubscribed []int
	for _, id := range ids {
		for _, m := range facts[id].Messages {
			who, journeys, messages, months, last = append(who, id), append(journeys, m.Journey), append(messages, m.Message), append(months, m.Month), append(last, m.LastAt)
			sent, bounced, complained = append(sent, m.Sent), append(bounced, m.Bounced), append(complained, m.Complained)
			clicked, unsubscribed = append(clicked, m.Clicked), append(unsubscribed, m.Unsubscribed)
		}
	}
	b.Queue(`
		DELETE FROM report_messages WHERE customer_id = ANY($1) AND (customer_id, month, journey_key, message) NOT IN (
			SELECT * FROM unnest($2::text[], $3::date[], $4::text[], $5::text[]))`, ids, who, months, journeys, messages)
	if len(who) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO report_messages AS r (customer_id, month, journey_key, message, sent, bounced, complained, clicked, unsubscribed, last_at)
		SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[], $10::timestamptz[])
		ON CONFLICT (customer_id, month, journey_key, message) DO UPDATE SET sent = excluded.sent, bounced = excluded.bounced,
			complained = excluded.complained, clicked = excluded.clicked, unsubscribed = excluded.unsubscribed, last_at = excluded.last_at
		WHERE (r.sent, r.bounced, r.complained, r.clicked, r.unsubscribed, r.last_at) IS DISTINCT FROM
			(excluded.sent, excluded.bounced, excluded.complained, excluded.clicked, excluded.unsubscribed, excluded.last_at)`,
		who, months, journeys, messages, sent, bounced, complained, clicked, unsubscribed, last)
}
