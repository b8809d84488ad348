package console

import (
	"context"
	"strings"

	"perennial/control"
	"perennial/journey"
)

// signInData is where she wanted to go, and by whom else she can come in.
type signInData struct {
	Next     string
	Provider string // what people call it; "": there is none
	Leave    string // where she signs out of the provider, too; "" nothing is offered
}

// door is the sign-in page for somebody who wants to go there afterwards.
func (r *request) door(next string) signInData {
	d := signInData{Next: ours(next)}
	if r.Provider != nil {
		d.Provider = r.Provider.Called()
	}
	return d
}

func signInPage(_ context.Context, r *request) (reply, error) {
	next := r.query("next")
	if r.form != nil {
		next = r.form.Get("next")
	}
	if r.user.ID != "" {
		return reply{to: ours(next)}, nil
	}
	d := r.door(next)
	if r.Provider != nil && r.query("out") != "" {
		d.Leave = r.Provider.SignOutURL()
	}
	return show("sign_in", d)
}

func signIn(ctx context.Context, r *request) (reply, error) {
	token, _, err := r.Control.SignIn(ctx, control.Credentials{Email: r.form.Get("email"), Password: r.form.Get("password"), From: r.from()})
	if err != nil {
		return reply{}, err
	}
	r.leave(ctx)
	r.setSession(token)
	return reply{to: ours(r.form.Get("next"))}, nil
}

// leave ends the session that this browser had before.
func (r *request) leave(ctx context.Context) {
	if r.token == "" {
		return
	}
	if err := r.Control.SignOut(ctx, r.token); err != nil {
		r.Log.Warn("ending a session", "error", err)
	}
}

// ours returns a path of ours, or the first page: nobody is sent elsewhere after signing in.
func ours(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func signOut(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.SignOut(ctx, r.token); err != nil {
		return reply{}, err
	}
	r.dropSession()
	to := "/sign-in"
	if r.Provider != nil {
		to = "/sign-in?out=1"
	}
	return r.seeOther(to, "sign_in.signed_out")
}

// linkData is a link that was made for one user: what it is for, and whose it is.
type linkData struct {
	Who      journey.User
	Password bool // she chooses one
}

// linkPage shows what a link will do, and does nothing: whoever previews links must not use one up.
func linkPage(ctx context.Context, r *request) (reply, error) {
	l, u, err := r.Control.OpenLink(ctx, r.path("token"))
	if journey.CodeOf(err) == journey.CodeGone && r.user.ID != "" {
		return reply{to: "/"}, nil // she used it before, and is in
	}
	if err != nil {
		return reply{}, err
	}
	return show("sign_in_link", linkData{u, l.Purpose == journey.LinkPassword})
}

func followLink(ctx context.Context, r *request) (reply, error) {
	token, _, err := r.Control.FollowLink(ctx, r.path("token"), r.form.Get("password"))
	if err != nil {
		return reply{}, err
	}
	r.leave(ctx)
	r.setSession(token)
	return reply{to: "/"}, nil
}
