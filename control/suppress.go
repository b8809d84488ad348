package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// Suppressions is where addresses are kept that must not be mailed.
type Suppressions interface {
	Suppress(ctx context.Context, address string, scope journey.SuppressionScope, reason string, by journey.Actor) error
	LiftSuppression(ctx context.Context, address, reason string, by journey.Actor, allowed func(was journey.Suppression) error) error
}

// Suppress keeps an address from being mailed: of everything, which is the scope "", or of marketing. Once it has answered,
// nothing more of that is sent.
func (c *Control) Suppress(ctx context.Context, by journey.Actor, address string, scope journey.SuppressionScope, reason string) error {
	if scope == "" {
		scope = journey.SuppressAll
	}
	reason = strings.TrimSpace(reason)
	switch {
	case scope != journey.SuppressAll && scope != journey.SuppressMarketing:
		return invalid("scope", "there is no such scope", "use all or marketing")
	case reason == "" || len(reason) > 500:
		return invalid("reason", "a suppression needs a reason of at most 500 bytes", "say why, for those who wonder later")
	}
	checked, err := journey.ParseAddress(address)
	if err != nil {
		return invalid("address", err.Error(), "send the address alone")
	}
	return c.Store.Suppress(ctx, strings.ToLower(checked), scope, reason, by)
}

// Unsuppress lets an address be mailed again; it is for mistakes, and stands in the audit with its reason. What its owner wanted
// herself (she complained of our mail, or was erased) is lifted only where she asked for that herself: asked says that she did.
func (c *Control) Unsuppress(ctx context.Context, by journey.Actor, address, reason string, asked bool) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return invalid("reason", "lifting a suppression needs a reason of at most 500 bytes", "say what was wrong with it, for those who wonder later")
	}
	checked, err := journey.ParseAddress(address)
	if err != nil {
		return invalid("address", err.Error(), "send the address alone")
	}
	return c.Store.LiftSuppression(ctx, strings.ToLower(checked), reason, by, func(was journey.Suppression) error {
		if asked || !was.Hers() {
			return nil
		}
		return invalid("asked", "the owner of the address wants no mail of ours", "lift it only where she asked for it herself, and say so with asked")
	})
}
