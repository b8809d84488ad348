package store

import (
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueRecipients adds the customers of the account to whom the version sends by their role. They are not locked: the claim
// of a message looks at them again.
func (s *Store) queueRecipients(b *pgx.Batch, customerID, topic string, needs journey.Needs, now time.Time, into *journey.Facts) {
	if len(needs.Roles) == 0 {
		return
	}
	b.Queue(`
		SELECT c.id, c.account_role, c.email, c.timezone, coalesce((SELECT jsonb_object_agg(topic, state) FROM consents WHERE customer_id = c.id), '{}'),
			EXISTS (SELECT FROM settings st JOIN suppressions s ON s.address IN (lower(c.email), `+sealedSQL(`lower(c.email)`)+`)
				WHERE `+forbidsSQL(`$3`, `$4`)+`),
			coalesce((SELECT jsonb_agg(jsonb_build_object('journey', m.journey_key, 'topic', m.topic, 'at', m.not_before_at)) FROM (
				SELECT journey_key, topic, not_before_at FROM messages
				WHERE customer_id = c.id AND state NOT IN ('dropped', 'failed') AND not_before_at > $5 ORDER BY not_before_at DESC LIMIT 1000) m), '[]')
		FROM customers her JOIN LATERAL (
			SELECT *, row_number() OVER (PARTITION BY account_role ORDER BY id) AS nth FROM customers
			WHERE account_id = her.account_id AND account_role = ANY($2) AND merged_into IS NULL) c ON c.nth <= $6
		WHERE her.id = $1 ORDER BY c.id`,
		customerID, needs.Roles, topic != journey.TopicTransactional, now, now.Add(-journey.MaxDuration), journey.RecipientsMax).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var r journey.Recipient
				var zone string
				if err := rows.Scan(&r.ID, &r.Role, &r.Email, &zone, &r.Consents, &r.Suppressed, &r.Sent); err != nil {
					return err
				}
				r.Zone = s.zoneOf(journey.Customer{Timezone: zone})
				into.Recipients = append(into.Recipients, r)
			}
			return rows.Err()
		})
}
