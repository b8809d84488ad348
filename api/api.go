// Package api is the HTTP side of the product: the admin API, the Segment-style intake, the public links in mails, and what
// operators look at. It adapts and nothing else: who may ask, what a request must look like, which status an answer has. Rules
// are in control, facts in the store.
//
// Every path stands in the table of routes.go, with the roles that may use it, and in openapi.yaml; a test holds the two
// together. A handler takes a request that was authenticated and decoded, and returns a value or an error; adapt.go does the
// rest, in one place for all.
package api

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"perennial/control"
	"perennial/journey"
)

// Deps are what the API stands on. Those without a default are required.
type Deps struct {
	Control *control.Control
	Read    Reader
	Clock   *journey.Clock
	Tokens  journey.Tokens // opens the public links
	Brand   journey.Brand  // what the public pages show
	Log     *slog.Logger

	// Ready says whether requests can be served: the database answers, and whatever else the process needs. nil: Read.Ping.
	Ready func(context.Context) error
	// Metrics is served under /metrics, with our own figures added to it; nil: a fresh registry.
	Metrics *prometheus.Registry
	// Rate and Burst bound the requests of one key; 0: 200 a second, 400 at once.
	Rate  rate.Limit
	Burst int
	// Hooks are how mail systems tell of bounces and complaints; the zero value: they cannot.
	Hooks Hooks
	// Rest serves every path that is not the API's, such as the console; nil: 404.
	Rest http.Handler
}

