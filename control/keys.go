package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"

	"perennial/journey"
)

// Keys is where keys of the API are kept: by the hash of their secret.
type Keys interface {
	CreateKey(ctx context.Context, k journey.Key, hash []byte, by journey.Actor) error
	KeyByHash(ctx context.Context, hash []byte) (journey.Key, error)
	RevokeKey(ctx context.Context, id string, by journey.Actor) error
}

// CreateKey makes a key and returns its id and its secret, pk_<role>_<random>, which is shown this once and is not kept. The
// random part has 130 bits, so a plain hash guards it: there is nothing to guess.
func (c *Control) CreateKey(ctx context.Context, by journey.Actor, name string, role journey.Role) (id, secret string, err error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 100 {
		return "", "", invalid("name", "a key needs a name of at most 100 bytes", "say who uses it, e.g. shop")
	}
	if !slices.Contains(journey.Roles(), role) {
		return "", "", invalid("role", "there is no such role", "use admin, marketer, support, viewer or ingest")
	}
	secret = "pk_" + string(role) + "_" + strings.ToLower(rand.Text())
	k := journey.Key{ID: journey.NewID(journey.PrefixKey), Name: name, Role: role, CreatedAt: c.Clock.Now()}
	return k.ID, secret, c.Store.CreateKey(ctx, k, HashKey(secret), by)
}

// RevokeKey ends a key. A key cannot revoke itself: somebody must be left who can make the next one.
func (c *Control) RevokeKey(ctx context.Context, by journey.Actor, id string) error {
	if id == by.ID {
		return journey.Faultf(journey.CodeConflict, "a key cannot revoke itself; use another admin key")
	}
	return c.Store.RevokeKey(ctx, id, by)
}

// Authenticate returns who presents the secret; CodeUnauthorized for none, a wrong or a revoked one.
func (c *Control) Authenticate(ctx context.Context, secret string) (journey.Actor, error) {
	refused := journey.Faultf(journey.CodeUnauthorized, "a valid key is needed: Authorization: Bearer pk_…")
	if !strings.HasPrefix(secret, "pk_") {
		return journey.Actor{}, refused
	}
	k, err := c.Store.KeyByHash(ctx, HashKey(secret))
	switch {
	case journey.CodeOf(err) == journey.CodeNotFound, err == nil && k.RevokedAt != nil:
		return journey.Actor{}, refused
	case err != nil:
		return journey.Actor{}, err
	}
	return journey.Actor{ID: k.ID, Name: k.Name, Role: k.Role}, nil
}

// HashKey is what is kept of a secret.
func HashKey(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
