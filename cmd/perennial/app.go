package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/serviceerror"
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
	group.Go(func() error { return a.watchPools(ctx) })
	group.Go(func() error { return a.expire(ctx) })
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

// seeTime lets product time run where it does not run as fast as the wall's, for as long as everything is there: the database,
// Temporal, and we. Otherwise it stands still: at a day per second, a restart of Postgres would else be a week that nobody lived.
func (a *app) seeTime(ctx context.Context) error {
	const every, ahead = 100 * time.Millisecond, 400 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if a.drives(ctx, ahead) {
			_ = a.store.SeeTime(ctx, ahead) // a database that is away says so elsewhere; the next tick tries again
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// drives says whether Temporal answers for workflows, and not only at its door: after a restart it takes its shards back one by
// one.
func (a *app) drives(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for _, lane := range journey.Lanes() {
		if _, err := a.temporal.DescribeWorkflowExecution(ctx, workflows.DeliveryID(lane), ""); err != nil {
			return false
		}
	}
	return true
}

// keepBytes is how long the bytes of a mail are kept; then only their hash is.
const keepBytes = 30 * 24 * time.Hour

// upkeep forgets, now and every hour, what need not be kept any longer.
func (a *app) upkeep(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		_, err := a.store.ForgetBytes(ctx, a.store.Clock().Wall().Add(-keepBytes))
		if err = errors.Join(err, a.store.Upkeep(ctx)); err != nil && ctx.Err() == nil {
			a.log.Warn("upkeep did not come to its end; it tries again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watch goes on with what a process that died has begun and left, and watches over audiences, ramps and tasks that are due.
func (a *app) watch(ctx context.Context) error {
	const every = 5 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	said := map[string]journey.ApprovalState{}
	for {
		news, err := a.store.WatchAudiences(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("audiences and ramps are not watched; trying again", "in", every, "error", err)
		}
		for _, n := range news {
			if said[n.ID] != n.State {
				said[n.ID] = n.State
				a.log.Error("a person must decide: see GET /api/approvals", "journey", n.Journey, "why", n.Words)
			}
		}
		if _, err = a.control.Escalate(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("teams are not told of overdue tasks; trying again", "in", every, "error", err)
		}
		if err = a.store.FinishResumes(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("what a pause held is not all awake yet; trying again", "in", every, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watchPools tells teams of pools of coupons that run out.
func (a *app) watchPools(ctx context.Context) error {
	const every = 30 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := a.control.WatchPools(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("teams are not told of pools that run out; trying again", "in", every, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// expire ends coupons at the moment at which their time is over.
func (a *app) expire(ctx context.Context) error {
	const batch, most = 200, time.Second
	for {
		n, next, err := a.store.ExpireCoupons(ctx, batch)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("coupons whose time is over are not told of; trying again", "error", err)
		}
		rest := most // what was given meanwhile may end before the one that was next
		if wait := next.Sub(a.store.Clock().Wall()); err == nil && !next.IsZero() && wait < rest {
			rest = max(wait, time.Millisecond)
		}
		if err == nil && n == batch {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(rest):
		}
	}
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

// work drives enrollments, scans and sends, as the roles say, until ctx ends. Temporal may be away when it begins and at any
// time later: events are accepted meanwhile, and wake-ups queue up.
func (a *app) work(ctx context.Context) error {
	if err := a.awaitTemporal(ctx); err != nil {
		return err
	}
	if err := a.insist(ctx, func() error { return a.recognize(ctx) }); err != nil {
		return err
	}
	if err := a.dropDeadLanes(ctx); err != nil {
		return err
	}
	parts := workflows.Activities{}
	if a.config.has("worker") {
		parts.Advancer = &activities.Advancer{Store: a.store}
		parts.Scanner = &activities.Scanner{Store: a.store}
		parts.Reconciler = a.reconciler()
		parts.Migrator = &activities.Migrator{Store: a.store}
	}
	if a.config.has("sender") {
		parts.Sender = a.sender()
		parts.Caller = a.caller()
	}
	stopCarrying := a.carry(ctx)
	defer stopCarrying()
	workers := workflows.NewWorkers(a.temporal, workflows.WorkerOptions{
		Queues: a.queues, PoolSize: int(a.config.DatabaseMax) / 2, Log: a.log,
	}, parts)
	for i, w := range workers {
		if err := w.Start(); err != nil {
			for _, begun := range workers[:i] {
				begun.Stop()
			}
			return fmt.Errorf("starting a worker: %w", err)
		}
	}
	err := a.runRelay(ctx)
	for _, w := range workers {
		w.Stop()
	}
	if parts.Sender != nil {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, parts.Sender.Shutdown(drain))
	}
	return err
}

// dropDeadLanes ends the lanes that a process which was killed has left at work, where we are the only one: Temporal would notice
// its death after ten seconds, and those are ten days of the demo.
func (a *app) dropDeadLanes(ctx context.Context) error {
	if !a.config.Alone {
		return nil
	}
	return a.insist(ctx, func() error {
		for _, lane := range journey.Lanes() {
			var gone *serviceerror.NotFound
			err := a.temporal.TerminateWorkflow(ctx, workflows.DeliveryID(lane), "", "the installation starts anew")
			if err != nil && !errors.As(err, &gone) {
				return fmt.Errorf("ending the lane %s: %w", lane, err)
			}
		}
		return nil
	})
}

// runRelay sees to it that the lanes and the scan are there, and carries wake-ups until ctx ends.
func (a *app) runRelay(ctx context.Context) error {
	if a.config.has("sender") {
		if err := a.insist(ctx, func() error { return workflows.EnsureDelivery(ctx, a.temporal, a.queues, journey.Lanes()) }); err != nil {
			return err
		}
	}
	if !a.config.has("worker") {
		<-ctx.Done()
		return nil
	}
	err := a.insist(ctx, func() error {
		return workflows.EnsureSchedules(ctx, a.temporal, a.queues, a.store.Clock().Speed())
	})
	if err != nil {
		return err
	}
	relay := workflows.Relay{Store: a.store, Client: a.temporal, Queues: a.queues, Log: a.log, Recognize: a.recognize}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return relay.Run(ctx) })
	migrations := workflows.Migrations{Store: a.store, Client: a.temporal, Queues: a.queues, Log: a.log}
	group.Go(func() error { return migrations.Run(ctx) })
	if a.config.Alone && a.store.Clock().Speed() != 1 {
		group.Go(func() error { return a.seeTime(ctx) })
	}
	return group.Wait()
}

func (a *app) caller() *activities.Caller {
	return &activities.Caller{Store: a.store, Post: a.outside.Post, Secret: a.secret}
}

// secret is that of an endpoint which names a variable of the environment.
func (a *app) secret(variable string) string { return a.config.WebhookSecrets[variable] }

// carry lets a courier of this process run, where it sends; the returned function waits for its end.
func (a *app) carry(ctx context.Context) (stop func()) {
	if !a.config.has("sender") {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	courier := &activities.Courier{
		Outbox: a.store, Post: a.outside.Post, Dial: a.dial, Compose: a.composer.Compose, Brand: a.config.brand(), Clock: a.store.Clock(),
		Sandbox: a.config.Sandbox, Log: a.log,
	}
	go func() { defer close(ended); _ = courier.Run(ctx) }() // it ends with ctx, and without an error
	return func() { cancel(); <-ended }
}

// dial opens a connection to the relay.
func (a *app) dial(ctx context.Context) (activities.Wire, error) {
	conn, err := a.relay.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (a *app) sender() *activities.Sender {
	return &activities.Sender{
		Ledger: a.store, Clock: a.store.Clock(), Compile: compileTemplates(a.config.brand()), Compose: a.composer.Compose,
		Dial: a.dial, Hand: a.outside.Hand, Secret: a.secret,
		Brand: a.config.brand(), Tokens: a.tokens, Sandbox: a.config.Sandbox, Log: a.log, Slots: a.config.Senders, Tide: a.store.Tide, Shut: a.store.NoteBreaker, Closed: a.store.TakeClosed,
		Rate: a.rate, DomainRates: a.domainRates, BounceDomain: a.config.Mail.BounceDomain,
	}
}

// awaitTemporal waits until Temporal answers for our namespace.
func (a *app) awaitTemporal(ctx context.Context) error {
	return a.insist(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := a.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err
	})
}

// insist does it until it works or ctx ends, a little less often each time.
func (a *app) insist(ctx context.Context, do func() error) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			a.log.Warn("Temporal does not answer; trying again", "in", wait, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
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
