// Command segment measures how long it takes to say who would be in a segment, and to find a customer, among a million. The floor,
// in the same run, is a count of the customers that asks nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/bench/rig"
	"perennial/journey"
	"perennial/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench-segment:", err)
		os.Exit(1)
	}
}

// trees are conditions as people write them.
func trees() []string {
	return []string{
		`{ attribute: tier, eq: top }`,
		`{ all: [ { attribute: country, in: [AT, DE] }, { attribute: points, gte: 2500 } ] }`,
		`{ attribute: last_seen_at, within_last: 14d }`,
		`{ attribute: created_at, within_last: 30d }`,
		`{ attribute: tags, contains: t7 }`,
		`{ all: [ { consent: offers, is: given }, { attribute: tier, ne: basic } ] }`,
		`{ event: Order Completed }`,
		`{ all: [ { event: Order Completed }, { not: { event: Order Completed, within: 90d } } ] }`,
		`{ event: Order Completed, count: { gte: 2 }, within: 365d }`,
		`{ event: Order Completed, within: 90d, where: { total: { gte: 200 }, currency: EUR } }`,
		`{ all: [ { account: plan, eq: enterprise }, { consent: offers, is: given } ] }`,
		`{ any: [ { attribute: tier, eq: top }, { event: Order Completed, within: 30d }, { not: { event: Page Viewed } } ] }`,
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("segment", flag.ContinueOnError)
	engine := flags.String("engine", "bin/perennial-engine", "the engine's program")
	customers := flags.Int("n", 1_000_000, "customers")
	rounds := flags.Int("rounds", 5, "how often each is asked")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, err := rig.StartEngine(ctx, *engine, "postgres")
	if err != nil {
		return fmt.Errorf("starting the engine: %w", err)
	}
	defer e.Stop()
	url, err := e.MakeDatabase(ctx, "segment")
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx, url, io.Discard); err != nil {
		return err
	}
	begun := time.Now()
	if err := rig.Fill(ctx, url, *customers, now(), rig.People()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d customers, made in %s\n", *customers, time.Since(begun).Round(time.Second))
	return measure(ctx, out, url, *rounds)
}

// now is the moment at which everybody has the past that was made.
func now() time.Time { return time.Date(2030, 5, 6, 0, 0, 0, 0, time.UTC) }

// measure asks each in turn, round by round, and the floor beside them.
func measure(ctx context.Context, out io.Writer, url string, rounds int) error {
	s, err := store.Open(ctx, url, store.Options{Wall: now})
	if err != nil {
		return err
	}
	defer s.Close()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	took, last := map[string][]time.Duration{}, map[string]string{}
	timed := func(what string, f func() (string, error)) error {
		from := time.Now()
		found, err := f()
		took[what], last[what] = append(took[what], time.Since(from)), found
		return err
	}
	const floor = "floor: SELECT count(*) FROM customers"
	names := []string{floor}
	for round := range rounds {
		err := timed(floor, func() (string, error) {
			var n int
			err := conn.QueryRow(ctx, `SELECT count(*) FROM customers`).Scan(&n)
			return fmt.Sprint(n), err
		})
		if err != nil {
			return err
		}
		for _, tree := range trees() {
			if round == 0 {
				names = append(names, tree)
			}
			_, cond, problems := journey.ParseSegment("bench", []byte(tree))
			if len(problems) > 0 {
				return fmt.Errorf("reading %s: %w", tree, problems)
			}
			err := timed(tree, func() (string, error) {
				got, err := s.PreviewSegment(ctx, cond)
				if !got.Exact {
					return fmt.Sprintf("~%d", got.Count), err
				}
				return fmt.Sprint(got.Count), err
			})
			if err != nil {
				return err
			}
		}
		for _, q := range []string{"person4711@", "u4711", "ada name47", "name4711"} {
			what := "search " + q
			if round == 0 {
				names = append(names, what)
			}
			err := timed(what, func() (string, error) {
				got, err := s.SearchCustomers(ctx, q, journey.PageRequest{Limit: 50})
				return fmt.Sprint(len(got.Data)), err
			})
			if err != nil {
				return err
			}
		}
	}
	slices.Sort(took[floor])
	base := took[floor][len(took[floor])/2]
	fmt.Fprintf(out, "%10s %8s %8s %7s  %s\n", "found", "p50 ms", "p95 ms", "floors", "what")
	for _, what := range names {
		all := took[what]
		slices.Sort(all)
		p50, p95 := all[len(all)/2], all[(len(all)*95)/100]
		fmt.Fprintf(out, "%10s %8d %8d %7.1f  %s\n", last[what], p50.Milliseconds(), p95.Milliseconds(), float64(p50)/float64(base), what)
	}
	return nil
}
