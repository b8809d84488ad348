// Command crash kills an installation of Perennial with -9, again and again, while customers sign up, order and answer, and
// then accounts for every event, every step and every Message-ID. docs/reliability.md says what it shows and what it cannot.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	bin      string        // directory of perennial-engine
	program  string        // perennial itself
	data     string        // state directory; "": a temporary one, removed when all is accounted for
	rounds   int           // each kills worker, API, Temporal and Postgres in turn, and several together
	seed     uint64        // of what is killed when, and of what customers do
	rate     float64       // customers a second
	calm     time.Duration // shortest time between two kills
	storm    time.Duration // longest
	patience time.Duration // how long nothing may change after the last kill while something is left to do
	log      io.Writer     // progress
}

// errUnaccounted ends a run in which something was lost, doubled or left over.
var errUnaccounted = errors.New("not everything is accounted for")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "crash: "+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o := options{log: progress}
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	flags.StringVar(&o.bin, "bin", "bin", "directory of perennial and perennial-engine")
	flags.StringVar(&o.data, "data", "", "state directory, which is kept; a temporary one otherwise")
	flags.IntVar(&o.rounds, "rounds", 2, "each kills worker, API, Temporal and Postgres in turn, and several together")
	flags.Uint64Var(&o.seed, "seed", 0, "of what is killed when; 0: another one each time")
	flags.Float64Var(&o.rate, "rate", 2, "customers a second")
	flags.DurationVar(&o.calm, "calm", 2*time.Second, "shortest time between two kills")
	flags.DurationVar(&o.storm, "storm", 16*time.Second, "longest time between two kills")
	flags.DurationVar(&o.patience, "patience", 90*time.Second, "how long nothing may change after the last kill while something is left to do")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.rate <= 0 || o.calm < 0 || o.storm < o.calm {
		return errors.New("reading the command line: rounds and rate are above 0, and calm is not above storm")
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	}
	o.program = filepath.Join(o.bin, "perennial")
	r, err := crash(ctx, o)
	if err != nil {
		return err
	}
	r.print(out)
	if !r.clean() {
		return errUnaccounted
	}
	return nil
}

// crash is one run: it installs, loads, kills, waits until everything is quiet, and accounts.
func crash(ctx context.Context, o options) (report, error) {
	began := time.Now()
	relay, err := newRelay(ctx, o.seed)
	if err != nil {
		return report{}, err
	}
	defer relay.close()
	in, err := install(ctx, o, relay.url())
	if err != nil {
		return report{}, err
	}
	defer in.end()
	in.say("seed %d; state and logs in %s", o.seed, in.data)

	watch := watchProgress(ctx, in.databaseURL)
	load := newLoad(in, relay, o)
	load.open(ctx)
	k := killer{installation: in, relay: relay, random: newRandom(o.seed, "kills")}
	err = k.storm(ctx, o)
	load.close()
	if err != nil {
		return report{}, err
	}
	settled := settle(ctx, in, load, o.patience)
	load.leave()
	still, where := watch.end()
	if ctx.Err() != nil {
		return report{}, ctx.Err()
	}
	r, err := account(ctx, in, relay, load)
	if err != nil {
		return report{}, err
	}
	r.seed, r.rounds, r.took = o.seed, o.rounds, time.Since(began)
	r.kills, r.together, r.restarts, r.openAtKill = k.kills, k.together, in.restarts(), k.open
	r.standstill, r.standstillOf, r.resumed = still, where, relay.resumed(k.deaths)
	if r.unsettled = !settled; r.unsettled {
		r.faults = append([]string{fmt.Sprintf("after the last kill it came to a stand and was not quiet: %s", leftOver(ctx, in))}, r.faults...)
	}
	in.keep = o.data != "" || !r.clean()
	return r, nil
}
