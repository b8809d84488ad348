package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"mime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"perennial/activities"
	"perennial/control"
	"perennial/intake"
	"perennial/journey"
	smtp "perennial/mail"
	"perennial/mailtest"
	"perennial/simulate"
	"perennial/store"
	"perennial/templates"
	"perennial/testenv"
	"perennial/workflows"
)

// A scenario of each journey that ships, played for real: Temporal skips the time, Postgres decides, SMTP takes the mail. What comes
// of it is what the simulator says.
func TestTheSimulatorTellsTheTruth(t *testing.T) {
	t.Parallel()
	for key, scenario := range map[string]string{ // scenarios in which nothing happens after the start
		"onboarding": "never-orders", "post-purchase": "lost-parcel", "win-back": "silent", "graceful-exit": "no-answer",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			played := newPlayed(t, key, scenario)
			real := played.play()
			expected, err := simulate.Run(played.def, played.set, played.persona, played.scenario.Script,
				simulate.Options{Brand: played.config.brand(), Profile: intake.Profile})
			require.NoError(t, err)
			assert.Equal(t, expected.Lines(), real.Lines())
			assert.GreaterOrEqual(t, len(real.Lines()), 5)
			var subjects []string
			for _, m := range expected.Mails {
				subjects = append(subjects, m.Mail.Subject)
			}
			assert.Equal(t, subjects, played.subjects())
			t.Logf("%s\n%s", played.scenario.Name, real)
		})
	}
}

// played is an installation whose clock is the test's: it stands still unless the test, or a timer that Temporal has skipped to,
// moves it.
type played struct {
	*app
	t        *testing.T
	sql      *pgxpool.Pool
	relay    *mailtest.Server
	clock    *skippedClock
	refused  atomic.Value // the error of a start, a string
	def      *journey.Definition
	set      *templates.Set
	scenario simulate.Scenario
	persona  simulate.Persona
}

type skippedClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *skippedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *skippedClock) reach(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at) {
		c.at = t
	}
}

func newPlayed(t *testing.T, key, scenario string) *played {
	t.Helper()
	p := &played{t: t, relay: mailtest.NewServer(t)}
	p.read(key, scenario)
	p.clock = &skippedClock{at: p.scenario.Script.Start}
	url := testenv.Database(t)
	c, err := readConfig(map[string]string{"PUBLIC_URL": "https://mail.oakandlinen.example", "SMTP_URL": p.relay.URL(), "DATABASE_URL": url,
		"MAIL_FROM": "Mara from Oak & Linen <mara@oakandlinen.example>", "POSTAL_ADDRESS": "Oak & Linen, 12 Mill Lane, Bath"})
	require.NoError(t, err)
	require.Empty(t, c.faults())
	s, err := store.Open(t.Context(), url, store.Options{Wall: p.clock.now, MailDomain: "oakandlinen.example"})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	settings, err := s.Settings(t.Context())
	require.NoError(t, err)
	relay, err := smtp.NewRelay(c.SMTPURL, smtp.RelayOptions{})
	require.NoError(t, err)
	composer, err := c.composer()
	require.NoError(t, err)
	p.app = &app{config: c, log: slog.New(slog.DiscardHandler), store: s, relay: relay, composer: composer,
		tokens:  journey.Tokens{Key: settings.TokenKey},
		control: &control.Control{Store: s, Flight: s, Clock: s.Clock(), Check: checkTemplates}}
	require.NoError(t, p.publishLibrary(t.Context(), templates.Sequences()))
	for _, other := range templates.Sequences() { // the simulator plays one journey: what she does must not bring her into others
		if other != key {
			require.NoError(t, p.control.Archive(t.Context(), itself, other))
		}
	}
	p.sql, err = pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(p.sql.Close)
	_, err = p.sql.Exec(t.Context(), `UPDATE settings SET live = true`)
	require.NoError(t, err)
	p.run()
	return p
}

