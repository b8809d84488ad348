package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

const standingColumns = `e.id, e.status, e.held, e.seq, e.due_at, w.enrollment_id IS NOT NULL AS woken`

// Standings returns those who are in a journey among the next limit enrollments by id, and the id to go on from; "" at the end. A
// page costs the same wherever it is, however many enrollments have ended.
func (s *Store) Standings(ctx context.Context, after string, limit int) (page []journey.Standing, next string, err error) {
	defer wrap(&err, "reading how enrollments stand, after %q", after)
	rows, err := s.pool.Query(ctx, `
		SELECT `+standingColumns+` FROM (SELECT * FROM enrollments WHERE id > $1 ORDER BY id LIMIT $2) e
		LEFT JOIN wakeups w ON w.enrollment_id = e.id ORDER BY e.id`, after, limit)
	if err != nil {
		return nil, "", err
	}
	page, err = s.standings(rows)
	if err != nil {
		return nil, "", err
	}
	if len(page) == limit {
		next = page[len(page)-1].ID
	}
	return slices.DeleteFunc(page, func(e journey.Standing) bool { return e.Status != journey.StatusActive }), next, nil
}

// StandingsOf returns how these enrollments stand. Those that are not there are left out.
func (s *Store) StandingsOf(ctx context.Context, ids []string) (_ []journey.Standing, err error) {
	defer wrap(&err, "reading how %d enrollments stand", len(ids))
	rows, err := s.pool.Query(ctx, `
		SELECT `+standingColumns+` FROM enrollments e LEFT JOIN wakeups w ON w.enrollment_id = e.id WHERE e.id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	return s.standings(rows)
}

func (s *Store) standings(rows pgx.Rows) ([]journey.Standing, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e journey.Standing, err error) {
		var due *time.Time
		err = row.Scan(&e.ID, &e.Status, &e.Held, &e.Seq, &due, &e.Woken)
		if due != nil {
			at := s.clock.ToWall(*due)
			e.DueWall = &at
		}
		return e, err
	})
}

// Driven names up to limit enrollments that must have a driver: they have been decided upon, wait for nothing of ours, and are
// not held. They are spread over all there are.
func (s *Store) Driven(ctx context.Context, limit int) (_ []string, err error) {
	defer wrap(&err, "choosing enrollments that must have a driver")
	rows, err := s.pool.Query(ctx, `
		(SELECT id FROM enrollments e WHERE status = 'active' AND seq > 0 AND held = '' AND NOT released
		    AND NOT EXISTS (SELECT FROM wakeups w WHERE w.enrollment_id = e.id) ORDER BY journey_key, version, step LIMIT $1)
		UNION
		(SELECT id FROM enrollments e WHERE status = 'active' AND seq > 0 AND held = '' AND NOT released
		    AND NOT EXISTS (SELECT FROM wakeups w WHERE w.enrollment_id = e.id) ORDER BY id DESC LIMIT $1)`, limit/2+1)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// WakeEnrollments asks that these be looked at again: drivers that are not there are started. Those that have ended, or are not
// there, are left out.
func (s *Store) WakeEnrollments(ctx context.Context, ids []string) (err error) {
	defer wrap(&err, "waking %d enrollments", len(ids))
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.wake(ctx, tx, ids) })
}

// Walked returns how far the reconciler had come; "": it begins anew.
func (s *Store) Walked(ctx context.Context) (to string, err error) {
	defer wrap(&err, "reading how far the reconciler came")
	err = s.pool.QueryRow(ctx, `SELECT walked_to FROM temporal`).Scan(&to)
	return to, err
}

// SetWalked notes how far the reconciler has come.
func (s *Store) SetWalked(ctx context.Context, to string) (err error) {
	defer wrap(&err, "noting how far the reconciler came")
	_, err = s.pool.Exec(ctx, `UPDATE temporal SET walked_to = $1`, to)
	return err
}

// Namespace returns the id of the namespace in which drivers run, as it was noted; "" before the first time.
func (s *Store) Namespace(ctx context.Context) (id string, err error) {
	defer wrap(&err, "reading the id of Temporal's namespace")
	err = s.pool.QueryRow(ctx, `SELECT namespace FROM temporal`).Scan(&id)
	return id, err
}

// SetNamespace notes the namespace in which drivers run from now on.
func (s *Store) SetNamespace(ctx context.Context, id string) (err error) {
	defer wrap(&err, "noting the id of Temporal's namespace")
	_, err = s.pool.Exec(ctx, `UPDATE temporal SET namespace = $1, walked_to = ''`, id)
	return err
}

// Tide raises the tide and returns it. Seen is the highest that the caller knows of: where Postgres has less, it went back (an older
// backup was restored in its place), and nothing is sent until a person releases it. The caller keeps what it gets outside of
// Postgres.
func (s *Store) Tide(ctx context.Context, seen int64) (tide int64, err error) {
	defer wrap(&err, "comparing the tide")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var was int64
		err := tx.QueryRow(ctx, `
			UPDATE temporal t SET tide = greatest(old.tide, $1) + 1 FROM (SELECT tide FROM temporal FOR NO KEY UPDATE) old
			RETURNING old.tide, t.tide`, seen).Scan(&was, &tide)
		if err != nil || was >= seen {
			return err
		}
		_, err = s.holdAll(ctx, tx, "Temporal knows more than Postgres: an older backup was restored")
		return err
	})
	return tide, err
}
