package simulate

import (
	"context"

	"perennial/journey"
	"perennial/templates"
)

// Version plays a version of a journey as somebody asks for it. Its faults, and those of a script, are told all at once.
func Version(ctx context.Context, v journey.Version, r journey.SimulationRequest, o Options) (journey.Simulation, error) {
	faulty := func(problems journey.Problems) (journey.Simulation, error) {
		return journey.Simulation{}, &journey.Fault{Code: journey.CodeInvalid, Message: "journey " + v.Key + " has faults", Problems: problems}
	}
	def, problems := journey.Parse(templates.JourneyFile, []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return faulty(problems)
	}
	set, problems := templates.Compile(def, v.Files)
	if len(problems.Errors()) > 0 {
		return faulty(problems)
	}
	play := Play{Customers: r.Customers, Start: r.Start, Days: r.Days, Seed: r.Seed, Timelines: r.Timelines}
	if r.Script != nil {
		habits, err := ParseHabits("the script", r.Script)
		if err != nil {
			return journey.Simulation{}, err
		}
		play.Habits = &habits
		if habits.Persona != nil && r.Customers == 0 {
			play.Personas = []Persona{habits.Persona.Agreed(def)}
		}
	}
	if r.Known != nil {
		play.Personas = []Persona{Known(*r.Known)}
	}
	o.Version = v.Number
	return Simulate(ctx, def, set, play, o)
}
