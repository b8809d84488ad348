package rig

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"perennial/store"
)

// Main runs a benchmark with the arguments of the process, until Ctrl-C at most, and ends the process with 1 where it fails.
func Main(name string, run func(ctx context.Context, args []string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench-%s: %s\n", name, err)
		os.Exit(1)
	}
}

// Program is the flag that says where the engine's program is.
func Program(flags *flag.FlagSet) *string {
	return flags.String("engine", "bin/perennial-engine", "the engine's program")
}

// StartPostgres starts an engine of Postgres alone, and migrates a database on it. Stop ends both.
func StartPostgres(ctx context.Context, program, database string) (e *Engine, url string, err error) {
	if e, err = StartEngine(ctx, program, "postgres"); err != nil {
		return nil, "", err
	}
	if url, err = e.MakeDatabase(ctx, database); err == nil {
		err = store.Migrate(ctx, url, io.Discard)
	}
	if err != nil {
		e.Stop()
		return nil, "", err
	}
	return e, url, nil
}
