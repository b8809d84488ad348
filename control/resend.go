package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"perennial/journey"
)

// Resend sends the same mail once more, where it was handed over before and she may still get it; CodeConflict with its reason
// where not. Without a key each request is a mail of its own.
func (c *Control) Resend(ctx context.Context, by journey.Actor, message, reason, key string) (journey.Posted, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return journey.Posted{}, invalid("reason", "is missing or over 500 bytes", "say why she gets it again, for those who wonder later")
	}
	sum := sha256.Sum256([]byte(by.ID + "\x00" + message + "\x00" + cmp.Or(key, journey.NewID(journey.PrefixMessage))))
	return c.Store.Resend(ctx, journey.Resending{Message: message, Key: hex.EncodeToString(sum[:16]), Reason: reason, By: by})
}
