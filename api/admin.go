package api

import (
	"context"
	"net/http"

	"perennial/journey"
)

func listKeys(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Keys(ctx)
	return journey.Page[journey.Key]{Data: list}, err
}

type keyIn struct {
	Name string       `json:"name"`
	Role journey.Role `json:"role"`
}

// createKey shows the secret, this once.
func createKey(ctx context.Context, s *server, r *request, in keyIn) (any, error) {
	id, secret, err := s.Control.CreateKey(ctx, r.By, in.Name, in.Role)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated, secret: true, body: struct {
		ID     string       `json:"id"`
		Name   string       `json:"name"`
		Role   journey.Role `json:"role"`
		Secret string       `json:"secret"`
	}{id, in.Name, in.Role, secret}}, nil
}

func revokeKey(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.RevokeKey(ctx, r.By, r.param("id"))
}

func listAudit(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.Audit(ctx, p)
}

// switchView is the switches as they stand.
type switchView struct {
	Sending   bool     `json:"sending"`
	Live      bool     `json:"live"`
	AllowList []string `json:"allow_list"`
}

func viewSwitch(x journey.Settings) switchView {
	if x.AllowList == nil {
		x.AllowList = []string{}
	}
	return switchView{x.Sending, x.Live, x.AllowList}
}

func getSwitch(ctx context.Context, s *server, _ *request) (any, error) {
	x, err := s.Read.Settings(ctx)
	return viewSwitch(x), err
}

// switchIn changes what it names.
type switchIn struct {
	Sending   *bool     `json:"sending"`
	Live      *bool     `json:"live"`
	AllowList *[]string `json:"allow_list"`
}

func putSwitch(ctx context.Context, s *server, r *request, in switchIn) (any, error) {
	x, err := s.Control.Switch(ctx, r.By, journey.Switch{Sending: in.Sending, Live: in.Live, AllowList: in.AllowList})
	return viewSwitch(x), err
}

func listSuppressions(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.Suppressions(ctx, p)
}

type suppressionIn struct {
	Scope  journey.SuppressionScope `json:"scope"`
	Reason string                   `json:"reason"`
}

func putSuppression(ctx context.Context, s *server, r *request, in suppressionIn) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Suppress(ctx, r.By, r.param("address"), in.Scope, in.Reason)
}

func deleteSuppression(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Unsuppress(ctx, r.By, r.param("address"))
}
