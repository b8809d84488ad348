package activities

import (
	"context"

	"perennial/faults/point"
	"perennial/journey"
)

// AdvanceStore decides what happens next to one enrollment, in one transaction. A seq at or below the applied one changes
// nothing and is answered with the current directive; an enrollment that is not there is a fault of code not_found.
type AdvanceStore interface {
	Advance(ctx context.Context, id string, seq int64, cause journey.Cause) (journey.Directive, error)
}

// Advancer is the one activity that a driver calls.
type Advancer struct {
	Store AdvanceStore
}

// AdvanceInput asks for one decision.
type AdvanceInput struct {
	ID    string // enr_…
	Seq   int64  // the last applied one, plus one
	Cause journey.Cause
}

// Advance returns what the driver does next.
func (a *Advancer) Advance(ctx context.Context, in AdvanceInput) (journey.Directive, error) {
	point.Hit(point.BeforeAdvance)
	defer point.Hit(point.AfterAdvance)
	return a.Store.Advance(ctx, in.ID, in.Seq, in.Cause)
}
