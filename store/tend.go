package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// TendSegments looks once at customers whom time brings into another stage of the lifecycle, and at those who may have come into a
// segment, or left one, without an event: because their time has come, or because something else changed; and then goes on filling a segment that is new or has changed. It takes at most limit
// customers (200 at most) in one transaction, and returns how many; 0 when nothing is to do, or another process is at it. What a
// filling finds lets nobody into a journey. Next is when time will change something, in wall time; zero: not that anybody knows.
func (s *Store) TendSegments(ctx context.Context, limit int) (tended int, next time.Time, err error) {
	defer wrap(&err, "tending segments")
	if limit <= 0 || limit > customersMax {
		limit = customersMax
	}
	var any bool
	err = s.pool.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM segments) OR EXISTS (SELECT FROM customers WHERE stage_due_at IS NOT NULL)
			OR EXISTS (SELECT FROM settings WHERE rfm_filled IS NOT NULL)`).Scan(&any)
	if err != nil || !any {
		return 0, next, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tended = 0
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, inboxLock).Scan(&mine); err != nil || !mine {
			return err
		}
		for _, step := range []func(context.Context, pgx.Tx, int) (int, error){s.tendStages, s.tendDue, s.tendFilling, s.tendScores} {
			if tended, err = step(ctx, tx, limit); err != nil || tended > 0 {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return tended, next, err
	}
	var due *time.Time
	if err := s.pool.QueryRow(ctx, `
		SELECT least((SELECT min(due_at) FROM segment_members WHERE due_at IS NOT NULL),
		             (SELECT min(stage_due_at) FROM customers WHERE stage_due_at IS NOT NULL))`).Scan(&due); err != nil || due == nil {
		return tended, next, err
	}
	return tended, s.clock.ToWall(*due), nil
}

// tendDue looks at those whose time has come, and at those who are to be looked at again.
func (s *Store) tendDue(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	rows, err := tx.Query(ctx, `
		(SELECT customer_id FROM segment_checks LIMIT $2)
		UNION (SELECT customer_id FROM segment_members WHERE due_at <= $1 ORDER BY due_at LIMIT $2) LIMIT $2`, s.clock.Now(), limit)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	a, err := s.lookAt(ctx, tx, ids, look{all: true})
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM segment_checks WHERE customer_id = ANY($1)`, ids); err != nil {
		return 0, err
	}
	// Who was merged away or erased meanwhile, and where the filling has not been yet, time is looked at no more.
	_, err = tx.Exec(ctx, `UPDATE segment_members SET due_at = NULL WHERE customer_id = ANY($1) AND due_at <= $2`, ids, a.now)
	return len(ids), err
}

// customersAfter returns the next ids of customers, for a walk over all of them.
func customersAfter(ctx context.Context, q querier, after string, limit int) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT id FROM customers WHERE id > $1 AND merged_into IS NULL ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// tendFilling looks at the next customers whom a new or changed segment has not seen.
func (s *Store) tendFilling(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	var key, after string
	err := tx.QueryRow(ctx, `SELECT key, filled_to FROM segments WHERE filled_to IS NOT NULL ORDER BY updated_at, key LIMIT 1`).Scan(&key, &after)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ids, err := customersAfter(ctx, tx, after, limit)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		_, err := tx.Exec(ctx, `UPDATE segments SET filled_to = NULL WHERE key = $1`, key)
		return 1, err
	}
	if _, err := s.lookAt(ctx, tx, ids, look{only: key, silent: true}); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE segments SET filled_to = $2, filled = filled + $3 WHERE key = $1`, key, ids[len(ids)-1], len(ids))
	return len(ids), err
}

// lookAt reconsiders customers to whom nothing has happened.
func (s *Store) lookAt(ctx context.Context, tx pgx.Tx, ids []string, c look) (*application, error) {
	if err := lockCustomers(ctx, tx, ids); err != nil {
		return nil, err
	}
	a, err := s.begin(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p := a.people[id]
		if p == nil || p.MergedInto != "" {
			continue
		}
		var o outcome
		heard, err := a.reconsider(ctx, p, c, &o)
		if err != nil {
			return nil, err
		}
		a.wakeThose(p.ID, heard, &o)
	}
	return a, a.flush(ctx)
}
