package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"perennial/journey"
	"perennial/store"
	"perennial/workflows"
)

// deepOptions are the flags of doctor --deep.
type deepOptions struct {
	Deep, Mend bool
	PerSecond  float64
}

func (o *deepOptions) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.Deep, "deep", false, "compare every enrollment in Postgres with its driver in Temporal, and print what differs")
	cmd.Flags().BoolVar(&o.Mend, "mend", false, "with --deep: mend what differs")
	cmd.Flags().Float64Var(&o.PerSecond, "per-second", 200, "with --deep: calls to Temporal")
}

// sides is Postgres and Temporal of one installation, for a command that works on both.
type sides struct {
	store     *store.Store
	temporal  client.Client
	namespace string
}

// openSides connects to an installation: that of the environment, or the dev or demo that runs in data.
func openSides(ctx context.Context, env map[string]string, data string) (*sides, error) {
	c, temporal, err := locate(env, data)
	if err != nil {
		return nil, err
	}
	if c.DatabaseURL == "" {
		return nil, journey.Problems{{Path: "DATABASE_URL", Message: "is not set", Mend: mends["DATABASE_URL"]}}
	}
	temporal.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	t, err := client.DialContext(ctx, temporal)
	if err != nil {
		return nil, fmt.Errorf("reaching Temporal: %w", err)
	}
	s, err := store.Open(ctx, c.DatabaseURL, store.Options{MaxConns: 4, Wall: wall})
	if err != nil {
		t.Close()
		return nil, err
	}
	return &sides{store: s, temporal: t, namespace: temporal.Namespace}, nil
}

// locate reads where an installation is.
func locate(env map[string]string, data string) (config, client.Options, error) {
	if data != "" {
		return locateDev(env, data)
	}
	c, err := readConfig(env)
	if err != nil {
		return c, client.Options{}, err
	}
	temporal, err := temporalOptions(env)
	return c, temporal, err
}

func (s *sides) close() {
	s.temporal.Close()
	s.store.Close()
}

// lookDeep prints what Postgres and Temporal do not agree on, and mends it where that was asked for.
func lookDeep(ctx context.Context, env map[string]string, data string, o deepOptions, std stdio) error {
	s, err := openSides(ctx, env, data)
	if err != nil {
		return err
	}
	defer s.close()
	home, err := workflows.Look(ctx, s.temporal, s.namespace, s.store)
	var gone *serviceerror.NamespaceNotFound
	if errors.As(err, &gone) || err == nil && home.Lost() {
		fmt.Fprintf(std.out, "SICK  %-12s does not know our drivers: lost, or another one\n", "namespace")
		fmt.Fprintf(std.out, "      %-12s perennial rebuild\n", "mend:")
		return errFaults
	}
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	r := workflows.Reconciler{
		Store: s.store, Client: s.temporal, Namespace: s.namespace, Queues: workflows.DefaultQueues(), Clock: s.store.Clock(),
		PerSecond: o.PerSecond, LookOnly: !o.Mend,
		Found: func(d journey.Difference) {
			fmt.Fprintf(table, "SICK  %s\tPostgres: %s\tTemporal: %s\tmend: %s\n", d.Enrollment, d.Postgres, d.Temporal, d.Mend)
		},
	}
	found, err := r.Run(ctx, func() {})
	_ = table.Flush()
	if err != nil {
		return err
	}
	held, err := s.store.Held(ctx)
	if err != nil {
		return err
	}
	for reason, n := range held {
		fmt.Fprintf(std.out, "held  %-12s %d enrollments wait for a person: %s\n", "", n, reason)
	}
	differ := found.Started + found.Woken + found.Closed
	fmt.Fprintf(std.out, "compared %d enrollments and %d drivers: %d differ (%d to start, %d to wake, %d to close)\n",
		found.Active, found.Drivers, differ, found.Started, found.Woken, found.Closed)
	switch {
	case differ == 0:
		return nil
	case o.Mend:
		fmt.Fprintln(std.out, "mended: the relay does the rest within seconds")
		return nil
	}
	fmt.Fprintln(std.out, "mend all of it: perennial doctor --deep --mend; the reconciler does so every hour")
	return errFaults
}
