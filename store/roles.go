package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SetRole gives a user another role, from her next request on. The last admin stays one: a fault of CodeConflict.
func (s *Store) SetRole(ctx context.Context, id string, role journey.Role, by journey.Actor) (err error) {
	defer wrap(&err, "changing the role of user %s", id)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		// Everybody who could be the last admin is locked, as where a user is disabled.
		rows, err := tx.Query(ctx, `SELECT id FROM users WHERE id = $1 OR role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE`, id)
		if err != nil {
			return err
		}
		locked, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		u, _, err := s.user(ctx, tx, `u.id = $1`, id)
		if err != nil || u.Role == role {
			return err
		}
		if u.Role == journey.RoleAdmin && u.DisabledAt == nil && len(locked) == 1 {
			return journey.Faultf(journey.CodeConflict, "this is the last admin; somebody must be left who can let others in")
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET role = $2 WHERE id = $1`, id, string(role)); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "user.role", target: id, detail: map[string]any{"from": u.Role, "to": role}})
	})
}
