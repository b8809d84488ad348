package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"

	"perennial/journey"
)

// CallStore is the part of the store that a caller needs. It says whether an attempt may be made, and when the next one.
type CallStore interface {
	BeginCall(ctx context.Context, id string) (journey.Calling, error)
	EndCall(ctx context.Context, id string, attempt int, reply journey.PostReply) (again time.Duration, err error)
}

// Caller makes the calls that journeys ask for.
type Caller struct {
	Store  CallStore
	Post   func(ctx context.Context, p journey.Post) journey.PostReply
	Secret func(variable string) string // out of the environment; "" there is none
}

// CallInput names the call.
type CallInput struct {
	ID string // cal_…
}

// Call makes one attempt and stores what came of it. It answers without an error when the call has come to its end, whatever that
// was; an error says when it is to be tried again.
func (c *Caller) Call(ctx context.Context, in CallInput) error {
	begun, err := c.Store.BeginCall(ctx, in.ID)
	if err != nil {
		return err
	}
	if begun.Post == nil {
		return later(begun.Wait)
	}
	again, err := c.Store.EndCall(context.WithoutCancel(ctx), in.ID, begun.Attempt, c.attempt(ctx, begun))
	if err != nil {
		return err
	}
	return later(again)
}

func (c *Caller) attempt(ctx context.Context, begun journey.Calling) journey.PostReply {
	post := *begun.Post
	if begun.SecretEnv != "" {
		post.Secret = c.Secret(begun.SecretEnv)
	}
	if _, err := journey.SecretKey(post.Secret); err != nil {
		return journey.PostReply{Reason: journey.ReasonNoSecret, Final: true}
	}
	return c.Post(ctx, post)
}

// later asks Temporal to come again after a while; nil for none.
func later(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	code := string(journey.CodeUnavailable)
	return temporal.NewApplicationErrorWithOptions(code, code, temporal.ApplicationErrorOptions{NextRetryDelay: wait})
}
