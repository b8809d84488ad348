package console

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

type auditData struct {
	Query url.Values
	List  []journey.AuditEntry
	More  string
}

// With is the address of the same with another parameter.
func (d auditData) With(path, name, value string) string {
	q := url.Values{}
	for key := range d.Query {
		if key != "after" && d.Query.Get(key) != "" {
			q.Set(key, d.Query.Get(key))
		}
	}
	if name != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// fact is one thing that an entry says beyond who, what and to whom.
type fact struct{ Name, Value string }

// mostHash is how much is shown of a hash: enough to tell two apart.
const mostHash = 12

// Details are the facts of an entry, in the order of their names; what was left empty is left out.
func (d auditData) Details(e journey.AuditEntry) (out []fact) {
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		value, isText := e.Detail[name].(string)
		if !isText {
			raw, err := json.Marshal(e.Detail[name])
			if err != nil {
				continue
			}
			value = string(raw)
		}
		if name == "hash" || name == "etag" {
			value = value[:min(len(value), mostHash)]
		}
		if value != "" && value != "null" {
			out = append(out, fact{strings.ReplaceAll(name, "_", " "), value})
		}
	}
	return out
}

// Link is the page of whom or what an entry is about; "" where there is none.
func (d auditData) Link(e journey.AuditEntry) string {
	switch {
	case strings.HasPrefix(e.Target, journey.PrefixCustomer):
		return "/customers/" + e.Target
	case strings.HasPrefix(e.Target, journey.PrefixMessage):
		return "/messages/" + e.Target
	case strings.HasPrefix(e.Target, journey.PrefixTask):
		return "/tasks/" + e.Target
	case strings.HasPrefix(e.Target, journey.PrefixWebhook):
		return "/webhooks/" + e.Target
	case strings.HasPrefix(e.Target, "segment:"):
		return "/segments/" + strings.TrimPrefix(e.Target, "segment:")
	case strings.HasPrefix(e.Verb, "journey."):
		return "/journeys/" + e.Target
	}
	return ""
}

func auditPage(ctx context.Context, r *request) (reply, error) {
	f, err := r.auditFilter(ctx)
	if err != nil {
		return reply{}, err
	}
	found, err := r.Read.Audit(ctx, f, r.page(pageSize))
	return reply{page: "audit", data: auditData{r.http.URL.Query(), found.Data, more(found)}}, err
}

func auditFile(ctx context.Context, r *request) (reply, error) {
	f, err := r.auditFilter(ctx)
	return reply{kind: "text/csv; charset=utf-8", file: "audit.csv", stream: func(w io.Writer) error {
		return r.Control.WriteAudit(ctx, r.by(), f, w)
	}}, err
}

// auditFilter reads what narrows the audit. Days are those of the zone of the times shown, the last one included; a customer may be named
// as everywhere, by user: and the caller's own id.
func (r *request) auditFilter(ctx context.Context) (f journey.AuditFilter, err error) {
	field := func(name string) string { return strings.TrimSpace(r.query(name)) }
	f = journey.AuditFilter{Actor: field("actor"), Target: field("target"), Verb: field("verb")}
	if strings.HasPrefix(f.Target, "user:") {
		who, err := r.Read.Customer(ctx, f.Target)
		if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
			return f, err
		}
		if err == nil {
			f.Target = who.ID
		}
	}
	if f.From, err = r.dayOf("from"); err != nil {
		return f, err
	}
	if f.To, err = r.dayOf("to"); err == nil && !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1)
	}
	return f, err
}

// dayOf is the beginning of a day of the query.
func (r *request) dayOf(name string) (time.Time, error) {
	text := r.query(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, r.zone())
	if err != nil {
		return at, r.badField(name, "fault.no_day", "2030-02-05")
	}
	return at, nil
}
