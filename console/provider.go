package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"perennial/control"
	"perennial/journey"
)

// trip is a browser on its way to the provider and back. It travels in a cookie of that browser alone: nothing is kept here, so that
// following the link to the provider changes nothing.
type trip struct {
	journey.Handshake
	Next string `json:"next"`           // where she wanted to go
	Link bool   `json:"link,omitempty"` // she is signed in, and wants to come by the provider from now on
}

const tripLife = 10 * time.Minute

// goToProvider sends the browser to the provider.
func goToProvider(ctx context.Context, r *request) (reply, error) {
	if r.Provider == nil {
		return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("fault.no_page"))
	}
	t := trip{Next: ours(r.query("next")), Link: r.query("link") != "" && r.user.ID != ""}
	to, h, err := r.Provider.Begin(ctx)
	if err != nil {
		return r.notBy(ctx, t, err)
	}
	t.Handshake = h
	raw, err := json.Marshal(t)
	if err != nil {
		return reply{}, err
	}
	r.setCookie(tripCookie, base64.RawURLEncoding.EncodeToString(raw), int(tripLife.Seconds()))
	return reply{to: to}, nil
}

// comeBack takes a browser that comes from the provider, with the cookie that it was given on its way there.
func comeBack(ctx context.Context, r *request) (reply, error) {
	if r.Provider == nil {
		return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("fault.no_page"))
	}
	t := r.takeTrip()
	prove := func(ctx context.Context) (journey.Identity, error) {
		return r.Provider.Finish(ctx, t.Handshake, r.http.URL.Query())
	}
	if t.Link && r.user.ID != "" {
		if err := r.Control.LinkIdentity(ctx, r.user, r.from(), prove); err != nil {
			return r.notBy(ctx, t, err)
		}
		return r.seeOther("/account", "account.linked", "provider", r.Provider.Called())
	}
	token, _, err := r.Control.SignInAs(ctx, r.from(), prove)
	if err != nil {
		return r.notBy(ctx, t, err)
	}
	r.leave(ctx)
	r.setSession(token)
	return reply{to: ours(t.Next)}, nil
}

// takeTrip reads the cookie of the trip and forgets it: an answer of the provider counts once in a browser.
func (r *request) takeTrip() (t trip) {
	cookie, err := r.http.Cookie(r.cookieName(tripCookie))
	if err != nil {
		return t
	}
	r.setCookie(tripCookie, "", -1)
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(raw, &t) != nil {
		return trip{}
	}
	return t
}

// notBy shows why she did not come in by the provider, with the other ways in; nobody stands before a page with no way on.
func (r *request) notBy(ctx context.Context, t trip, err error) (reply, error) {
	if !errors.As(err, &r.fault) || r.fault.Code == journey.CodeInternal {
		return reply{}, err
	}
	status := control.Status(r.fault.Code)
	if status == http.StatusServiceUnavailable {
		r.header.Set("Retry-After", "60")
	}
	if r.user.ID != "" {
		a, err := accountPage(ctx, r)
		a.status = status
		return a, err
	}
	return reply{page: "sign_in", data: r.door(t.Next), status: status}, nil
}
