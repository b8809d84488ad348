package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"strings"
	"time"

	"perennial/journey"
)

// Sessions is where users, their sessions and their links are kept. Hashes are SHA-256 of tokens; times are wall time.
type Sessions interface {
	UserByEmail(ctx context.Context, email string) (u journey.User, password string, err error)
	User(ctx context.Context, id string) (u journey.User, password string, err error)
	StartSession(ctx context.Context, n journey.Session, by journey.Actor, how string) error
	SessionUser(ctx context.Context, hash []byte, wall, idleSince time.Time) (journey.Session, journey.User, error)
	SeeSession(ctx context.Context, hash []byte, wall time.Time) error
	EndSession(ctx context.Context, hash []byte) error
	AddSignInLink(ctx context.Context, l journey.SignInLink, by journey.Actor) error
	SignInLink(ctx context.Context, hash []byte, wall time.Time) (journey.SignInLink, journey.User, error)
	FollowLink(ctx context.Context, l journey.SignInLink, n journey.Session, password string, by journey.Actor) error
	CountAttempts(ctx context.Context, subjects [][]byte, wall, since time.Time) ([]int, error)
	ForgetAttempts(ctx context.Context, subjects [][]byte) error
}

// How long sessions and links live, in wall time.
const (
	SessionMost  = 30 * 24 * time.Hour // however often it is used
	sessionIdle  = 3 * 24 * time.Hour  // without being used
	sessionNoted = 5 * time.Minute     // its use is noted no more often
	linkLife     = 24 * time.Hour
)

// Attempts within the window that may fail before the next has to wait: of one account from one place, of one place whatever the
// account, of one account wherever from. The first keeps a stranger from locking a user out; the last bounds a stranger with many
// places.
const (
	attemptsWindow  = 15 * time.Minute
	attemptsPair    = 8
	attemptsPlace   = 40
	attemptsAccount = 100
)

// Credentials are what somebody presents who wants to sign in.
type Credentials struct {
	Email, Password string
	From            netip.Addr // whence she asks
}

// SignIn checks a password and returns the token of a new session, for a cookie. Whatever does not match, the answer is the same
// and takes as long: CodeUnauthorized. After too many attempts it is CodeRate, also for the right password.
func (c *Control) SignIn(ctx context.Context, p Credentials) (token string, u journey.User, err error) {
	email := strings.ToLower(strings.TrimSpace(p.Email))
	if len(email) > 254 || len(p.Password) > passwordMost {
		return "", u, wrongCredentials()
	}
	subjects, err := c.countAttempt(ctx, email, p.From)
	if err != nil {
		return "", u, err
	}
	u, password, err := c.Store.UserByEmail(ctx, email)
	if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
		return "", u, err
	}
	right, err := c.isPassword(ctx, p.Password, password)
	if err != nil {
		return "", u, err
	}
	if !right || u.DisabledAt != nil {
		return "", journey.User{}, wrongCredentials()
	}
	if err := c.Store.ForgetAttempts(ctx, subjects); err != nil {
		return "", u, err
	}
	token, n := c.newSession(u)
	return token, u, c.Store.StartSession(ctx, n, u.Actor(), "password")
}

func wrongCredentials() error {
	return journey.Faultf(journey.CodeUnauthorized, "the address and the password do not belong together")
}

// countAttempt counts before anything is looked up, so that many at once cannot slip through between a look and a count.
func (c *Control) countAttempt(ctx context.Context, email string, from netip.Addr) ([][]byte, error) {
	place := placeOf(from)
	limits := []int{attemptsAccount, attemptsPair, attemptsPlace}
	subjects := [][]byte{subject("account", email), subject("pair", email, place), subject("place", place)}
	wall := c.Clock.Wall()
	counts, err := c.Store.CountAttempts(ctx, subjects, wall, wall.Add(-attemptsWindow))
	if err != nil {
		return nil, err
	}
	for i, n := range counts {
		if n > limits[i] {
			return nil, tooManyAttempts()
		}
	}
	return subjects, nil
}

