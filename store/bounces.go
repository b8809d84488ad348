package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// forbidsSQL is the condition that the suppression s forbids mail at a moment of product time; marketing says whether it is.
func forbidsSQL(marketing, now string) string {
	return `(s.scope = 'all' OR s.until_at > ` + now + ` OR s.scope = 'marketing' AND ` + marketing + `)`
}

// TakeFeedback notes what was said of a message of ours, and in the same transaction suppresses or suspends the address that it
// went to, and says so in her stream. The address that the report names is not asked: whoever forges one reaches nobody but the
// recipient of a message that he holds. The same said again has no effect. CodeNotFound: it is about no message of ours.
func (s *Store) TakeFeedback(ctx context.Context, f journey.Feedback) (n journey.Noted, err error) {
	defer wrap(&err, "taking a report from %s", f.Source)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		m, err := reported(ctx, tx, f)
		if err != nil {
			return err
		}
		n = journey.Noted{Message: m.ID}
		tag, err := tx.Exec(ctx, `
			INSERT INTO bounces (message_id, kind, code, status, source, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			m.ID, string(f.Kind), f.Code, f.Status, f.Source, s.clock.Now())
		if err != nil {
			return err
		}
		if n.Again = tag.RowsAffected() == 0; n.Again {
			return nil
		}
		if n.Suspended, err = s.react(ctx, tx, m, f.Reaction()); err != nil {
			return err
		}
		m.State, m.Suppress, m.Complaint = string(journey.MessageFailed), f.Kind == journey.FeedbackHard, f.Kind == journey.FeedbackComplaint
		m.Reason, m.ReplyCode, m.Source = journey.ReasonBounced, f.Code, f.Source
		if !m.Complaint {
			_, err = tx.Exec(ctx, `UPDATE messages SET reply_code = nullif($2, 0), reply_text = $3 WHERE id = $1`, m.ID, f.Code, clip(f.Text))
			if err != nil {
				return err
			}
		}
		return s.tellOfMessages(ctx, tx, []told{m})
	})
	return n, err
}

// reported locks the message that the report is about: one that came to the dot, and whose reader was not erased.
func reported(ctx context.Context, tx pgx.Tx, f journey.Feedback) (told, error) {
	key, value := `m.message_id`, f.MessageID
	if f.Message != "" {
		key, value = `m.id`, f.Message
	}
	rows, err := tx.Query(ctx, `
		SELECT `+toldColumns+` FROM messages m
		WHERE `+key+` = $1 AND m.dot_wall IS NOT NULL AND m.customer_id <> $2 FOR NO KEY UPDATE`, value, erasedID)
	if err != nil {
		return told{}, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[told])
	if errors.Is(err, pgx.ErrNoRows) {
		return m, journey.Faultf(journey.CodeNotFound, "the report is about no message of ours")
	}
	return m, err
}

func (s *Store) react(ctx context.Context, tx pgx.Tx, m told, r journey.Reaction) (suspended bool, err error) {
	switch r.Suppress {
	case journey.SuppressAll, journey.SuppressMarketing:
		return false, s.suppress(ctx, tx, []string{m.Address}, r.Suppress, r.Reason)
	case journey.SuppressSuspended:
		return s.suspend(ctx, tx, m, r)
	}
	return false, nil
}

// softLock keeps those apart who count the bounces of one address; it is taken after the locks of messages.
const softLock = 7243011

// suspend stops mail to the address for a while, once enough of it has bounced. It asks after the bounce was noted, behind a lock on
// the address: of two that come at once, the second one counts both.
func (s *Store) suspend(ctx context.Context, tx pgx.Tx, m told, r journey.Reaction) (bool, error) {
	address := strings.ToLower(m.Address)
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, int32(softLock), address); err != nil {
		return false, err
	}
	now := s.clock.Now()
	tag, err := tx.Exec(ctx, `
		INSERT INTO suppressions (address, scope, reason, at, until_at)
		SELECT $1, 'suspended', $2, $3, $4 WHERE $1 <> '' AND $5 <= (
			SELECT count(*) FROM bounces b JOIN messages m ON m.id = b.message_id
			WHERE m.customer_id = $6 AND lower(m.address) = $1 AND b.kind = 'soft' AND b.status NOT LIKE '_.7.%' AND b.at > $7)
		ON CONFLICT (address) DO UPDATE SET until_at = excluded.until_at,
			reason = CASE suppressions.scope WHEN 'suspended' THEN excluded.reason ELSE suppressions.reason END,
			at = CASE suppressions.scope WHEN 'suspended' THEN excluded.at ELSE suppressions.at END
		WHERE suppressions.scope <> 'all' AND (suppressions.until_at IS NULL OR suppressions.until_at <= excluded.at)`,
		address, r.Reason, now, now.Add(r.For), r.After, m.CustomerID, now.Add(-r.Within))
	return tag.RowsAffected() > 0, err
}

// noteRefusals counts what a relay refused for good, but not because there is no such address, with the soft bounces.
func (s *Store) noteRefusals(ctx context.Context, tx pgx.Tx, changed []told) error {
	var soft []told
	for _, m := range changed {
		if m.State == string(journey.MessageFailed) && m.Reason == journey.ReasonRejected {
			soft = append(soft, m)
		}
	}
	slices.SortFunc(soft, func(a, b told) int { return strings.Compare(strings.ToLower(a.Address), strings.ToLower(b.Address)) })
	for _, m := range soft {
		_, err := tx.Exec(ctx, `
			INSERT INTO bounces (message_id, kind, code, source, at) VALUES ($1, 'soft', $2, 'relay', $3) ON CONFLICT DO NOTHING`,
			m.ID, m.ReplyCode, s.clock.Now())
		if err != nil {
			return err
		}
		if _, err := s.suspend(ctx, tx, m, journey.Feedback{Kind: journey.FeedbackSoft}.Reaction()); err != nil {
			return err
		}
	}
	return nil
}
