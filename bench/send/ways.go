package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"os"
	"time"

	gomail "github.com/wneessen/go-mail"

	"perennial/bench/rig"
	"perennial/journey"
)

// Kinds of ways.
const (
	kindLedger = "ledger"
	kindGoMail = "go-mail"
	kindLimit  = "limit"
)

// way is one way to send so many messages.
type way struct {
	name, kind string
	signed     bool
	messages   int
	prepare    func(ctx context.Context, messages int) (ids []string, err error) // not measured
	send       func(ctx context.Context, ids []string) error                     // returns when every message was answered
}

func openWays(ctx context.Context, e *rig.Engine, to *relay, o options) (_ []way, _ *ledger, err error) {
	letter, message, err := sample()
	if err != nil {
		return nil, nil, fmt.Errorf("rendering the sample: %w", err)
	}
	limit, err := newRaw(to.address, o.slots, message)
	if err != nil {
		return nil, nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	signer, err := newSigner(key)
	if err != nil {
		return nil, nil, err
	}
	l, err := openLedger(ctx, e, to.address, o.slots)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the ledger: %w", err)
	}
	single := &byGoMail{address: to.address, letter: letter}
	signed := &byGoMail{address: to.address, letter: letter, signer: gomail.NewDKIMSigner("example.com", "bench", key)}
	ways := []way{
		{"Perennial", kindLedger, false, o.messages, l.seed, l.send},
		{"go-mail, one connection", kindGoMail, false, o.messages, newIDs, single.send},
		{fmt.Sprintf("raw, %d connections (limit)", limit.connections), kindLimit, false, o.messages, newIDs, limit.send},
	}
	if o.signed > 0 {
		ways = append(ways,
			way{"Perennial, RSA-2048", kindLedger, true, o.signed, l.seed, func(ctx context.Context, ids []string) error {
				l.signer = signer
				defer func() { l.signer = nil }()
				return l.send(ctx, ids)
			}},
			way{"go-mail, RSA-2048", kindGoMail, true, o.signed, newIDs, signed.send})
	}
	return ways, l, nil
}

// newIDs makes Message-IDs for those who have no ledger.
func newIDs(_ context.Context, messages int) ([]string, error) {
	ids := make([]string, messages)
	for i := range ids {
		ids[i] = journey.NewID(journey.PrefixMessage) + "@bench.example"
	}
	return ids, nil
}

// bench is a run.
type bench struct {
	engine   *rig.Engine
	relay    *relay
	ledger   *ledger
	out      io.Writer
	profiled func(do func() error) error // nil: no profile
}

func (b *bench) run(ctx context.Context, ways []way, rounds int) ([]cost, error) {
	totals := make([]cost, len(ways))
	for round := range rounds {
		for i, w := range ways {
			messages := w.messages/rounds + min(1, max(0, w.messages%rounds-round))
			c, err := b.measure(ctx, w, messages)
			if err != nil {
				return nil, fmt.Errorf("measuring %q: %w", w.name, err)
			}
			totals[i].add(c)
			fmt.Fprintf(b.out, "round %d: %-30s %6d messages in %5.1f s: %6.0f/s\n", round+1, w.name, c.messages, c.took.Seconds(),
				float64(c.messages)/c.took.Seconds())
		}
	}
	return totals, nil
}

func (b *bench) measure(ctx context.Context, w way, messages int) (c cost, err error) {
	ids, err := w.prepare(ctx, messages)
	if err != nil {
		return c, err
	}
	rig.Wait(ctx, rig.Settle)
	before, err := b.read(ctx)
	if err != nil {
		return c, err
	}
	begun := time.Now()
	send := func() error { return w.send(ctx, ids) }
	if b.profiled != nil && w.kind == kindLedger && !w.signed {
		err = b.profiled(send)
	} else {
		err = send()
	}
	if err != nil {
		return c, err
	}
	c.took = time.Since(begun)
	rig.Wait(ctx, rig.Settle)
	after, err := b.read(ctx)
	if err != nil {
		return c, err
	}
	c.messages, c.commits, c.wal = messages, after.commits-before.commits, after.wal-before.wal
	c.client, c.postgres, c.sink = after.client-before.client, after.postgres-before.postgres, after.sink-before.sink
	arrived, err := b.relay.taken()
	c.lost, c.twice, c.strange = audit(ids, arrived)
	return c, err
}

// read takes every counter as it stands.
func (b *bench) read(ctx context.Context) (c cost, err error) {
	if _, c.postgres, err = b.engine.CPU(); err != nil {
		return c, err
	}
	c.client, c.sink = rig.CPU(os.Getpid()), rig.CPU(b.relay.cmd.Process.Pid)
	counters, err := b.engine.ReadCounters(ctx, b.ledger.url)
	c.commits, c.wal = counters.Commits, counters.WAL
	return c, err
}
