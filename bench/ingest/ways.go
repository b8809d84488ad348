package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"perennial/api"
	"perennial/bench/rig"
	"perennial/control"
	"perennial/journey"
	"perennial/store"
)

// way is one way to make events durable. Put makes n of them so, numbered from first, and returns once they are.
type way struct {
	name     string
	database string
	single   bool // one commit, or one request, each
	put      func(ctx context.Context, first, n int) error
}

type result struct {
	events, commits int
	took            time.Duration
	wal             int64
	cpu             float64 // ms of this process, callers included, and of Postgres
}

func (r result) rate() float64 { return float64(r.events) / r.took.Seconds() }

func (r *result) add(o result) {
	r.events, r.commits, r.took, r.wal = r.events+o.events, r.commits+o.commits, r.took+o.took, r.wal+o.wal
	r.cpu += o.cpu
}

// numbers keeps the events of all ways apart.
var numbers atomic.Int64

func measure(ctx context.Context, e *rig.Engine, w way, n int) (result, error) {
	before, err := e.ReadCounters(ctx, w.database)
	if err != nil {
		return result{}, err
	}
	first := int(numbers.Add(int64(n))) - n
	there, err := count(ctx, w.database)
	if err != nil {
		return result{}, err
	}
	cpu, err := computed(e)
	if err != nil {
		return result{}, err
	}
	begun := time.Now()
	if err := w.put(ctx, first, n); err != nil {
		return result{}, err
	}
	took := time.Since(begun)
	cpuAfter, err := computed(e)
	if err != nil {
		return result{}, err
	}
	now, err := count(ctx, w.database)
	if err != nil {
		return result{}, err
	}
	if now-there != n {
		return result{}, fmt.Errorf("%d events are there, of %d", now-there, n)
	}
	rig.Wait(ctx, rig.Settle)
	after, err := e.ReadCounters(ctx, w.database)
	return result{events: n, took: took, commits: after.Commits - before.Commits, wal: after.WAL - before.WAL, cpu: cpuAfter - cpu}, err
}

// computed is the processor time of this process and of Postgres since they began, in milliseconds.
func computed(e *rig.Engine) (float64, error) {
	_, postgres, err := e.CPU()
	return rig.CPU(os.Getpid()) + postgres, err
}

func count(ctx context.Context, database string) (n int, err error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	err = conn.QueryRow(ctx, `SELECT count(*) FROM events`).Scan(&n)
	return n, err
}

// openWays makes a database for the floors and one for Perennial, both with its schema.
func openWays(ctx context.Context, e *rig.Engine, o options) (_ []way, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, f := range closers {
			f()
		}
	}
	urls := map[string]string{}
	for _, name := range []string{"floor", "ours"} {
		if urls[name], err = e.MakeDatabase(ctx, "ingest_"+name); err != nil {
			return nil, closeAll, err
		}
		if err := store.Migrate(ctx, urls[name], io.Discard); err != nil {
			return nil, closeAll, err
		}
	}
	config, err := pgxpool.ParseConfig(urls["floor"])
	if err != nil {
		return nil, closeAll, err
	}
	config.MaxConns = int32(o.callers) //nolint:gosec // a handful
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, pool.Close)
	post, stop, err := serve(ctx, urls["ours"])
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, stop)
	return []way{
		{name: "one commit per event, pgx", database: urls["floor"], single: true, put: each(o.callers, 1, func(ctx context.Context, first, _ int) error {
			ev := eventOf(first)
			_, err := pool.Exec(ctx, `INSERT INTO events (id, kind, user_id, name, properties, happened_at, received_at) VALUES ($1, 'track', $2, $3, $4, $5, $5)`,
				ev.MessageID, ev.UserID, ev.Event, ev.Properties, ev.Timestamp)
			return err
		})},
		{name: "COPY, pgx", database: urls["floor"], put: each(o.callers, o.batch, func(ctx context.Context, first, n int) error {
			_, err := pool.CopyFrom(ctx, pgx.Identifier{"events"}, []string{"id", "kind", "user_id", "name", "properties", "happened_at", "received_at"},
				pgx.CopyFromSlice(n, func(i int) ([]any, error) {
					ev := eventOf(first + i)
					return []any{ev.MessageID, "track", ev.UserID, ev.Event, ev.Properties, ev.Timestamp, ev.Timestamp}, nil
				}))
			return err
		})},
		{name: "Perennial, POST /v1/batch", database: urls["ours"], put: each(o.callers, o.batch, func(ctx context.Context, first, n int) error {
			all := make([]event, n)
			for i := range all {
				all[i] = eventOf(first + i)
			}
			return post(ctx, "/v1/batch", map[string]any{"batch": all, "sentAt": time.Now()})
		})},
		{name: "Perennial, POST /v1/track", database: urls["ours"], single: true, put: each(o.callers, 1, func(ctx context.Context, first, _ int) error {
			return post(ctx, "/v1/track", eventOf(first))
		})},
	}, closeAll, nil
}

