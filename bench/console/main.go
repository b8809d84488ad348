// Command console measures how long the console's pages take, and finding a customer, among a million customers with a past. It asks the
// program itself, over HTTP, page by page as its table of routes says. The floor, in the same run, is a page that asks Postgres for 1.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"perennial/bench/rig"
)

func main() { rig.Main("console", run) }

// journeys that are published before anybody has a past in them.
var journeys = []string{"win-back", "post-purchase", "onboarding", "graceful-exit"}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("console", flag.ContinueOnError)
	bin := flags.String("bin", "bin", "where the programs are")
	customers := flags.Int("n", 1_000_000, "customers")
	rounds := flags.Int("rounds", 20, "how often each page is asked for")
	wait := flags.Bool("wait", false, "stay up afterwards, to look at pages and plans; Ctrl-C ends it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, p, err := rig.StartAlone(ctx, *bin, "console")
	if err != nil {
		return err
	}
	defer e.Stop()
	defer p.Stop()
	for _, key := range journeys {
		if _, err := p.Run(ctx, "journey", "publish", "templates/"+key); err != nil {
			return err
		}
	}
	if err := makeThePast(ctx, out, p.DatabaseURL, *customers); err != nil {
		return err
	}
	link, err := p.Run(ctx, "user", "create", "--email", "bench@example.com", "--role", "admin")
	if err != nil {
		return err
	}
	b, err := signIn(ctx, p.URL, link)
	if err != nil {
		return err
	}
	if err := b.explore(ctx, *customers); err != nil {
		return err
	}
	if err := b.measure(ctx, *rounds); err != nil {
		return err
	}
	b.print(out)
	if *wait {
		fmt.Fprintln(out, p.DatabaseURL)
		<-ctx.Done()
	}
	return nil
}

func makeThePast(ctx context.Context, out io.Writer, url string, n int) error {
	begun := time.Now()
	if err := rig.Fill(ctx, url, n, begun, slices.Concat(rig.People(), past())); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d customers and their past, made in %s\n", n, time.Since(begun).Round(time.Second))
	return nil
}
