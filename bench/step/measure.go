package main

import (
	"context"
	"os"
	"time"

	"perennial/bench/rig"
)

// load is one way to take steps.
type load struct {
	name    string
	prepare func(ctx context.Context) error // what is not measured
	run     func(ctx context.Context) error // returns when every workflow has ended and every mail is out
	count   func(ctx context.Context) (steps, events int, err error)
	commits string // URL of the database whose commits are ours; "" none are
}

// cost is what a load took. CPU is in milliseconds.
type cost struct {
	steps, events, commits   int
	wal                      int64
	server, worker, postgres float64
	took                     time.Duration
}

func (c *cost) add(d cost) {
	c.steps, c.events, c.commits, c.wal = c.steps+d.steps, c.events+d.events, c.commits+d.commits, c.wal+d.wal
	c.server, c.worker, c.postgres, c.took = c.server+d.server, c.worker+d.worker, c.postgres+d.postgres, c.took+d.took
}

func (c *cost) cpu() float64 { return c.server + c.worker + c.postgres }

func (c *cost) perStep(total float64) float64 { return total / float64(max(1, c.steps)) }

func measure(ctx context.Context, e *rig.Engine, l load) (c cost, err error) {
	if err := l.prepare(ctx); err != nil {
		return c, err
	}
	rig.Wait(ctx, rig.Settle)
	before, err := read(ctx, e, l)
	if err != nil {
		return c, err
	}
	begun := time.Now()
	if err := l.run(ctx); err != nil {
		return c, err
	}
	c.took = time.Since(begun)
	rig.Wait(ctx, rig.Settle)
	after, err := read(ctx, e, l)
	if err != nil {
		return c, err
	}
	c.server, c.worker, c.postgres = after.server-before.server, after.worker-before.worker, after.postgres-before.postgres
	c.commits, c.wal = after.commits-before.commits, after.wal-before.wal
	c.steps, c.events, err = l.count(ctx)
	return c, err
}

// read takes every counter as it stands.
func read(ctx context.Context, e *rig.Engine, l load) (c cost, err error) {
	if c.server, c.postgres, err = e.CPU(); err != nil {
		return c, err
	}
	c.worker = rig.CPU(os.Getpid())
	counters, err := e.ReadCounters(ctx, l.commits)
	c.wal, c.commits = counters.WAL, counters.Commits
	return c, err
}
