package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// testID is nobody: test mails belong to it, so that nothing of them stands with a customer and no report counts them. As erasedID it
// is neither found nor listed.
const testID = "cus_test"

// testStep is the step of a test mail, before its id.
const testStep = "test:"

// SendTests puts test mails into the ledger, queued, with the bytes that go out. They are transactional there: consent is a customer's,
// and these go to colleagues; suppressions of an address, switches and pauses hold for them.
func (s *Store) SendTests(ctx context.Context, r journey.TestRun) (out journey.PostedTests, err error) {
	defer wrap(&err, "sending %d test mails of journey %q", len(r.Mails), r.JourneyKey)
	out = journey.PostedTests{Journey: r.JourneyKey, Version: r.Version, Data: []journey.PostedTest{}}
	var to []string
	seen := map[string]bool{}
	for _, m := range r.Mails {
		out.Data = append(out.Data, journey.PostedTest{Message: m.ID, Template: m.Template, Address: m.Address, Subject: m.Subject,
			State: journey.MessageQueued})
		if !seen[m.Address] {
			seen[m.Address], to = true, append(to, m.Address)
		}
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if r.CustomerID != "" { // an erasure that comes in between must not leave what tells of her
			id, err := lockCustomerNamed(ctx, tx, r.CustomerID)
			if err != nil {
				return err
			}
			r.CustomerID = id
		}
		if err := s.insertTests(ctx, tx, r); err != nil {
			return err
		}
		if err := notify(ctx, tx, channelMessages); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: r.By, verb: "journey.test", target: r.JourneyKey, detail: map[string]any{"to": to,
			"version": r.Version, "customer": r.CustomerID, "mails": len(r.Mails)}})
	})
	return out, err
}

func (s *Store) insertTests(ctx context.Context, tx pgx.Tx, r journey.TestRun) error {
	now := s.clock.Now()
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO customers (id, created_at, merged_into) VALUES ($1, $2, $1) ON CONFLICT DO NOTHING`, testID, now)
	for _, m := range r.Mails {
		b.Queue(`
			INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			                      not_before_at, expires_at, queued_at, message_id, address, subject, bytes, shows_id)
			VALUES ($1, '', $2, 0, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $10, $12, $13, $14, $15, nullif($16, ''))`,
			m.ID, testStep+m.ID, testID, journey.ChannelEmail, r.JourneyKey, r.Version, journey.LaneTransactional, journey.TopicTransactional,
			m.Template, now, now.Add(journey.ExpiresTest), m.MessageID, m.Address, m.Subject, m.Bytes, r.CustomerID)
	}
	return tx.SendBatch(ctx, b).Close()
}
