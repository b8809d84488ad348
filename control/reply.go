package control

import (
	"context"

	"perennial/journey"
)

// Replies is where it is noted what people wrote back.
type Replies interface {
	TakeReply(ctx context.Context, r journey.ReplyMail) (journey.ReplyTaken, error)
}

// TakeReply lets a mail that somebody wrote back to us reach a person: it becomes a task. What a machine wrote becomes nothing; the same
// mail again has no effect.
func (c *Control) TakeReply(ctx context.Context, r journey.ReplyMail) (journey.ReplyTaken, error) {
	if r.Automatic {
		return journey.ReplyTaken{Effect: journey.ReplyAutomatic}, nil
	}
	return c.Store.TakeReply(ctx, r)
}
