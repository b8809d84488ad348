package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// holdBatch is how many enrollments are held in one transaction: nobody waits for a lock longer than that takes.
const holdBatch = 500

// HoldEnrollments makes everyone who is in a journey stand still until a person releases them, and returns how many were held by
// this call. Who is held already keeps the reason. Drivers are left alone: one that comes is answered `hold`. It can be cut off,
// and called again.
func (s *Store) HoldEnrollments(ctx context.Context, reason, by string) (held int, err error) {
	defer wrap(&err, "holding everyone")
	for after := ""; ; {
		n, last, err := s.holdNext(ctx, after, reason, by)
		held += n
		if err != nil || last == "" {
			return held, err
		}
		after = last
	}
}

// holdNext holds those among the next rows by id that are in a journey, and returns the last id; "" at the end.
func (s *Store) holdNext(ctx context.Context, after, reason, by string) (n int, last string, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			WITH page AS MATERIALIZED (
			    SELECT id, status = 'active' AND held = '' AS free FROM enrollments WHERE id > $1 ORDER BY id LIMIT $2
			), locked AS MATERIALIZED (
			    SELECT id FROM enrollments WHERE id IN (SELECT id FROM page WHERE free) AND status = 'active' AND held = ''
			    ORDER BY id FOR NO KEY UPDATE
			), stopped AS (
			    UPDATE enrollments SET held = $3 WHERE id IN (SELECT id FROM locked)
			    RETURNING id, customer_id, journey_key, seq, step
			), told AS (
			    INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
			    SELECT id, customer_id, journey_key, seq, $4, step, 'held', jsonb_build_object('reason', $3::text, 'by', $5::text) FROM stopped
			)
			SELECT (SELECT count(*) FROM stopped), coalesce((SELECT max(id) FROM page), '')`,
			after, holdBatch, reason, s.clock.Now(), by).Scan(&n, &last)
	})
	return n, last, err
}

// restorable are the reasons for which everyone may be released at once. Who was parked because her decision fails is not among
// them: she would fail again.
const restorable = `held <> '' AND held <> '` + heldPoison + `'`

// Held counts those who are held, by reason.
func (s *Store) Held(ctx context.Context) (_ map[string]int, err error) {
	defer wrap(&err, "counting who is held")
	rows, err := s.pool.Query(ctx, `SELECT held, count(*) FROM enrollments WHERE status = 'active' AND held <> '' GROUP BY held`)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var reason string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&reason, &n}, func() error {
		out[reason] = n
		return nil
	})
	return out, err
}

// Releasable counts those whom ReleaseSome would release.
func (s *Store) Releasable(ctx context.Context) (n int, err error) {
	defer wrap(&err, "counting who may be released")
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM enrollments WHERE status = 'active' AND `+restorable).Scan(&n)
	return n, err
}

// Release lets an enrollment that was held for a person's eye go on: where it stands in Postgres, however far its driver has
// come. not_found says that it is not held.
func (s *Store) Release(ctx context.Context, enrollmentID, by string) (err error) {
	defer wrap(&err, "releasing enrollment %s", enrollmentID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		n, err := s.release(ctx, tx, `id = $1 AND held <> ''`, enrollmentID, by)
		if err == nil && n == 0 {
			err = journey.Faultf(journey.CodeNotFound, "enrollment %q is not held", enrollmentID)
		}
		return err
	})
}

// ReleaseSome releases at most limit of those who may be released together (poison is not among them), and returns how many
// they were; 0: nobody is left. The caller sets the pace.
func (s *Store) ReleaseSome(ctx context.Context, limit int, by string) (n int, err error) {
	defer wrap(&err, "releasing %d enrollments", limit)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n, err = s.release(ctx, tx, `id IN (SELECT id FROM enrollments WHERE status = 'active' AND `+restorable+`
			ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)`, limit, by)
		return err
	})
	return n, err
}

func (s *Store) release(ctx context.Context, tx pgx.Tx, which string, arg any, by string) (int, error) {
	rows, err := tx.Query(ctx, `
		WITH free AS (
		    UPDATE enrollments SET held = '', released = true WHERE `+which+`
		    RETURNING id, customer_id, journey_key, seq, step
		)
		INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
		SELECT id, customer_id, journey_key, seq, $2, step, 'released', jsonb_build_object('by', $3::text) FROM free
		RETURNING enrollment_id`, arg, s.clock.Now(), by)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	return len(ids), s.wake(ctx, tx, ids)
}
