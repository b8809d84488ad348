package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// StartSession stores a session, and says so in the audit.
func (s *Store) StartSession(ctx context.Context, n journey.Session, by journey.Actor, how string) (err error) {
	defer wrap(&err, "starting a session of user %s", n.UserID)
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.startSession(ctx, tx, n, by, how) })
}

func (s *Store) startSession(ctx context.Context, tx pgx.Tx, n journey.Session, by journey.Actor, how string) error {
	_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, user_id, created_wall, seen_wall, expires_wall) VALUES ($1, $2, $3, $4, $5)`,
		n.Hash, n.UserID, n.CreatedWall, n.SeenWall, n.ExpiresWall)
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, deed{by: by, verb: "user.sign_in", target: n.UserID, detail: map[string]any{"by": how}})
}

// SessionUser returns who is signed in with the session, as she is now, if it was seen after idleSince and has not expired.
// CodeNotFound otherwise, and for a disabled user.
func (s *Store) SessionUser(ctx context.Context, hash []byte, wall, idleSince time.Time) (n journey.Session, u journey.User, err error) {
	defer wrap(&err, "looking up a session")
	err = s.pool.QueryRow(ctx, `
		SELECT n.hash, n.user_id, n.created_wall, n.seen_wall, n.expires_wall, u.id, u.email, u.name, u.role, u.language, u.created_at, u.disabled_at
		FROM sessions n JOIN users u ON u.id = n.user_id
		WHERE n.hash = $1 AND n.expires_wall > $2 AND n.seen_wall > $3 AND u.disabled_at IS NULL`, hash, wall, idleSince).
		Scan(&n.Hash, &n.UserID, &n.CreatedWall, &n.SeenWall, &n.ExpiresWall, &u.ID, &u.Email, &u.Name, &u.Role, &u.Language, &u.CreatedAt, &u.DisabledAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return n, u, journey.Faultf(journey.CodeNotFound, "there is no such session")
	}
	return n, u, err
}

// SeeSession notes that a session is in use.
func (s *Store) SeeSession(ctx context.Context, hash []byte, wall time.Time) (err error) {
	defer wrap(&err, "noting the use of a session")
	_, err = s.pool.Exec(ctx, `UPDATE sessions SET seen_wall = $2 WHERE hash = $1`, hash, wall)
	return err
}

// EndSession ends one session. Doing it again has no effect.
func (s *Store) EndSession(ctx context.Context, hash []byte) (err error) {
	defer wrap(&err, "ending a session")
	_, err = s.pool.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, hash)
	return err
}

// AddSignInLink stores a link by the hash of its token. At most one of a purpose is open for a user: the one before ends.
func (s *Store) AddSignInLink(ctx context.Context, l journey.SignInLink, by journey.Actor) (err error) {
	defer wrap(&err, "making a sign-in link for user %s", l.UserID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_links WHERE user_id = $1 AND purpose = $2`, l.UserID, string(l.Purpose)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sign_in_links (hash, user_id, purpose, expires_wall) VALUES ($1, $2, $3, $4)`,
			l.Hash, l.UserID, string(l.Purpose), l.ExpiresWall)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "user.link", target: l.UserID, detail: map[string]any{"purpose": l.Purpose}})
	})
}

const openLink = `l.hash = $1 AND l.expires_wall > $2 AND EXISTS (SELECT FROM users u WHERE u.id = l.user_id AND u.disabled_at IS NULL)`

// SignInLink returns a link that is still open, and whose it is. CodeNotFound otherwise.
func (s *Store) SignInLink(ctx context.Context, hash []byte, wall time.Time) (l journey.SignInLink, u journey.User, err error) {
	defer wrap(&err, "looking up a sign-in link")
	err = s.pool.QueryRow(ctx, `SELECT l.hash, l.user_id, l.purpose, l.expires_wall FROM sign_in_links l WHERE `+openLink, hash, wall).
		Scan(&l.Hash, &l.UserID, &l.Purpose, &l.ExpiresWall)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, u, journey.Faultf(journey.CodeNotFound, "there is no such link")
	}
	if err != nil {
		return l, u, err
	}
	u, _, err = s.user(ctx, s.pool, `u.id = $1`, l.UserID)
	return l, u, err
}

// FollowLink uses a link up and starts the session; where the link is for a password, that one is set first, and what was open
// before ends. Of two who follow the same link one gets CodeNotFound.
func (s *Store) FollowLink(ctx context.Context, l journey.SignInLink, n journey.Session, password string, by journey.Actor) (err error) {
	defer wrap(&err, "following a sign-in link of user %s", l.UserID)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM sign_in_links l WHERE `+openLink, l.Hash, n.CreatedWall)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "this link was used already")
		}
		if l.Purpose == journey.LinkPassword {
			if _, err := tx.Exec(ctx, `UPDATE users SET password = $2 WHERE id = $1`, l.UserID, password); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, l.UserID); err != nil {
				return err
			}
		}
		return s.startSession(ctx, tx, n, by, string(l.Purpose)+" link")
	})
}

// CountAttempts adds one to each subject and returns the counts within the window that began after since, in their order.
func (s *Store) CountAttempts(ctx context.Context, subjects [][]byte, wall, since time.Time) (_ []int, err error) {
	defer wrap(&err, "counting attempts to sign in")
	counts := make([]int, len(subjects))
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		for i, subject := range subjects {
			err := tx.QueryRow(ctx, `
				INSERT INTO sign_in_attempts AS a (subject, tries, since_wall) VALUES ($1, 1, $2)
				ON CONFLICT (subject) DO UPDATE SET tries = CASE WHEN a.since_wall > $3 THEN a.tries + 1 ELSE 1 END,
					since_wall = CASE WHEN a.since_wall > $3 THEN a.since_wall ELSE $2 END
				RETURNING tries`, subject, wall, since).Scan(&counts[i])
			if err != nil {
				return err
			}
		}
		return nil
	})
	return counts, err
}

// ForgetAttempts takes back one attempt of each subject: it succeeded.
func (s *Store) ForgetAttempts(ctx context.Context, subjects [][]byte) (err error) {
	defer wrap(&err, "forgetting attempts to sign in")
	_, err = s.pool.Exec(ctx, `UPDATE sign_in_attempts SET tries = greatest(tries - 1, 0) WHERE subject = ANY($1)`, subjects)
	return err
}
