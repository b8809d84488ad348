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
	rows, err := s.pool.Query(ctx, `SELECT lane, domain, why, until_wall FROM breakers WHERE until_wall > $1 ORDER BY domain <> '', lane, domain LIMIT 100`, s.clock.Wall())
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Breaker])
	return nonNil(list), err
}
