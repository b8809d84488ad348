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
	"runtime"
	"strings"
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

// way is one way to make events durable. Prepare makes ready, before the clock runs, what puts n events, numbered from first, at once:
// what a shop does to write an event is the shop's. A send returns once they are durable.
type way struct {
	name     string
	database string
	single   bool // one commit, or one request, each
	prepare  func(first, n int) (send, error)
}

type send func(ctx context.Context) error

type result struct {
	events, commits int
	took            time.Duration
	wal             int64
	cpu, postgres   float64 // ms of this process, callers included, and of Postgres
}

func (r result) rate() float64 { return float64(r.events) / r.took.Seconds() }

func (r *result) add(o result) {
	r.events, r.commits, r.took, r.wal = r.events+o.events, r.commits+o.commits, r.took+o.took, r.wal+o.wal
	r.cpu, r.postgres = r.cpu+o.cpu, r.postgres+o.postgres
}

// batches is the name of the way that the targets are about.
const batches = "Perennial, POST /v1/batch"

// numbers keeps the events of all ways apart.
var numbers atomic.Int64

// measure puts n events. Profile names a file for a CPU profile; "" for none.
func measure(ctx context.Context, e *rig.Engine, w way, o options, n int, profile string) (result, error) {
	sends, err := w.prepareAll(o, n)
	if err != nil {
		return result{}, err
	}
	there, err := count(ctx, w.database)
	if err != nil {
		return result{}, err
	}
	runtime.GC() // so that the garbage of preparing is on nobody's account
	before, err := e.ReadCounters(ctx, "")
	if err != nil {
		return result{}, err
	}
	commits, err := transactions(ctx, w.database)
	if err != nil {
		return result{}, err
	}
	cpu, postgres, err := computed(e)
	if err != nil {
		return result{}, err
	}
	begun := time.Now()
	if err := profiled(profile, func() error { return putAll(ctx, o.callers, sends) }); err != nil {
		return result{}, err
	}
	took := time.Since(begun)
	cpuAfter, postgresAfter, err := computed(e)
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
	after, err := e.ReadCounters(ctx, "")
	if err != nil {
		return result{}, err
	}
	committed, err := transactions(ctx, w.database)
	return result{events: n, took: took, commits: committed - commits, wal: after.WAL - before.WAL, cpu: cpuAfter - cpu,
		postgres: postgresAfter - postgres}, err
}

// prepareAll makes ready n events, in portions of a batch or of one.
func (w way) prepareAll(o options, n int) ([]send, error) {
	first, portion := int(numbers.Add(int64(n)))-n, o.batch
	if w.single {
		portion = 1
	}
	var sends []send
	for at := 0; at < n; at += portion {
		s, err := w.prepare(first+at, min(portion, n-at))
		if err != nil {
			return nil, err
		}
		sends = append(sends, s)
	}
	return sends, nil
}

// transactions is how many have written something since the server began. Sessions keep their other counters to themselves for
// seconds; this one is true at once.
func transactions(ctx context.Context, database string) (n int, err error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	err = conn.QueryRow(ctx, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint`).Scan(&n)
	return n, err
}

// computed is the processor time of this process and of Postgres since they began, in milliseconds.
func computed(e *rig.Engine) (own, postgres float64, err error) {
	_, postgres, err = e.CPU()
	return rig.CPU(os.Getpid()), postgres, err
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
	columns := []string{"id", "kind", "user_id", "name", "properties", "happened_at", "received_at"}
	return []way{
		{name: "one commit per event, pgx", database: urls["floor"], single: true, prepare: func(first, _ int) (send, error) {
			row, err := rowOf(eventOf(first))
			return func(ctx context.Context) error {
				_, err := pool.Exec(ctx, `INSERT INTO events (`+strings.Join(columns, ", ")+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`, row...)
				return err
			}, err
		}},
		{name: "COPY, pgx", database: urls["floor"], prepare: func(first, n int) (send, error) {
			rows := make([][]any, n)
			for i := range rows {
				if rows[i], err = rowOf(eventOf(first + i)); err != nil {
					return nil, err
				}
			}
			return func(ctx context.Context) error {
				_, err := pool.CopyFrom(ctx, pgx.Identifier{"events"}, columns, pgx.CopyFromRows(rows))
				return err
			}, nil
		}},
		{name: batches, database: urls["ours"], prepare: func(first, n int) (send, error) {
			all := make([]event, n)
			for i := range all {
				all[i] = eventOf(first + i)
			}
			body, err := json.Marshal(map[string]any{"batch": all, "sentAt": time.Now()})
			return func(ctx context.Context) error { return post(ctx, "/v1/batch", body) }, err
		}},
		{name: "Perennial, POST /v1/track", database: urls["ours"], single: true, prepare: func(first, _ int) (send, error) {
			body, err := json.Marshal(eventOf(first))
			return func(ctx context.Context) error { return post(ctx, "/v1/track", body) }, err
		}},
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

// rowOf is what the floors keep of an event, in the order of their columns.
func rowOf(e event) ([]any, error) {
	properties, err := json.Marshal(e.Properties)
	return []any{e.MessageID, e.Type, e.UserID, e.Event, string(properties), e.Timestamp, e.Timestamp}, err
}

// putAll has the portions put by so many callers at a time.
func putAll(ctx context.Context, callers int, sends []send) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range callers {
		group.Go(func() error {
			for at := int(next.Add(1)) - 1; at < len(sends); at = int(next.Add(1)) - 1 {
				if err := sends[at](ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// serve opens Perennial's API on a port of its own, as the program does, without the limit per key.
func serve(ctx context.Context, database string) (post func(ctx context.Context, path string, body []byte) error, stop func(), err error) {
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
	post = func(ctx context.Context, path string, body []byte) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+listener.Addr().String()+path, bytes.NewReader(body))
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
