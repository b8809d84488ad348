package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// The OFFSET 0 in conditions of the claim keeps Postgres from making joins of them: they are asked of one message after another in
// the order of the index, until there are enough, however long the queue is and whatever the statistics say.

// pausedSQL is the condition that a pause covers the message of that alias; $1 is product time. A pause that begins in the future
// is none yet, but there are none: taking since_at into account would let a message slip through whose now was read before.
func pausedSQL(m string) string {
	return `EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1) AND ` + coversSQL(m) + ` OFFSET 0)`
}

// coversSQL is the condition that the pause p is one of the message of that alias.
func coversSQL(m string) string {
	return `(p.scope = 'everything'
		OR p.scope = 'customer' AND p.target = ` + m + `.customer_id
		OR p.scope = 'enrollment' AND p.target = ` + m + `.enrollment_id
		OR p.scope = 'journey' AND p.target = ` + m + `.journey_key
		OR p.scope = 'topic' AND p.target = ` + m + `.topic
		OR p.scope = 'customer_topic' AND p.target = ` + m + `.customer_id || '/' || ` + m + `.topic)`
}

// turnsSQL are the pauses that have ended with a catch-up which still goes on; $1 is product time. There are few of them, mostly none.
const turnsSQL = `turns AS MATERIALIZED (
			SELECT scope, target, coalesce(ended_at, until_at) AS over_at, spread FROM pauses
			WHERE spread > '0' AND on_resume = 'catch_up' AND coalesce(ended_at, until_at) <= $1
				AND coalesce(ended_at, until_at) > $1::timestamptz - interval '1 day' AND coalesce(ended_at, until_at) + spread > $1
		)`

// placeSQL is where in a spread the message of that alias has its turn, as place in journey computes it.
func placeSQL(m string) string {
	return `(('x' || encode(substr(sha256(convert_to(` + m + `.enrollment_id || '/' || ` + m + `.step, 'UTF8')), 1, 3), 'hex'))::bit(24)::int / 16777216.0)`
}

// waitsSQL is the condition that the message m stood in a pause and waits for its turn after it.
func waitsSQL() string {
	return `EXISTS (SELECT FROM turns p WHERE m.topic <> 'transactional' AND m.not_before_at < p.over_at AND ` + coversSQL("m") + `
		AND p.over_at + p.spread * ` + placeSQL("m") + ` > $1 OFFSET 0)`
}

// verdictSQL is why the message m may never go, ” when it may; $1 is product time, $2 says that the relay is the sandbox.
// r.address is the envelope recipient, agreed the condition that its topic may be written about, inside the condition that its
// endpoint is one of the operator's own networks. Only e-mail needs an address of hers, and only that may be suppressed. What is in doubt (resent)
// and may not go again stays unknown: saying 'dropped' of something that may have arrived would be wrong.
func verdictSQL(agreed, inside string) string {
	return `CASE
		WHEN m.expires_at <= $1 THEN CASE WHEN m.reason IN ('over_ceiling', 'fewer_mails') THEN m.reason ELSE 'expired' END
		WHEN m.channel = 'email' AND r.address = '' THEN 'no_address'
		WHEN m.channel = 'email' AND EXISTS (SELECT FROM suppressions s
			WHERE s.address IN (r.address, ` + sealedSQL(`r.address`) + `) AND ` + forbidsSQL(`m.topic <> 'transactional'`, `$1`) + `) THEN 'suppressed'
		WHEN m.topic <> 'transactional' AND NOT ` + agreed + ` THEN 'no_consent'
		WHEN m.channel = 'email' AND NOT (st.live OR $2 OR r.address = ANY(st.allow_list)
			OR substr(r.address, strpos(r.address, '@')) = ANY(st.allow_list)) THEN 'sandbox'
		WHEN m.channel <> 'email' AND NOT (st.live AND NOT $2 OR ` + inside + `) THEN 'sandbox'
		ELSE '' END`
}

// agreedSQL is the condition that the consent c allows mail on its topic. Where a topic asks for double opt-in, only a
// confirmed one does.
const agreedSQL = `(c.state = 'confirmed' OR c.state = 'given'
	AND NOT EXISTS (SELECT FROM topics t WHERE t.key = c.topic AND t.double_opt_in))`

