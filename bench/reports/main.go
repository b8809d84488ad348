// Command reports measures how long it takes to read the reports of a year, among a million customers, and to count them from the
// beginning. The floor, in the same run, is a count of the customers that asks nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/bench/rig"
	"perennial/journey"
	"perennial/store"
)

func main() { rig.Main("reports", run) }

var now = time.Date(2030, 5, 6, 0, 0, 0, 0, time.UTC)

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("reports", flag.ContinueOnError)
	engine := rig.Program(flags)
	n := flags.Int("n", 1_000_000, "customers")
	rounds := flags.Int("rounds", 5, "how often each is asked")
	reading := flags.Bool("read", false, "measure reading alone: fill the tables of the reports without events, which takes a fraction of the time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, url, err := rig.StartPostgres(ctx, *engine, "reports")
	if err != nil {
		return err
	}
	defer e.Stop()
	begun := time.Now()
	past := people
	if *reading {
		past = stock
	}
	if err := past(ctx, url, *n); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d customers, made in %s\n", *n, time.Since(begun).Round(time.Second))
	s, err := store.Open(ctx, url, store.Options{Wall: func() time.Time { return now }})
	if err != nil {
		return err
	}
	defer s.Close()
	if !*reading {
		if err := count(ctx, out, s, *n); err != nil {
			return err
		}
	}
	return measure(ctx, out, s, url, *rounds)
}

// people makes customers who ordered one to four times within eighteen months, one in fifty of them in another currency, in the order
// of time. Each has entered a journey.
func people(ctx context.Context, url string, n int) error {
	ways, err := walks()
	if err != nil {
		return err
	}
	return fill(ctx, url, n, slices.Concat([]string{customers}, ways, []string{
		`INSERT INTO events (id, kind, customer_id, name, properties, happened_at, received_at, applied_at, number, turn)
		 SELECT 'evt_' || o || '_' || i, 'track', 'cus_' || lpad(i::text, 12, '0'), 'Order Completed',
		        jsonb_build_object('total', (i * o) % 300 + 0.99, 'currency', CASE WHEN i % 50 = 0 THEN 'USD' ELSE 'EUR' END, 'order_id', o || '-' || i), at, at, at, o, nextval('event_turns')
		 FROM (SELECT i, o, timestamptz '2030-05-06' - make_interval(mins => ((i::bigint * 61 * o) % 788400)::int) AS at
		       FROM generate_series(1, @n) i, generate_series(1, 1 + i % 4) o) e`,
		`VACUUM ANALYZE customers`,
		`VACUUM ANALYZE events`,
	}))
}

// count counts everybody from the beginning, as after a change of the definition.
func count(ctx context.Context, out io.Writer, s *store.Store, customers int) error {
	begun := time.Now()
	for {
		n, err := s.CountReports(ctx, 500)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	took := time.Since(begun)
	fmt.Fprintf(out, "counted from the beginning in %s: %.0f customers a second\n", took.Round(time.Second), float64(customers)/took.Seconds())
	return nil
}

// measure asks each in turn, round by round, and the floor beside them.
func measure(ctx context.Context, out io.Writer, s *store.Store, url string, rounds int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	if _, err := conn.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	const floor = "floor: SELECT count(*) FROM customers"
	ask := map[string]func() error{floor: func() error {
		_, err := conn.Exec(ctx, `SELECT count(*) FROM customers`)
		return err
	}}
	names := []string{floor}
	add := func(what string, f func() error) { names = append(names, what); ask[what] = f }
	for _, report := range journey.Reports() {
		for _, by := range []journey.Grain{journey.ByMonth, journey.ByYear} {
			add(fmt.Sprintf("report %s by %s", report, by), func() error {
				_, err := s.ReportView(ctx, journey.ReportRequest{Report: report, By: by})
				return err
			})
		}
		if report == journey.ReportJourneys {
			add("report journeys of one journey by month", func() error {
				_, err := s.ReportView(ctx, journey.ReportRequest{Report: report, By: journey.ByMonth, Journey: "win-back"})
				return err
			})
		}
		for _, table := range journey.ReportOutlines() {
			if table.Report == report {
				addPeople(ctx, s, table, add)
			}
		}
	}
	var laps rig.Laps
	for range rounds {
		for _, what := range names {
			if err := laps.Time(what, ask[what]); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	fmt.Fprintf(out, "%8s %8s  %s\n", "p50 ms", "p95 ms", "what")
	for _, what := range laps.Names() {
		fmt.Fprintf(out, "%8.1f %8.1f  %s\n", rig.Milliseconds(laps.Percentile(what, 50)), rig.Milliseconds(laps.Percentile(what, 95)), what)
	}
	return nil
}

// addPeople asks for the first page of those behind each figure in a year, and in a month a year ago.
func addPeople(ctx context.Context, s *store.Store, report journey.ReportOutline, add func(string, func() error)) {
	for _, t := range report.Tables {
		for _, f := range t.Figures {
			if !f.People || t.Key == "reasons" {
				continue
			}
			for _, q := range []journey.PeopleRequest{{By: journey.ByYear, Starts: now.AddDate(-1, 0, 0)}, {By: journey.ByMonth, Starts: now.AddDate(-1, 0, 0)}} {
				q.Report, q.Table, q.Figure, q.Currency, q.Group = report.Report, t.Key, f.Key, "EUR", "win-back"
				if report.Report == journey.ReportCoupons {
					q.Group = "comeback"
				}
				q.Label = map[string]string{"funnel": fork, "ways": fork + "/1", "exits": "finished"}[t.Key]
				add(fmt.Sprintf("people behind %s/%s of a %s", t.Key, f.Key, q.By), func() error {
					_, err := s.ReportPeople(ctx, q, journey.PageRequest{Limit: 50})
					return err
				})
			}
		}
	}
}
