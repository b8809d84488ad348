package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"golang.org/x/sync/errgroup"

	"perennial/activities"
	"perennial/api"
	"perennial/console"
	"perennial/control"
	"perennial/intake"
	"perennial/journey"
	smtp "perennial/mail"
	"perennial/store"
	"perennial/templates"
	"perennial/webhook"
	"perennial/workflows"
)

// app is Perennial put together: the store, Temporal, and the roles that this process plays on them. End-to-end tests use the
// same one.
type app struct {
	config      config
	log         *slog.Logger
	store       *store.Store
	temporal    client.Client
	control     *control.Control
	tokens      journey.Tokens
	relay       *smtp.Relay
	composer    smtp.Composer
	outside     *webhook.Client // for requests to addresses of others
	queues      workflows.Queues
	rate        activities.Rate
	domainRates map[string]activities.Rate

	// namespace is Temporal's; metrics are what /metrics serves.
	namespace string
	metrics   *prometheus.Registry
	stopping  chan struct{} // closed when run is told to end
	front     *front        // nil: run opens it
}

// openApp connects to everything. The schema must be up to date (store.Migrate).
func openApp(ctx context.Context, c config, temporal client.Options, log *slog.Logger) (_ *app, err error) {
	a := &app{config: c, log: log, queues: workflows.DefaultQueues(), stopping: make(chan struct{}),
		namespace: cmp.Or(temporal.Namespace, client.DefaultNamespace), metrics: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	brand := c.brand()
	if a.rate, err = activities.ParseRate(c.Rate); err != nil {
		return nil, fmt.Errorf("reading SMTP_RATE: %w", err)
	}
	if a.domainRates, err = activities.ParseRates(c.DomainRates); err != nil {
		return nil, fmt.Errorf("reading DOMAIN_RATES: %w", err)
	}
	if a.composer, err = c.composer(); err != nil {
		return nil, err
	}
	allow, err := webhook.ParseAllow(c.WebhookAllow)
	if err != nil {
		return nil, fmt.Errorf("reading WEBHOOK_ALLOW: %w", err)
	}
	a.outside = webhook.NewClient(webhook.Guard{Allow: allow})
	if a.relay, err = smtp.NewRelay(c.SMTPURL, smtp.RelayOptions{Plain: c.SMTPTLS == "none"}); err != nil {
		return nil, err
	}
	a.store, err = store.Open(ctx, c.DatabaseURL, store.Options{
		MaxConns: c.DatabaseMax, Wall: wall, Zone: brand.Zone, Speed: c.Speed, Standstill: c.Alone, MailDomain: mailDomain(brand.From),
	})
	if err != nil {
		return nil, err
	}
	if err := a.locate(ctx); err != nil {
		return nil, err
	}
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	a.tokens = journey.Tokens{Key: settings.TokenKey}
	a.control = &control.Control{Store: a.store, Flight: a.store, Clock: a.store.Clock(), Check: checkTemplates, Render: renderOnce(brand),
		WriteTests: writeTests(brand, a.composer.Compose), Play: simulateVersion(brand), Library: shipped(), LookAt: lookAt(brand), Door: c.Identity.door()}
	a.control.Brand, a.control.Sender = brand, c.senderInfo()
	a.control.TakeFile = func(ctx context.Context, by journey.Actor, u journey.ImportUpload, file io.Reader) (journey.Import, error) {
		return intake.Take(ctx, a.store, by, u, file)
	}
	if a.control.ShowSurvey, err = api.ShowSurvey(brand); err != nil {
		return nil, err
	}
	if !c.Sandbox {
		a.control.LookUp = func(ctx context.Context) []journey.MailFinding {
			return smtp.ExamineDomain(ctx, c.sender(a.composer.Signer), net.DefaultResolver.LookupTXT)
		}
	}
	temporal.Logger = sdklog.NewStructuredLogger(slog.New(calmEnd{log.Handler(), a.stopping}))
	if a.temporal, err = client.NewLazyClient(temporal); err != nil {
		return nil, fmt.Errorf("reading the address of Temporal: %w", err)
	}
	return a, nil
}

// locate holds all mail where the installation turns out to be a copy. One that sends to its own inbox reaches nobody: it may be one.
func (a *app) locate(ctx context.Context) error {
	if a.config.Sandbox {
		return nil
	}
	held, err := a.store.Locate(ctx, a.config.PublicURL)
	if held != "" {
		a.log.Error("HELD: nothing is sent until an admin releases it with PUT /api/switch {\"held\": false}", "why", held)
	}
	return err
}

func (a *app) close() {
	if a.temporal != nil {
		a.temporal.Close()
	}
	if a.store != nil {
		a.store.Close()
	}
}

// run plays the roles of the process until ctx ends, and lets each finish what it has begun.
func (a *app) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { close(a.stopping) })()
	group, ctx := errgroup.WithContext(ctx)
	if a.config.has("api") {
		group.Go(func() error { return a.serveHTTP(ctx) })
	}
	group.Go(func() error { return a.runInbox(ctx) })
	group.Go(func() error { return (&intake.ImportRunner{Imports: a.store, Log: a.log}).Run(ctx) })
	group.Go(func() error { return (&intake.ReportRunner{Reports: a.store, Log: a.log}).Run(ctx) })
	group.Go(func() error { return a.upkeep(ctx) })
	group.Go(func() error { return a.watch(ctx) })
	group.Go(func() error { return a.gatherCounts(ctx) })
	for _, moments := range []func(context.Context) error{a.expire, a.goOn, a.escalate} {
		group.Go(func() error { return moments(ctx) })
	}
	group.Go(func() error { a.control.FinishErasures(ctx, a.log); return nil })
	if a.config.has("worker") || a.config.has("sender") {
		group.Go(func() error { return a.work(ctx) })
	}
	for _, url := range []string{a.config.Mail.MailboxURL, a.config.Mail.ReplyBoxURL} {
		if a.config.has("sender") && url != "" {
			group.Go(func() error { return a.watchMailbox(ctx, url) })
		}
	}
	return group.Wait()
}

