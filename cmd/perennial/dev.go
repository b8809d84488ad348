package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/templates"
)

// devOptions are the flags of dev and demo.
type devOptions struct {
	Data           string
	Host           string
	HTTPPort       int
	TemporalPort   int
	TemporalUIPort int
	SMTPPort       int
	InboxPort      int
	Speed          float64
	SMTPURL        string
	Once           bool // demo: end when the play is over
}

func (o *devOptions) register(cmd *cobra.Command, data string, speed float64) {
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", data, "directory that holds all state; it survives restarts")
	f.StringVar(&o.Host, "host", "127.0.0.1", "address to listen on")
	f.IntVar(&o.HTTPPort, "http-port", 8080, "console, API and public links")
	f.IntVar(&o.TemporalPort, "temporal-port", 7233, "Temporal")
	f.IntVar(&o.TemporalUIPort, "temporal-ui-port", 8233, "Temporal's page")
	f.IntVar(&o.SMTPPort, "smtp-port", 1025, "SMTP of the inbox")
	f.IntVar(&o.InboxPort, "inbox-port", 8025, "page of the inbox")
	f.Float64Var(&o.Speed, "speed", speed, "product time runs so many times as fast as the clock on the wall")
	f.StringVar(&o.SMTPURL, "smtp-url", "", "send to this relay instead of the inbox, e.g. smtp://user:secret@relay.example.com:587")
}

func (o *devOptions) check() error {
	if o.Speed <= 0 || o.Speed > 1_000_000 {
		return fmt.Errorf("--speed %v: give a number above 0 and at most 1000000", o.Speed)
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return fmt.Errorf("finding --data %s: %w", o.Data, err)
	}
	o.Data = data
	return nil
}

func devCommand(env map[string]string, std stdio) *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Runs everything on this machine: Postgres, Temporal, an inbox, and Perennial",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return develop(cmd.Context(), o, env, std, nil)
		},
	}
	o.register(cmd, ".perennial/dev", 1)
	return cmd
}

// play is what demo does once everything answers.
type play func(ctx context.Context, in installation) error

// installation is a running Perennial with everything around it.
type installation struct {
	URL     string
	Console string            // a link that signs the first admin in, once
	Keys    map[string]string // role → key
	Engine  engineAddress
	Data    string
	Clock   *journey.Clock
}

// develop starts the engine and the product on it, and stays until ctx ends or a part dies.
func develop(ctx context.Context, o devOptions, env map[string]string, std stdio, then play) error {
	if err := o.check(); err != nil {
		return err
	}
	release, err := o.claim(ctx, std)
	if err != nil {
		return err
	}
	defer release()
	engine, err := startEngine(ctx, o, env, std)
	if err != nil {
		return err
	}
	defer engine.stop()

	c, err := o.config(env, engine.engineAddress)
	if err != nil {
		return err
	}
	a, err := openDevApp(ctx, c, engine.engineAddress, env, std)
	if err != nil {
		return err
	}
	defer a.close()
	keys, err := devKeys(ctx, filepath.Join(o.Data, "keys.json"), a)
	if err != nil {
		return err
	}
	if err := a.publishLibrary(ctx, templates.Sequences()); err != nil {
		return err
	}
	link, err := a.devLink(ctx)
	if err != nil {
		return err
	}
	in := installation{URL: c.PublicURL, Console: link, Keys: keys, Engine: engine.engineAddress, Data: o.Data, Clock: a.store.Clock()}
	return serveAndPlay(ctx, a, engine, in, o, std, then)
}

