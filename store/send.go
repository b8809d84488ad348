package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// oneMailStep is the step of a message that stands outside of any enrollment, before its key: it makes the message's own key
// (law 5), from which its Message-ID is made, too.
const oneMailStep = "one:"

// Send puts one mail into the ledger, queued, or dropped at once where she cannot be mailed; her stream says why. The same key
// is the same mail, also after a crash in between: it answers with how far that has come. The fault is not_found.
func (s *Store) Send(ctx context.Context, m journey.OneMail) (out journey.Posted, err error) {
	defer wrap(&err, "sending one mail")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		id, err := resolve(ctx, tx, m.CustomerID)
		if err != nil {
			return err
		}
		if err := lockCustomers(ctx, tx, []string{id}); err != nil {
			return err
		}
		out, err = s.post(ctx, tx, m, id)
		return err
	})
	return out, err
}

// post writes the row under the customer's lock.
func (s *Store) post(ctx context.Context, tx pgx.Tx, m journey.OneMail, customer string) (out journey.Posted, err error) {
	suppressed, now := false, s.clock.Now()
	var email, merged string
	b := &pgx.Batch{}
	b.Queue(`SELECT email, coalesce(merged_into, '') FROM customers WHERE id = $1`, customer).
		QueryRow(func(r pgx.Row) error { return r.Scan(&email, &merged) })
	queueSuppressed(b, customer, journey.TopicTransactional, now, &suppressed)
	err = tx.SendBatch(ctx, b).Close()
	if errors.Is(err, pgx.ErrNoRows) || err == nil && merged != "" {
		return out, errAgain
	}
	if err != nil {
		return out, err
	}
	state, reason := journey.MessageQueued, ""
	if email == "" {
		state, reason = journey.MessageDropped, journey.ReasonNoAddress
	} else if suppressed {
		state, reason = journey.MessageDropped, journey.ReasonSuppressed
	}
	key := journey.Message{Step: oneMailStep + m.Key, CustomerID: customer, Channel: journey.ChannelEmail}
	rows, err := tx.Query(ctx, `
		INSERT INTO messages AS m (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template,
		                      sender, reply_to, data, state, reason, not_before_at, expires_at, queued_at, message_id)
		VALUES ($1, '', $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $15, $17)
		ON CONFLICT (enrollment_id, step, visit, customer_id, channel) DO NOTHING RETURNING `+toldColumns,
		journey.NewID(journey.PrefixMessage), key.Step, customer, key.Channel, m.JourneyKey, m.Version, journey.LaneTransactional,
		journey.TopicTransactional, m.Template, m.From, m.ReplyTo, journey.MessageData{Trigger: m.Properties}, string(state), reason,
		now, now.Add(m.Expires), messageID(key, "", s.options.MailDomain))
	if err != nil {
		return out, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[told])
	if errors.Is(err, pgx.ErrNoRows) {
		return postedBefore(ctx, tx, key)
	}
	if err != nil {
		return out, err
	}
	if err := s.tellOfMessages(ctx, tx, []told{row}); err != nil {
		return out, err
	}
	if err := notify(ctx, tx, channelMessages); err != nil {
		return out, err
	}
	return posted(row.ID, state, reason, m.Template), s.audit(ctx, tx, deed{by: m.By, verb: "message.send", target: row.ID,
		detail: map[string]any{"customer": customer, "journey": m.JourneyKey, "message": m.Template}})
}

// postedBefore is how far the mail is that has the key already.
func postedBefore(ctx context.Context, tx pgx.Tx, key journey.Message) (journey.Posted, error) {
	var id, template, reason string
	var state journey.MessageState
	err := tx.QueryRow(ctx, `
		SELECT id, state, reason, template FROM messages
		WHERE enrollment_id = '' AND step = $1 AND visit = 0 AND customer_id = $2 AND channel = $3`,
		key.Step, key.CustomerID, key.Channel).Scan(&id, &state, &reason, &template)
	return posted(id, state, reason, template), err
}

func posted(id string, state journey.MessageState, reason, template string) journey.Posted {
	return journey.Posted{Message: id, State: state, Reason: reason, Words: journey.MessageWords(journey.MessageSummary{
		State: state, Reason: reason, Template: template, Topic: journey.TopicTransactional})}
}
