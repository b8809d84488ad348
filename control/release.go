package control

import (
	"context"

	"perennial/journey"
)

// Release lets an enrollment go on that was held for a person's eye: after a restore or a rebuild, or because deciding failed. She
// goes on where she stands in Postgres. not_found says that she is not held.
func (c *Control) Release(ctx context.Context, by journey.Actor, enrollment string) error {
	if err := c.Store.Release(ctx, enrollment, by.Name); err != nil {
		return err
	}
	return c.Store.Record(ctx, by, "enrollment.release", enrollment, nil)
}
