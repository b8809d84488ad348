package control

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// Identities is where it is kept who a provider of sign-ins says that somebody is.
type Identities interface {
	UserByIdentity(ctx context.Context, issuer, subject string) (journey.User, error)
	IdentitiesOf(ctx context.Context, userID string) ([]journey.Identity, error)
	Arrive(ctx context.Context, a journey.Arrival, n journey.Session, by journey.Actor) error
	LinkIdentity(ctx context.Context, u journey.User, id journey.Identity, by journey.Actor) error
}

// Door says whom of those whom a provider vouches for we let in, and as what. The zero value lets in whom an admin has made a user.
type Door struct {
	Domains   []string                // of addresses, in lower case; empty: any
	Roles     map[string]journey.Role // by group of the provider; empty: roles are given here
	Newcomers journey.Role            // of who has no user, and no group with a role; "": they stay out
}

// providerSession is how long a session lives that a provider began: who has left the company is out a day later at the latest.
const providerSession = 24 * time.Hour

// SignInAs signs in whom the provider vouches for, and returns the token of a new session. prove asks the provider; what it costs is
// bounded as attempts at passwords are. CodeForbidden for somebody who may not come in, CodeConflict where she must link herself first.
func (c *Control) SignInAs(ctx context.Context, from netip.Addr, prove func(context.Context) (journey.Identity, error)) (token string, u journey.User, err error) {
	id, err := c.proven(ctx, from, prove)
	if err != nil {
		return "", u, err
	}
	a, err := c.arrival(ctx, id)
	if err != nil {
		return "", u, err
	}
	token, n := c.newSession(a.User)
	n.ExpiresWall = n.CreatedWall.Add(providerSession)
	return token, a.User, c.Store.Arrive(ctx, a, n, a.User.Actor())
}

// LinkIdentity lets a user who is signed in come by the provider from now on, too: it must vouch for the address that she has here.
func (c *Control) LinkIdentity(ctx context.Context, u journey.User, from netip.Addr, prove func(context.Context) (journey.Identity, error)) error {
	id, err := c.proven(ctx, from, prove)
	if err != nil {
		return err
	}
	if id.Email != u.Email {
		return journey.Faultf(journey.CodeConflict, "the provider knows you by another address than we do; ask an admin to make you a user with that one")
	}
	known, err := c.Store.UserByIdentity(ctx, id.Issuer, id.Subject)
	if err == nil && known.ID == u.ID {
		return nil
	}
	if err == nil {
		return journey.Faultf(journey.CodeConflict, "another user comes by this account of the provider")
	}
	if journey.CodeOf(err) != journey.CodeNotFound {
		return err
	}
	return c.Store.LinkIdentity(ctx, u, id, u.Actor())
}

// IsLinked says whether a user can come by a provider.
func (c *Control) IsLinked(ctx context.Context, u journey.User) (bool, error) {
	known, err := c.Store.IdentitiesOf(ctx, u.ID)
	return len(known) > 0, err
}

// proven asks the provider, and holds what it says against what every identity must have.
func (c *Control) proven(ctx context.Context, from netip.Addr, prove func(context.Context) (journey.Identity, error)) (id journey.Identity, err error) {
	subjects, wall := [][]byte{subject("provider", placeOf(from))}, c.Clock.Wall()
	counts, err := c.Store.CountAttempts(ctx, subjects, wall, wall.Add(-attemptsWindow))
	if err != nil {
		return id, err
	}
	if counts[0] > attemptsPlace {
		return id, tooManyAttempts()
	}
	if id, err = prove(ctx); err != nil {
		return id, err
	}
	if err := c.Store.ForgetAttempts(ctx, subjects); err != nil {
		return id, err
	}
	address, err := journey.ParseAddress(strings.TrimSpace(id.Email))
	if err != nil || !id.Verified || id.Subject == "" {
		return id, journey.Faultf(journey.CodeForbidden, "the provider does not vouch for an e-mail address of yours; verify it there first")
	}
	id.Email = strings.ToLower(address)
	_, domain, _ := strings.Cut(id.Email, "@")
	if len(c.Door.Domains) > 0 && !slices.Contains(c.Door.Domains, domain) {
		return id, journey.Faultf(journey.CodeForbidden, "addresses at %s may not sign in here", domain)
	}
	return id, nil
}

// arrival decides who comes in: the user whom the identity belongs to; else the one of its address, where nobody else can have come
// by it; else a new one, where newcomers are let in.
func (c *Control) arrival(ctx context.Context, id journey.Identity) (a journey.Arrival, err error) {
	a.Identity = id
	a.User, err = c.Store.UserByIdentity(ctx, id.Issuer, id.Subject)
	if journey.CodeOf(err) == journey.CodeNotFound {
		a.Link = true
		a.User, err = c.userOfAddress(ctx, id)
		a.New = journey.CodeOf(err) == journey.CodeNotFound
	}
	if a.New {
		a.User = journey.User{ID: journey.NewID(journey.PrefixUser), Email: id.Email, Name: nameOf(id), Role: c.Door.Newcomers, CreatedAt: c.Clock.Now()}
	} else if err != nil {
		return a, err
	}
	if a.User.DisabledAt != nil {
		return a, journey.Faultf(journey.CodeForbidden, "you are no longer let in here; an admin can change that")
	}
	if len(c.Door.Roles) > 0 {
		a.Role = c.roleOf(id.Groups)
		a.User.Role = a.Role
	}
	if a.User.Role == "" {
		return a, journey.Faultf(journey.CodeForbidden, "nobody has let you in yet; ask an admin")
	}
	return a, nil
}

// userOfAddress finds the user whom an admin made for that address. One who has a password must prove that she knows it: an account at
// the provider alone does not open hers. One who came by another account of the provider is somebody else with her old address.
func (c *Control) userOfAddress(ctx context.Context, id journey.Identity) (journey.User, error) {
	u, password, err := c.Store.UserByEmail(ctx, id.Email)
	if err != nil || u.DisabledAt != nil {
		return u, err
	}
	if password != "" {
		return u, journey.Faultf(journey.CodeConflict, "you have a password here: sign in with it, and then link the provider on the page of your account")
	}
	known, err := c.Store.IdentitiesOf(ctx, u.ID)
	if err == nil && slices.ContainsFunc(known, func(other journey.Identity) bool { return other.Issuer == id.Issuer }) {
		err = journey.Faultf(journey.CodeConflict, "this address belonged to another account of the provider; an admin must sort that out")
	}
	return u, err
}

// roleOf is the most that one of the groups gives.
func (c *Control) roleOf(groups []string) journey.Role {
	for _, role := range journey.UserRoles() { // the one that may most is the first
		if slices.ContainsFunc(groups, func(g string) bool { return c.Door.Roles[g] == role }) {
			return role
		}
	}
	return c.Door.Newcomers
}

// nameOf is her name as the provider has it, where it is fit to be shown.
func nameOf(id journey.Identity) string {
	if name := strings.TrimSpace(id.Name); checkName(name) == nil {
		return name
	}
	return ""
}
