package control

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"perennial/journey"
)

// Erasures is where customers are forgotten.
type Erasures interface {
	Erase(ctx context.Context, ref, reason string, by journey.Actor) (journey.Erasure, error)
	EraseRest(ctx context.Context) (n int, err error)
}

// Erase forgets a customer for good. Once it has answered, nothing of hers can be read and no mail of hers passes the dot; an
// erasure that is still `erasing` has events left, which FinishErasures takes. The reason stays in the audit, so it may not
// name her. Her own cus_… id again answers with the erasure that there is.
func (c *Control) Erase(ctx context.Context, by journey.Actor, ref, reason string) (journey.Erasure, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return journey.Erasure{}, invalid("reason", "an erasure needs a reason of at most 500 bytes", "say why, e.g. her request of 3 May")
	}
	who, err := c.Store.Customer(ctx, ref)
	if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
		return journey.Erasure{}, err
	}
	if err == nil && names(reason, who) {
		return journey.Erasure{}, invalid("reason", "names the customer, and it stays when she is gone", "write it without her name, address or id")
	}
	return c.Store.Erase(ctx, ref, reason, by)
}

// names says whether a text holds what a customer is known by. Words of one or two letters are in too many others.
func names(text string, c journey.Customer) bool {
	text = strings.ToLower(text)
	local, _, _ := strings.Cut(c.Email, "@")
	for _, word := range []string{c.Email, local, c.FirstName, c.LastName, c.ExternalID} {
		if len(word) > 2 && strings.Contains(text, strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// erasureLook is how often, in wall time, somebody looks whether an erasure has left events behind.
const erasureLook = 2 * time.Second

// FinishErasures takes what erasures have left, page by page, until ctx ends. Any number of processes may do it; what one leaves
// behind when it dies, the next one takes.
func (c *Control) FinishErasures(ctx context.Context, log *slog.Logger) {
	for ctx.Err() == nil {
		n, err := c.Store.EraseRest(ctx)
		if err == nil && n > 0 {
			continue
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("going on with an erasure; trying again", "code", journey.CodeOf(err), "in", erasureLook)
		}
		timer := time.NewTimer(erasureLook)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}
