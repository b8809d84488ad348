package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// wakePatience is how long the end of a wide pause waits for everyone to be woken; whoever is left then is woken by FinishResumes of
// any process.
const wakePatience = 5 * time.Second

// wakeBatch is how many are woken in one transaction.
const wakeBatch = 2000

// FinishResumes wakes those whom wide pauses held that have ended, until nobody is left. It is safe to call side by side, and goes on
// where a process died.
func (s *Store) FinishResumes(ctx context.Context) (err error) {
	defer wrap(&err, "waking those whom a pause held")
	for {
		var left, waits bool
		err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
			left, waits, err = s.wakeNext(ctx, tx)
			return err
		})
		if err != nil || !left {
			return err
		}
		if !waits {
			continue
		}
		timer := time.NewTimer(10 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// wakeNext wakes the next batch. Left says that there is more to do, waits that it cannot be done yet.
//
// The first round raises the level of everyone who holds. A decision that had read the pause before its end was committed, and is itself
// committed after we looked, begins to hold unseen: so the second round waits until every transaction is over that was running at the
// end (they have timeouts; others of the server, such as a dump, need not be waited for), and wakes those who hold and have no wake-up.
func (s *Store) wakeNext(ctx context.Context, tx pgx.Tx) (left, waits bool, err error) {
	var id int64
	var key, from string
	var round int
	var over bool
	err = tx.QueryRow(ctx, `
		SELECT id, journey, round, woken_to, round = 1 OR pg_snapshot_xmin(pg_current_snapshot()) >= horizon OR round_wall <= $1
		FROM resumes ORDER BY round, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`, s.clock.Wall().Add(-2*statementTimeout)).Scan(&id, &key, &round, &from, &over)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, false, nil
	case err != nil:
		return false, false, err
	case !over:
		return true, true, nil
	}
	var last string
	err = tx.QueryRow(ctx, `
		WITH page AS MATERIALIZED (
			SELECT id, journey_key FROM enrollments e
			WHERE status = 'active' AND plan->>'kind' = 'hold' AND ($1 = '' OR journey_key = $1) AND id > $2
				AND ($3 = 1 OR NOT EXISTS (SELECT FROM wakeups w WHERE w.enrollment_id = e.id))
			ORDER BY id LIMIT $4
		), woken AS (
			INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall) SELECT id, false, journey_key, $5 FROM page ORDER BY id
			ON CONFLICT (enrollment_id) DO UPDATE SET version = wakeups.version + 1, tries = 0, leased_wall = NULL
		)
		SELECT CASE count(*) WHEN $4 THEN max(id) ELSE '' END FROM page`, key, from, round, wakeBatch, s.clock.Wall()).Scan(&last)
	if err != nil {
		return false, false, err
	}
	if err := notify(ctx, tx, channelWakeups); err != nil {
		return false, false, err
	}
	switch {
	case last != "":
		_, err = tx.Exec(ctx, `UPDATE resumes SET woken_to = $2 WHERE id = $1`, id, last)
	case round == 1:
		_, err = tx.Exec(ctx, `UPDATE resumes SET woken_to = '', round = 2, horizon = pg_snapshot_xmax(pg_current_snapshot()),
			round_wall = $2 WHERE id = $1`, id, s.clock.Wall())
	default:
		_, err = tx.Exec(ctx, `DELETE FROM resumes WHERE id = $1`, id)
	}
	return true, false, err
}
