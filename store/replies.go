package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// RecordReplies stores what senders report, in one commit. A report counts only for the attempt that it is of: of a zombie's, 0
// rows change. A late reply settles what had become unknown, or stops the second copy of a transactional message that has not
// been claimed yet. What a reply means for her (sent, bounced) stands in her stream in the same transaction; an address that
// does not exist is suppressed.
func (s *Store) RecordReplies(ctx context.Context, replies []journey.Reply) (err error) {
	defer wrap(&err, "recording %d replies", len(replies))
	if len(replies) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		changed, err := s.settle(ctx, tx, replies)
		if err != nil {
			return err
		}
		suppress := map[string]bool{}
		for _, r := range replies {
			suppress[r.ID] = r.Kind == journey.OutcomeFailed && r.Suppress
		}
		var gone []string
		for i := range changed {
			if m := &changed[i]; suppress[m.ID] {
				m.Suppress = true
				gone = append(gone, m.Address)
			}
		}
		if err := s.suppress(ctx, tx, gone, journey.SuppressAll, journey.ReasonBounced); err != nil {
			return err
		}
		if err := s.noteRefusals(ctx, tx, changed); err != nil {
			return err
		}
		if err := s.tellOfMessages(ctx, tx, changed); err != nil {
			return err
		}
		return notify(ctx, tx, channelMessages)
	})
}

// settle writes the new states. The kinds of outcome lead from these states only:
//
//	accepted               at_dot, unknown, queued for its second copy
//	retry, failed, fault   claimed, at_dot, unknown
//	unsent, refused, auth  claimed, and at_dot where the sender knows that it did not finish: queued again
//	unknown                at_dot: stays there until the sweep sends the second copy of transactional mail; else unknown
func (s *Store) settle(ctx context.Context, tx pgx.Tx, replies []journey.Reply) ([]told, error) {
	var ids, kinds, reasons, texts, addresses []string
	var attempts, codes []int32
	var retries []time.Time
	wall := s.clock.Wall()
	for _, r := range replies {
		ids, attempts = append(ids, r.ID), append(attempts, int32(r.Attempt)) //nolint:gosec // see unzip
		kinds, reasons, texts = append(kinds, kindOf(r)), append(reasons, r.Reason), append(texts, clip(r.Text))
		codes, addresses = append(codes, int32(r.Code)), append(addresses, r.Address) //nolint:gosec // three digits
		retries = append(retries, wall.Add(backoff(r)))
	}
	rows, err := tx.Query(ctx, `
		UPDATE messages m SET
			state = CASE
				WHEN r.kind IN ('accepted', 'failed') THEN r.kind
				WHEN r.kind IN ('deferred', 'queued') AND m.reason NOT IN ('', 'in_doubt') THEN 'dropped'
				WHEN r.kind = 'unknown' AND `+resendableSQL+` THEN 'at_dot'
				ELSE r.kind END,
			reason = CASE
				WHEN r.kind IN ('deferred', 'queued') AND m.reason NOT IN ('', 'in_doubt') THEN m.reason
				WHEN r.kind = 'unknown' AND NOT `+resendableSQL+` THEN 'in_doubt'
				ELSE r.reason END,
			retry_wall = CASE WHEN r.kind IN ('deferred', 'queued') THEN r.retry END,
			address = CASE WHEN r.address = '' THEN m.address ELSE r.address END,
			leased_wall = CASE WHEN r.kind = 'unknown' THEN $9::timestamptz END,
			sent_at = CASE WHEN r.kind = 'accepted' THEN $10::timestamptz ELSE m.sent_at END,
			reply_code = CASE WHEN r.code > 0 THEN r.code ELSE m.reply_code END,
			reply_text = CASE WHEN r.code > 0 THEN r.text ELSE m.reply_text END
		FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::text[])
			AS r (id, attempt, kind, reason, code, text, retry, address)
		WHERE m.id = r.id AND m.attempt = r.attempt AND CASE r.kind
			WHEN 'accepted' THEN m.state IN ('at_dot', 'unknown') OR m.state = 'queued' AND m.resent
			WHEN 'deferred' THEN m.state IN ('claimed', 'at_dot', 'unknown')
			WHEN 'failed' THEN m.state IN ('claimed', 'at_dot', 'unknown')
			WHEN 'queued' THEN m.state IN ('claimed', 'at_dot')
			ELSE m.state = 'at_dot' END
		RETURNING `+toldColumns, ids, attempts, kinds, reasons, codes, texts, retries, addresses, wall, s.clock.Now())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[told])
}

// kindOf is the state that an outcome asks for.
func kindOf(r journey.Reply) string {
	switch r.Kind {
	case journey.OutcomeAccepted:
		return string(journey.MessageAccepted)
	case journey.OutcomeRetry, journey.OutcomeSenderFault:
		return string(journey.MessageDeferred)
	case journey.OutcomeFailed:
		return string(journey.MessageFailed)
	case journey.OutcomeUnsent, journey.OutcomeRefused, journey.OutcomeAuthFault:
		return string(journey.MessageQueued)
	}
	return string(journey.MessageUnknown)
}

// backoff is how long, in wall time, the next attempt waits. What the relay refused for now waits longer and longer; what broke
// on the way is tried at once, then with a growing pause.
func backoff(r journey.Reply) time.Duration {
	steps := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	if kindOf(r) == string(journey.MessageQueued) {
		steps = []time.Duration{0, time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
	}
	return steps[max(0, min(r.Attempt, len(steps))-1)]
}

// clip bounds what a relay may make us keep.
func clip(text string) string {
	const most = 500
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
