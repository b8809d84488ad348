package control

import (
	"context"
	"slices"
	"strings"

	"perennial/journey"
)

// Users is where users are made and changed.
type Users interface {
	CreateUser(ctx context.Context, u journey.User, by journey.Actor) error
	SetUser(ctx context.Context, u journey.User, by journey.Actor) error
	SetPassword(ctx context.Context, userID, password string, keep []byte, by journey.Actor) error
	DisableUser(ctx context.Context, id string, enabled bool, by journey.Actor) error
	SetRole(ctx context.Context, id string, role journey.Role, by journey.Actor) error
}

// CreateUser makes a user of the console, who has no password yet: NewLink lets her choose one.
func (c *Control) CreateUser(ctx context.Context, by journey.Actor, email, name string, role journey.Role) (journey.User, error) {
	address, err := journey.ParseAddress(strings.TrimSpace(email))
	if err != nil {
		return journey.User{}, invalid("email", err.Error(), "e.g. mara@example.com")
	}
	if err := checkUserRole(role); err != nil {
		return journey.User{}, err
	}
	u := journey.User{ID: journey.NewID(journey.PrefixUser), Email: strings.ToLower(address), Name: strings.TrimSpace(name),
		Role: role, CreatedAt: c.Clock.Now()}
	if err := checkName(u.Name); err != nil {
		return u, err
	}
	return u, c.Store.CreateUser(ctx, u, by)
}

func checkName(name string) error {
	if len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return invalid("name", "is over 100 bytes, or holds a control character", "a first name will do")
	}
	return nil
}

// SetUser changes the name and the language of the user herself.
func (c *Control) SetUser(ctx context.Context, u journey.User, name, language string) error {
	u.Name, u.Language = strings.TrimSpace(name), language
	if err := checkName(u.Name); err != nil {
		return err
	}
	if len(language) > 20 {
		return invalid("language", "there is no such language", "choose one of the list")
	}
	return c.Store.SetUser(ctx, u, u.Actor())
}

// DisableUser keeps a user from signing in and ends her sessions; with enabled it lets her in again. The last admin stays.
func (c *Control) DisableUser(ctx context.Context, by journey.Actor, id string, enabled bool) error {
	if !enabled && id == by.ID {
		return journey.Faultf(journey.CodeConflict, "nobody can shut herself out; ask another admin")
	}
	return c.Store.DisableUser(ctx, id, enabled, by)
}

func checkUserRole(role journey.Role) error {
	if slices.Contains(journey.UserRoles(), role) {
		return nil
	}
	return invalid("role", "there is no such role for a user", "use admin, marketer, support or viewer")
}

// SetRole gives a user another role. Nobody changes her own, and the last admin stays one.
func (c *Control) SetRole(ctx context.Context, by journey.Actor, id string, role journey.Role) error {
	if err := checkUserRole(role); err != nil {
		return err
	}
	if id == by.ID {
		return journey.Faultf(journey.CodeConflict, "nobody changes her own role; ask another admin")
	}
	return c.Store.SetRole(ctx, id, role, by)
}

// ChangePassword sets a new password for a user who knows the old one, or has none yet. Her other sessions end; the one of the
// token stays.
func (c *Control) ChangePassword(ctx context.Context, u journey.User, token, old, password string) error {
	_, hash, err := c.Store.User(ctx, u.ID)
	if err != nil {
		return err
	}
	if hash != "" {
		err = c.knows(ctx, u, old, hash)
	} else {
		err = c.mayHavePassword(ctx, u)
	}
	if err != nil {
		return err
	}
	if err := checkPassword(password, u); err != nil {
		return err
	}
	if hash, err = c.hashPassword(ctx, password); err != nil {
		return err
	}
	return c.Store.SetPassword(ctx, u.ID, hash, HashKey(token), u.Actor())
}

// mayHavePassword keeps those who come by a provider from a second way in that the provider knows nothing of.
func (c *Control) mayHavePassword(ctx context.Context, u journey.User) error {
	linked, err := c.IsLinked(ctx, u)
	if err == nil && linked {
		err = journey.Faultf(journey.CodeForbidden, "you come by the provider; an admin can make you a link by which you choose a password")
	}
	return err
}

// knows holds the password that a user gives against hers; whoever took a session over cannot try them all.
func (c *Control) knows(ctx context.Context, u journey.User, password, hash string) error {
	subjects, wall := [][]byte{subject("change", u.ID)}, c.Clock.Wall()
	counts, err := c.Store.CountAttempts(ctx, subjects, wall, wall.Add(-attemptsWindow))
	if err != nil {
		return err
	}
	if counts[0] > attemptsPair {
		return journey.Faultf(journey.CodeRate, "too many attempts; wait a quarter of an hour")
	}
	right, err := c.isPassword(ctx, password[:min(len(password), passwordMost)], hash)
	if err != nil {
		return err
	}
	if !right {
		return invalid("old", "is not your password", "sign out and ask an admin for a link where you have forgotten it")
	}
	return c.Store.ForgetAttempts(ctx, subjects)
}

// HasPassword says whether a user has chosen one.
func (c *Control) HasPassword(ctx context.Context, u journey.User) (bool, error) {
	_, hash, err := c.Store.User(ctx, u.ID)
	return hash != "", err
}
