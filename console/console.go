// Package console is what people look at: server-rendered pages for marketers, support and owners. It owns no rule: whatever
// changes something goes through control, as the API does, and what it shows is read from the same places.
//
// Every path stands in the table of routes.go with the roles that may open it. A page is one file of Go and one template of
// the same name (customers.go, pages/customers.html); its texts stand in text/. Forms work without JavaScript: POST, redirect,
// GET. htmx only saves reloading what has not changed: an element that asks for itself gets the part of the page of its name.
package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"perennial/control"
	"perennial/journey"
)

// Deps are what the console stands on. Provider and Proxies may be empty, all else is required.
type Deps struct {
	Control *control.Control
	Read    Reader
	Clock   *journey.Clock
	Brand   journey.Brand // its zone is that of the times shown; its public URL says whether cookies are for https only
	Log     *slog.Logger
	Proxies []netip.Prefix // whose X-Forwarded-For is believed

	Provider Provider // of sign-ins; nil: by password and link alone
}

// Provider signs people in elsewhere, and says who they are (package oidc).
type Provider interface {
	Called() string
	Begin(ctx context.Context) (to string, h journey.Handshake, err error)
	Finish(ctx context.Context, h journey.Handshake, query url.Values) (journey.Identity, error)
	SignOutURL() string // "": it has none
}

// Reader is what the pages read; whatever changes something goes through control.
type Reader interface {
	Settings(ctx context.Context) (journey.Settings, error)
	Today(ctx context.Context) (journey.Today, error)

	Journeys(ctx context.Context) ([]journey.JourneyInfo, error)
	Draft(ctx context.Context, key string) (journey.Draft, error)
	Drafts(ctx context.Context) ([]journey.Draft, error)
	Migration(ctx context.Context, key string) (*journey.Migration, error)
	Versions(ctx context.Context, key string) ([]journey.Version, error)
	Report(ctx context.Context, key string) (journey.Report, error)
	ReportSettings(ctx context.Context) (journey.ReportSettings, error)
	ReportView(ctx context.Context, r journey.ReportRequest) (journey.ReportView, error)
	ReportPeople(ctx context.Context, q journey.PeopleRequest, r journey.PageRequest) (journey.Page[journey.ReportPerson], error)
	StepCounts(ctx context.Context, key string, version int) (map[string]int, error)
	InsideAt(ctx context.Context, key string, version int, step *string, r journey.PageRequest) (journey.Page[journey.Inside], error)
	Pauses(ctx context.Context, scope journey.Scope, target string) ([]journey.Pause, error)

	Keys(ctx context.Context) ([]journey.Key, error)
	Users(ctx context.Context) ([]journey.User, error)
	Teams(ctx context.Context) ([]journey.TeamView, error)
	Webhooks(ctx context.Context) ([]journey.Webhook, error)
	Webhook(ctx context.Context, id string) (journey.Webhook, error)
	WebhookDeliveries(ctx context.Context, id, state string, r journey.PageRequest) (journey.Page[journey.WebhookDelivery], error)
	Sources(ctx context.Context) ([]journey.Source, error)
	SourceNamed(ctx context.Context, key string) (journey.Source, error)
	SourceDeliveries(ctx context.Context, key string, r journey.PageRequest) (journey.Page[journey.SourceDelivery], error)
	Audit(ctx context.Context, f journey.AuditFilter, r journey.PageRequest) (journey.Page[journey.AuditEntry], error)

	Topics(ctx context.Context) ([]journey.TopicView, error)
	Suppressions(ctx context.Context, begins string, r journey.PageRequest) (journey.Page[journey.Suppression], error)
	Stops(ctx context.Context) ([]journey.Stop, error)
	Audiences(ctx context.Context) ([]journey.Approval, error)

	Segments(ctx context.Context) ([]journey.Segment, error)
	Segment(ctx context.Context, key string) (journey.Segment, error)
	SegmentMembers(ctx context.Context, key string, r journey.PageRequest) (journey.Page[journey.CustomerSummary], error)
	Scoring(ctx context.Context) (journey.Scoring, error)
	AttributeNames(ctx context.Context) ([]string, error)
	EventNames(ctx context.Context, r journey.PageRequest) (journey.Page[journey.EventName], error)
	TopicKeys(ctx context.Context) ([]string, error)
	NamesKept(ctx context.Context) (journey.References, error)

	Imports(ctx context.Context, r journey.PageRequest) (journey.Page[journey.Import], error)
	Import(ctx context.Context, id string) (journey.Import, error)
	RefusedLines(ctx context.Context, id string, after int64, limit int) ([]journey.ImportLine, error)

	Pools(ctx context.Context) ([]journey.CouponPool, error)
	GivingPools(ctx context.Context) ([]string, error)
	Pool(ctx context.Context, key string) (journey.CouponPool, error)
	PoolCoupons(ctx context.Context, pool string, r journey.PageRequest) (journey.Page[journey.CouponView], error)
	Coupon(ctx context.Context, code string) (journey.CouponHistory, error)
	Surveys(ctx context.Context) ([]journey.SurveyInfo, error)
	Survey(ctx context.Context, key string) (journey.SurveyInfo, error)
	SurveyUse(ctx context.Context, key string) (journey.SurveyUse, error)
	SurveyResults(ctx context.Context, key string, f journey.SurveyFilter) (journey.SurveyResults, error)
	SurveyReplies(ctx context.Context, key string, f journey.SurveyFilter, words bool, r journey.PageRequest) (journey.Page[journey.SurveyReply], error)
	Customer(ctx context.Context, ref string) (journey.Customer, error)
	SearchCustomers(ctx context.Context, query string, r journey.PageRequest) (journey.Page[journey.CustomerSummary], error)
	Overview(ctx context.Context, ref string) (journey.CustomerOverview, error)
	Export(ctx context.Context, ref string, by journey.Actor) (journey.Export, error)
	ConsentsOf(ctx context.Context, customer string) ([]journey.ConsentState, error)
	ConsentChanges(ctx context.Context, customer string) ([]journey.ConsentChange, error)
	Timeline(ctx context.Context, customer string, f journey.TimelineFilter, r journey.PageRequest) (journey.Page[journey.TimelineEntry], error)
	Tasks(ctx context.Context, f journey.TaskFilter, r journey.PageRequest) (journey.Page[journey.TaskView], error)
	Task(ctx context.Context, id string) (journey.TaskView, error)
	TaskFigures(ctx context.Context, f journey.TaskFilter, mine string, day, week journey.DueSpan) (journey.TaskFigures, error)
	SentMessage(ctx context.Context, id string) (journey.SentMessage, error)
	SentMessages(ctx context.Context, state, customer, key string, r journey.PageRequest) (journey.Page[journey.MessageSummary], error)
}