// serveAndPlay runs the product, says that it is ready, plays, and waits for the end of ctx or of a part.
func serveAndPlay(ctx context.Context, a *app, engine *childEngine, in installation, o devOptions, std stdio, then play) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- a.run(ctx) }()
	stopServing := func() error { cancel(); return <-served }
	if err := a.awaitReady(ctx); err != nil {
		return errors.Join(err, stopServing())
	}
	fmt.Fprintf(std.out, "ready %s\n", in.URL)
	played := make(chan error, 1)
	if then != nil {
		go func() { played <- then(ctx, in) }()
	} else {
		printAddresses(std.out, in)
	}
	for {
		select {
		case err := <-played:
			if o.Once || err != nil {
				return errors.Join(err, stopServing())
			}
			played = nil
		case err := <-served:
			return err
		case <-engine.done:
			return errors.Join(errors.New("the engine ended (Postgres, Temporal, inbox): start again, nothing is lost"), stopServing())
		case <-ctx.Done():
			fmt.Fprintln(std.err, "stopping")
			return stopServing()
		}
	}
}

// config is what an installation on the engine is told: the environment may name the brand, the rest is given.
func (o *devOptions) config(env map[string]string, e engineAddress) (config, error) {
	c, err := readConfig(env)
	if err != nil {
		return c, err
	}
	c.DatabaseURL, c.SMTPURL, c.Sandbox = e.DatabaseURL, e.SMTPURL, true
	if o.SMTPURL != "" {
		c.SMTPURL, c.Sandbox = o.SMTPURL, false
	}
	c.Listen = net.JoinHostPort(o.Host, strconv.Itoa(o.HTTPPort))
	c.Speed, c.Alone = o.Speed, true
	if env["PUBLIC_URL"] == "" {
		c.PublicURL = "http://" + c.Listen
	}
	if env["LOG_LEVEL"] == "" {
		c.LogLevel = "warn"
	}
	if faults := c.faults(); len(faults) > 0 {
		return c, faults
	}
	return c, nil
}

// claim makes this the one process that works in the directory, waits for an engine whose parent was killed and that is just
// ending, and checks every port before anything starts: all that are taken are named at once.
func (o *devOptions) claim(ctx context.Context, std stdio) (release func(), err error) {
	if err := os.MkdirAll(o.Data, 0o711); err != nil { //nolint:gosec // Postgres may have to pass through as another user
		return nil, fmt.Errorf("making the state directory: %w", err)
	}
	release, err = lockFile(filepath.Join(o.Data, "perennial.lock"))
	if err != nil {
		return nil, fmt.Errorf("another perennial works in %s: end that one, or choose another --data: %w", o.Data, err)
	}
	if err := awaitEngineGone(ctx, filepath.Join(o.Data, "engine", "engine.lock"), std); err != nil {
		release()
		return nil, err
	}
	if taken := o.takenPorts(ctx); len(taken) > 0 {
		release()
		return nil, errors.New(strings.Join(taken, "\n"))
	}
	return release, nil
}

func awaitEngineGone(ctx context.Context, lock string, std stdio) error {
	ctx, cancel := context.WithTimeout(ctx, engineStop)
	defer cancel()
	for said := false; ; said = true {
		if _, err := os.Stat(lock); err != nil {
			return nil
		}
		release, err := lockFile(lock)
		if err == nil {
			release()
			return nil
		}
		if !said {
			fmt.Fprintln(std.err, "waiting for the engine of the last run to end")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the engine of the last run does not end: look for a process named perennial-engine: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (o *devOptions) takenPorts(ctx context.Context) []string {
	var taken []string
	for _, p := range []struct {
		port       int
		what, flag string
	}{
		{o.HTTPPort, "console, API and public links", "--http-port"}, {o.TemporalPort, "Temporal", "--temporal-port"},
		{o.TemporalUIPort, "Temporal's page", "--temporal-ui-port"}, {o.SMTPPort, "SMTP of the inbox", "--smtp-port"},
		{o.InboxPort, "page of the inbox", "--inbox-port"},
	} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(o.Host, strconv.Itoa(p.port)))
		if err != nil {
			taken = append(taken, fmt.Sprintf("port %d (%s) is in use: choose another with %s", p.port, p.what, p.flag))
			continue
		}
		_ = l.Close()
	}
	return taken
}
