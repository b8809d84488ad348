package control

import (
	"context"

	"perennial/journey"
)

// Return notes that a customer took the way back that a mail offered: Customer Returned in her stream, once per mail. What
// follows is for the journeys that wait for it.
func (c *Control) Return(ctx context.Context, m journey.MessageSummary) error {
	_, err := c.Store.AppendEvents(ctx, []journey.Event{{
		MessageID: "returned:" + m.ID, Kind: journey.KindOwn, CustomerID: m.Customer, Name: journey.EventCustomerReturned,
		Properties: map[string]any{"journey": m.Journey, "enrollment": m.Enrollment, "message": m.Template},
	}})
	return err
}