// Reader is what the API reads. Whatever changes something goes through control, AppendEvents, the observations of law 7 and
// the bookkeeping of Idempotency-Key aside.
type Reader interface {
	Ping(ctx context.Context) error
	Settings(ctx context.Context) (journey.Settings, error)
	Stops(ctx context.Context) ([]journey.Stop, error)
	Audiences(ctx context.Context) ([]journey.Approval, error)
	Pauses(ctx context.Context, scope journey.Scope, target string) ([]journey.Pause, error)
	Keys(ctx context.Context) ([]journey.Key, error)
	Users(ctx context.Context) ([]journey.User, error)
	User(ctx context.Context, id string) (u journey.User, password string, err error)
	Audit(ctx context.Context, f journey.AuditFilter, r journey.PageRequest) (journey.Page[journey.AuditEntry], error)
	Webhooks(ctx context.Context) ([]journey.Webhook, error)
	Webhook(ctx context.Context, id string) (journey.Webhook, error)
	WebhookDeliveries(ctx context.Context, id, state string, r journey.PageRequest) (journey.Page[journey.WebhookDelivery], error)
	Teams(ctx context.Context) ([]journey.TeamView, error)
	Endpoints(ctx context.Context) ([]journey.EndpointView, error)
	AccountMembers(ctx context.Context, ref string, r journey.PageRequest) (journey.AccountView, error)
	Topics(ctx context.Context) ([]journey.TopicView, error)
	Suppressions(ctx context.Context, begins string, r journey.PageRequest) (journey.Page[journey.Suppression], error)

	Segments(ctx context.Context) ([]journey.Segment, error)
	Segment(ctx context.Context, key string) (journey.Segment, error)
	SegmentMembers(ctx context.Context, key string, r journey.PageRequest) (journey.Page[journey.CustomerSummary], error)

	Journeys(ctx context.Context) ([]journey.JourneyInfo, error)
	Version(ctx context.Context, key string, number int) (journey.Version, error)
	Migration(ctx context.Context, key string) (*journey.Migration, error)
	Draft(ctx context.Context, key string) (journey.Draft, error)
	Versions(ctx context.Context, key string) ([]journey.Version, error)
	Pools(ctx context.Context) ([]journey.CouponPool, error)
	Pool(ctx context.Context, key string) (journey.CouponPool, error)
	PoolCoupons(ctx context.Context, pool string, r journey.PageRequest) (journey.Page[journey.CouponView], error)
	Coupon(ctx context.Context, code string) (journey.CouponHistory, error)
	Report(ctx context.Context, key string) (journey.Report, error)
	ReportSettings(ctx context.Context) (journey.ReportSettings, error)
	ReportView(ctx context.Context, r journey.ReportRequest) (journey.ReportView, error)
	ReportPeople(ctx context.Context, q journey.PeopleRequest, r journey.PageRequest) (journey.Page[journey.ReportPerson], error)

	Customer(ctx context.Context, ref string) (journey.Customer, error)
	SearchCustomers(ctx context.Context, query string, r journey.PageRequest) (journey.Page[journey.CustomerSummary], error)
	Export(ctx context.Context, ref string, by journey.Actor) (journey.Export, error)
	Overview(ctx context.Context, ref string) (journey.CustomerOverview, error)
	Preferences(ctx context.Context, customer string) (journey.Preferences, error)
	ConsentChanges(ctx context.Context, customer string) ([]journey.ConsentChange, error)
	ConsentsOf(ctx context.Context, customer string) ([]journey.ConsentState, error)
	Timeline(ctx context.Context, customer string, f journey.TimelineFilter, r journey.PageRequest) (journey.Page[journey.TimelineEntry], error)
	LiveTimeline(ctx context.Context, r journey.PageRequest) (journey.Page[journey.TimelineEntry], error)
	Enrollment(ctx context.Context, id string) (journey.EnrollmentView, error)
	SentMessage(ctx context.Context, id string) (journey.SentMessage, error)
	SentMessages(ctx context.Context, state, customer, key string, r journey.PageRequest) (journey.Page[journey.MessageSummary], error)
	Tasks(ctx context.Context, f journey.TaskFilter, r journey.PageRequest) (journey.Page[journey.TaskView], error)
	Task(ctx context.Context, id string) (journey.TaskView, error)
	Scoring(ctx context.Context) (journey.Scoring, error)
	Sources(ctx context.Context) ([]journey.Source, error)
	SourceNamed(ctx context.Context, key string) (journey.Source, error)
	SourceDeliveries(ctx context.Context, key string, r journey.PageRequest) (journey.Page[journey.SourceDelivery], error)
	Event(ctx context.Context, id string) (journey.EventView, error)
	Events(ctx context.Context, name string, r journey.PageRequest) (journey.Page[journey.EventView], error)
	EventNames(ctx context.Context, r journey.PageRequest) (journey.Page[journey.EventName], error)
	Surveys(ctx context.Context) ([]journey.SurveyInfo, error)
	Survey(ctx context.Context, key string) (journey.SurveyInfo, error)
	SurveyResults(ctx context.Context, key string, f journey.SurveyFilter) (journey.SurveyResults, error)
	SurveyReplies(ctx context.Context, key string, f journey.SurveyFilter, words bool, r journey.PageRequest) (journey.Page[journey.SurveyReply], error)
	EverySurveyReply(ctx context.Context, key string, f journey.SurveyFilter, by journey.Actor) (iter.Seq2[journey.SurveyReply, error], error)
	InvitationOfMessage(ctx context.Context, message string) (journey.Invitation, error)

	BeginImport(ctx context.Context, by journey.Actor, key string, plan journey.Import) (journey.Import, error)
	StageLines(ctx context.Context, id string, from int64, lines []journey.ImportLine) error
	Uploaded(ctx context.Context, id string) (journey.Import, error)
	Import(ctx context.Context, id string) (journey.Import, error)
	Imports(ctx context.Context, r journey.PageRequest) (journey.Page[journey.Import], error)
	RefusedLines(ctx context.Context, id string, after int64, limit int) ([]journey.ImportLine, error)
	CustomerRows(ctx context.Context, f journey.CustomerFilter, by journey.Actor) (iter.Seq2[journey.CustomerRow, error], error)
	TopicKeys(ctx context.Context) ([]string, error)

	AppendWritten(ctx context.Context, events []journey.WrittenEvent) ([]journey.Acceptance, error)
	Observe(ctx context.Context, o journey.Observation) error
	ClaimKey(ctx context.Context, actor, key string, body []byte) (done bool, status int, response []byte, err error)
	SettleKey(ctx context.Context, actor, key string, status int, response []byte) error
	DropKey(ctx context.Context, actor, key string) error
}

// New returns the handler of everything that Deps describe.
func New(d Deps) (http.Handler, error) {
	if d.Ready == nil {
		d.Ready = d.Read.Ping
	}
	if d.Metrics == nil {
		d.Metrics = prometheus.NewRegistry()
	}
	if d.Rate == 0 {
		d.Rate, d.Burst = 200, 400
	}
	s := &server{Deps: d, limits: newLimits(d.Rate, d.Burst), sns: newSNS(d.Hooks.Fetch)}
	var err error
	if s.figures, err = newFigures(d.Metrics); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(d.Brand); err != nil {
		return nil, err
	}
	if s.document, err = readDocument(); err != nil {
		return nil, err
	}
	return s.router(), nil
}

// server is the API at work.
type server struct {
	Deps
	limits   *limits
	figures  *figures
	pages    *pages
	document *document
	sns      *sns
}

// HTTPServer puts the handler behind the timeouts and limits that a server on the open net needs.
func HTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