// runInbox applies accepted events; every role does, because a lock in Postgres lets one at a time.
func (a *app) runInbox(ctx context.Context) error {
	r := intake.Runner{Inbox: a.store, Wall: a.store.Clock().Wall, Log: a.log}
	return r.Run(ctx)
}

// serveHTTP serves API, public links and console until ctx ends; requests under way get ten seconds.
func (a *app) serveHTTP(ctx context.Context) error {
	pages, err := a.pages()
	if err != nil {
		return err
	}
	handler, err := api.New(api.Deps{
		Control: a.control, Read: a.store, Clock: a.store.Clock(), Tokens: a.tokens, Brand: a.config.brand(), Log: a.log,
		Ready: a.store.Ping, Metrics: a.metrics,
		Hooks: a.config.Mail.hooks(), Rest: pages,
	})
	if err != nil {
		return err
	}
	if a.front == nil {
		if a.front, err = openFront(ctx, a.config.Listen, a.log); err != nil {
			return err
		}
	}
	a.front.show(handler)
	return a.front.serve(ctx)
}

// pages is the console.
func (a *app) pages() (http.Handler, error) {
	d := console.Deps{Control: a.control, Read: a.store, Clock: a.store.Clock(), Brand: a.config.brand(), Log: a.log, Proxies: a.config.proxies()}
	provider, err := a.config.provider(a.log)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		d.Provider = provider
	}
	return console.New(d)
}

// awaitReady waits until our own page answers.
func (a *app) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.config.Listen+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("the server does not answer on " + a.config.Listen)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// checkTemplates is what publish and PUT check beside the journey itself.
func checkTemplates(def *journey.Definition, files map[string]string) journey.Problems {
	_, problems := templates.Compile(def, files)
	return problems
}

// mailDomain is the right side of our Message-IDs: that of the sender.
func mailDomain(from string) string {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return ""
	}
	return address.Address[strings.LastIndexByte(address.Address, '@')+1:]
}

// calmEnd leaves out the warnings with which Temporal's SDK accompanies its own stopping: nothing is wrong then.
type calmEnd struct {
	slog.Handler
	stopping <-chan struct{}
}

// Enabled says whether a record of that level is written.
func (h calmEnd) Enabled(ctx context.Context, level slog.Level) bool {
	select {
	case <-h.stopping:
		return level >= slog.LevelError
	default:
		return h.Handler.Enabled(ctx, level)
	}
}

// WithAttrs keeps the rule for loggers made from this one.
func (h calmEnd) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calmEnd{h.Handler.WithAttrs(attrs), h.stopping}
}

// WithGroup keeps it too.
func (h calmEnd) WithGroup(name string) slog.Handler {
	return calmEnd{h.Handler.WithGroup(name), h.stopping}
}
