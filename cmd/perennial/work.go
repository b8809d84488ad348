package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"perennial/activities"
	"perennial/journey"
	"perennial/workflows"
)

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
	var stopping sync.WaitGroup // side by side: each waits up to ten seconds for what it has begun
	for _, w := range workers {
		stopping.Go(w.Stop)
	}
	stopping.Wait()
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
