package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"perennial/journey"
	"perennial/templates"
)

// Play asks for a journey to be played for several customers.
type Play struct {
	Customers int       // invented ones, where Personas is nil
	Personas  []Persona // whom it is played for
	Start     time.Time
	Days      int
	Seed      uint64
	Habits    *Habits // what they do; nil: the trigger happens to each of them, and the rest is assumed
	Timelines int     // of how many customers the timeline is told
}

// Invented is how many customers are made up where nobody says how many.
const Invented = 100

// firstWeek is the span in which invented customers enter, one after the other, where nobody says when.
const firstWeek = 7 * journey.Day

// Simulate plays a journey for everybody, on all processors; it comes out the same for the same seed. The error is a *Fault, or
// the context's.
func Simulate(ctx context.Context, def *journey.Definition, set *templates.Set, p Play, o Options) (journey.Simulation, error) {
	run := newPlaying(def, set, p, o)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	workers := max(1, min(runtime.GOMAXPROCS(0), run.customers))
	parts := make([]*sums, workers)
	for w := range workers {
		parts[w] = newSums(def)
		wg.Go(func() {
			for i := w; i < run.customers && ctx.Err() == nil; i += workers {
				timeline, persona, err := run.one(i)
				if err != nil {
					cancel(fmt.Errorf("customer %d: %w", i+1, err))
					return
				}
				parts[w].add(timeline)
				if i < run.play.Timelines {
					parts[w].people[i] = tell(def, persona, timeline)
				}
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return journey.Simulation{}, err
	}
	for _, part := range parts[1:] {
		parts[0].merge(part)
	}
	return run.result(parts[0]), nil
}

type playing struct {
	def       *journey.Definition
	set       *templates.Set
	play      Play
	opts      Options
	invents   inventor
	habits    Habits
	customers int
	zones     zones
}

func newPlaying(def *journey.Definition, set *templates.Set, p Play, o Options) *playing {
	words := readVocabulary(def)
	r := &playing{def: def, set: set, play: p, opts: o, customers: p.Customers}
	switch {
	case p.Personas != nil:
		r.customers = len(p.Personas)
	case p.Customers == 0:
		r.customers = Invented
	}
	r.habits = assumed(words, def.Enter.Event)
	if p.Personas != nil {
		r.habits = Habits{}
	}
	if p.Habits != nil {
		r.habits = *p.Habits
		if !r.habits.Start.IsZero() {
			r.play.Start = r.habits.Start
		}
		r.opts.EmptyPools = append(r.opts.EmptyPools, r.habits.EmptyPools...)
	}
	if r.customers == 1 {
		r.play.Timelines = 1
	}
	r.invents = inventor{def: def, words: words, seed: p.Seed, start: r.play.Start.UTC()}
	return r
}

// one plays the journey for the ith customer.
func (r *playing) one(i int) (Timeline, Persona, error) {
	chances := r.invents.random(i)
	var p Persona
	if r.play.Personas != nil {
		p = r.play.Personas[i]
	} else {
		p = r.invents.persona(i, chances)
	}
	until := time.Duration(r.play.Days) * journey.Day
	script := Script{Start: r.play.Start, Until: until, Happenings: r.happenings(&p, i, until, chances)}
	w := newWorld(r.def, r.set, p, script, r.opts)
	w.zones = &r.zones
	w.reacts = &reactions{habits: r.habits, words: r.invents.words, random: chances}
	err := w.run(script)
	return w.out, p, err
}

// happenings are what the file says for everybody and what is drawn; where no file says anything, she enters.
func (r *playing) happenings(p *Persona, i int, until time.Duration, chances *rand.Rand) []Happening {
	out := append([]Happening(nil), r.habits.Happenings...)
	if !r.habits.said {
		within := firstWeek
		if r.customers == 1 {
			within = 0
		}
		out = append(out, r.enters(p, i, min(within, until), chances)...)
	}
	return append(out, r.habits.draw(until, chances)...)
}

// enters lets a customer who is known enter by what she did last, and an invented one by what is made up.
func (r *playing) enters(p *Persona, i int, within time.Duration, chances *rand.Rand) []Happening {
	enter := &r.def.Enter
	for j := len(p.History) - 1; j >= 0; j-- {
		switch e := p.History[j]; {
		case enter.Event != "" && e.Name == enter.Event:
			return []Happening{{Event: e.Name, Properties: e.Properties}}
		case enter.Inactive != nil && e.Name == enter.Inactive.Event:
			return nil
		}
	}
	return r.invents.enters(p, i, within, chances)
}

func (r *playing) result(s *sums) journey.Simulation {
	out := s.result(r.def)
	out.Version, out.Start, out.Days, out.Seed = r.opts.Version, r.play.Start.UTC(), r.play.Days, r.play.Seed
	out.Customers, out.Assumed = r.customers, r.habits.words()
	return out
}