// read loads journey and scenario, and moves the scenario by whole weeks so that it lies ahead: what Temporal skips to is later
// than the clock on the wall.
func (p *played) read(key, name string) {
	p.t.Helper()
	files, err := templates.Load(templates.Embedded(), key)
	require.NoError(p.t, err)
	var problems journey.Problems
	p.def, problems = journey.Parse(journeyFile, []byte(files[journeyFile]))
	require.Empty(p.t, problems.Errors())
	p.set, problems = templates.Compile(p.def, files)
	require.Empty(p.t, problems.Errors())
	scenarios, err := simulate.LoadScenarios(templates.Embedded(), key)
	require.NoError(p.t, err)
	for _, s := range scenarios {
		if s.File == name+".yaml" {
			p.scenario = s
		}
	}
	require.NotEmpty(p.t, p.scenario.Name, "scenario %s", name)
	script := &p.scenario.Script
	ahead := time.Duration(0)
	for !script.Start.Add(ahead).After(time.Now()) {
		ahead += 7 * journey.Day
	}
	script.Start = script.Start.Add(ahead)
	for _, h := range script.Happenings {
		require.Zero(p.t, h.At, "what happens later than the start has nobody here to let it happen")
		for property, v := range h.Properties {
			text, _ := v.(string)
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				h.Properties[property] = at.Add(ahead).Format(time.RFC3339)
			}
		}
	}
}

// run starts the senders, the relay and a worker; time is skipped in the executions that the relay starts.
func (p *played) run() {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	var all sync.WaitGroup
	sender := p.sender()
	for _, lane := range journey.Lanes() {
		all.Go(func() { _, _ = sender.Run(ctx, lane) })
	}
	e := testenv.TheEngine(p.t)
	c, err := client.Dial(client.Options{HostPort: e.TemporalAddress, Namespace: e.TemporalNamespace,
		Logger: sdklog.NewStructuredLogger(p.log), ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(p.skipTime)}}})
	require.NoError(p.t, err)
	p.t.Cleanup(c.Close)
	queues := workflows.Queues{Enrollment: journey.NewID("skip-")}
	queues.Delivery = queues.Enrollment + "-delivery"
	for _, w := range workflows.NewWorkers(c, workflows.WorkerOptions{Queues: queues, PoolSize: 4, Log: p.log},
		workflows.Activities{Advancer: &activities.Advancer{Store: p}}) {
		require.NoError(p.t, w.Start())
		p.t.Cleanup(w.Stop)
	}
	relay := &workflows.Relay{Store: p.store, Client: c, Queues: queues, Log: p.log}
	all.Go(func() { _ = relay.Run(ctx) })
	p.t.Cleanup(func() { stop(); all.Wait() })
}

// skipTime asks for skipped time wherever an execution is started: the SDK has no option for it.
func (p *played) skipTime(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	start, is := req.(*workflowservice.StartWorkflowExecutionRequest)
	if !is {
		return call(ctx, method, req, reply, cc, opts...)
	}
	start.TimeSkippingConfig = &commonpb.TimeSkippingConfig{Enabled: true}
	err := call(ctx, method, req, reply, cc, opts...)
	if err != nil && status.Code(err) == codes.InvalidArgument {
		p.refused.Store(err.Error())
	}
	return err
}

