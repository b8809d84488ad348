package simulate

import (
	"cmp"
	"maps"
	"slices"

	"perennial/journey"
)

// sums add timelines up.
type sums struct {
	def                                   *journey.Definition
	entered, enrollments, inside, heldOut int
	goals, messages, decisions            int
	worth                                 float64
	came, stand, sent                     map[string]int
	ways                                  map[[2]string]int         // step and way
	notSent                               map[string]map[string]int // step → reason
	refused, ends                         map[string]int
	people                                map[int]journey.SimulatedPerson
}

func newSums(def *journey.Definition) *sums {
	return &sums{
		def: def, came: map[string]int{}, stand: map[string]int{}, sent: map[string]int{}, ways: map[[2]string]int{},
		notSent: map[string]map[string]int{}, refused: map[string]int{}, ends: map[string]int{}, people: map[int]journey.SimulatedPerson{},
	}
}

func (s *sums) add(t Timeline) {
	if len(t.Ends) > 0 {
		s.entered++
	}
	s.enrollments += len(t.Ends)
	s.decisions += t.Decisions
	s.messages += len(t.Mails)
	for reason, n := range t.Refused {
		s.refused[reason] += n
	}
	for _, state := range t.Ends {
		s.ended(state)
	}
	for _, e := range t.Entries {
		if e.Happened == nil {
			s.logged(e.Log)
		}
	}
}

func (s *sums) ended(state journey.State) {
	for step, visits := range state.Visits {
		if visits > 0 {
			s.came[step]++
		}
	}
	if state.Holdout {
		s.heldOut++
	}
	if state.GoalAt != nil {
		s.goals++
		s.worth += state.GoalWorth
	}
	if state.Status == journey.StatusEnded {
		s.ends[state.Reason]++
		return
	}
	s.inside++
	s.stand[state.Step]++
}

func (s *sums) logged(l journey.LogEntry) {
	switch l.What {
	case journey.LogSend:
		s.sent[l.Step]++
	case journey.LogNotSent:
		if s.notSent[l.Step] == nil {
			s.notSent[l.Step] = map[string]int{}
		}
		s.notSent[l.Step][value(l.Detail["reason"])]++
	}
	if way := l.Way(); way != "" {
		s.ways[[2]string{l.Step, way}]++
	}
}

func (s *sums) merge(o *sums) {
	s.entered, s.enrollments, s.inside, s.heldOut = s.entered+o.entered, s.enrollments+o.enrollments, s.inside+o.inside, s.heldOut+o.heldOut
	s.goals, s.messages, s.decisions, s.worth = s.goals+o.goals, s.messages+o.messages, s.decisions+o.decisions, s.worth+o.worth
	for _, pair := range [][2]map[string]int{{s.came, o.came}, {s.stand, o.stand}, {s.sent, o.sent}, {s.refused, o.refused}, {s.ends, o.ends}} {
		for k, n := range pair[1] {
			pair[0][k] += n
		}
	}
	for k, n := range o.ways {
		s.ways[k] += n
	}
	for step, reasons := range o.notSent {
		if s.notSent[step] == nil {
			s.notSent[step] = map[string]int{}
		}
		for reason, n := range reasons {
			s.notSent[step][reason] += n
		}
	}
	maps.Copy(s.people, o.people)
}

func (s *sums) result(def *journey.Definition) journey.Simulation {
	out := journey.Simulation{
		Journey: def.Key, Name: def.Name, Entered: s.entered, Enrollments: s.enrollments, Refused: counts(s.refused), Inside: s.inside,
		Holdout: s.heldOut, Ends: counts(s.ends), Goals: s.goals, GoalWorth: s.worth, Messages: s.messages, Decisions: s.decisions,
		Steps: []journey.SimulatedStep{}, Untaken: []journey.SimulatedWay{}, People: []journey.SimulatedPerson{},
	}
	for i := range def.Exit {
		s.list(def.Exit[i].Then, "", "", &out)
	}
	if def.Goal != nil {
		s.list(def.Goal.Then, "", "", &out)
	}
	s.list(def.Steps, "", "", &out)
	for _, i := range slices.Sorted(maps.Keys(s.people)) {
		out.People = append(out.People, s.people[i])
	}
	return out
}

// list adds steps, and those in their arms, which stand in the given way out of the parent.
func (s *sums) list(steps []*journey.Step, parent, way string, out *journey.Simulation) {
	for _, step := range steps {
		what, _ := step.Words()
		ways := step.Ways()
		out.Steps = append(out.Steps, journey.SimulatedStep{
			Step: step.ID, Kind: step.Kind, What: what.String(), Parent: parent, Way: way, Came: s.came[step.ID], Stand: s.stand[step.ID],
			Sent: s.sent[step.ID], NotSent: counts(s.notSent[step.ID]), Ways: s.taken(step.ID, ways, out),
		})
		for _, w := range ways {
			s.list(w.Then, step.ID, w.Name, out)
		}
		if len(ways) == 0 { // the rounds of a repeat
			for _, arm := range step.Arms() {
				s.list(arm, step.ID, "", out)
			}
		}
	}
}

// taken counts the ways out of a step, and notes those that nobody took.
func (s *sums) taken(step string, ways []journey.Way, out *journey.Simulation) []journey.SimulatedWay {
	var list []journey.SimulatedWay
	for _, w := range ways {
		way := journey.SimulatedWay{Step: step, Way: w.Name, Words: w.Words, Taken: s.ways[[2]string{step, w.Name}]}
		if w.Name == journey.WayThen {
			way.Taken = s.came[w.Then[0].ID]
		}
		list = append(list, way)
		if way.Taken == 0 {
			out.Untaken = append(out.Untaken, way)
		}
	}
	return list
}

// counts sorts by number, the greatest first.
func counts(m map[string]int) []journey.SimulatedCount {
	out := make([]journey.SimulatedCount, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, journey.SimulatedCount{Name: name, Count: m[name]})
	}
	slices.SortStableFunc(out, func(a, b journey.SimulatedCount) int { return cmp.Compare(b.Count, a.Count) })
	return out
}
