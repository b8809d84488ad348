// Command ingest measures how many events are made durable per second: through Perennial's HTTP intake, in batches and one by one,
// against one commit per event and against COPY by pgx, on one Postgres, in one run, alternating in rounds. It prints a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"perennial/bench/rig"
)

// options of a run.
type options struct {
	events  int // of each way in one round; ways of one commit each get a tenth
	batch   int // events per request, and per COPY
	callers int // at a time
	rounds  int

	profile, profiled string // file for a CPU profile of the first round of a way, callers included; its name
}

func main() { rig.Main("ingest", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("ingest", flag.ContinueOnError)
	engine := rig.Program(flags)
	flags.IntVar(&o.events, "n", 40_000, "events of each way in a round; a tenth for those of one commit each")
	flags.IntVar(&o.batch, "batch", 500, "events per request and per COPY")
	flags.IntVar(&o.callers, "callers", 16, "callers at a time")
	flags.IntVar(&o.rounds, "rounds", 3, "rounds")
	flags.StringVar(&o.profile, "cpuprofile", "", "a file for a CPU profile of the first round of a way, callers included")
	flags.StringVar(&o.profiled, "profiled", batches, "which way")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, err := rig.StartEngine(ctx, *engine, "postgres")
	if err != nil {
		return err
	}
	defer e.Stop()
	ways, closeAll, err := openWays(ctx, e, o)
	if err != nil {
		return err
	}
	defer closeAll()
	totals := make([]result, len(ways))
	for round := 1; round <= o.rounds; round++ {
		for i, w := range ways {
			n := o.events
			if w.single {
				n /= 10
			}
			file := ""
			if round == 1 && w.name == o.profiled {
				file = o.profile
			}
			r, err := measure(ctx, e, w, o, n, file)
			if err != nil {
				return fmt.Errorf("measuring %q: %w", w.name, err)
			}
			totals[i].add(r)
			fmt.Fprintf(out, "round %d: %-28s %6d events in %6s, %7.0f a second\n", round, w.name, r.events, r.took.Round(time.Millisecond), r.rate())
		}
	}
	print(out, ways, totals)
	return nil
}

// profiled does something, and writes a CPU profile of it into a file where one is named.
func profiled(name string, do func() error) error {
	if name == "" {
		return do()
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // the profile is written by then
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

// print writes the table: every way against the two floors, by the clock and by the processor. A machine that others use too gives those
// more of its time who have more processes; the processor time of an event does not depend on that.
func print(out io.Writer, ways []way, totals []result) {
	perEvent := func(r result) float64 { return 1000 * (r.cpu + r.postgres) / float64(r.events) }
	fmt.Fprintf(out, "\n%-28s %9s %8s %8s %8s %8s %8s %8s %11s %9s\n", "", "events/s", "× each", "× COPY", "CPU µs", "postgres", "× each", "× COPY", "commits/ev.", "WAL B/ev.")
	for i, w := range ways {
		t := totals[i]
		fmt.Fprintf(out, "%-28s %9.0f %8.2f %8.2f %8.1f %8.1f %8.2f %8.2f %11.4f %9.0f\n", w.name, t.rate(), t.rate()/totals[0].rate(), t.rate()/totals[1].rate(),
			perEvent(t), 1000*t.postgres/float64(t.events), perEvent(totals[0])/perEvent(t), perEvent(totals[1])/perEvent(t), float64(t.commits)/float64(t.events), float64(t.wal)/float64(t.events))
	}
	fmt.Fprintln(out, "\n× each: times as many as with one commit per event; by the clock, then by the processor. Every event of Perennial's ways was"+
		"\nanswered with 2xx and counted in the table afterwards. Callers, server and Postgres share the machine.")
}
