package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

const userColumns = `u.id, u.email, u.name, u.role, u.language, u.created_at, u.disabled_at`

// CreateUser stores a user who has no password yet. An address that is taken is a fault of CodeConflict.
func (s *Store) CreateUser(ctx context.Context, u journey.User, by journey.Actor) (err error) {
	defer wrap(&err, "creating a user")
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.createUser(ctx, tx, u, by) })
}

func (s *Store) createUser(ctx context.Context, tx pgx.Tx, u journey.User, by journey.Actor) error {
	_, err := tx.Exec(ctx, `INSERT INTO users (id, email, name, role, language, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		u.ID, u.Email, u.Name, string(u.Role), u.Language, u.CreatedAt)
	if violates(err, "users_email_key") {
		return journey.Faultf(journey.CodeConflict, "there is a user with this address already")
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, deed{by: by, verb: "user.create", target: u.ID, detail: map[string]any{"role": u.Role}})
}

// UserByEmail returns the user with that address, in lower case, and the hash of her password, "" where she has none.
// CodeNotFound when there is none.
func (s *Store) UserByEmail(ctx context.Context, email string) (u journey.User, password string, err error) {
	defer wrap(&err, "looking up a user")
	return s.user(ctx, s.pool, `u.email = $1`, email)
}

// User returns a user by id, and the hash of her password.
func (s *Store) User(ctx context.Context, id string) (u journey.User, password string, err error) {
	defer wrap(&err, "looking up user %s", id)
	return s.user(ctx, s.pool, `u.id = $1`, id)
}

func (s *Store) user(ctx context.Context, q querier, which, arg string) (u journey.User, password string, err error) {
	err = q.QueryRow(ctx, `SELECT `+userColumns+`, u.password FROM users u WHERE `+which, arg).
		Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Language, &u.CreatedAt, &u.DisabledAt, &password)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, "", journey.Faultf(journey.CodeNotFound, "there is no such user")
	}
	return u, password, err
}

// Users lists every user by address, disabled ones too.
func (s *Store) Users(ctx context.Context) (_ []journey.User, err error) {
	defer wrap(&err, "listing users")
	rows, err := s.pool.Query(ctx, `SELECT `+userColumns+` FROM users u ORDER BY u.email`)
	if err != nil {
		return nil, err
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.User])
	return nonNil(users), err
}

// SetUser changes the name and language of a user.
func (s *Store) SetUser(ctx context.Context, u journey.User, by journey.Actor) (err error) {
	defer wrap(&err, "changing user %s", u.ID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET name = $2, language = $3 WHERE id = $1`, u.ID, u.Name, u.Language)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "user.change", target: u.ID, detail: map[string]any{"language": u.Language}})
	})
}

// SetPassword stores the hash of a new password, and ends every session and link of the user but the session to keep, if any.
func (s *Store) SetPassword(ctx context.Context, userID, password string, keep []byte, by journey.Actor) (err error) {
	defer wrap(&err, "setting the password of user %s", userID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET password = $2 WHERE id = $1`, userID, password); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash IS DISTINCT FROM $2`, userID, keep); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_links WHERE user_id = $1`, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "user.password", target: userID})
	})
}

// DisableUser keeps a user from signing in and ends her sessions; enabled lets her in again. The last admin stays: a fault of
// CodeConflict.
func (s *Store) DisableUser(ctx context.Context, id string, enabled bool, by journey.Actor) (err error) {
	defer wrap(&err, "disabling user %s", id)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		admins, err := s.lockAdmins(ctx, tx, id)
		if err != nil {
			return err
		}
		u, _, err := s.user(ctx, tx, `u.id = $1`, id)
		if err != nil {
			return err
		}
		if !enabled && u.Role == journey.RoleAdmin && u.DisabledAt == nil && admins == 1 {
			return journey.Faultf(journey.CodeConflict, "this is the last admin; somebody must be left who can let others in")
		}
		verb := "user.disable"
		if enabled {
			verb = "user.enable"
			_, err = tx.Exec(ctx, `UPDATE users SET disabled_at = NULL WHERE id = $1`, id)
		} else {
			_, err = tx.Exec(ctx, `UPDATE users SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1`, id, s.clock.Now())
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_links WHERE user_id = $1`, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: verb, target: id})
	})
}

// lockAdmins locks a user and everybody who could be the last admin, by id, so that two who shut each other out see one another. It
// returns how many admins may sign in.
func (s *Store) lockAdmins(ctx context.Context, tx pgx.Tx, id string) (admins int, err error) {
	rows, err := tx.Query(ctx, `
		SELECT role = 'admin' AND disabled_at IS NULL FROM users WHERE id = $1 OR role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE`, id)
	if err != nil {
		return 0, err
	}
	var is bool
	_, err = pgx.ForEachRow(rows, []any{&is}, func() error {
		if is {
			admins++
		}
		return nil
	})
	return admins, err
}
