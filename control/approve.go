package control

import (
	"context"
	"strings"
	"time"

	"perennial/journey"
)

// Audiences is where audiences are kept that a person decides about.
type Audiences interface {
	Audiences(ctx context.Context) ([]journey.Approval, error)
	Approvers(ctx context.Context) (int, error)
	DecideAudience(ctx context.Context, d journey.Decision, by journey.Actor) (journey.Approval, error)
	BeginRamp(ctx context.Context, key string, pace time.Duration, by journey.Actor) (journey.Approval, error)
	ResumeRamp(ctx context.Context, key, reason string, by journey.Actor) (journey.Approval, error)
}

// Decide approves or refuses an audience far above the usual. It takes a second person to approve, where there is one: not the key that
// published the version, as soon as another may.
func (c *Control) Decide(ctx context.Context, by journey.Actor, d journey.Decision) (journey.Approval, error) {
	d.Reason = strings.TrimSpace(d.Reason)
	if !d.Approve {
		if d.Reason == "" || len(d.Reason) > 500 {
			return journey.Approval{}, invalid("reason", "a refusal needs a reason of at most 500 bytes", "say why, for those who wonder later")
		}
		return c.Store.DecideAudience(ctx, d, by)
	}
	all, err := c.Store.Audiences(ctx)
	if err != nil {
		return journey.Approval{}, err
	}
	for _, a := range all {
		if a.ID != d.ID || a.AskedBy != by.ID {
			continue
		}
		others, err := c.Store.Approvers(ctx)
		if err != nil {
			return a, err
		}
		if others > 1 {
			return a, journey.Faultf(journey.CodeForbidden, "this key has published the journey: somebody else approves whom it reaches")
		}
	}
	return c.Store.DecideAudience(ctx, d, by)
}

// BeginRamp lets those who enter a journey from now on in by a ramp: 1 %, 10 %, all, each share for at least pace; 0: four hours.
func (c *Control) BeginRamp(ctx context.Context, by journey.Actor, key string, pace time.Duration) (journey.Approval, error) {
	return c.Store.BeginRamp(ctx, key, pace, by)
}

// ResumeRamp lets a ramp go on that stopped by itself.
func (c *Control) ResumeRamp(ctx context.Context, by journey.Actor, key, reason string) (journey.Approval, error) {
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > 500 {
		return journey.Approval{}, invalid("reason", "going on needs a reason of at most 500 bytes", "say what was found and mended")
	}
	return c.Store.ResumeRamp(ctx, key, reason, by)
}
