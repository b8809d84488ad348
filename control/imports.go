package control

import (
	"context"

	"perennial/journey"
)

// Imports is where files of customers are on their way in.
type Imports interface {
	StartImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error)
	StopImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error)
}

// StartImport applies what a dry run has checked.
func (c *Control) StartImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error) {
	return c.Store.StartImport(ctx, by, id)
}

// StopImport ends an import: what was applied stays, what was not is forgotten.
func (c *Control) StopImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error) {
	return c.Store.StopImport(ctx, by, id)
}