// Advance is the store's. A timer takes the clock along to its moment, and nothing goes on before the mail has gone out, as it does
// at once in the simulator.
func (p *played) Advance(ctx context.Context, id string, seq int64, cause journey.Cause) (journey.Directive, error) {
	if cause == journey.CauseTimer {
		var due *time.Time
		if err := p.sql.QueryRow(ctx, `SELECT due_at FROM enrollments WHERE id = $1 AND seq = $2`, id, seq-1).Scan(&due); err == nil && due != nil {
			p.clock.reach(*due)
		}
	}
	d, err := p.store.Advance(ctx, id, seq, cause)
	if err != nil {
		return d, err
	}
	for {
		var owed int
		if err := p.sql.QueryRow(ctx, `SELECT count(*) FROM messages WHERE state IN ('queued', 'claimed', 'at_dot')`).Scan(&owed); err != nil {
			return d, err
		}
		if owed == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	_, err = p.store.ApplyInbox(context.WithoutCancel(ctx), intake.Profile, 500)
	return d, err
}

// play lets happen what the scenario says, and waits for the end of the enrollment.
func (p *played) play() simulate.Timeline {
	p.t.Helper()
	traits := map[string]any{"email": "nora@example.net", "first_name": p.scenario.Persona.Customer.FirstName,
		"timezone": p.scenario.Persona.Customer.Timezone, "topics": map[string]any{p.def.Topic: true}}
	p.append(journey.KindIdentify, "", traits)
	customer, err := p.store.Customer(p.t.Context(), "user:nora")
	require.NoError(p.t, err)
	p.persona = p.scenario.Persona.Agreed(p.def)
	p.persona.Customer.ID = customer.ID // splits are drawn from it
	for _, h := range p.scenario.Script.Happenings {
		p.append(journey.KindTrack, h.Event, h.Properties)
	}
	if quiet := p.def.Enter.Inactive; quiet != nil {
		p.clock.reach(p.scenario.Script.Start.Add(quiet.For))
		_, err := p.store.ScanInactive(p.t.Context(), 100)
		require.NoError(p.t, err)
	}
	testenv.Eventually(p.t, 2*time.Minute, func() bool {
		var ended bool
		err := p.sql.QueryRow(p.t.Context(), `
			SELECT count(*) > 0 AND bool_and(status = 'ended') AND NOT EXISTS (SELECT FROM messages WHERE state IN ('queued', 'claimed', 'at_dot'))
			FROM enrollments WHERE journey_key = $1`, p.def.Key).Scan(&ended)
		require.NoError(p.t, err)
		require.Nil(p.t, p.refused.Load(), "Temporal skips no time: this engine was started without --time-skipping; make engine-down engine-up")
		return ended
	}, "the end of %s", p.def.Key)
	return p.timeline()
}

func (p *played) append(kind, name string, properties map[string]any) {
	p.t.Helper()
	now := p.store.Clock().Now()
	_, err := p.store.AppendEvents(p.t.Context(), []journey.Event{{ID: journey.NewID(journey.PrefixEvent), MessageID: journey.NewID("test-"),
		Kind: kind, Name: name, UserID: "nora", Properties: properties, At: now, ReceivedAt: now}})
	require.NoError(p.t, err)
	_, err = p.store.ApplyInbox(p.t.Context(), intake.Profile, 100)
	require.NoError(p.t, err)
}

// timeline reads the step log.
func (p *played) timeline() simulate.Timeline {
	p.t.Helper()
	zone, err := time.LoadLocation(p.scenario.Persona.Customer.Timezone)
	require.NoError(p.t, err)
	out := simulate.Timeline{Start: p.scenario.Script.Start, Zone: zone}
	rows, err := p.sql.Query(p.t.Context(), `
		SELECT l.enrollment_id, l.at, l.step, l.what, l.detail FROM step_log l JOIN enrollments e ON e.id = l.enrollment_id
		WHERE e.journey_key = $1 ORDER BY l.id`, p.def.Key)
	require.NoError(p.t, err)
	for rows.Next() {
		var e simulate.Entry
		var detail []byte
		require.NoError(p.t, rows.Scan(&e.Enrollment, &e.At, &e.Log.Step, &e.Log.What, &detail))
		require.NoError(p.t, json.Unmarshal(detail, &e.Log.Detail))
		e.Log.At = e.At
		out.Entries = append(out.Entries, e)
	}
	require.NoError(p.t, rows.Err())
	return out
}

// subjects are those of the mails that the relay took, in order.
func (p *played) subjects() (out []string) {
	p.t.Helper()
	for _, m := range p.relay.Messages() {
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header(p.t).Get("Subject"))
		require.NoError(p.t, err)
		out = append(out, subject)
	}
	return out
}
