package activities

import (
	"context"
	"encoding/json"

	"perennial/journey"
)

// handover is what an endpoint gets of a message: the words of the mail that it would have been, and to whom they are.
func (s *Sender) handover(c journey.Claimed, r journey.Rendered) ([]byte, error) {
	m, her := c.Message, c.Customer
	return json.Marshal(journey.Handover{
		ID: m.ID, Type: journey.HandoverType, Timestamp: s.Clock.Now().UTC(),
		Data: journey.HandoverData{
			Customer: journey.HandoverCustomer{
				ID: her.ID, ExternalID: her.ExternalID, Email: her.Email, Phone: her.Attributes["phone"], FirstName: her.FirstName,
				Locale: her.Locale, Timezone: her.Timezone,
			},
			Journey: m.JourneyKey, Step: m.Step, Message: m.Template, Topic: m.Topic, Subject: r.Subject, Text: r.Text, HTML: r.HTML,
		},
	})
}

// handOver gives a message to its endpoint, under the id that a second copy has too.
func (s *Sender) handOver(ctx context.Context, c journey.Claimed, out letter, atDot func(context.Context, bool) error) journey.Outcome {
	if c.Route == nil {
		return journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonNoEndpoint}
	}
	secret := c.Route.Secret
	if c.Route.SecretEnv != "" {
		secret = s.Secret(c.Route.SecretEnv)
	}
	if _, err := journey.SecretKey(secret); err != nil {
		return journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonNoSecret}
	}
	post := journey.Post{ID: c.Message.MessageID, URL: c.Route.URL, Secret: secret, Body: out.bytes, At: s.Clock.Wall()}
	return s.Hand(ctx, post, atDot)
}
