package console

import (
	"context"
	"strings"

	"perennial/journey"
)

type suppressionsData struct {
	Query string
	List  []journey.Suppression
	More  string
}

func suppressionsPage(ctx context.Context, r *request) (reply, error) {
	query := strings.TrimSpace(r.query("q"))
	found, err := r.Read.Suppressions(ctx, query, r.page(pageSize))
	return reply{page: "suppressions", data: suppressionsData{query, found.Data, more(found)}}, err
}

func addSuppression(ctx context.Context, r *request) (reply, error) {
	err := r.Control.Suppress(ctx, r.by(), strings.TrimSpace(r.form.Get("address")), journey.SuppressionScope(r.form.Get("scope")), r.form.Get("reason"))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/suppressions", "suppressions.added")
}

func liftSuppression(ctx context.Context, r *request) (reply, error) {
	err := r.Control.Unsuppress(ctx, r.by(), strings.TrimSpace(r.form.Get("address")), r.form.Get("reason"), r.form.Get("asked") != "")
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/suppressions", "suppressions.lifted")
}
