package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// The OFFSET 0 in conditions of the claim keeps Postgres from making joins of them: they are asked of one message after another in
// the order of the index, until there are enough, however long the queue is and whatever the statistics say.

// pausedSQL is the condition that a pause covers the message of that alias; $1 is product time. A pause that begins in the future
// is none yet, but there are none: taking since_at into account would let a message slip through whose now was read before.
func pausedSQL(m string) string {
	return `EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1) AND (
		p.scope = 'everything'
		OR p.scope = 'customer' AND p.target = ` + m + `.customer_id
		OR p.scope = 'enrollment' AND p.target = ` + m + `.enrollment_id
		OR p.scope = 'journey' AND p.target = ` + m + `.journey_key
		OR p.scope = 'topic' AND p.target = ` + m + `.topic
		OR p.scope = 'customer_topic' AND p.target = ` + m + `.customer_id || '/' || ` + m + `.topic) OFFSET 0)`
}

// verdictSQL is why the message m may never go, ” when it may; $1 is product time, $2 says that the relay is the sandbox.
// r.address is the envelope recipient, agreed the condition that its topic may be written about. What is in doubt (resent)
// and may not go again stays unknown: saying 'dropped' of something that may have arrived would be wrong.
func verdictSQL(agreed string) string {
	return `CASE
		WHEN m.expires_at <= $1 THEN 'expired'
		WHEN r.address = '' THEN 'no_address'
		WHEN EXISTS (SELECT FROM suppressions s
			WHERE s.address = r.address AND (s.scope = 'all' OR m.topic <> 'transactional')) THEN 'suppressed'
		WHEN m.topic <> 'transactional' AND NOT ` + agreed + ` THEN 'no_consent'
		WHEN NOT (st.live OR $2 OR r.address = ANY(st.allow_list)
			OR substr(r.address, strpos(r.address, '@')) = ANY(st.allow_list)) THEN 'sandbox'
		ELSE '' END`
}

// agreedSQL is the condition that the consent c allows mail on its topic. Where a topic asks for double opt-in, only a
// confirmed one does.
const agreedSQL = `(c.state = 'confirmed' OR c.state = 'given'
	AND NOT EXISTS (SELECT FROM topics t WHERE t.key = c.topic AND t.double_opt_in))`

// ClaimMessages gives out due messages of a lane, oldest first, to one sender, until the lease lapses; each claim has an attempt
// number of its own. A customer has at most one message of a lane in flight, and one of hers that was put off holds back those
// behind it. What may not go now (a pause, the kill switch) stays queued; what may never go is dropped with its reason, in the
// same transaction, and her stream says so.
func (s *Store) ClaimMessages(ctx context.Context, o journey.ClaimOptions) (out []journey.Claimed, err error) {
	defer wrap(&err, "claiming messages of %s", o.Lane)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		claimed, dropped, err := s.claim(ctx, tx, o)
		if err != nil {
			return err
		}
		if out, err = s.loadClaimed(ctx, tx, claimed); err != nil {
			return err
		}
		return s.tellOfMessages(ctx, tx, dropped)
	})
	return out, err
}

func (s *Store) claim(ctx context.Context, tx pgx.Tx, o journey.ClaimOptions) (claimed []string, dropped []told, err error) {
	wall := s.clock.Wall()
	rows, err := tx.Query(ctx, `
		WITH due AS MATERIALIZED (
			SELECT m.id FROM messages m
			WHERE m.lane = $3 AND m.channel = 'email' AND m.state IN ('queued', 'deferred') AND m.not_before_at <= $1
				AND (m.retry_wall IS NULL OR m.retry_wall <= $4 OR m.expires_at <= $1)
				AND (SELECT sending FROM settings LIMIT 1) AND NOT `+pausedSQL("m")+`
				-- A resume that keeps shifts expires_at in the decision that this wake-up asks for.
				AND NOT (m.expires_at <= $1 AND EXISTS (SELECT FROM wakeups w WHERE w.enrollment_id = m.enrollment_id))
				AND NOT EXISTS (
					SELECT FROM messages e WHERE e.customer_id = m.customer_id AND e.lane = m.lane AND e.id <> m.id
						AND e.state IN ('queued', 'deferred', 'claimed', 'at_dot') AND (e.state IN ('claimed', 'at_dot')
							OR (e.not_before_at, e.id) < (m.not_before_at, m.id) AND NOT `+pausedSQL("e")+`) OFFSET 0)
			ORDER BY m.not_before_at, m.id LIMIT $5 FOR NO KEY UPDATE OF m SKIP LOCKED
		), judged AS MATERIALIZED (
			SELECT m.id, `+verdictSQL(`EXISTS (SELECT FROM consents c
				WHERE c.customer_id = m.customer_id AND c.topic = m.topic AND `+agreedSQL+`)`)+` AS verdict
			FROM due JOIN messages m ON m.id = due.id JOIN customers cu ON cu.id = m.customer_id CROSS JOIN (SELECT * FROM settings LIMIT 1) st
			CROSS JOIN LATERAL (SELECT lower(CASE WHEN m.bytes IS NULL THEN cu.email ELSE m.address END) AS address) r
		)
		UPDATE messages m SET
			state = CASE WHEN verdict = '' THEN 'claimed' WHEN m.resent THEN 'unknown' ELSE 'dropped' END, reason = verdict,
			attempt = m.attempt + CASE WHEN verdict = '' THEN 1 ELSE 0 END, retry_wall = NULL,
			leased_wall = CASE WHEN verdict = '' THEN $6::timestamptz END
		FROM judged j WHERE m.id = j.id AND m.state IN ('queued', 'deferred')
		RETURNING `+toldColumns,
		s.clock.Now(), o.Sandbox, o.Lane, wall, o.Limit, wall.Add(o.Lease))
	if err != nil {
		return nil, nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[told])
	for _, m := range all {
		if m.State == string(journey.MessageClaimed) {
			claimed = append(claimed, m.ID)
		} else {
			dropped = append(dropped, m)
		}
	}
	return claimed, dropped, err
}

