package control

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"perennial/journey"
)

// Recordings is where is read what a simulation for a known customer stands on.
type Recordings interface {
	Recorded(ctx context.Context, customer, journeyKey, topic string) (journey.Recorded, error)
}

// SimulateRequest asks to play a journey.
type SimulateRequest struct {
	Key       string
	Version   string // draft (also ""), live, or a number
	Customers int    // 0: 100
	Customer  string // instead of invented ones: cus_…, or user: and the caller's own id
	Days      int    // 0: 90
	Seed      uint64
	Start     time.Time // zero: now
	Script    []byte
	Timelines int
}

// The bounds of a simulation that others wait for; the command line plays a folder without them.
const (
	simulatedCustomers = 1000
	simulatedDays      = 400
	simulatedTimelines = 20
	simulatedScript    = 64 << 10
	simulatedTime      = 20 * time.Second
	simulatedAtOnce    = 2
)

// Simulate plays a journey on a clock of its own. It reads, and writes nothing: no event, no coupon, no mail.
func (c *Control) Simulate(ctx context.Context, r SimulateRequest) (journey.Simulation, error) {
	if err := r.check(); err != nil {
		return journey.Simulation{}, err
	}
	v, err := c.versionNamed(ctx, r.Key, r.Version)
	if err != nil {
		return journey.Simulation{}, err
	}
	play := journey.SimulationRequest{Customers: r.Customers, Days: r.Days, Seed: r.Seed, Start: r.Start, Script: r.Script, Timelines: r.Timelines}
	if play.Days == 0 {
		play.Days = 90
	}
	if play.Start.IsZero() {
		play.Start = c.Clock.Now()
	}
	if r.Customer != "" {
		def, problems := journey.Parse(JourneyFile, []byte(v.Source))
		if len(problems.Errors()) > 0 {
			return journey.Simulation{}, faulty(r.Key, problems)
		}
		known, err := c.Store.Recorded(ctx, r.Customer, r.Key, def.Topic)
		if err != nil {
			return journey.Simulation{}, err
		}
		play.Known, play.Timelines = &known, max(play.Timelines, 1)
	}
	if !c.playing.begin() {
		return journey.Simulation{}, journey.Faultf(journey.CodeRate, "%d simulations are under way; wait until one is done", simulatedAtOnce)
	}
	defer c.playing.end()
	ctx, cancel := context.WithTimeoutCause(ctx, simulatedTime, tooLong())
	defer cancel()
	return c.Play(ctx, v, play)
}

func tooLong() error {
	return invalid("customers", "the simulation takes longer than "+simulatedTime.String(), "ask for fewer customers or days, or for lower rates")
}

// check reports every fault of the request.
func (r SimulateRequest) check() error {
	var problems journey.Problems
	bound := func(field string, n, most int) {
		if n < 0 || n > most {
			problems = append(problems, journey.Problem{Path: field, Message: "is " + strconv.Itoa(n), Mend: "write a number up to " + strconv.Itoa(most)})
		}
	}
	bound("customers", r.Customers, simulatedCustomers)
	bound("days", r.Days, simulatedDays)
	bound("timelines", r.Timelines, simulatedTimelines)
	if r.Customer != "" && r.Customers > 0 {
		problems = append(problems, journey.Problem{Path: "customers", Message: "stands beside customer", Mend: "write one of them"})
	}
	if len(r.Script) > simulatedScript {
		return journey.Faultf(journey.CodeTooLarge, "a script is at most %d KiB", simulatedScript>>10)
	}
	if problems != nil {
		return &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: problems}
	}
	return nil
}

// versionNamed returns the content of a journey: its draft (the live version where there is none), the live one, or a number.
func (c *Control) versionNamed(ctx context.Context, key, name string) (journey.Version, error) {
	d, err := c.Store.Draft(ctx, key)
	if err != nil {
		return journey.Version{}, err
	}
	if name == "" || name == "draft" {
		v := journey.Version{Key: key, Hash: d.ETag, Source: d.Source, Files: d.Files}
		if !d.IsDraft {
			v.Number = d.LiveVersion
		}
		return v, nil
	}
	number := d.LiveVersion
	if name != "live" {
		if number, err = strconv.Atoi(name); err != nil || number < 1 {
			return journey.Version{}, invalid("version", "is "+name, "write draft, live or the number of a version")
		}
	}
	return c.Store.Version(ctx, key, number)
}

// begun counts the simulations under way: each takes all that the processors give.
type begun struct{ n atomic.Int32 }

// begin says whether there is room for one more.
func (b *begun) begin() bool {
	if b.n.Add(1) > simulatedAtOnce {
		b.n.Add(-1)
		return false
	}
	return true
}

func (b *begun) end() { b.n.Add(-1) }
