package api

import (
	"context"
	"net/http"

	"perennial/control"
)

type sendIn struct {
	Message    string         `json:"message"`
	Customer   string         `json:"customer"`
	Properties map[string]any `json:"properties"`
}

// sendOne answers 202: the mail is in the ledger, and what becomes of it stands there.
func sendOne(ctx context.Context, s *server, r *request, in sendIn) (any, error) {
	posted, err := s.Control.Send(ctx, r.By, control.SendRequest{Message: in.Message, Customer: in.Customer, Properties: in.Properties,
		Key: r.header("Idempotency-Key")})
	return answer{status: http.StatusAccepted, body: posted}, err
}
