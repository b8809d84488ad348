package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// UserByIdentity returns the user to whom an account of a provider belongs; CodeNotFound when there is none.
func (s *Store) UserByIdentity(ctx context.Context, issuer, subject string) (u journey.User, err error) {
	defer wrap(&err, "looking up a user by her provider")
	err = s.pool.QueryRow(ctx, `SELECT `+userColumns+` FROM user_identities i JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2`,
		issuer, subject).Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Language, &u.CreatedAt, &u.DisabledAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, journey.Faultf(journey.CodeNotFound, "there is no such user")
	}
	return u, err
}

// IdentitiesOf lists the accounts of providers by which a user can come: issuer and subject.
func (s *Store) IdentitiesOf(ctx context.Context, userID string) (out []journey.Identity, err error) {
	defer wrap(&err, "listing the identities of user %s", userID)
	rows, err := s.pool.Query(ctx, `SELECT issuer, subject FROM user_identities WHERE user_id = $1 ORDER BY issuer`, userID)
	if err != nil {
		return nil, err
	}
	var id journey.Identity
	_, err = pgx.ForEachRow(rows, []any{&id.Issuer, &id.Subject}, func() error { out = append(out, id); return nil })
	return out, err
}

// LinkIdentity lets a user come by an account of a provider. CodeConflict where it is another's, or she has one there already.
func (s *Store) LinkIdentity(ctx context.Context, u journey.User, id journey.Identity, by journey.Actor) (err error) {
	defer wrap(&err, "linking user %s", u.ID)
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.linkIdentity(ctx, tx, u, id, by) })
}

func (s *Store) linkIdentity(ctx context.Context, tx pgx.Tx, u journey.User, id journey.Identity, by journey.Actor) error {
	_, err := tx.Exec(ctx, `INSERT INTO user_identities (issuer, subject, user_id, linked_at) VALUES ($1, $2, $3, $4)`,
		id.Issuer, id.Subject, u.ID, s.clock.Now())
	if violates(err, "user_identities_pkey") || violates(err, "user_identities_user_id_issuer_key") {
		return journey.Faultf(journey.CodeConflict, "this account of the provider, or this user, is linked already; sign in again")
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, deed{by: by, verb: "user.link_provider", target: u.ID, detail: map[string]any{"issuer": id.Issuer}})
}

// Arrive carries out a sign-in by a provider: makes the user, links her, gives her the role that her groups say, and starts the session.
// Who is disabled meanwhile stays out (CodeForbidden); the last admin stays one.
func (s *Store) Arrive(ctx context.Context, a journey.Arrival, n journey.Session, by journey.Actor) (err error) {
	defer wrap(&err, "signing in user %s by her provider", a.User.ID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if a.New {
			if err := s.createUser(ctx, tx, a.User, by); err != nil {
				return err
			}
		} else if err := s.giveRole(ctx, tx, a.User, a.Role, by); err != nil {
			return err
		}
		if a.Link {
			if err := s.linkIdentity(ctx, tx, a.User, a.Identity, by); err != nil {
				return err
			}
		}
		return s.startSession(ctx, tx, n, by, "provider")
	})
}

// giveRole sets the role of a user whose groups say another than she has; "" leaves it.
func (s *Store) giveRole(ctx context.Context, tx pgx.Tx, u journey.User, role journey.Role, by journey.Actor) error {
	admins, err := s.lockAdmins(ctx, tx, u.ID)
	if err != nil {
		return err
	}
	now, _, err := s.user(ctx, tx, `u.id = $1`, u.ID)
	switch {
	case err != nil:
		return err
	case now.DisabledAt != nil:
		return journey.Faultf(journey.CodeForbidden, "you are no longer let in here; an admin can change that")
	case role == "", role == now.Role, now.Role == journey.RoleAdmin && admins == 1: // somebody must be left who can let others in
		return nil
	}
	return s.changeRole(ctx, tx, now, role, deed{by: by, detail: map[string]any{"by": "provider"}})
}
