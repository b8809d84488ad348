package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Resend puts the same mail into the ledger once more: the same version, template, data and coupon, as a row of its own, outside of
// any enrollment, so that an exit does not drop it and no contest counts it; it is claimed, checked and sent as every other. The same key is the same mail. CodeNotFound: no such message; CodeConflict with the
// reason: not_sent where it has not been handed over or was dropped, expired where its survey is closed, no_address, suppressed or
// no_consent where she is not to get it.
func (s *Store) Resend(ctx context.Context, r journey.Resending) (out journey.Posted, err error) {
	defer wrap(&err, "sending message %s again", r.Message)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockRecipient(ctx, tx, r.Message); err != nil {
			return err
		}
		reason, sent, err := s.whyNotAgain(ctx, tx, r.Message)
		if err != nil {
			return err
		}
		if reason != "" {
			return refusedAgain(reason)
		}
		out, err = s.again(ctx, tx, r, sent)
		return err
	})
	return out, err
}

// lockRecipient locks her to whom a message went.
func lockRecipient(ctx context.Context, tx pgx.Tx, message string) error {
	var customer, now string
	const read = `SELECT customer_id FROM messages WHERE id = $1 AND customer_id <> 'cus_erased'`
	err := tx.QueryRow(ctx, read, message).Scan(&customer)
	if errors.Is(err, pgx.ErrNoRows) {
		return journey.Faultf(journey.CodeNotFound, "there is no message %s", message)
	}
	if err != nil {
		return err
	}
	if err := lockCustomers(ctx, tx, []string{customer}); err != nil {
		return err
	}
	err = tx.QueryRow(ctx, read, message).Scan(&now)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && now != customer {
		err = errAgain // merged or erased while we waited
	}
	return err
}

// whyNotAgain says what stands against sending a message again, "" when nothing does, and which it is. What is checked
// at the dot is checked there again; this is to answer the person who asks.
func (s *Store) whyNotAgain(ctx context.Context, tx pgx.Tx, message string) (reason string, sent journey.Message, err error) {
	err = tx.QueryRow(ctx, `
		SELECT CASE
			WHEN m.state NOT IN ('accepted', 'failed', 'unknown') THEN 'not_sent'
			WHEN i.expires_at <= $2 THEN 'expired'
			WHEN r.address = '' THEN 'no_address'
			WHEN EXISTS (SELECT FROM suppressions s
				WHERE s.address IN (r.address, `+sealedSQL(`r.address`)+`) AND `+forbidsSQL(`m.topic <> 'transactional'`, `$2`)+`) THEN 'suppressed'
			WHEN m.topic <> 'transactional' AND NOT EXISTS (SELECT FROM consents c
				WHERE c.customer_id = m.customer_id AND c.topic = m.topic AND `+agreedSQL+`) THEN 'no_consent'
			ELSE '' END, m.step, m.topic, m.template, m.customer_id
		FROM messages m JOIN customers cu ON cu.id = m.customer_id CROSS JOIN (SELECT * FROM settings LIMIT 1) st
		CROSS JOIN LATERAL (SELECT lower(cu.email) AS address) r
		LEFT JOIN survey_invites i ON m.survey_id <> '' AND i.id = m.survey_id
		WHERE m.id = $1`, message, s.clock.Now()).Scan(&reason, &sent.Step, &sent.Topic, &sent.Template, &sent.CustomerID)
	return reason, sent, err
}

func refusedAgain(reason string) error {
	words := map[string]string{
		"not_sent":               "it has not been sent: it is on its way, or was dropped",
		journey.ReasonExpired:    "its survey is closed",
		journey.ReasonNoAddress:  "she has no address",
		journey.ReasonSuppressed: "her address is suppressed",
		journey.ReasonNoConsent:  "she has not agreed to its topic, or not any more",
	}
	fault := journey.Faultf(journey.CodeConflict, "%s", words[reason])
	fault.Reason = reason
	return fault
}

// again writes the row under the customer's lock.
func (s *Store) again(ctx context.Context, tx pgx.Tx, r journey.Resending, sent journey.Message) (journey.Posted, error) {
	now, lasts := s.clock.Now(), journey.ExpiresMarketing
	if sent.Topic == journey.TopicTransactional {
		lasts = journey.ExpiresTransactional
	}
	key := journey.Message{ID: journey.NewID(journey.PrefixMessage), Step: sent.FirstStep() + journey.ResentMark + r.Key,
		CustomerID: sent.CustomerID, Channel: journey.ChannelEmail}
	tag, err := tx.Exec(ctx, `
		INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template,
		                      sender, reply_to, survey_id, coupons, data, variant, state, not_before_at, expires_at, queued_at, message_id)
		SELECT $2, '', $3, 0, customer_id, $4, journey_key, version, lane, topic, template,
			sender, reply_to, survey_id, coupons, data, variant, 'queued', $5, $6, $5, $7 FROM messages WHERE id = $1
		ON CONFLICT (enrollment_id, step, visit, customer_id, channel) DO NOTHING`,
		r.Message, key.ID, key.Step, key.Channel, now, now.Add(lasts), messageID(key, "", s.options.MailDomain))
	if err != nil {
		return journey.Posted{}, err
	}
	if tag.RowsAffected() == 0 {
		return postedBefore(ctx, tx, key)
	}
	if err := notify(ctx, tx, channelMessages); err != nil {
		return journey.Posted{}, err
	}
	return posted(key.ID, journey.MessageQueued, "", sent.Template), s.audit(ctx, tx, deed{by: r.By, verb: "message.resend", target: r.Message,
		detail: map[string]any{"again": key.ID, "reason": r.Reason}})
}