// ClaimMessages gives out due messages of a lane, the oldest of each journey first, to one sender, until the lease lapses; each claim has an attempt
// number of its own. A customer has at most one message of a lane in flight, and one of hers that was put off holds back those
// behind it. What may not go now (a pause, a switch, the ceiling) stays queued; what may never go is dropped with its reason, in the
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

// dueSQL is the condition that the message m is due in its lane and nothing holds it back; $1 is product time, $3 the lane, $4 wall time.
var dueSQL = `m.lane = $3 AND m.state IN ('queued', 'deferred') AND m.not_before_at <= $1
	AND (m.retry_wall IS NULL OR m.retry_wall <= $4 OR m.expires_at <= $1)
	AND NOT ` + pausedSQL("m") + ` AND NOT ` + switchedSQL("m") + ` AND NOT ` + waitsSQL() + ` AND ((SELECT domains FROM off) = '{}' OR NOT EXISTS (
		SELECT FROM customers c WHERE c.id = m.customer_id
			AND CASE WHEN m.channel <> 'email' THEN 'endpoint ' || m.channel
				ELSE ` + domainSQL("CASE WHEN m.bytes IS NULL THEN c.email ELSE m.address END") + ` END = ANY ((SELECT domains FROM off)::text[]) OFFSET 0))
	-- A resume that keeps shifts expires_at in the decision that this wake-up asks for.
	AND NOT (m.expires_at <= $1 AND EXISTS (SELECT FROM wakeups w WHERE w.enrollment_id = m.enrollment_id))
	AND NOT EXISTS (
		SELECT FROM messages e WHERE e.customer_id = m.customer_id AND e.customer_id <> 'cus_test' AND e.lane = m.lane AND e.id <> m.id
			AND e.state IN ('queued', 'deferred', 'claimed', 'at_dot') AND (e.state = 'claimed' OR e.state = 'at_dot' AND e.leased_wall > $4
				OR e.state IN ('queued', 'deferred') AND (e.not_before_at, e.id) < (m.not_before_at, m.id) AND NOT ` + pausedSQL("e") + ` AND NOT ` + switchedSQL("e") + `) OFFSET 0)`

// keysSQL lists the journeys that have something queued in the lane, by a step through the index for each.
func keysSQL(lane string) string {
	return `keys (key) AS (
			(SELECT journey_key FROM messages WHERE lane = ` + lane + ` AND state IN ('queued', 'deferred') ORDER BY journey_key LIMIT 1)
			UNION ALL
			SELECT (SELECT journey_key FROM messages WHERE lane = ` + lane + ` AND state IN ('queued', 'deferred') AND journey_key > k.key
				ORDER BY journey_key LIMIT 1) FROM keys k WHERE k.key IS NOT NULL
		)`
}