// RenewClaims prolongs the leases of messages that are still claimed at these attempts: their sender lives, it is only slow.
func (s *Store) RenewClaims(ctx context.Context, fences []journey.Fence, lease time.Duration) (err error) {
	defer wrap(&err, "renewing %d claims", len(fences))
	ids, attempts := unzip(fences)
	_, err = s.pool.Exec(ctx, `
		UPDATE messages m SET leased_wall = $3 FROM unnest($1::text[], $2::int[]) AS f (id, attempt)
		WHERE m.id = f.id AND m.attempt = f.attempt AND m.state = 'claimed'`, ids, attempts, s.clock.Wall().Add(lease))
	return err
}

// resendAfter is how long after its dot a transactional message in doubt waits for a late reply before it is sent once more.
const resendAfter = 10 * time.Minute

// SweepDoubtful settles what senders that died left behind. What never came to the dot is queued again. What did is in doubt:
// marketing, survey and coupon mail becomes unknown; transactional mail is queued once more, the same bytes.
func (s *Store) SweepDoubtful(ctx context.Context, lane string) (out journey.Swept, err error) {
	defer wrap(&err, "sweeping %s", lane)
	wall := s.clock.Wall()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			WITH lapsed AS (
				SELECT id, state = 'at_dot' AS dotted, `+resendableSQL+` AS resendable FROM messages m
				WHERE lane = $1 AND state IN ('claimed', 'at_dot') AND leased_wall <= $2
					AND (state = 'claimed' OR dot_wall <= $3 OR NOT `+resendableSQL+`)
				FOR NO KEY UPDATE SKIP LOCKED
			), swept AS (
				UPDATE messages m SET
					state = CASE WHEN dotted AND NOT resendable THEN 'unknown' ELSE 'queued' END,
					reason = CASE WHEN dotted AND NOT resendable THEN 'in_doubt' ELSE '' END,
					resent = resent OR dotted AND resendable, leased_wall = NULL, retry_wall = NULL
				FROM lapsed l WHERE m.id = l.id RETURNING l.dotted, l.resendable
			)
			SELECT count(*) FILTER (WHERE NOT dotted), count(*) FILTER (WHERE dotted AND NOT resendable),
				count(*) FILTER (WHERE dotted AND resendable) FROM swept`,
			lane, wall, wall.Add(-resendAfter)).Scan(&out.Requeued, &out.Unknown, &out.Resend)
		if err != nil || out.Requeued+out.Resend == 0 {
			return err
		}
		return notify(ctx, tx, channelMessages)
	})
	return out, err
}

// resendableSQL is the condition that the message m, when it is in doubt, goes out once more. One at the dot with a reason was taken
// out of the queue (her journey ended) while it stood there.
const resendableSQL = `(m.topic = 'transactional' AND m.survey_id = '' AND m.coupons = '{}' AND m.reason = ''
	AND NOT m.resent)`

// NextDue is the next wall instant at which a message of the lane becomes due, by its own time or after a retry; false: none is
// waiting for a moment. What is due already but held (by a pause, or by one before it) does not count.
func (s *Store) NextDue(ctx context.Context, lane string) (wall time.Time, some bool, err error) {
	defer wrap(&err, "looking for the next message of %s", lane)
	var product, retry *time.Time
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT min(not_before_at) FROM messages WHERE lane = $1 AND state IN ('queued', 'deferred') AND not_before_at > $2),
			(SELECT min(retry_wall) FROM messages WHERE lane = $1 AND state IN ('queued', 'deferred') AND retry_wall > $3)`,
		lane, s.clock.Now(), s.clock.Wall()).Scan(&product, &retry)
	if product != nil {
		wall, some = s.clock.ToWall(*product), true
	}
	if retry != nil && (!some || retry.Before(wall)) {
		wall, some = *retry, true
	}
	return wall, some, err
}

func unzip(fences []journey.Fence) (ids []string, attempts []int32) {
	for _, f := range fences {
		ids, attempts = append(ids, f.ID), append(attempts, int32(f.Attempt)) //nolint:gosec // a message is not tried that often
	}
	return ids, attempts
}
