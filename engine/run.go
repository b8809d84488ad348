package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"perennial/engine/inbox"
	"perennial/engine/logfile"
	"perennial/engine/postgres"
	"perennial/engine/temporal"
)

type stdio struct {
	in       io.Reader
	out, err io.Writer
}

const logLimit = 8 << 20

// engine is what runs; a part that was not asked for is nil.
type engine struct {
	opts     options
	began    time.Time
	say      func(format string, args ...any)
	logs     []*logfile.File
	ready    ready
	database string // what Temporal's databases are reached through

	cluster  *postgres.Cluster
	temporal *temporal.Server
	inbox    *inbox.Server
}

// run starts everything, says so, and stays until ctx ends, standard input ends (if asked to watch it), or Temporal
// gives up.
func run(ctx context.Context, args []string, env func(string) string, std stdio) error {
	opts, err := parseOptions(args, env, std.err)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	e := &engine{opts: opts, began: time.Now(), say: sayer(std.err), ready: ready{PID: os.Getpid()}}
	// 0711: Postgres may have to pass through as another user; what is secret in here has a mode of its own.
	if err := os.MkdirAll(opts.data, 0o711); err != nil {
		return fmt.Errorf("making the state directory: %w", err)
	}
	locked, err := lock(opts.data)
	if err != nil {
		return err
	}
	defer locked.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if opts.exitWithStdin {
		go watch(std.in, cancel)
	}
	defer e.stop()
	if err := e.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it was ready
		}
		return err
	}
	if err := e.ready.save(opts.data); err != nil {
		return err
	}
	defer os.Remove(filepath.Join(opts.data, readyName))
	e.say("everything answers after %s", since(e.began))
	fmt.Fprintln(std.out, e.ready.line())
	return e.wait(ctx)
}

// start brings the parts up, each on what it needs. What was started before an error is ended by stop.
func (e *engine) start(ctx context.Context) error {
	if err := e.prepare(ctx); err != nil {
		return err
	}
	ports := e.opts.ports()
	if err := claim(ports); err != nil {
		return err
	}
	if e.opts.has(partInbox) {
		if err := e.startInbox(ports); err != nil {
			return err
		}
	}
	if e.opts.has(partPostgres) {
		if err := e.startPostgres(ctx); err != nil {
			return err
		}
	}
	if e.opts.has(partTemporal) {
		return e.startTemporal(ctx)
	}
	return nil
}

// prepare comes before the ports are claimed: a Postgres that a killed engine left behind holds one of them.
func (e *engine) prepare(ctx context.Context) error {
	if !e.opts.has(partPostgres) || e.opts.databaseURL != "" {
		return nil
	}
	log, err := e.log("postgres.log")
	if err != nil {
		return err
	}
	e.cluster, err = postgres.Prepare(ctx, postgres.Options{
		Dir: e.opts.data, Port: e.opts.postgresPort, Log: log, Say: e.say,
	})
	return err
}

func (e *engine) startInbox(ports []*port) (err error) {
	began := time.Now()
	e.inbox, err = inbox.Start(inbox.Options{
		Dir:  filepath.Join(e.opts.data, "inbox"),
		SMTP: held(ports, "--smtp-port"), HTTP: held(ports, "--inbox-port"),
		Say: e.say,
	})
	if err != nil {
		return fmt.Errorf("starting the inbox: %w", err)
	}
	e.ready.SMTPURL = "smtp://" + hostPort(e.opts.host, e.opts.smtpPort)
	e.ready.InboxURL = "http://" + hostPort(e.opts.host, e.opts.inboxPort)
	e.say("the inbox answers on %s (%s)", e.ready.InboxURL, since(began))
	return nil
}

func (e *engine) startPostgres(ctx context.Context) error {
	if e.cluster == nil {
		e.database, e.ready.DatabaseURL = e.opts.databaseURL, e.opts.databaseURL
		if !e.opts.has(partTemporal) {
			return nil
		}
		return postgres.Foreign(ctx, e.opts.databaseURL)
	}
	if err := e.cluster.Start(ctx); err != nil {
		return err
	}
	e.database = e.cluster.URL(postgres.RoleTemporal, postgres.DatabaseTemporal)
	e.ready.DatabaseURL = e.cluster.URL(postgres.RolePerennial, postgres.DatabasePerennial)
	return nil
}

func (e *engine) startTemporal(ctx context.Context) error {
	log, err := e.log("engine.log")
	if err != nil {
		return err
	}
	opts := temporal.Options{
		Host: e.opts.host, Port: e.opts.temporalPort, WebPort: e.opts.temporalUIPort,
		TimeSkipping: e.opts.timeSkipping, Log: log, Say: e.say,
	}
	if opts.StoreURL, err = postgres.WithDatabase(e.database, postgres.DatabaseTemporal); err != nil {
		return err
	}
	if opts.VisibilityURL, err = postgres.WithDatabase(e.database, postgres.DatabaseVisibility); err != nil {
		return err
	}
	if e.temporal, err = temporal.Start(ctx, opts); err != nil {
		return fmt.Errorf("%w (more in %s)", err, filepath.Join(e.opts.data, "engine.log"))
	}
	e.ready.TemporalAddress = hostPort(e.opts.host, e.opts.temporalPort)
	e.ready.TemporalNamespace = temporal.Namespace
	e.ready.TemporalUIURL = "http://" + hostPort(e.opts.host, e.opts.temporalUIPort)
	return nil
}

func (e *engine) wait(ctx context.Context) error {
	var fatal <-chan error
	if e.temporal != nil {
		fatal = e.temporal.Fatal()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal:
		return fmt.Errorf("running Temporal: %w (more in %s)", err, filepath.Join(e.opts.data, "engine.log"))
	}
}

// stop ends the parts in the order in which they lean on each other, within 10 seconds.
func (e *engine) stop() {
	began := time.Now()
	if e.temporal != nil {
		e.temporal.Stop()
		e.say("Temporal has ended (%s)", since(began))
	}
	if e.inbox != nil {
		e.inbox.Stop()
	}
	if e.cluster != nil {
		if err := e.cluster.Stop(); err != nil {
			e.say("%v", err)
		}
	}
	if e.inbox != nil || e.cluster != nil {
		e.say("everything has ended (%s)", since(began))
	}
	for _, log := range e.logs {
		_ = log.Close()
	}
}

func (e *engine) log(name string) (*logfile.File, error) {
	f, err := logfile.Open(filepath.Join(e.opts.data, name), logLimit)
	if err == nil {
		e.logs = append(e.logs, f)
	}
	return f, err
}

// watch ends the engine with its parent: a pipe closes even when the other end is killed with -9.
func watch(in io.Reader, cancel context.CancelFunc) {
	_, _ = io.Copy(io.Discard, in)
	cancel()
}

// sayer writes one line per call; parts speak from several goroutines.
func sayer(w io.Writer) func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "engine: "+format+"\n", args...)
	}
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
