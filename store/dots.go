package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// dotGate is the lock of the schema's close_gate: shared by those who let messages pass, taken alone by what stops them.
const dotGate = 7243010

// replyLease is how long a message may stand at the dot without its sender renewing it (RenewClaims) before the sender is given
// up. The reply itself may take 9 minutes.
const replyLease = 30 * time.Second

// ReachDot asks, for a batch of messages in one commit, whether each may be finished now; those that are true are at_dot, with the
// bytes that go out. Every check of the claim is made again, behind the gate: once a pause, an unsubscribe or a switch
// has committed, no message that it forbids gets true. One whose claim has passed to another sender gets false and is left
// alone; one that is held goes back into the queue, one that may never go is dropped.
func (s *Store) ReachDot(ctx context.Context, sandbox bool, dots []journey.Dot) (pass map[string]bool, err error) {
	defer wrap(&err, "letting %d messages pass the dot", len(dots))
	a, err := asked(dots)
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		decided, err := s.decideDots(ctx, tx, sandbox, a)
		if err != nil {
			return err
		}
		pass = make(map[string]bool, len(dots))
		var stopped []told
		for _, m := range decided {
			pass[m.ID] = m.State == string(journey.MessageAtDot)
			if m.State == string(journey.MessageDropped) {
				stopped = append(stopped, m)
			}
		}
		return s.tellOfMessages(ctx, tx, stopped)
	})
	if err != nil {
		return nil, err
	}
	return pass, nil
}

// decideDots takes the gate in a statement of its own, so that the next one sees all that was committed before it was open.
// Rows that someone else has locked (her consent is just being changed, her journey just being ended) do not pass.
func (s *Store) decideDots(ctx context.Context, tx pgx.Tx, sandbox bool, a askedDots) (decided []told, err error) {
	b := &pgx.Batch{}
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, int64(dotGate))
	wall := s.clock.Wall()
	b.Queue(`
		WITH asked AS MATERIALIZED (
			SELECT * FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::text[], $13::boolean[])
				AS a (id, attempt, address, subject, bytes, hash, links, inside)
		), held AS MATERIALIZED (
			SELECT m.id, m.customer_id, m.topic FROM messages m JOIN asked a ON a.id = m.id AND a.attempt = m.attempt
			WHERE m.state = 'claimed' FOR NO KEY UPDATE OF m SKIP LOCKED
		), agreed AS MATERIALIZED (
			SELECT c.customer_id, c.topic FROM consents c
			WHERE (c.customer_id, c.topic) IN (SELECT customer_id, topic FROM held) AND `+agreedSQL+`
			FOR SHARE OF c SKIP LOCKED
		), judged AS MATERIALIZED (
			SELECT m.id, fill.room, fill.why, CASE verdict WHEN '' THEN CASE WHEN fill.room IS NULL THEN '' ELSE 'later' END ELSE verdict END AS verdict
			FROM held JOIN messages m ON m.id = held.id JOIN asked r0 ON r0.id = m.id JOIN customers cu ON cu.id = m.customer_id CROSS JOIN (SELECT * FROM settings LIMIT 1) st
			CROSS JOIN LATERAL (SELECT lower(r0.address) AS address) r
			CROSS JOIN LATERAL (SELECT CASE WHEN NOT st.sending OR st.held_reason <> '' OR `+pausedSQL("m")+` OR `+switchedSQL("m")+`
				OR EXISTS (SELECT FROM switches w WHERE w.scope = 'domain' AND w.target = `+domainSQL("r.address")+`)
				THEN 'held' ELSE `+verdictSQL(`(m.customer_id, m.topic) IN (SELECT customer_id, topic FROM agreed)`, `r0.inside`)+` END AS verdict) v
			LEFT JOIN LATERAL `+roomSQL("$11", "$12")+` fill ON true
		)
		UPDATE messages m SET
			state = CASE j.verdict WHEN '' THEN 'at_dot' WHEN 'held' THEN 'queued' WHEN 'later' THEN 'queued'
				ELSE CASE WHEN m.resent THEN 'unknown' ELSE 'dropped' END END,
			reason = CASE j.verdict WHEN 'held' THEN '' WHEN 'later' THEN j.why ELSE j.verdict END,
			retry_wall = CASE j.verdict WHEN 'later' THEN j.room END,
			leased_wall = CASE WHEN j.verdict = '' THEN $10::timestamptz END,
			dot_wall = CASE WHEN j.verdict = '' THEN $11 ELSE m.dot_wall END,
			address = CASE WHEN j.verdict = '' THEN a.address ELSE m.address END,
			subject = CASE WHEN j.verdict = '' THEN a.subject ELSE m.subject END,
			bytes = CASE WHEN j.verdict = '' THEN a.bytes ELSE m.bytes END,
			bytes_hash = CASE WHEN j.verdict = '' THEN a.hash ELSE m.bytes_hash END,
			links = CASE WHEN j.verdict = '' THEN ARRAY(SELECT jsonb_array_elements_text(a.links::jsonb)) ELSE m.links END
		FROM judged j JOIN asked a ON a.id = j.id
		WHERE m.id = j.id AND m.attempt = a.attempt AND m.state = 'claimed'
		RETURNING `+toldColumns,
		s.clock.Now(), sandbox, a.ids, a.attempts, a.addresses, a.subjects, a.bytes, a.hashes, a.links, wall.Add(replyLease), wall, s.day(), a.insides).
		Query(func(rows pgx.Rows) (err error) {
			decided, err = pgx.CollectRows(rows, pgx.RowToStructByName[told])
			return err
		})
	return decided, tx.SendBatch(ctx, b).Close()
}

type askedDots struct {
	ids, addresses, subjects, links []string
	attempts                        []int32
	bytes, hashes                   [][]byte
	insides                         []bool
}

func asked(dots []journey.Dot) (a askedDots, err error) {
	for _, d := range dots {
		links, err := json.Marshal(nonNil(d.Links))
		if err != nil {
			return a, err
		}
		sum := sha256.Sum256(d.Bytes)
		a.ids, a.attempts = append(a.ids, d.ID), append(a.attempts, int32(d.Attempt)) //nolint:gosec // see unzip
		a.addresses, a.subjects = append(a.addresses, d.Address), append(a.subjects, d.Subject)
		a.bytes, a.hashes, a.links = append(a.bytes, d.Bytes), append(a.hashes, sum[:]), append(a.links, string(links))
		a.insides = append(a.insides, d.Inside)
	}
	return a, nil
}

// InFlight names the messages of a scope that are between claim and reply: whoever stops a scope waits, for a while, until there
// are none. A message in doubt is among them until it is settled.
func (s *Store) InFlight(ctx context.Context, scope journey.Scope, target string) (_ []string, err error) {
	defer wrap(&err, "looking for messages of %s %s in flight", scope, target)
	rows, err := s.pool.Query(ctx, `
		SELECT id FROM messages
		WHERE lane = ANY($3) AND state IN ('claimed', 'at_dot') AND CASE $1 WHEN 'everything' THEN true WHEN 'customer' THEN customer_id = $2
			WHEN 'enrollment' THEN enrollment_id = $2 WHEN 'journey' THEN journey_key = $2 WHEN 'topic' THEN topic = $2 WHEN 'customer_topic' THEN customer_id || '/' || topic = $2 END
		ORDER BY id`, string(scope), target, journey.Lanes())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
