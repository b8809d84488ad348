package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"perennial/journey"
)

func listWebhooks(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Webhooks(ctx)
	return journey.Page[journey.Webhook]{Data: list}, err
}

func getWebhook(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Webhook(ctx, r.param("id"))
}

type webhookIn struct {
	URL    string   `json:"url"`
	Events []string `json:"events"`
}

// createWebhook shows the secret, this once.
func createWebhook(ctx context.Context, s *server, r *request, in webhookIn) (any, error) {
	w, secret, err := s.Control.AddWebhook(ctx, r.By, in.URL, in.Events)
	return answer{status: http.StatusCreated, secret: true, body: struct {
		journey.Webhook
		Secret string `json:"secret"`
	}{w, secret}}, err
}

type webhookChangeIn struct {
	URL    *string  `json:"url"`
	Events []string `json:"events"`
	Active *bool    `json:"active"`
}

func putWebhook(ctx context.Context, s *server, r *request, in webhookChangeIn) (any, error) {
	return s.Control.ChangeWebhook(ctx, r.By, r.param("id"), in.URL, in.Events, in.Active)
}

func deleteWebhook(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.DeleteWebhook(ctx, r.By, r.param("id"))
}

type replayIn struct {
	Since time.Time `json:"since"`
}

func replayWebhook(ctx context.Context, s *server, r *request, in replayIn) (any, error) {
	n, err := s.Control.ReplayWebhook(ctx, r.By, r.param("id"), in.Since)
	return answer{status: http.StatusAccepted, body: struct {
		Events int64 `json:"events"`
	}{n}}, err
}

func testWebhook(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	id, err := s.Control.TestWebhook(ctx, r.By, r.param("id"))
	return answer{status: http.StatusAccepted, body: struct {
		Delivery string `json:"delivery"`
	}{id}}, err
}

func listDeliveries(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	state := r.query("state")
	if !slices.Contains([]string{"", "queued", "delivered", "failed"}, state) {
		return nil, journey.Faultf(journey.CodeMalformed, "state is queued, delivered or failed")
	}
	return s.Read.WebhookDeliveries(ctx, r.param("id"), state, p)
}
