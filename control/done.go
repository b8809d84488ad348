package control

import (
	"context"

	"perennial/journey"
)

// Done says that a task is done, with what came of it; the customer's journey goes on with the outcome.
func (c *Control) Done(ctx context.Context, by journey.Actor, task, outcome, note string) (journey.TaskView, error) {
	switch {
	case outcome == "" || len(outcome) > 100:
		return journey.TaskView{}, invalid("outcome", "is missing or over 100 bytes", "a word that the journey knows, e.g. reached")
	case len(note) > 4000:
		return journey.TaskView{}, invalid("note", "is over 4,000 bytes", "say it shorter")
	}
	return c.Store.FinishTask(ctx, task, outcome, note, by)
}
