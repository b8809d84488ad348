package console

import (
	"context"

	"perennial/journey"
)

type usersData struct {
	List  []journey.User
	Roles []journey.Role
	Link  string // that was just made: shown this once
	For   string // whose it is
}

func usersPage(ctx context.Context, r *request) (reply, error) { return r.users(ctx, "", "") }

func (r *request) users(ctx context.Context, link, of string) (reply, error) {
	list, err := r.Read.Users(ctx)
	return reply{page: "users", data: usersData{list, journey.UserRoles(), link, of}}, err
}

// makeUser answers with the page itself, not with the way to it: the link stands nowhere else.
func makeUser(ctx context.Context, r *request) (reply, error) {
	u, err := r.Control.CreateUser(ctx, r.by(), r.form.Get("email"), r.form.Get("name"), journey.Role(r.form.Get("role")))
	if err != nil {
		return reply{}, err
	}
	r.form = nil
	return r.link(ctx, u.ID, journey.LinkPassword)
}

func makeLink(ctx context.Context, r *request) (reply, error) {
	return r.link(ctx, r.path("id"), journey.LinkPurpose(r.form.Get("purpose")))
}

func (r *request) link(ctx context.Context, id string, purpose journey.LinkPurpose) (reply, error) {
	token, err := r.Control.NewLink(ctx, r.by(), id, purpose)
	if err != nil {
		return reply{}, err
	}
	list, err := r.Read.Users(ctx)
	if err != nil {
		return reply{}, err
	}
	of := ""
	for _, u := range list {
		if u.ID == id {
			of = u.Called()
		}
	}
	return r.users(ctx, r.Brand.PublicURL+"/sign-in/"+token, of)
}

func setRole(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.SetRole(ctx, r.by(), r.path("id"), journey.Role(r.form.Get("role"))); err != nil {
		return reply{}, err
	}
	return r.seeOther("/users", "users.role_set")
}

func disableUser(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DisableUser(ctx, r.by(), r.path("id"), false); err != nil {
		return reply{}, err
	}
	return r.seeOther("/users", "users.disabled_now")
}

func enableUser(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DisableUser(ctx, r.by(), r.path("id"), true); err != nil {
		return reply{}, err
	}
	return r.seeOther("/users", "users.enabled")
}
