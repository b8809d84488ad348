package control

import (
	"context"
	"strconv"
	"strings"

	"perennial/journey"
)

// Skip asks that the step at which she stands be left as if it were done.
func (c *Control) Skip(ctx context.Context, by journey.Actor, enrollment, reason string) error {
	return c.ask(ctx, by, enrollment, journey.Request{Verb: journey.VerbSkip, Reason: reason})
}

// Move asks that she go on at another step of her version.
func (c *Control) Move(ctx context.Context, by journey.Actor, enrollment, to, reason string) error {
	e, err := c.Store.Enrollment(ctx, enrollment)
	if err != nil {
		return err
	}
	def, err := c.Definition(ctx, e.Journey, e.Version)
	if err != nil {
		return err
	}
	if def.Step(to) == nil {
		return invalid("to", "her version of journey "+e.Journey+" has no step "+strconv.Quote(to), "use one of: "+strings.Join(def.StepIDs(), ", "))
	}
	return c.ask(ctx, by, enrollment, journey.Request{Verb: journey.VerbMove, To: to, Reason: reason})
}

// Exit asks that the enrollment end with the reason.
func (c *Control) Exit(ctx context.Context, by journey.Actor, enrollment, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return invalid("reason", "an exit needs a reason", "it is what the report counts by, e.g. asked-us-to-stop")
	}
	return c.ask(ctx, by, enrollment, journey.Request{Verb: journey.VerbExit, Reason: reason})
}

// ask stores the request; the next decision, a moment later, carries it out.
func (c *Control) ask(ctx context.Context, by journey.Actor, enrollment string, r journey.Request) error {
	if len(r.Reason) > 500 {
		return invalid("reason", "is over 500 bytes", "say it shorter")
	}
	r.By = by.Name
	return c.Store.Request(ctx, enrollment, r, by)
}
