package console

import (
	"context"

	"perennial/journey"
)

type keysData struct {
	Live, Revoked []journey.Key
	Roles         []journey.Role
	Made          string // the secret of the key that was just made: shown this once
}

func keysPage(ctx context.Context, r *request) (reply, error) { return r.keys(ctx, "") }

func (r *request) keys(ctx context.Context, made string) (reply, error) {
	list, err := r.Read.Keys(ctx)
	if err != nil {
		return reply{}, err
	}
	d := keysData{Roles: journey.Roles(), Made: made}
	for _, k := range list {
		if k.RevokedAt == nil {
			d.Live = append(d.Live, k)
		} else {
			d.Revoked = append(d.Revoked, k)
		}
	}
	return show("keys", d)
}

// makeKey answers with the page itself, not with the way to it: the secret stands nowhere else.
func makeKey(ctx context.Context, r *request) (reply, error) {
	_, secret, err := r.Control.CreateKey(ctx, r.by(), r.form.Get("name"), journey.Role(r.form.Get("role")))
	if err != nil {
		return reply{}, err
	}
	r.form = nil
	return r.keys(ctx, secret)
}

func revokeKey(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.RevokeKey(ctx, r.by(), r.path("id")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/keys", "keys.revoked")
}
