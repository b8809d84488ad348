package control

import (
	"context"

	"perennial/journey"
)

// Endpoints is where the addresses outside are kept that journeys may call.
type Endpoints interface {
	PutEndpoint(ctx context.Context, key, url, secret, fresh string, by journey.Actor) (e journey.EndpointView, made bool, err error)
	DeleteEndpoint(ctx context.Context, key string, by journey.Actor) error
}

// PutEndpoint declares an endpoint, or changes where it is. Secret "" keeps the one that there is; a new endpoint gets one, which is
// returned this once.
func (c *Control) PutEndpoint(ctx context.Context, by journey.Actor, key, url, secret string) (journey.EndpointView, string, error) {
	if !journey.IsKey(key) {
		return journey.EndpointView{}, "", invalid("key", "is not a key", "small letters, digits and hyphens, such as billing")
	}
	if message, mend := journey.CheckURL(url); message != "" {
		return journey.EndpointView{}, "", invalid("url", message, mend)
	}
	if secret != "" {
		if _, err := journey.SecretKey(secret); err != nil {
			return journey.EndpointView{}, "", invalid("secret", "is not a secret of Standard Webhooks", "leave it out to get one, or send whsec_ and 24 to 64 bytes in base64")
		}
	}
	fresh := journey.NewSecret()
	e, made, err := c.Store.PutEndpoint(ctx, key, url, secret, fresh, by)
	if !made {
		fresh = ""
	}
	return e, fresh, err
}

// DeleteEndpoint takes an endpoint away; calls of it fail from then on.
func (c *Control) DeleteEndpoint(ctx context.Context, by journey.Actor, key string) error {
	return c.Store.DeleteEndpoint(ctx, key, by)
}
