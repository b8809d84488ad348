// Command step measures what a step costs: Perennial's wait-and-send against a bare timer, on one Temporal and one Postgres, in
// one run, alternating in rounds. It prints a table. The counters in it are held by tests (workflows: TestCountersOfWaitAndSend);
// times depend on the machine, so of them only the ratio to the floor says much.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"perennial/bench/rig"
	"perennial/workflows"
)

// options of a run. A step is one rest and what follows it.
type options struct {
	workflows int           // at a time
	rests     int           // of each workflow in one round
	rest      time.Duration // how long one lasts
	rounds    int
	limit     time.Duration // no round begins that would end later
	sticky    int           // workflows that workers keep in memory
}

func main() { rig.Main("step", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("step", flag.ContinueOnError)
	engine := rig.Program(flags)
	flags.IntVar(&o.workflows, "workflows", 160, "workflows at a time")
	flags.IntVar(&o.rests, "rests", 4, "rests of each workflow in a round")
	flags.DurationVar(&o.rest, "rest", 2*time.Second, "how long a rest lasts; above Temporal's own lateness")
	flags.IntVar(&o.rounds, "rounds", 2, "rounds, at most")
	flags.DurationVar(&o.limit, "limit", 3*time.Minute, "no round begins that would end later")
	flags.IntVar(&o.sticky, "sticky", workflows.StickyCache, "workflows that the workers keep in memory; 0: none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	begun := time.Now()
	e, err := rig.StartEngine(ctx, *engine)
	if err != nil {
		return err
	}
	defer e.Stop()
	loads, closeAll, err := openLoads(ctx, e, o)
	if err != nil {
		return err
	}
	defer closeAll()

	totals := make([]cost, len(loads))
	for round := 1; round <= o.rounds; round++ {
		roundBegun := time.Now()
		for i, l := range loads {
			c, err := measure(ctx, e, l)
			if err != nil {
				return fmt.Errorf("measuring %q: %w", l.name, err)
			}
			totals[i].add(c)
			fmt.Fprintf(out, "round %d: %-34s %4d steps in %s\n", round, l.name, c.steps, c.took.Round(100*time.Millisecond))
		}
		if time.Since(begun)+time.Since(roundBegun) > o.limit {
			break
		}
	}
	print(out, loads, totals)
	return nil
}

// print writes the table. CPU is in milliseconds per step; the ratio is that of the whole CPU to the floor's.
func print(out io.Writer, loads []load, totals []cost) {
	fmt.Fprintf(out, "\n%-34s %8s %8s %8s %8s %8s %8s %8s %8s %7s\n", "", "steps/s", "CPU ms", "server", "worker", "postgres",
		"events", "commits", "WAL B", "ratio")
	floor := totals[0].perStep(totals[0].cpu())
	for i, l := range loads {
		c := totals[i]
		fmt.Fprintf(out, "%-34s %8.1f %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f %8.0f %7.2f\n", l.name,
			float64(c.steps)/c.took.Seconds(), c.perStep(c.cpu()), c.perStep(c.server), c.perStep(c.worker), c.perStep(c.postgres),
			c.perStep(float64(c.events)), c.perStep(float64(c.commits)), c.perStep(float64(c.wal)), c.perStep(c.cpu())/floor)
	}
	fmt.Fprintln(out, "\nCommits are those of Perennial's database, sessions that listen and the sender included. A rate below the machine's"+
		"\ncapacity only says that workflows rest; -workflows raises it.")
}
