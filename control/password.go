package control

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"perennial/journey"
)

// Cost of argon2id (OWASP's first choice for one thread): 19 MiB and two passes, some 30 ms. Stored hashes carry their own, so
// that these may change.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonBytes  = 32
)

// hashing bounds how many passwords are hashed at once: strangers may ask for it, and each takes its 19 MiB.
const hashing = 4

// Bounds of a password, in bytes.
const (
	passwordLeast = 12
	passwordMost  = 256
)

// checkPassword says what is wrong with a password that somebody chooses; length is what counts (NIST SP 800-63B).
func checkPassword(password string, of journey.User) error {
	local, _, _ := strings.Cut(of.Email, "@")
	lower := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password) || len(password) > passwordMost:
		return invalid("password", fmt.Sprintf("is over %d bytes, or is no text", passwordMost), "choose a shorter one")
	case utf8.RuneCountInString(password) < passwordLeast:
		return invalid("password", fmt.Sprintf("has fewer than %d characters", passwordLeast), "a few words that only you put together do well")
	case lower == strings.ToLower(of.Email), len(local) > 3 && strings.Trim(strings.ReplaceAll(lower, strings.ToLower(local), ""), "0123456789!.-_ ") == "":
		return invalid("password", "is little more than your address", "choose words that have nothing to do with it")
	case strings.Count(password, password[:1]) == len(password):
		return invalid("password", "is one character, repeated", "a few words that only you put together do well")
	}
	return nil
}

// hashPassword returns the hash in PHC's form: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (c *Control) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum, err := c.argon(ctx, password, salt, argonTime, argonMemory, argonLanes, argonBytes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// nobodysPassword is compared with where there is no user, or none with a password: it takes as long and never matches, for its
// hash is no hash of anything that is known.
const nobodysPassword = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IG5vYm9keSEh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// isPassword says whether the password has that hash.
func (c *Control) isPassword(ctx context.Context, password, hash string) (bool, error) {
	if hash == "" {
		hash = nobodysPassword
	}
	var version, memory, passes, lanes int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("reading a stored password: it is not in PHC's form")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, fmt.Errorf("reading a stored password: its parameters are not ours")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("reading a stored password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("reading a stored password: %w", err)
	}
	got, err := c.argon(ctx, password, salt, passes, memory, lanes, len(want))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// argon waits for its turn; a caller who has left does not take one.
func (c *Control) argon(ctx context.Context, password string, salt []byte, passes, memory, lanes, length int) ([]byte, error) {
	c.turns.Do(func() { c.hashers = make(chan struct{}, hashing) })
	select {
	case c.hashers <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.hashers }()
	return argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(lanes), uint32(length)), nil //nolint:gosec // small, ours
}
