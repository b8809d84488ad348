package journey

import "time"

// EndpointView is an endpoint as callers of the API see it: never with its secret.
type EndpointView struct {
	Key       string    `json:"key"`
	URL       string    `json:"url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