// New returns the handler of all pages. It belongs at the root of a server, for paths that nobody else serves.
func New(d Deps) (http.Handler, error) {
	c := &console{Deps: d, secure: strings.HasPrefix(d.Brand.PublicURL, "https://")}
	c.reports.count, c.reports.clock = d.Read.Report, d.Clock
	var err error
	if c.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if c.languages, err = readLanguages(); err != nil {
		return nil, err
	}
	for _, l := range c.languages {
		if err := c.parsePages(l); err != nil {
			return nil, fmt.Errorf("parsing the pages in %s: %w", l.code, err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file}", c.assets.serve)
	for _, r := range routes() {
		mux.Handle(r.method+" "+r.path, c.adapt(r))
	}
	mux.Handle("/", c.adapt(route{who: strangers, do: noPage}))
	guard := http.NewCrossOriginProtection()
	if u, err := url.Parse(d.Brand.PublicURL); err == nil && u.Host != "" { // also where a proxy changes the host
		if err := guard.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("reading the public URL as an origin: %w", err)
		}
	}
	guard.SetDenyHandler(c.adapt(route{who: strangers, do: foreign}))
	return guard.Handler(mux), nil
}

// console is the console at work.
type console struct {
	Deps
	secure    bool
	assets    assets
	reports   reports
	languages []*language // the first is what is shown where nothing else was asked for
}

func noPage(_ context.Context, r *request) (reply, error) {
	return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("fault.no_page"))
}

func foreign(_ context.Context, r *request) (reply, error) {
	return reply{}, journey.Faultf(journey.CodeForbidden, "%s", r.text("fault.foreign"))
}