// event is one as a shop sends it, about 450 bytes.
type event struct {
	Type       string         `json:"type"`
	MessageID  string         `json:"messageId"`
	UserID     string         `json:"userId"`
	Event      string         `json:"event"`
	Properties map[string]any `json:"properties"`
	Context    map[string]any `json:"context"`
	Timestamp  time.Time      `json:"timestamp"`
}

func eventOf(n int) event {
	return event{Type: "track", MessageID: fmt.Sprintf("ingest-%d-order-completed", n), UserID: fmt.Sprintf("u%d", n%10_000), Event: "Order Completed",
		Properties: map[string]any{"order_id": fmt.Sprint(n), "total": 49.5, "currency": "EUR", "coupon": "COMEBACK",
			"products": []map[string]any{{"sku": "linen-sheet", "price": 29.5, "quantity": 1}, {"sku": "pillow", "price": 20, "quantity": 1}}},
		Context: map[string]any{"locale": "de-AT", "timezone": "Europe/Vienna", "library": map[string]any{"name": "bench", "version": "1"}}, Timestamp: time.Now()}
}

// each splits n events into portions and has them put by so many callers at a time.
func each(callers, portion int, put func(ctx context.Context, first, n int) error) func(context.Context, int, int) error {
	return func(ctx context.Context, first, n int) error {
		var next atomic.Int64
		group, ctx := errgroup.WithContext(ctx)
		for range callers {
			group.Go(func() error {
				for {
					at := int(next.Add(int64(portion))) - portion
					if at >= n {
						return nil
					}
					if err := put(ctx, first+at, min(portion, n-at)); err != nil {
						return err
					}
				}
			})
		}
		return group.Wait()
	}
}

// serve opens Perennial's API on a port of its own, as the program does, without the limit per key.
func serve(ctx context.Context, database string) (post func(ctx context.Context, path string, body any) error, stop func(), err error) {
	s, err := store.Open(ctx, database, store.Options{Wall: time.Now, MaxConns: 32})
	if err != nil {
		return nil, nil, err
	}
	ctl := &control.Control{Store: s, Flight: s, Clock: s.Clock()}
	_, key, err := ctl.CreateKey(ctx, journey.Actor{ID: "bench", Role: journey.RoleAdmin}, "bench", journey.RoleIngest)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	log := slog.New(slog.DiscardHandler)
	handler, err := api.New(api.Deps{Control: ctl, Read: s, Clock: s.Clock(), Brand: rig.Brand(), Log: log, Rate: 1e9, Burst: 1e9})
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	server := api.HTTPServer(handler, log)
	go func() { _ = server.Serve(listener) }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	post = func(ctx context.Context, path string, body any) error {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+listener.Addr().String()+path, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		r.SetBasicAuth(key, "")
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close() //nolint:errcheck // read to its end
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusAccepted {
			return errors.Join(fmt.Errorf("%s answered %d: %.200s", path, res.StatusCode, answer), err)
		}
		return nil
	}
	return post, func() { _ = server.Close(); s.Close() }, nil
}
