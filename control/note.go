package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// mostNote is how long a note can be, in bytes.
const mostNote = 10_000

// AddNote writes down what a person says of a customer, for those who look at her next.
func (c *Control) AddNote(ctx context.Context, by journey.Actor, customer, text string) (journey.Note, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > mostNote {
		return journey.Note{}, invalid("text", "is missing or over 10,000 bytes", "write what others need to know")
	}
	return c.Store.AddNote(ctx, customer, text, by)
}
