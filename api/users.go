package api

import (
	"cmp"
	"context"
	"net/http"

	"perennial/journey"
)

func listUsers(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Users(ctx)
	return journey.Page[journey.User]{Data: list}, err
}

// signInURL is where a link leads.
func (s *server) signInURL(token string) string { return s.Brand.PublicURL + "/sign-in/" + token }

type userIn struct {
	Email string       `json:"email"`
	Name  string       `json:"name"`
	Role  journey.Role `json:"role"`
}

// createUser shows the link by which she chooses her password, this once.
func createUser(ctx context.Context, s *server, r *request, in userIn) (any, error) {
	u, err := s.Control.CreateUser(ctx, r.By, in.Email, in.Name, in.Role)
	if err != nil {
		return nil, err
	}
	token, err := s.Control.NewLink(ctx, r.By, u.ID, journey.LinkPassword)
	return answer{status: http.StatusCreated, secret: true, body: struct {
		journey.User
		SignIn string `json:"sign_in"`
	}{u, s.signInURL(token)}}, err
}

type userChangeIn struct {
	Role     *journey.Role `json:"role"`
	Disabled *bool         `json:"disabled"`
}

func putUser(ctx context.Context, s *server, r *request, in userChangeIn) (any, error) {
	if in.Role != nil {
		if err := s.Control.SetRole(ctx, r.By, r.param("id"), *in.Role); err != nil {
			return nil, err
		}
	}
	if in.Disabled != nil {
		if err := s.Control.DisableUser(ctx, r.By, r.param("id"), !*in.Disabled); err != nil {
			return nil, err
		}
	}
	u, _, err := s.Read.User(ctx, r.param("id"))
	return u, err
}

type linkIn struct {
	Purpose journey.LinkPurpose `json:"purpose"`
}

func createLink(ctx context.Context, s *server, r *request, in linkIn) (any, error) {
	token, err := s.Control.NewLink(ctx, r.By, r.param("id"), cmp.Or(in.Purpose, journey.LinkPassword))
	return answer{status: http.StatusCreated, secret: true, body: struct {
		SignIn string `json:"sign_in"`
	}{s.signInURL(token)}}, err
}
