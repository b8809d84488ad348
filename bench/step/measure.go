package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
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

// settle is how long sessions of Postgres may keep their counters to themselves.
const settle = 1200 * time.Millisecond

func measure(ctx context.Context, e *engine, l load) (c cost, err error) {
	if err := l.prepare(ctx); err != nil {
		return c, err
	}
	wait(ctx, settle)
	before, err := read(ctx, e, l)
	if err != nil {
		return c, err
	}
	begun := time.Now()
	if err := l.run(ctx); err != nil {
		return c, err
	}
	c.took = time.Since(begun)
	wait(ctx, settle)
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
func read(ctx context.Context, e *engine, l load) (c cost, err error) {
	if c.server, c.postgres, err = e.cpu(); err != nil {
		return c, err
	}
	self, _ := readProcess(filepath.Join("/proc", strconv.Itoa(os.Getpid()), "stat"))
	c.worker = self.own
	conn, err := pgx.Connect(ctx, e.DatabaseURL)
	if err != nil {
		return c, err
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint`).Scan(&c.wal); err != nil {
		return c, err
	}
	if l.commits == "" {
		return c, nil
	}
	config, err := pgx.ParseConfig(l.commits)
	if err != nil {
		return c, err
	}
	err = conn.QueryRow(ctx, `SELECT xact_commit FROM pg_stat_database WHERE datname = $1`, config.Database).Scan(&c.commits)
	return c, err
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
