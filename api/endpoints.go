package api

import (
	"context"
	"net/http"

	"perennial/journey"
)

func listEndpoints(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Endpoints(ctx)
	return journey.Page[journey.EndpointView]{Data: list}, err
}

type endpointIn struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

// endpointOut has the secret when it was made by this very request.
type endpointOut struct {
	journey.EndpointView
	Secret string `json:"secret,omitempty"`
}

func putEndpoint(ctx context.Context, s *server, r *request, in endpointIn) (any, error) {
	e, secret, err := s.Control.PutEndpoint(ctx, r.By, r.param("key"), in.URL, in.Secret)
	return answer{status: http.StatusOK, secret: true, body: endpointOut{e, secret}}, err
}

func deleteEndpoint(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.DeleteEndpoint(ctx, r.By, r.param("key"))
}
