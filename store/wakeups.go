package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// wake asks that enrollments be looked at again. It raises the level: the version grows, so that an Advance which runs now
// and has read less does not take the row away; and any lease ends, so that the relay comes at once.
func (s *Store) wake(ctx context.Context, q querier, enrollmentIDs []string) error {
	if len(enrollmentIDs) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	s.queueWake(b, enrollmentIDs)
	return q.SendBatch(ctx, b).Close()
}

// queueWake adds the statements of wake. Ended enrollments need no waking.
func (s *Store) queueWake(b *pgx.Batch, enrollmentIDs []string) {
	b.Queue(`
		INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall)
		SELECT id, false, journey_key, $2 FROM enrollments WHERE id = ANY($1) AND status = 'active' ORDER BY id
		ON CONFLICT (enrollment_id) DO UPDATE SET version = wakeups.version + 1, tries = 0, leased_wall = NULL`,
		enrollmentIDs, s.clock.Wall())
	b.Queue(`SELECT pg_notify($1, '')`, channelWakeups)
}

// backoffMost bounds the growth of a lease, as a power of two: what the relay could not deliver five times in a row it tries
// again every 32 leases.
const backoffMost = 5

// LeaseWakeups gives the relay wake-ups that nobody has, for the time of the lease (wall time), which doubles with every try
// that came to nothing. Wakes come before starts; of each journey's starts at most Options.StartsPace come at a time, so that
// a big journey does not keep the others waiting, and of one whose door is not open to all (see audiences) those whose turn it is. It commits before it returns; call Temporal then.
func (s *Store) LeaseWakeups(ctx context.Context, limit int, lease time.Duration) (out []journey.Wakeup, err error) {
	defer wrap(&err, "leasing wake-ups")
	rows, err := s.pool.Query(ctx, `
		WITH wakes AS (
		    SELECT enrollment_id FROM wakeups
		    WHERE NOT start AND (leased_wall IS NULL OR leased_wall <= $1)
		    ORDER BY leased_wall NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
		), doors AS MATERIALIZED (
		    SELECT j.key, coalesce((SELECT a.share FROM audiences a WHERE a.journey_key = j.key AND a.state IN ('asked', 'ramp', 'stopped')), 100) AS share,
		        EXISTS (SELECT FROM audiences a WHERE a.journey_key = j.key AND a.state = 'stopped') AS shut
		    FROM journeys j
		), starts AS (
		    SELECT enrollment_id FROM doors j CROSS JOIN LATERAL (
		        SELECT enrollment_id FROM wakeups w
		        WHERE start AND w.journey_key = j.key AND (leased_wall IS NULL OR leased_wall <= $1)
		        ORDER BY created_wall LIMIT $3 FOR UPDATE SKIP LOCKED) AS paced
		    WHERE j.share = 100
		    UNION ALL
		    SELECT enrollment_id FROM doors j CROSS JOIN LATERAL (
		        SELECT enrollment_id FROM wakeups w
		        WHERE start AND w.journey_key = j.key AND lot < j.share AND (leased_wall IS NULL OR leased_wall <= $1)
		        ORDER BY lot LIMIT $3 FOR UPDATE SKIP LOCKED) AS first
		    WHERE j.share BETWEEN 1 AND 99 AND NOT j.shut
		    LIMIT greatest($2 - (SELECT count(*) FROM wakes), 0)
		), leased AS (
		    UPDATE wakeups w SET tries = tries + 1, leased_wall = $1::timestamptz + $4::interval * (1 << least(tries, $5::int))
		    WHERE enrollment_id IN (SELECT enrollment_id FROM wakes UNION ALL SELECT enrollment_id FROM starts)
		    RETURNING enrollment_id, version, start, journey_key, tries - 1 AS tries
		)
		SELECT l.enrollment_id, e.customer_id, l.journey_key, j.name AS journey_name, l.version, l.start, e.seq, l.tries
		FROM leased l JOIN enrollments e ON e.id = l.enrollment_id JOIN journeys j ON j.key = l.journey_key
		ORDER BY l.start, l.enrollment_id`,
		s.clock.Wall(), limit, s.options.StartsPace, lease, backoffMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[journey.Wakeup])
}
