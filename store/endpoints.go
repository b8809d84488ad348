package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Endpoints lists the addresses outside that journeys may call, by key. Those that journeys declare themselves are not among them.
func (s *Store) Endpoints(ctx context.Context) (_ []journey.EndpointView, err error) {
	defer wrap(&err, "listing endpoints")
	rows, err := s.pool.Query(ctx, `SELECT key, url, created_at, updated_at FROM endpoints ORDER BY key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.EndpointView])
	return nonNil(list), err
}

// PutEndpoint makes an endpoint or changes it. With secret "" one that is there keeps its own, and a new one gets fresh; made
// says whether that secret is the endpoint's now.
func (s *Store) PutEndpoint(ctx context.Context, key, url, secret, fresh string, by journey.Actor) (e journey.EndpointView, made bool, err error) {
	defer wrap(&err, "declaring endpoint %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var kept string
		err := tx.QueryRow(ctx, `
			INSERT INTO endpoints AS e (key, url, secret, created_at, updated_at) VALUES ($1, $2, coalesce(nullif($3, ''), $4), $5, $5)
			ON CONFLICT (key) DO UPDATE SET url = $2, secret = coalesce(nullif($3, ''), e.secret), updated_at = $5
			RETURNING key, url, created_at, updated_at, secret`, key, url, secret, fresh, s.clock.Now()).
			Scan(&e.Key, &e.URL, &e.CreatedAt, &e.UpdatedAt, &kept)
		if err != nil {
			return err
		}
		made = kept == fresh
		return s.audit(ctx, tx, deed{by: by, verb: "endpoint.put", target: key, detail: map[string]any{"new_secret": secret != "" || made}})
	})
	return e, made, err
}

// DeleteEndpoint takes an endpoint away. Calls of it fail from now on.
func (s *Store) DeleteEndpoint(ctx context.Context, key string, by journey.Actor) (err error) {
	defer wrap(&err, "deleting endpoint %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM endpoints WHERE key = $1`, key)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no endpoint %q", key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "endpoint.delete", target: key})
	})
}
