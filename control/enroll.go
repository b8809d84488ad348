package control

import (
	"context"

	"perennial/journey"
)

// Enrollments is where enrollments are kept.
type Enrollments interface {
	Enroll(ctx context.Context, r journey.EnrollRequest) (journey.Enrolled, error)
	Enrollment(ctx context.Context, id string) (journey.EnrollmentView, error)
	Request(ctx context.Context, enrollment string, r journey.Request, by journey.Actor) error
	Release(ctx context.Context, enrollment, by string) error
	Record(ctx context.Context, by journey.Actor, verb, target string, detail map[string]any) error
}

// Enroll puts a customer into a journey, whatever its trigger is; properties stand in for the trigger's. once, where it is not
// "", makes asking twice have no effect. Where she does not enter, Reason says why: that is an answer, not a fault.
func (c *Control) Enroll(ctx context.Context, by journey.Actor, key, customer string, properties map[string]any, once string) (journey.Enrolled, error) {
	if customer == "" {
		return journey.Enrolled{}, invalid("customer", "is missing", "name a customer: cus_… or user: and your own id")
	}
	who, err := c.Store.Customer(ctx, customer)
	if err != nil {
		return journey.Enrolled{}, err
	}
	if once != "" {
		once = "api:" + by.ID + ":" + once
	}
	e, err := c.Store.Enroll(ctx, journey.EnrollRequest{JourneyKey: key, CustomerID: who.ID, Properties: properties, EntryKey: once, Via: "api", By: by.Name})
	if err != nil || e.EnrollmentID == "" || e.Existing {
		return e, err
	}
	return e, c.Store.Record(ctx, by, "journey.enroll", key, map[string]any{"customer": who.ID, "enrollment": e.EnrollmentID})
}
