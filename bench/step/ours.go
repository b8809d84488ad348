package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"perennial/activities"
	"perennial/bench/rig"
	"perennial/intake"
	"perennial/journey"
	"perennial/mail"
	"perennial/store"
	"perennial/templates"
	"perennial/workflows"
)

// poolSize is the number of connections of each store, and the slots of each worker.
const poolSize = 8

// day is one rest of the journey, in product time: the store's speed makes it as long as the others' rests.
const day = 24 * time.Hour

// ours is Perennial: a store on a database of its own, relay and worker, and a sender where mail goes out.
type ours struct {
	client  client.Client
	queues  workflows.Queues
	store   *store.Store
	db      *pgxpool.Pool // for looking on
	url     string
	sender  *activities.Sender // nil: mail stays in the ledger
	number  int                // of customers so far
	started []string           // enrollments of this round
}

func openOurs(ctx context.Context, e *rig.Engine, c client.Client, o options, name string, sends bool) (_ *ours, err error) {
	u := &ours{client: c, queues: workflows.Queues{Enrollment: name, Delivery: name + "-delivery"}}
	if u.url, err = e.MakeDatabase(ctx, name); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, u.url, io.Discard); err != nil {
		return nil, err
	}
	u.store, err = store.Open(ctx, u.url, store.Options{Wall: time.Now, MaxConns: poolSize, Speed: float64(day) / float64(o.rest)})
	if err != nil {
		return nil, err
	}
	if u.db, err = pgxpool.New(ctx, u.url); err != nil {
		return nil, err
	}
	if err := u.publish(ctx, o.rests); err != nil {
		return nil, err
	}
	if sends {
		u.sender, err = newSender(ctx, u.store, e.SMTPURL)
	}
	return u, err
}

// letter is a short mail as a shop sends them.
const letter = `---
subject: Thank you{{ if customer.first_name }}, {{ customer.first_name }}{{ end }}
---
<p>Hello {{ customer.first_name | default "there" }},</p>
<p>thank you for being with us. There is nothing to do; this is a step of a benchmark.</p>
<p><a href="https://example.com/shop">Our shop</a></p>
`

func (u *ours) publish(ctx context.Context, rests int) error {
	source := "journey: steps\nname: Steps\ntopic: transactional\nenter: { when: api }\nsteps:\n" +
		strings.Repeat("  - wait: 1d\n  - send: { message: hello, window: any }\n", rests)
	by := journey.Actor{ID: "bench", Name: "bench", Role: journey.RoleAdmin}
	draft, err := u.store.EditDraft(ctx, "steps", by, func(d journey.Draft) (journey.Draft, error) {
		d.Name, d.Source, d.Files = "Steps", source, map[string]string{"hello.html": letter}
		return d, nil
	})
	if err != nil {
		return err
	}
	_, _, err = u.store.Publish(ctx, journey.Publication{Key: "steps", Name: "Steps", ETag: draft.ETag, By: by})
	return err
}

// load takes as many customers as the plain loads have workflows through the journey.
func (u *ours) load(name string, o options) load {
	return load{
		name:    name,
		commits: u.url,
		prepare: func(ctx context.Context) error { return u.enroll(ctx, o.workflows) },
		run:     u.run,
		count:   u.count,
	}
}

// enroll makes new customers and their enrollments; their wake-ups wait for a relay.
func (u *ours) enroll(ctx context.Context, customers int) error {
	u.started = nil
	for range customers {
		u.number++
		name := fmt.Sprintf("customer-%d", u.number)
		now := u.store.Clock().Now()
		_, err := u.store.AppendEvents(ctx, []journey.Event{{
			ID: journey.NewID(journey.PrefixEvent), MessageID: name, Kind: journey.KindIdentify, UserID: name,
			Properties: map[string]any{"email": name + "@example.com", "first_name": "Ann"}, At: now, ReceivedAt: now,
		}})
		if err != nil {
			return err
		}
	}
	for applied := 1; applied > 0; {
		var err error
		if applied, err = u.store.ApplyInbox(ctx, intake.Profile, 200); err != nil {
			return err
		}
	}
	for i := range customers {
		c, err := u.store.Customer(ctx, fmt.Sprintf("user:customer-%d", u.number-i))
		if err != nil {
			return err
		}
		e, err := u.store.Enroll(ctx, journey.EnrollRequest{JourneyKey: "steps", CustomerID: c.ID, By: "bench"})
		if err != nil {
			return err
		}
		u.started = append(u.started, e.EnrollmentID)
	}
	return nil
}

// run has worker, relay and sender for as long as it takes.
func (u *ours) run(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	workers := workflows.NewWorkers(u.client, workflows.WorkerOptions{Queues: u.queues, PoolSize: poolSize, Log: log},
		workflows.Activities{Advancer: &activities.Advancer{Store: u.store}})
	defer stopAll(workers)
	for _, w := range workers {
		if err := w.Start(); err != nil {
			return err
		}
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 2)
	relay := &workflows.Relay{Store: u.store, Client: u.client, Queues: u.queues, Log: log}
	go func() { ended <- relay.Run(working) }()
	go func() {
		if u.sender == nil {
			ended <- nil
			return
		}
		_, err := u.sender.Run(working, journey.LaneTransactional)
		ended <- err
	}()
	err := u.await(ctx)
	stop()
	return errors.Join(err, <-ended, <-ended)
}

func stopAll(workers []worker.Worker) {
	for _, w := range workers {
		w.Stop()
	}
}

// await waits until every enrollment has ended and, where mail goes out, every message was accepted.
func (u *ours) await(ctx context.Context) error {
	for ctx.Err() == nil {
		var active, unsent int
		err := u.db.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM enrollments WHERE status = 'active'),
			       (SELECT count(*) FROM messages WHERE state <> 'accepted')`).Scan(&active, &unsent)
		if err != nil {
			return err
		}
		if active == 0 && (u.sender == nil || unsent == 0) {
			return nil
		}
		rig.Wait(ctx, 200*time.Millisecond)
	}
	return ctx.Err()
}

func (u *ours) count(ctx context.Context) (steps, events int, err error) {
	for _, id := range u.started {
		n, err := length(ctx, u.client, workflows.EnrollmentID(id))
		if err != nil {
			return 0, 0, err
		}
		events += n
	}
	err = u.db.QueryRow(ctx, `SELECT sum(seq) FROM enrollments WHERE id = ANY($1)`, u.started).Scan(&steps)
	return steps, events, err
}

func (u *ours) close() {
	u.db.Close()
	u.store.Close()
}

func newSender(ctx context.Context, s *store.Store, smtpURL string) (*activities.Sender, error) {
	settings, err := s.Settings(ctx)
	if err != nil {
		return nil, err
	}
	relay, err := mail.NewRelay(smtpURL, mail.RelayOptions{})
	if err != nil {
		return nil, err
	}
	brand := rig.Brand()
	return &activities.Sender{
		Ledger: s, Clock: s.Clock(), Compose: mail.Compose, Brand: brand, Tokens: journey.Tokens{Key: settings.TokenKey},
		Compile: func(v journey.Version) (activities.Templates, error) { return templates.CompileVersion(v, brand) },
		Dial: func(ctx context.Context) (activities.Wire, error) {
			conn, err := relay.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return conn, nil
		},
		Sandbox: true, Log: slog.New(slog.DiscardHandler),
	}, nil
}
