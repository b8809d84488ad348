package control

import (
	"context"
	"unicode/utf8"

	"perennial/journey"
)

// Accounts is where accounts are kept, with their members.
type Accounts interface {
	SetAccount(ctx context.Context, ref string, attributes map[string]any, by journey.Actor) error
	SetAccountRole(ctx context.Context, ref, customer, role string, by journey.Actor) error
}

// roleMost is the length of the longest role in an account, in characters.
const roleMost = 100

// SetAccount sets the attributes of an account that are named, and forgets those that are null. Others stay.
func (c *Control) SetAccount(ctx context.Context, by journey.Actor, ref string, attributes map[string]any) error {
	if len(attributes) == 0 {
		return invalid("attributes", "names no attribute", `e.g. { "plan": "pro" }; null forgets one`)
	}
	if name, said := attributes["name"]; said && name != nil {
		if _, text := name.(string); !text {
			return invalid("attributes.name", "is not a text", "send the account's name, or null to forget it")
		}
	}
	if _, said := attributes["role"]; said {
		return invalid("attributes.role", "a role is a member's, not the account's", "PUT /api/accounts/{id}/members/{customer}")
	}
	return c.Store.SetAccount(ctx, ref, attributes, by)
}

// SetAccountRole says what a member is in the account; "" takes her role away.
func (c *Control) SetAccountRole(ctx context.Context, by journey.Actor, ref, customer string, role *string) error {
	switch {
	case role == nil:
		return invalid("role", "is missing", `what she is in the account, e.g. admin; "" takes her role away`)
	case utf8.RuneCountInString(*role) > roleMost:
		return invalid("role", "is over 100 characters", "send a word, e.g. admin")
	}
	return c.Store.SetAccountRole(ctx, ref, customer, *role, by)
}
