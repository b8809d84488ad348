package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"perennial/control"
	"perennial/journey"
)

type sourcesData struct {
	List    []journey.Source
	Presets []journey.SourcePreset
}

func sourcesPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Sources(ctx)
	return reply{page: "sources", data: sourcesData{list, journey.SourcePresets()}}, err
}

// newSourceData is the form of a source that is yet to be made, for one preset.
type newSourceData struct {
	Preset  journey.SourcePreset
	Presets []journey.SourcePreset
	Key     string
	Address string // where its webhooks would go
	Mapping string // that must be written; "": the preset has one
	Theirs  bool   // the other side makes the secret
}

func (newSourceData) place() string { return "sources" }

// newSourcePage begins with the preset of the query.
func newSourcePage(_ context.Context, r *request) (reply, error) {
	d := newSourceData{Preset: journey.SourcePreset(r.sent("preset")), Presets: journey.SourcePresets()}
	if !slices.Contains(d.Presets, d.Preset) {
		d.Preset = d.Presets[0]
	}
	d.Key = cmp.Or(strings.TrimSpace(r.form.Get("key")), string(d.Preset))
	d.Address, d.Theirs = r.sourceAddress(d.Key), theirSecret(d.Preset)
	if _, has := d.Preset.Preset(); !has {
		d.Mapping = cmp.Or(r.form.Get("mapping"), mappingToBegin)
	}
	return show("source_new", d)
}

// mappingToBegin is a mapping to write one's own over.
const mappingToBegin = `{
  "event": "type",
  "id": "id",
  "user_id": "customer.id",
  "email": "customer.email",
  "events": {
    "order.paid": {
      "as": "Order Completed",
      "order_id": "order.id",
      "total": "order.total",
      "currency": "order.currency"
    }
  }
}`

// theirSecret says whether it is the other side that makes the secret, and nobody can tell it one.
func theirSecret(p journey.SourcePreset) bool {
	return p == journey.PresetShopify || p == journey.PresetStripe
}

// sourceAddress is where the webhooks of a source go.
func (r *request) sourceAddress(key string) string {
	return r.Brand.PublicURL + "/hooks/in/" + url.PathEscape(key)
}

// makeSource answers with the page of the source itself where a secret was made: that stands nowhere else.
func makeSource(ctx context.Context, r *request) (reply, error) {
	mapping, err := r.mapping()
	if err != nil {
		return reply{}, err
	}
	v, err := r.Control.PutSource(ctx, r.by(), control.SourceRequest{Key: strings.TrimSpace(r.form.Get("key")), Name: strings.TrimSpace(r.form.Get("name")),
		Preset: journey.SourcePreset(r.form.Get("preset")), Mapping: mapping, Secret: strings.TrimSpace(r.form.Get("secret")), IfNew: true})
	return r.afterSecret(ctx, v, "source.made", err)
}

// afterSecret shows the secret that was just made, or goes on where the other side chose it.
func (r *request) afterSecret(ctx context.Context, v journey.Source, notice string, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	if v.Secret == "" {
		return r.seeOther("/sources/"+url.PathEscape(v.Key), notice)
	}
	r.form = nil
	return r.source(ctx, v.Key, v.Secret)
}

// mapping reads the mapping of a form as the API does; nil where none is there.
func (r *request) mapping() (*journey.Mapping, error) {
	text := strings.TrimSpace(r.form.Get("mapping"))
	if text == "" {
		return nil, nil //nolint:nilnil // that of the preset
	}
	var m journey.Mapping
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&m)
	if err == nil {
		if _, after := d.Token(); !errors.Is(after, io.EOF) {
			err = errors.New("something follows the last brace")
		}
	}
	if err != nil {
		return nil, &journey.Fault{Code: journey.CodeInvalid, Message: r.text("fault.form"), Problems: journey.Problems{
			{Path: "mapping", Message: r.text("source.no_json", "why", strings.TrimPrefix(err.Error(), "json: ")), Mend: r.text("source.no_json_mend")}}}
	}
	return &m, nil
}

// sourceData is one source: where it posts to, what becomes of what it says, and what came in last.
type sourceData struct {
	journey.Source
	Address string
	Fresh   string // its secret, which was just made: shown this once
	Theirs  bool
	Text    string // the mapping, as JSON
	List    []journey.SourceDelivery
	More    string
}

func (d sourceData) title() string { return cmp.Or(d.Name, d.Key) }

// becomes is one line of a mapping: what the source calls it, and what we do.
type becomes struct{ Theirs, Ours string }

// Becomes are the kinds of webhooks that are taken, by their names.
func (d sourceData) Becomes() (out []becomes) {
	for _, name := range slices.Sorted(maps.Keys(d.Mapping.Events)) {
		out = append(out, becomes{name, d.Mapping.Events[name].As})
	}
	return out
}

func sourcePage(ctx context.Context, r *request) (reply, error) {
	return r.source(ctx, r.path("key"), "")
}

func (r *request) source(ctx context.Context, key, secret string) (reply, error) {
	v, err := r.Read.SourceNamed(ctx, key)
	if err != nil {
		return reply{}, err
	}
	d := sourceData{Source: v, Address: r.sourceAddress(v.Key), Fresh: secret, Theirs: theirSecret(v.Preset)}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v.Mapping); err != nil {
		return reply{}, err
	}
	d.Text = cmp.Or(r.form.Get("mapping"), text.String())
	found, err := r.Read.SourceDeliveries(ctx, v.Key, r.page(pageSize))
	d.List, d.More = found.Data, more(found)
	return reply{page: "source", data: d}, err
}

// changeSource changes the name and the mapping; an empty one is that of the preset.
func changeSource(ctx context.Context, r *request) (reply, error) {
	is, err := r.Read.SourceNamed(ctx, r.path("key"))
	if err != nil {
		return reply{}, err
	}
	mapping, err := r.mapping()
	if err != nil {
		return reply{}, err
	}
	_, err = r.Control.PutSource(ctx, r.by(), control.SourceRequest{Key: is.Key, Name: strings.TrimSpace(r.form.Get("name")), Preset: is.Preset, Mapping: mapping})
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/sources/"+url.PathEscape(is.Key), "account.saved")
}

// turnSourceSecret gives it another secret; the one before stays good for a day.
func turnSourceSecret(ctx context.Context, r *request) (reply, error) {
	v, err := r.Control.RotateSource(ctx, r.by(), r.path("key"), strings.TrimSpace(r.form.Get("secret")))
	return r.afterSecret(ctx, v, "source.turned", err)
}

func deleteSource(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DeleteSource(ctx, r.by(), r.path("key")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/sources", "source.deleted")
}
