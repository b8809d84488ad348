package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// Stops is where stops are kept.
type Stops interface {
	Stop(ctx context.Context, p journey.Stop, by journey.Actor) (journey.Stop, error)
	Unstop(ctx context.Context, scope journey.StopScope, target string, by journey.Actor) error
}

// Stop keeps the mail of a journey, of one message of it, or to one domain from being sent until Unstop; meanwhile it stays queued,
// and enrollments go on (a pause holds them, too). Once it has answered, nothing that it stops is sent. Marketers stop journeys and
// messages; how a domain is treated is for admins.
func (c *Control) Stop(ctx context.Context, by journey.Actor, scope journey.StopScope, target, reason string) (journey.Stop, error) {
	target, err := stopTarget(by, scope, target)
	if err != nil {
		return journey.Stop{}, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return journey.Stop{}, invalid("reason", "a stop needs a reason of at most 500 bytes", "say why, for those who wonder later")
	}
	return c.Store.Stop(ctx, journey.Stop{Scope: scope, Target: target, Reason: reason}, by)
}

// Unstop lets the mail go that was stopped.
func (c *Control) Unstop(ctx context.Context, by journey.Actor, scope journey.StopScope, target string) error {
	target, err := stopTarget(by, scope, target)
	if err != nil {
		return err
	}
	return c.Store.Unstop(ctx, scope, target, by)
}

// stopTarget checks what is to be stopped, and that the actor may.
func stopTarget(by journey.Actor, scope journey.StopScope, target string) (string, error) {
	target = strings.ToLower(strings.TrimSpace(target))
	switch scope {
	case journey.StopJourney:
	case journey.StopTemplate:
		if key, message, found := strings.Cut(target, "/"); !found || key == "" || message == "" {
			return "", invalid("target", "is no message of a journey", "e.g. win-back/last-call, with the slash written as %2F")
		}
	case journey.StopDomain:
		if by.Role != journey.RoleAdmin {
			return "", journey.Faultf(journey.CodeForbidden, "a key of role %s may not stop a domain; it takes admin", by.Role)
		}
		if checked, err := journey.ParseAddress("postmaster@" + target); err == nil {
			_, target, _ = strings.Cut(strings.ToLower(checked), "@")
			return target, nil
		}
		return "", invalid("target", "is no domain", "e.g. example.com")
	default:
		return "", invalid("scope", "there is no such scope", "use journey, template or domain; everything is stopped by PUT /api/switch")
	}
	return target, nil
}
