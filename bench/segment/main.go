// Command segment measures how long it takes to say who would be in a segment, and to find a customer, among a million. The floor,
// in the same run, is a count of the customers that asks nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/bench/rig"
	"perennial/journey"
	"perennial/store"
)

func main() { rig.Main("segment", run) }

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
	engine := rig.Program(flags)
	customers := flags.Int("n", 1_000_000, "customers")
	rounds := flags.Int("rounds", 5, "how often each is asked")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, url, err := rig.StartPostgres(ctx, *engine, "segment")
	if err != nil {
		return err
	}
	defer e.Stop()
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
	begun := time.Now()
	s, err := store.Open(ctx, url, store.Options{Wall: func() time.Time { return now().Add(time.Since(begun)) }}) // previews have a budget of it
	if err != nil {
		return err
	}
	defer s.Close()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	var laps rig.Laps
	found := map[string]string{}
	timed := func(what string, f func() (string, error)) error {
		return laps.Time(what, func() (err error) { found[what], err = f(); return err })
	}
	const floor = "floor: SELECT count(*) FROM customers"
	for range rounds {
		err := timed(floor, func() (string, error) {
			var n int
			err := conn.QueryRow(ctx, `SELECT count(*) FROM customers`).Scan(&n)
			return fmt.Sprint(n), err
		})
		if err != nil {
			return err
		}
		for _, tree := range trees() {
			if err := timed(tree, func() (string, error) { return preview(ctx, s, tree) }); err != nil {
				return err
			}
		}
		for _, q := range []string{"person4711@", "u4711", "ada name47", "name4711"} {
			err := timed("search "+q, func() (string, error) {
				got, err := s.SearchCustomers(ctx, q, journey.PageRequest{Limit: 50})
				return fmt.Sprint(len(got.Data)), err
			})
			if err != nil {
				return err
			}
		}
	}
	base := laps.Percentile(floor, 50)
	fmt.Fprintf(out, "%26s %8s %8s %7s  %s\n", "found", "p50 ms", "p95 ms", "floors", "what")
	for _, what := range laps.Names() {
		p50, p95 := laps.Percentile(what, 50), laps.Percentile(what, 95)
		fmt.Fprintf(out, "%26s %8d %8d %7.1f  %s\n", found[what], p50.Milliseconds(), p95.Milliseconds(), float64(p50)/float64(base), what)
	}
	return nil
}

// preview counts who would be in a segment; a count that was reckoned begins with ~.
func preview(ctx context.Context, s *store.Store, tree string) (string, error) {
	_, cond, problems := journey.ParseSegment("bench", []byte(tree))
	if len(problems) > 0 {
		return "", fmt.Errorf("reading %s: %w", tree, problems)
	}
	got, err := s.PreviewSegment(ctx, cond)
	if !got.Exact {
		return fmt.Sprintf("~%d of %d looked at", got.Count, got.LookedAt), err
	}
	return fmt.Sprint(got.Count), err
}
