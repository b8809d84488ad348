package control

import (
	"context"

	"perennial/journey"
)

// Customers is where customers are kept, with what they agreed to, were given, were asked and did.
type Customers interface {
	Customer(ctx context.Context, ref string) (journey.Customer, error)
	ChangeConsents(ctx context.Context, customer string, changes []journey.ConsentChange, by journey.Actor) ([]journey.ConsentChange, error)
	ConsentsOf(ctx context.Context, customer string) ([]journey.ConsentState, error)
	Preferences(ctx context.Context, customer string) (journey.Preferences, error)
	Choose(ctx context.Context, customer string, c journey.Choice, by journey.Actor) error
	AppendEvents(ctx context.Context, events []journey.Event) ([]journey.Acceptance, error)
	Redeem(ctx context.Context, r journey.Redemption) (journey.CouponView, error)
	AddCodes(ctx context.Context, pool string, codes []string, by journey.Actor) (added int, err error)
	SetLowWater(ctx context.Context, key string, low int, by journey.Actor) (journey.CouponPool, error)
	KnownCodes(ctx context.Context, codes []string) (map[string]string, error)
	GiveCoupon(ctx context.Context, customer string, g journey.CouponGift, by journey.Actor) (journey.CouponView, error)
	ChangeAddress(ctx context.Context, customer string, c journey.AddressChange, by journey.Actor) (journey.AddressChanged, error)
	AddNote(ctx context.Context, customer, text string, by journey.Actor) (journey.Note, error)
	Answer(ctx context.Context, id string, a journey.SurveyAnswer) (journey.Invitation, error)
}

// herself is the actor of what a customer does by a link in a mail.
func herself(link string) journey.Actor {
	return journey.Actor{ID: link, Name: "the customer, by " + link}
}
