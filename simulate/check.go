package simulate

import (
	"fmt"
	"strings"

	"perennial/journey"
	"perennial/templates"
)

// Check runs a scenario and compares. The error is nil when the timeline is the one that is expected, else a *Fault that shows
// both where they part, or what the run itself failed of. A scenario without topics has agreed to every topic of the journey.
func Check(def *journey.Definition, set *templates.Set, s Scenario, o Options) (Timeline, error) {
	o.EmptyPools = append(o.EmptyPools, s.EmptyPools...)
	if s.Winners != nil {
		o.Winners = s.Winners
	}
	o.Replies = s.Replies
	t, err := Run(def, set, s.Persona.Agreed(def), s.Script, o)
	if err != nil {
		return t, fmt.Errorf("scenario %s: %w", s.File, err)
	}
	if text := difference(s.Expect, t.Lines()); text != "" {
		return t, journey.Faultf(journey.CodeInvalid, "scenario %s: the timeline is another than expected:\n%s", s.File, text)
	}
	return t, nil
}

// difference shows both timelines from the line before the first that differs; "" when none does.
func difference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		w, g := "", ""
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			from := max(i-1, 0)
			return "expected:\n  " + strings.Join(want[min(from, len(want)):], "\n  ") + "\ngot:\n  " + strings.Join(got[min(from, len(got)):], "\n  ")
		}
	}
	return ""
}

// NeverVisited names the steps that none of the timelines came to, in the order of the file.
func NeverVisited(def *journey.Definition, timelines []Timeline) []string {
	var out []string
	def.Walk(func(s *journey.Step) {
		for _, t := range timelines {
			if t.Visited[s.ID] > 0 {
				return
			}
		}
		out = append(out, s.ID)
	})
	return out
}
