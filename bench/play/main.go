// Command play measures how fast a journey is played: invented customers, the mails rendered, on all processors.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

func main() {
	name := flag.String("journey", "win-back", "one of those that ship")
	customers := flag.Int("customers", 10_000, "how many")
	days := flag.Int("days", 90, "how long")
	profile := flag.String("cpuprofile", "", "a file for a CPU profile")
	flag.Parse()
	if err := run(*name, *customers, *days, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "bench-simulate: "+err.Error())
		os.Exit(1)
	}
}

func run(name string, customers, days int, profile string) error {
	files, err := templates.Load(templates.Embedded(), name)
	if err != nil {
		return err
	}
	def, problems := journey.Parse(templates.JourneyFile, []byte(files[templates.JourneyFile]))
	if errs := problems.Errors(); len(errs) > 0 {
		return errs
	}
	set, problems := templates.Compile(def, files)
	if errs := problems.Errors(); len(errs) > 0 {
		return errs
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%s, %d customers, %d days, %d processors\n\n", name, customers, days, runtime.GOMAXPROCS(0))
	fmt.Println("                  seconds  of the processors  customers/s  ns/decision  allocs/decision  decisions   mails")
	for _, part := range []struct {
		name string
		set  *templates.Set
	}{{"deciding alone", nil}, {"and the mails", set}} {
		if err := measure(part.name, def, part.set, simulate.Play{Customers: customers, Days: days, Seed: 1}); err != nil {
			return err
		}
	}
	return nil
}

func measure(what string, def *journey.Definition, set *templates.Set, play simulate.Play) error {
	play.Start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began, busy := time.Now(), processorTime()
	s, err := simulate.Simulate(context.Background(), def, set, play, simulate.Options{Profile: intake.Profile})
	took, busy := time.Since(began), processorTime()-busy
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	n := max(s.Decisions, 1)
	fmt.Printf("%-16s  %7.2f  %17.2f  %11.0f  %11.0f  %15d  %9d  %6d\n", what, took.Seconds(), busy.Seconds(), float64(play.Customers)/took.Seconds(),
		float64(busy.Nanoseconds())/float64(n), (after.Mallocs-before.Mallocs)/uint64(n), s.Decisions, s.Messages) //nolint:gosec // above 0
	return nil
}

// processorTime is what the process has had of the processors: on a machine that others work on, it is the figure that holds.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
