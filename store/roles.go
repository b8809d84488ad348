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
		admins, err := s.lockAdmins(ctx, tx, id)
		if err != nil {
			return err
		}
		u, _, err := s.user(ctx, tx, `u.id = $1`, id)
		if err != nil || u.Role == role {
			return err
		}
		if u.Role == journey.RoleAdmin && u.DisabledAt == nil && admins == 1 {
			return journey.Faultf(journey.CodeConflict, "this is the last admin; somebody must be left who can let others in")
		}
		return s.changeRole(ctx, tx, u, role, deed{by: by})
	})
}

// changeRole writes another role of a user down. Where a provider said it, the deed's detail says so.
func (s *Store) changeRole(ctx context.Context, tx pgx.Tx, u journey.User, to journey.Role, d deed) error {
	if _, err := tx.Exec(ctx, `UPDATE users SET role = $2 WHERE id = $1`, u.ID, string(to)); err != nil {
		return err
	}
	d.verb, d.target = "user.role", u.ID
	if d.detail == nil {
		d.detail = map[string]any{}
	}
	d.detail["from"], d.detail["to"] = u.Role, to
	return s.audit(ctx, tx, d)
}