func tooManyAttempts() error {
	return journey.Faultf(journey.CodeRate, "too many attempts to sign in; wait a quarter of an hour, or ask an admin for a link")
}

// placeOf is an address of the network, or the /64 that one household has of IPv6.
func placeOf(from netip.Addr) string {
	from = from.Unmap().WithZone("")
	if from.Is6() {
		if p, err := from.Prefix(64); err == nil {
			return p.String()
		}
	}
	return from.String()
}

func subject(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:]
}

func (c *Control) newSession(u journey.User) (token string, n journey.Session) {
	token, wall := rand.Text(), c.Clock.Wall()
	return token, journey.Session{Hash: HashKey(token), UserID: u.ID, CreatedWall: wall, SeenWall: wall, ExpiresWall: wall.Add(SessionMost)}
}

// SessionUser returns who is signed in with the token; CodeUnauthorized for nobody.
func (c *Control) SessionUser(ctx context.Context, token string) (journey.User, error) {
	refused := journey.Faultf(journey.CodeUnauthorized, "nobody is signed in")
	if token == "" || len(token) > 100 {
		return journey.User{}, refused
	}
	wall := c.Clock.Wall()
	n, u, err := c.Store.SessionUser(ctx, HashKey(token), wall, wall.Add(-sessionIdle))
	if journey.CodeOf(err) == journey.CodeNotFound {
		return journey.User{}, refused
	}
	if err == nil && wall.Sub(n.SeenWall) > sessionNoted {
		err = c.Store.SeeSession(ctx, n.Hash, wall)
	}
	return u, err
}

// SignOut ends the session of the token.
func (c *Control) SignOut(ctx context.Context, token string) error {
	return c.Store.EndSession(ctx, HashKey(token))
}

// NewLink makes a link for a user and returns its token, which is shown this once. It works once, for a day.
func (c *Control) NewLink(ctx context.Context, by journey.Actor, userID string, purpose journey.LinkPurpose) (token string, err error) {
	if purpose != journey.LinkSignIn && purpose != journey.LinkPassword {
		return "", invalid("purpose", "there is no such purpose", "use password or sign_in")
	}
	u, _, err := c.Store.User(ctx, userID)
	if err != nil {
		return "", err
	}
	if u.DisabledAt != nil {
		return "", journey.Faultf(journey.CodeConflict, "this user is disabled; enable her first")
	}
	token = rand.Text()
	l := journey.SignInLink{Hash: HashKey(token), UserID: u.ID, Purpose: purpose, ExpiresWall: c.Clock.Wall().Add(linkLife)}
	return token, c.Store.AddSignInLink(ctx, l, by)
}

// OpenLink says whose link it is and what it is for, and changes nothing; CodeGone for one that was used, has expired or never was.
func (c *Control) OpenLink(ctx context.Context, token string) (journey.SignInLink, journey.User, error) {
	l, u, err := c.Store.SignInLink(ctx, HashKey(token), c.Clock.Wall())
	if journey.CodeOf(err) == journey.CodeNotFound {
		return l, u, linkGone()
	}
	return l, u, err
}

func linkGone() error {
	return journey.Faultf(journey.CodeGone, "this link has been used, or is older than a day; ask an admin for another")
}

// FollowLink uses a link up and returns the token of a new session. Where the link is for a password, password is what she chose.
func (c *Control) FollowLink(ctx context.Context, link, password string) (token string, u journey.User, err error) {
	l, u, err := c.OpenLink(ctx, link)
	if err != nil {
		return "", u, err
	}
	hash := ""
	if l.Purpose == journey.LinkPassword {
		if err := checkPassword(password, u); err != nil {
			return "", u, err
		}
		if hash, err = c.hashPassword(ctx, password); err != nil {
			return "", u, err
		}
	}
	token, n := c.newSession(u)
	err = c.Store.FollowLink(ctx, l, n, hash, u.Actor())
	if journey.CodeOf(err) == journey.CodeNotFound {
		return "", u, linkGone()
	}
	return token, u, err
}