// claim takes turns: what is free is first shared out equally between the journeys that have something due (by lot, where they are
// more than there is), so that a few messages of one never wait behind the hundred thousand of another; then what is left goes to
// the oldest of any. A journey that stands still as a whole costs nothing, however long its queue is.
func (s *Store) claim(ctx context.Context, tx pgx.Tx, o journey.ClaimOptions) (claimed []string, dropped []told, err error) {
	wall := s.clock.Wall()
	rows, err := tx.Query(ctx, `
		WITH RECURSIVE `+keysSQL("$3")+`, `+turnsSQL+`, off AS MATERIALIZED (
			SELECT $7::text[] || ARRAY(SELECT target FROM switches WHERE scope = 'domain') AS domains
		), going AS MATERIALIZED (
			SELECT key FROM keys WHERE key IS NOT NULL AND (SELECT sending AND held_reason = '' FROM settings LIMIT 1)
				AND NOT EXISTS (SELECT FROM switches w WHERE w.scope = 'journey' AND w.target = key)
				AND NOT EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1)
					AND (p.scope = 'everything' OR p.scope = 'journey' AND p.target = key))
				AND EXISTS (SELECT FROM messages m WHERE m.lane = $3 AND m.journey_key = key AND m.state IN ('queued', 'deferred')
					AND m.not_before_at <= $1 OFFSET 0)
			ORDER BY hashtextextended(key, $9)
		), share AS MATERIALIZED (
			SELECT greatest(1, $5::int / greatest(1, count(*)::int)) AS n FROM going
		), first AS MATERIALIZED (
			SELECT g.key, d.id FROM (SELECT key FROM going LIMIT $5) g CROSS JOIN LATERAL (
				SELECT m.id FROM messages m WHERE m.journey_key = g.key AND `+dueSQL+`
				ORDER BY m.not_before_at, m.id LIMIT (SELECT n FROM share) FOR NO KEY UPDATE OF m SKIP LOCKED) d
		), rest AS MATERIALIZED (
			SELECT d.id FROM going g LEFT JOIN (SELECT key, count(*) AS n FROM first GROUP BY key) f ON f.key = g.key CROSS JOIN LATERAL (
				SELECT m.id, m.not_before_at FROM messages m WHERE m.journey_key = g.key AND `+dueSQL+` AND m.id NOT IN (SELECT id FROM first)
				ORDER BY m.not_before_at, m.id LIMIT (SELECT $5::int - count(*) FROM first)) d
			WHERE f.n >= (SELECT n FROM share) OR (SELECT count(*) FROM going) > $5
			ORDER BY d.not_before_at, d.id LIMIT (SELECT $5::int - count(*) FROM first)
		), more AS MATERIALIZED (
			SELECT m.id FROM messages m WHERE m.id IN (SELECT id FROM rest) AND m.state IN ('queued', 'deferred')
			FOR NO KEY UPDATE OF m SKIP LOCKED
		), judged AS MATERIALIZED (
			SELECT m.id, fill.room, fill.why, CASE verdict WHEN '' THEN CASE WHEN fill.room IS NULL THEN '' ELSE 'later' END ELSE verdict END AS verdict
			FROM (SELECT id FROM first UNION SELECT id FROM more) due JOIN messages m ON m.id = due.id
			JOIN customers cu ON cu.id = m.customer_id CROSS JOIN (SELECT * FROM settings LIMIT 1) st
			CROSS JOIN LATERAL (SELECT lower(CASE WHEN m.bytes IS NULL THEN cu.email ELSE m.address END) AS address) r
			CROSS JOIN LATERAL (SELECT `+verdictSQL(`EXISTS (SELECT FROM consents c
				WHERE c.customer_id = m.customer_id AND c.topic = m.topic AND `+agreedSQL+`)`, `true`)+` AS verdict) v
			LEFT JOIN LATERAL `+roomSQL("$4", "$8")+` fill ON true
		)
		UPDATE messages m SET
			state = CASE verdict WHEN '' THEN 'claimed' WHEN 'later' THEN m.state ELSE CASE WHEN m.resent THEN 'unknown' ELSE 'dropped' END END,
			reason = CASE verdict WHEN 'later' THEN j.why ELSE verdict END,
			attempt = m.attempt + CASE WHEN verdict = '' THEN 1 ELSE 0 END, retry_wall = CASE verdict WHEN 'later' THEN j.room END,
			leased_wall = CASE WHEN verdict = '' THEN $6::timestamptz END
		FROM judged j WHERE m.id = j.id AND m.state IN ('queued', 'deferred')
		RETURNING `+toldColumns,
		s.clock.Now(), o.Sandbox, o.Lane, wall, o.Limit, wall.Add(o.Lease), nonNil(o.Skip), s.day(), rand.Int64())
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

// RenewClaims prolongs the leases of messages that are still under way at these attempts, before the dot or after it: their
// sender lives, it is only slow.
func (s *Store) RenewClaims(ctx context.Context, fences []journey.Fence, lease time.Duration) (err error) {
	defer wrap(&err, "renewing %d claims", len(fences))
	ids, attempts := unzip(fences)
	_, err = s.pool.Exec(ctx, `
		UPDATE messages m SET leased_wall = $3 FROM unnest($1::text[], $2::int[]) AS f (id, attempt)
		WHERE m.id = f.id AND m.attempt = f.attempt AND m.state IN ('claimed', 'at_dot')`, ids, attempts, s.clock.Wall().Add(lease))
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
		WITH RECURSIVE `+keysSQL("$1")+`
		SELECT (SELECT min(n.at) FROM keys CROSS JOIN LATERAL (
				SELECT not_before_at AS at FROM messages WHERE lane = $1 AND journey_key = key AND state IN ('queued', 'deferred') AND not_before_at > $2
				ORDER BY not_before_at LIMIT 1) n),
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
