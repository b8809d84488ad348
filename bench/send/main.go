// Command send measures what a message costs: one each to so many customers, through the ledger and the real sender, against go-mail
// sending one by one over one kept connection, and against raw SMTP of prebuilt bytes (the limit), alternating in one run. Every
// process that takes part is counted: this one, Postgres, and the sink that stands for the relay. Message-IDs are compared at the
// sink: nothing may be lost and nothing may come twice.
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

// asSink is the argument by which this program runs as the sink.
const asSink = "sink"

// options of a run.
type options struct {
	messages int // of each way
	signed   int // of each way that signs
	rounds   int
	slots    int // connections of the sender, and of the limit
	profile  string
}

func main() { rig.Main("send", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 1 && args[0] == asSink {
		return serveSink(ctx, os.Stdin, out)
	}
	var o options
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	engine := rig.Program(flags)
	flags.IntVar(&o.messages, "n", 20_000, "messages of each way, over all rounds")
	flags.IntVar(&o.signed, "signed", 0, "messages of each way that signs with RSA-2048; 0: a tenth of n, -1: none")
	flags.IntVar(&o.rounds, "rounds", 2, "rounds: in each, every way has its turn")
	flags.IntVar(&o.slots, "slots", 64, "messages on their way at a time: connections of the sender (SMTP_CONNECTIONS), and of the limit")
	flags.StringVar(&o.profile, "profile", "", "file for a CPU profile of Perennial's first turn")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.signed == 0 {
		o.signed = o.messages / 10
	}
	e, err := rig.StartEngine(ctx, *engine, "postgres")
	if err != nil {
		return err
	}
	defer e.Stop()
	to, err := startRelay(ctx)
	if err != nil {
		return fmt.Errorf("starting the sink: %w", err)
	}
	defer to.stop()
	ways, l, err := openWays(ctx, e, to, o)
	if err != nil {
		return err
	}
	defer l.close(context.WithoutCancel(ctx))
	b := bench{engine: e, relay: to, ledger: l, out: out}
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // the profile is written by then
		b.profiled = func(do func() error) error {
			b.profiled = nil
			if err := pprof.StartCPUProfile(file); err != nil {
				return err
			}
			defer pprof.StopCPUProfile()
			return do()
		}
	}
	totals, err := b.run(ctx, ways, o.rounds)
	if err != nil {
		return err
	}
	print(out, ways, totals)
	return faults(ways, totals)
}

// faults says what makes the run fail: messages that did not arrive once.
func faults(ways []way, totals []cost) error {
	for i, c := range totals {
		if c.lost+c.twice+c.strange > 0 {
			return fmt.Errorf("%s: %d messages are lost, %d came twice, %d were nobody's", ways[i].name, c.lost, c.twice, c.strange)
		}
	}
	return nil
}

// print writes the table. The ratios are to the limit, by rate and by processor time; and to go-mail by rate.
func print(out io.Writer, ways []way, totals []cost) {
	fmt.Fprintf(out, "\n%-30s %8s %9s %7s %7s %8s %7s %8s %7s %8s %8s %9s\n", "", "messages", "per s", "CPU ms", "client", "postgres",
		"sink", "commits", "WAL B", "of limit", "by CPU", "x go-mail")
	rate := func(i int) float64 { return float64(totals[i].messages) / totals[i].took.Seconds() }
	var limit, single, signedSingle int
	for i, w := range ways {
		switch {
		case w.kind == kindLimit:
			limit = i
		case w.kind == kindGoMail && w.signed:
			signedSingle = i
		case w.kind == kindGoMail:
			single = i
		}
	}
	for i, w := range ways {
		c, against := totals[i], single
		if w.signed {
			against = signedSingle
		}
		fmt.Fprintf(out, "%-30s %8d %9.0f %7.3f %7.3f %8.3f %7.3f %8.3f %7.0f %8.2f %8.2f %9.1f\n", w.name, c.messages, rate(i), c.per(c.cpu()),
			c.per(c.client), c.per(c.postgres), c.per(c.sink), c.per(float64(c.commits)), c.per(float64(c.wal)), rate(i)/rate(limit),
			totals[limit].per(totals[limit].cpu())/c.per(c.cpu()), rate(i)/rate(against))
	}
	var lost, twice, all int
	for _, c := range totals {
		lost, twice, all = lost+c.lost, twice+c.twice, all+c.messages
	}
	fmt.Fprintf(out, "\nAt the sink, by Message-ID: %d of %d lost, %d twice. CPU, commits and WAL are per message; of limit: messages per second\n"+
		"against the limit's; by CPU: the limit's processor time against this way's.\n", lost, all, twice)
}

// cost is what a way took. CPU is in milliseconds.
type cost struct {
	messages, commits      int
	lost, twice, strange   int
	wal                    int64
	client, postgres, sink float64
	took                   time.Duration
}

func (c *cost) add(d cost) {
	c.messages, c.commits, c.wal, c.took = c.messages+d.messages, c.commits+d.commits, c.wal+d.wal, c.took+d.took
	c.client, c.postgres, c.sink = c.client+d.client, c.postgres+d.postgres, c.sink+d.sink
	c.lost, c.twice, c.strange = c.lost+d.lost, c.twice+d.twice, c.strange+d.strange
}

func (c *cost) cpu() float64 { return c.client + c.postgres + c.sink }

func (c *cost) per(total float64) float64 { return total / float64(max(1, c.messages)) }
