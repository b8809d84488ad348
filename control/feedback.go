package control

import (
	"context"

	"perennial/journey"
)

// Bounces is where it is noted what became of messages after a relay took them.
type Bounces interface {
	TakeFeedback(ctx context.Context, f journey.Feedback) (journey.Noted, error)
}

// Feedback acts on what a mail system says of a message: a hard bounce stops all mail to its address, a complaint marketing, five
// soft bounces in seven days everything for thirty. When it has answered, nothing that this forbids is sent any more. The same
// said again has no effect; what is about no message of ours is CodeNotFound.
func (c *Control) Feedback(ctx context.Context, f journey.Feedback) (journey.Noted, error) {
	return c.Store.TakeFeedback(ctx, f)
}
