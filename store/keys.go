package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// CreateKey stores a key of the API by the hash of its secret.
func (s *Store) CreateKey(ctx context.Context, k journey.Key, hash []byte, by journey.Actor) (err error) {
	defer wrap(&err, "creating key %q", k.Name)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO keys (id, name, role, hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
			k.ID, k.Name, string(k.Role), hash, k.CreatedAt)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "key.create", target: k.ID, detail: map[string]any{"name": k.Name, "role": k.Role}})
	})
}

// KeyByHash returns the key whose secret has that hash, also a revoked one; a fault of CodeNotFound when there is none. One that is good is
// believed for five seconds, or until one is revoked.
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (k journey.Key, err error) {
	defer wrap(&err, "looking up a key")
	k, known, emptied := s.keys.find(hash, s.clock.Wall())
	if known {
		return k, nil
	}
	err = s.pool.QueryRow(ctx, `SELECT id, name, role, created_at, revoked_at FROM keys WHERE hash = $1`, hash).
		Scan(&k.ID, &k.Name, &k.Role, &k.CreatedAt, &k.RevokedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return k, journey.Faultf(journey.CodeNotFound, "there is no such key")
	}
	if err == nil && k.RevokedAt == nil {
		s.keys.keep(hash, k, s.clock.Wall(), emptied)
	}
	return k, err
}

// Keys lists every key, the newest first, revoked ones too.
func (s *Store) Keys(ctx context.Context) (_ []journey.Key, err error) {
	defer wrap(&err, "listing keys")
	rows, err := s.pool.Query(ctx, `SELECT id, name, role, created_at, revoked_at FROM keys ORDER BY id DESC`)
	if err != nil {
		return nil, err
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Key])
	return nonNil(keys), err
}

// RevokeKey ends a key: the next request that carries it is refused, and other processes hear of it at once. Doing it again has no effect.
func (s *Store) RevokeKey(ctx context.Context, id string, by journey.Actor) (err error) {
	defer wrap(&err, "revoking key %q", id)
	defer s.keys.empty()
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var open bool
		err := tx.QueryRow(ctx, `SELECT revoked_at IS NULL FROM keys WHERE id = $1 FOR UPDATE`, id).Scan(&open)
		if errors.Is(err, pgx.ErrNoRows) {
			return journey.Faultf(journey.CodeNotFound, "there is no key %s", id)
		}
		if err != nil || !open {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE keys SET revoked_at = $2 WHERE id = $1`, id, s.clock.Now()); err != nil {
			return err
		}
		if err := notify(ctx, tx, channelKeys); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "key.revoke", target: id})
	})
}
