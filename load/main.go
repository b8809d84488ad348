// Command load plays a day of a shop: customers and their past orders come in over the public API, then people sign up, order,
// use their codes, answer, complain and unsubscribe at stated rates. It keeps books of its own, and in the end compares them with
// what the installation says: facts, enrollments, mails, coupons, answers, reports. Any difference ends it with status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"perennial/bench/rig"
)

// options of a run.
type options struct {
	bin       string // directory of perennial-engine
	program   string // perennial itself
	data      string // where the log of the program goes
	customers int
	day       time.Duration // how long the day takes
	seed      uint64
}

var errDifferent = errors.New("the installation says other than the shop's books")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load: "+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.StringVar(&o.bin, "bin", "bin", "directory of perennial and perennial-engine")
	flags.StringVar(&o.data, "data", "", "directory for the program's log, which is kept; a temporary one otherwise")
	flags.IntVar(&o.customers, "customers", 100_000, "customers that the shop has when the day begins")
	flags.DurationVar(&o.day, "day", 3*time.Minute, "how long the day takes")
	flags.Uint64Var(&o.seed, "seed", 0, "of who does what; 0: another one each time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.program = filepath.Join(o.bin, "perennial")
	if o.customers < 100 || o.day <= 0 {
		return errors.New("reading the command line: there are at least 100 customers, and the day takes longer than nothing")
	}
	if o.seed == 0 {
		o.seed = rand.Uint64() //nolint:gosec // chance, not a secret
	}
	if o.data == "" {
		dir, err := os.MkdirTemp("", "perennial-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // what is left is in a temporary directory
		o.data = dir
	}
	s, err := play(ctx, o, out)
	if err != nil {
		return err
	}
	if differences := s.print(out); differences > 0 {
		return fmt.Errorf("%w in %d places", errDifferent, differences)
	}
	return nil
}

// play is one run: install, load, live through the day, wait until all is quiet, account.
func play(ctx context.Context, o options, out io.Writer) (*account, error) {
	fmt.Fprintf(out, "seed %d: %d customers, a day in %s\n", o.seed, o.customers, o.day)
	relay, err := newRelay(ctx)
	if err != nil {
		return nil, err
	}
	defer relay.close()
	engine, err := rig.StartEngine(ctx, filepath.Join(o.bin, "perennial-engine"), "temporal")
	if err != nil {
		return nil, fmt.Errorf("starting the engine: %w", err)
	}
	defer engine.Stop()
	program, err := filepath.Abs(o.program)
	if err != nil {
		return nil, err
	}
	product, err := rig.StartProduct(ctx, engine, program, "load", filepath.Join(o.data, "perennial.log"),
		"SMTP_URL="+relay.url(), "SMTP_TLS=none", "MAIL_HOOK_SECRET="+hookSecret, "BRAND_NAME=Oak & Linen",
		"MAIL_FROM=Oak & Linen <hello@oak-and-linen.example>", "POSTAL_ADDRESS=Oak & Linen, 12 Mill Lane, Bath BA1 1AA, United Kingdom")
	if err != nil {
		return nil, err
	}
	defer product.Stop()

	s := newShop(product, relay, o)
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if err := s.stock(ctx, out); err != nil {
		return nil, err
	}
	if err := s.live(ctx, out); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, out); err != nil {
		return nil, err
	}
	return s.account(ctx)
}
