package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// Breakers is where senders write down what they leave alone for a while.
type Breakers interface {
	Sending(ctx context.Context) (journey.Sending, error)
	CloseBreaker(ctx context.Context, lane, domain string, by journey.Actor) error
}

// Sending says how sending does now.
func (c *Control) Sending(ctx context.Context) (journey.Sending, error) {
	d, err := c.Store.Sending(ctx)
	d.Sender = c.Sender
	return d, err
}

// CloseBreaker lets a sender try at once what it leaves alone: a domain, or all of a lane, which is "". It notices within seconds; what
// refused it may refuse it again.
func (c *Control) CloseBreaker(ctx context.Context, by journey.Actor, lane, domain string) error {
	if !slices.Contains(journey.Lanes(), lane) {
		return invalid("lane", "there is no such lane", "GET /api/sending lists them")
	}
	return c.Store.CloseBreaker(ctx, lane, strings.ToLower(strings.TrimSpace(domain)), by)
}

// lookFor bounds a look into the DNS, in wall time.
const lookFor = 5 * time.Second

// MailDomain says what the DNS says of the sender: DKIM, SPF, DMARC. It takes five seconds at most.
func (c *Control) MailDomain(ctx context.Context) ([]journey.MailFinding, error) {
	if c.LookUp == nil {
		return nil, journey.Faultf(journey.CodeConflict, "this installation sends to its own inbox; there is nothing to look up")
	}
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	return c.LookUp(ctx), nil
}
