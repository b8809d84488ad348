package api

import (
	"context"
	"net/http"

	"perennial/journey"
)

func getSending(ctx context.Context, s *server, _ *request) (any, error) {
	return s.Control.Sending(ctx)
}

func getMailDomain(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Control.MailDomain(ctx)
	return journey.Page[journey.MailFinding]{Data: list}, err
}

type breakerIn struct {
	Lane   string `json:"lane"`
	Domain string `json:"domain"`
}

func closeBreaker(ctx context.Context, s *server, r *request, in breakerIn) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.CloseBreaker(ctx, r.By, in.Lane, in.Domain)
}
