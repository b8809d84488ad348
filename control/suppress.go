package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// Suppressions is where addresses are kept that must not be mailed.
type Suppressions interface {
	Suppress(ctx context.Context, address string, scope journey.SuppressionScope, reason string, by journey.Actor) error
	LiftSuppression(ctx context.Context, address string, by journey.Actor) error
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

// Unsuppress lets an address be mailed again; it is for mistakes, and stands in the audit.
func (c *Control) Unsuppress(ctx context.Context, by journey.Actor, address string) error {
	checked, err := journey.ParseAddress(address)
	if err != nil {
		return invalid("address", err.Error(), "send the address alone")
	}
	return c.Store.LiftSuppression(ctx, strings.ToLower(checked), by)
}
