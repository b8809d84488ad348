package console

import "context"

type accountData struct {
	Name, Language string
	HasPassword    bool
	Provider       string // of sign-ins; "" there is none
	Linked         bool   // she can come by it
}

func accountPage(ctx context.Context, r *request) (reply, error) {
	has, err := r.Control.HasPassword(ctx, r.user)
	if err != nil {
		return reply{}, err
	}
	d := accountData{Name: r.user.Name, Language: r.user.Language, HasPassword: has}
	if d.Linked, err = r.Control.IsLinked(ctx, r.user); err != nil {
		return reply{}, err
	}
	if r.Provider != nil {
		d.Provider = r.Provider.Called()
	}
	return show("account", d)
}

func saveAccount(ctx context.Context, r *request) (reply, error) {
	chosen := r.form.Get("language")
	if err := r.Control.SetUser(ctx, r.user, r.form.Get("name"), chosen); err != nil {
		return reply{}, err
	}
	r.language = r.languageOf(r.http, chosen)
	return r.seeOther("/account", "account.saved")
}

func savePassword(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.ChangePassword(ctx, r.user, r.token, r.form.Get("old"), r.form.Get("password")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/account", "account.password_saved")
}
