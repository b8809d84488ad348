package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// NoteBreaker notes that a lane or one domain of it is shut; the longer of two notes stands.
func (s *Store) NoteBreaker(ctx context.Context, b journey.Breaker) (err error) {
	defer wrap(&err, "noting a breaker of lane %s", b.Lane)
	_, err = s.pool.Exec(ctx, `
		INSERT INTO breakers AS b (lane, domain, why, until_wall) VALUES ($1, $2, $3, $4)
		ON CONFLICT (lane, domain) DO UPDATE SET why = $3, until_wall = greatest(b.until_wall, $4)`, b.Lane, b.Domain, b.Why, b.UntilWall)
	return err
}

// Breakers lists those that are open now, whole lanes first.
func (s *Store) Breakers(ctx context.Context) (_ []journey.Breaker, err error) {
	defer wrap(&err, "listing breakers")
	rows, err := s.pool.Query(ctx, `
		SELECT lane, domain, why, until_wall, EXISTS (SELECT FROM breaker_closings c WHERE c.lane = b.lane AND c.domain = b.domain AND c.until_wall > $1)
		FROM breakers b WHERE until_wall > $1 ORDER BY domain <> '', lane, domain LIMIT 100`, s.clock.Wall())
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Breaker])
	return nonNil(list), err
}

// CloseBreaker asks the sender of a lane to try at once what it leaves alone. The fault is not_found.
func (s *Store) CloseBreaker(ctx context.Context, lane, domain string, by journey.Actor) (err error) {
	defer wrap(&err, "closing a breaker of %s", lane)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO breaker_closings (lane, domain, until_wall) SELECT lane, domain, until_wall FROM breakers
			WHERE lane = $1 AND domain = $2 AND until_wall > $3
			ON CONFLICT (lane, domain) DO UPDATE SET until_wall = excluded.until_wall`, lane, domain, s.clock.Wall())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "nothing of %s is shut for that", lane)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "breaker.close", target: lane, detail: map[string]any{"domain": domain}})
	})
}

// TakeClosed returns the domains of a lane whose breakers people have closed, "" being the lane itself, and forgets both. A closing
// whose breaker has opened by itself meanwhile closes nothing that came later.
func (s *Store) TakeClosed(ctx context.Context, lane string) (closed []string, err error) {
	defer wrap(&err, "taking the closed breakers of %s", lane)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `DELETE FROM breaker_closings WHERE lane = $1 RETURNING domain, until_wall > $2`, lane, s.clock.Wall())
		if err != nil {
			return err
		}
		var domain string
		var holds bool
		if _, err := pgx.ForEachRow(rows, []any{&domain, &holds}, func() error {
			if holds {
				closed = append(closed, domain)
			}
			return nil
		}); err != nil || len(closed) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM breakers WHERE lane = $1 AND domain = ANY($2)`, lane, closed)
		return err
	})
	return closed, err
}
