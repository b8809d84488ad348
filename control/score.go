package control

import (
	"context"

	"perennial/journey"
)

// Scores is where it is kept how customers are scored.
type Scores interface {
	Scoring(ctx context.Context) (journey.Scoring, error)
	SetBounds(ctx context.Context, b journey.ScoreBounds, by journey.Actor) error
}

// SetBounds says where the scores of recency, frequency and money begin; everybody is scored by it in the background.
func (c *Control) SetBounds(ctx context.Context, by journey.Actor, b journey.ScoreBounds) (journey.Scoring, error) {
	if faults := b.Check(); len(faults) > 0 {
		return journey.Scoring{}, &journey.Fault{Code: journey.CodeInvalid, Message: "customers cannot be scored so", Problems: faults}
	}
	if err := c.Store.SetBounds(ctx, b, by); err != nil {
		return journey.Scoring{}, err
	}
	return c.Store.Scoring(ctx)
}
