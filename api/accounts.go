package api

import (
	"context"

	"perennial/journey"
)

func getAccount(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.AccountMembers(ctx, r.param("id"), p)
}

type accountIn struct {
	Attributes map[string]any `json:"attributes"`
}

func putAccount(ctx context.Context, s *server, r *request, in accountIn) (any, error) {
	return s.account(ctx, r, s.Control.SetAccount(ctx, r.By, r.param("id"), in.Attributes))
}

type memberIn struct {
	Role *string `json:"role"`
}

func putMember(ctx context.Context, s *server, r *request, in memberIn) (any, error) {
	return s.account(ctx, r, s.Control.SetAccountRole(ctx, r.By, r.param("id"), r.param("customer"), in.Role))
}

// account answers with the account as it is now, and its first members.
func (s *server) account(ctx context.Context, r *request, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s.Read.AccountMembers(ctx, r.param("id"), journey.PageRequest{Limit: pageDefault})
}
