package console

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"perennial/journey"
)

type webhooksData struct {
	List   []journey.Webhook
	Events []string
	Secret string // of the webhook that was just made: shown this once
	Made   string // its id
}

func webhooksPage(ctx context.Context, r *request) (reply, error) { return r.webhooks(ctx, "", "") }

func (r *request) webhooks(ctx context.Context, made, secret string) (reply, error) {
	list, err := r.Read.Webhooks(ctx)
	return reply{page: "webhooks", data: webhooksData{list, journey.OwnEvents(), secret, made}}, err
}

// makeWebhook answers with the page itself, not with the way to it: the secret stands nowhere else.
func makeWebhook(ctx context.Context, r *request) (reply, error) {
	w, secret, err := r.Control.AddWebhook(ctx, r.by(), strings.TrimSpace(r.form.Get("url")), r.form["event"])
	if err != nil {
		return reply{}, err
	}
	r.form = nil
	return r.webhooks(ctx, w.ID, secret)
}

// webhookData is one webhook, and what it was told last.
type webhookData struct {
	journey.Webhook
	All   []string // events that it can be told
	State string   // of the deliveries that are shown; "" all
	List  []journey.WebhookDelivery
	More  string
}

// title is where it is, without what may be secret in it.
func (d webhookData) title() string {
	if u, err := url.Parse(d.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return d.ID
}

// Told says whether it is told events of that name.
func (d webhookData) Told(name string) bool { return slices.Contains(d.Events, name) }

// States are the ways to narrow its deliveries, all of them first.
func (d webhookData) States() []string { return []string{"", "queued", "delivered", "failed"} }

func webhookPage(ctx context.Context, r *request) (reply, error) {
	w, err := r.Read.Webhook(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	d := webhookData{Webhook: w, All: journey.OwnEvents()}
	if state := r.query("state"); slices.Contains(d.States(), state) {
		d.State = state
	}
	found, err := r.Read.WebhookDeliveries(ctx, w.ID, d.State, r.page(pageSize))
	d.List, d.More = found.Data, more(found)
	return reply{page: "webhook", data: d}, err
}

// back goes to the page of the webhook of the path.
func (r *request) backToWebhook(key string, values ...any) (reply, error) {
	return r.seeOther("/webhooks/"+r.path("id"), key, values...)
}

func changeWebhook(ctx context.Context, r *request) (reply, error) {
	address, events := strings.TrimSpace(r.form.Get("url")), r.form["event"]
	if events == nil {
		events = journey.OwnEvents()
	}
	if _, err := r.Control.ChangeWebhook(ctx, r.by(), r.path("id"), &address, events, nil); err != nil {
		return reply{}, err
	}
	return r.backToWebhook("account.saved")
}

func switchWebhook(ctx context.Context, r *request) (reply, error) {
	active := r.form.Get("active") == "true"
	if _, err := r.Control.ChangeWebhook(ctx, r.by(), r.path("id"), nil, nil, &active); err != nil {
		return reply{}, err
	}
	if active {
		return r.backToWebhook("webhook.enabled")
	}
	return r.backToWebhook("webhook.disabled_now")
}

func testWebhook(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.TestWebhook(ctx, r.by(), r.path("id")); err != nil {
		return reply{}, err
	}
	return r.backToWebhook("webhook.tested")
}

func replayWebhook(ctx context.Context, r *request) (reply, error) {
	since, err := r.moment("since")
	if err != nil {
		return reply{}, err
	}
	if since == nil {
		return reply{}, r.badField("since", "fault.no_time", "2030-02-05T10:00")
	}
	n, err := r.Control.ReplayWebhook(ctx, r.by(), r.path("id"), *since)
	if err != nil {
		return reply{}, err
	}
	return r.backToWebhook("webhook.replayed", "n", int(n))
}

func deleteWebhook(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DeleteWebhook(ctx, r.by(), r.path("id")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/webhooks", "webhook.deleted")
}
