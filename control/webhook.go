package control

import (
	"context"
	"slices"
	"strconv"
	"time"

	"perennial/journey"
)

// Webhooks is where the systems are kept that are told our own events.
type Webhooks interface {
	AddWebhook(ctx context.Context, url string, events []string, secret string, by journey.Actor) (journey.Webhook, error)
	ChangeWebhook(ctx context.Context, id string, url *string, events []string, active *bool, by journey.Actor) (journey.Webhook, error)
	DeleteWebhook(ctx context.Context, id string, by journey.Actor) error
	ReplayWebhook(ctx context.Context, id string, since time.Time, by journey.Actor) (int64, error)
	TestWebhook(ctx context.Context, id string, by journey.Actor) (parcel string, err error)
}

// AddWebhook lets a system be told events of these names from now on; all of ours where none is named. The secret is returned this once.
func (c *Control) AddWebhook(ctx context.Context, by journey.Actor, url string, events []string) (journey.Webhook, string, error) {
	if len(events) == 0 {
		events = journey.OwnEvents()
	}
	if err := checkWebhook(&url, events); err != nil {
		return journey.Webhook{}, "", err
	}
	secret := journey.NewSecret()
	w, err := c.Store.AddWebhook(ctx, url, events, secret, by)
	return w, secret, err
}

// ChangeWebhook changes what is not nil.
func (c *Control) ChangeWebhook(ctx context.Context, by journey.Actor, id string, url *string, events []string, active *bool) (journey.Webhook, error) {
	if url == nil && events == nil && active == nil {
		return journey.Webhook{}, invalid("", "nothing to change", "send url, events or active")
	}
	if err := checkWebhook(url, events); err != nil {
		return journey.Webhook{}, err
	}
	return c.Store.ChangeWebhook(ctx, id, url, events, active, by)
}

func checkWebhook(url *string, events []string) error {
	if url != nil {
		if message, mend := journey.CheckURL(*url); message != "" {
			return invalid("url", message, mend)
		}
	}
	for i, name := range events {
		if !slices.Contains(journey.OwnEvents(), name) {
			return invalid("events["+strconv.Itoa(i)+"]", "is none of our own events", "such as Message Sent or Journey Exited")
		}
	}
	return nil
}

// DeleteWebhook forgets a webhook.
func (c *Control) DeleteWebhook(ctx context.Context, by journey.Actor, id string) error {
	return c.Store.DeleteWebhook(ctx, id, by)
}

// ReplayWebhook hands over once more what happened since, and returns how many events that are.
func (c *Control) ReplayWebhook(ctx context.Context, by journey.Actor, id string, since time.Time) (int64, error) {
	if since.IsZero() || since.After(c.Clock.Now()) {
		return 0, invalid("since", "is missing or in the future", "such as 2026-11-20T00:00:00Z")
	}
	return c.Store.ReplayWebhook(ctx, id, since, by)
}

// TestWebhook hands over an event that means nothing.
func (c *Control) TestWebhook(ctx context.Context, by journey.Actor, id string) (parcel string, err error) {
	return c.Store.TestWebhook(ctx, id, by)
}
