package console

import (
	"context"
	"net/http"

	"perennial/journey"
)

// handler answers one request: with a page, a redirect, or an error. An error of a POST is shown on the page that the form was on.
type handler func(ctx context.Context, r *request) (reply, error)

// route is one path: who may open it, what it does, and the page that shows what was wrong with a form.
type route struct {
	method, path string
	who          []journey.Role
	do           handler
	form         handler // of a POST: the page that the form stands on; nil: the page of faults
}

// Who may open what (design, appendix). An empty list is everybody, signed in or not.
var (
	strangers = []journey.Role{}
	viewers   = []journey.Role{journey.RoleViewer, journey.RoleSupport, journey.RoleMarketer, journey.RoleAdmin}
	admins    = []journey.Role{journey.RoleAdmin}
)

// routes are all pages and forms.
func routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/sign-in", strangers, signInPage, nil},
		{post, "/sign-in", strangers, signIn, signInPage},
		{get, "/sign-in/{token}", strangers, linkPage, nil},
		{post, "/sign-in/{token}", strangers, followLink, linkPage},
		{post, "/sign-out", viewers, signOut, nil},

		{get, "/{$}", viewers, todayPage, nil},
		{post, "/switch", admins, turnSwitch, todayPage},
		{get, "/account", viewers, accountPage, nil},
		{post, "/account", viewers, saveAccount, accountPage},
		{post, "/account/password", viewers, savePassword, accountPage},
	}
}

// place is one entry of the navigation.
type place struct {
	Key, Path, Icon string
	who             []journey.Role
}

// places are the navigation, in its order; a user sees those that she may open.
func places() []place {
	return []place{
		{"today", "/", "today", viewers},
	}
}
