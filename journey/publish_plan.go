package journey

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PublishPlan says what publishing would do, before it is done.
type PublishPlan struct {
	Journey  string            `json:"journey"`
	From     int               `json:"from"` // the live version; 0: there is none
	InFlight InFlight          `json:"in_flight"`
	Map      map[string]string `json:"map"`
	Waits    Waits             `json:"waits"`
	ETag     string            `json:"etag"` // of what was planned

	Changes  []Alteration  `json:"changes"` // against the live version
	People   int           `json:"people"`  // in flight, in whichever version
	Steps    []StepPlan    `json:"steps"`
	Advice   []string      `json:"advice"` // e.g. a step that seems to have another id now, and is not in the map
	Twice    []PlanFinding `json:"twice"`  // message by message, whom it reaches a second time
	Skips    []PlanFinding `json:"skips"`  // whom it never reaches, although the new version would have sent it by now
	AtOnce   []PlanFinding `json:"at_once"`
	Sample   PlanSample    `json:"sample"`
	Audience Audience      `json:"audience"`
	Warnings Problems      `json:"warnings,omitempty"`
}

// StepPlan says what becomes of those who stand at one step of one version.
type StepPlan struct {
	Version int    `json:"version"`
	Step    string `json:"step"` // "": they have not begun
	People  int    `json:"people"`
	Becomes string `json:"becomes"`      // stay, move or leave
	To      string `json:"to,omitempty"` // with move: the step of the new version
	Why     string `json:"why,omitempty"`
}

// What becomes of people at a step.
const (
	BecomesStay  = "stay"
	BecomesMove  = "move"
	BecomesLeave = "leave"
)

// PlanFinding is something that happens to several people, with up to ten of them by name.
type PlanFinding struct {
	What     string       `json:"what"` // name of a message, or the reason for which they leave
	People   int          `json:"people"`
	Examples []PlanPerson `json:"examples"`
}

// PlanPerson is one of them.
type PlanPerson struct {
	Customer string `json:"customer"` // cus_…
	Name     string `json:"name"`
}

// PlanSample says how many people were played through the new version.
type PlanSample struct {
	Looked  int           `json:"looked"`
	Of      int           `json:"of"`
	Most    int           `json:"most"` // never more; always the same ones
	Took    time.Duration `json:"-"`
	TookMS  int64         `json:"took_ms"`
	BoundMS int64         `json:"bound_ms"`
}

// Audience is who will enter by the trigger, against the usual.
type Audience struct {
	Trigger Phrase  `json:"trigger"`
	AtOnce  *int    `json:"at_once,omitempty"` // who qualify now and would enter with the next scan, before `if` is asked
	PerDay  float64 `json:"per_day"`           // who entered, on average of the last Days
	Likely  float64 `json:"likely"`            // who did what triggers it, per day of the last Days; 0: not known
	Days    int     `json:"days"`
	Unusual bool    `json:"unusual"` // far above: look again before you publish
}

// ExamplesMax is how many people a finding names.
const ExamplesMax = 10

// Judge says whether the audience is far above the usual: more than three times as many, and a hundred at least.
func (a *Audience) Judge() {
	n := a.Likely
	if a.AtOnce != nil {
		n = float64(*a.AtOnce)
	}
	a.Unusual = n >= 100 && n > 3*a.PerDay
}

// Place fills in the steps: who stays, moves and leaves.
func (p *PublishPlan) Place(old []VersionInFlight, to *Definition) {
	for _, v := range old {
		c := Crossing{From: v.Def, To: to, Map: p.Map}
		missing := map[string]bool{}
		for step, n := range v.Steps {
			s := StepPlan{Version: v.Number, Step: step, People: n, Becomes: BecomesStay}
			p.People += n
			is, has := c.Place(step)
			switch {
			case p.InFlight == InFlightKeep:
				s.Why = "they finish on version " + strconv.Itoa(v.Number)
			case p.InFlight == InFlightExit:
				s.Becomes, s.Why = BecomesLeave, EndWords(ReasonNewVersion)
			case step == "":
			case !has:
				s.Becomes, s.Why = BecomesLeave, "the new version has no step `"+is+"`"
				missing[step] = true
			case is != step:
				s.Becomes, s.To = BecomesMove, is
			case v.Def.Step(step) != nil && v.Def.Step(step).Kind != to.Step(is).Kind:
				s.Why = "it is another kind of step, and begins anew for them"
			}
			p.Steps = append(p.Steps, s)
		}
		for was, is := range Renamed(v.Def, to) {
			if missing[was] {
				p.Advice = append(p.Advice, fmt.Sprintf("step `%s` of version %d looks like step `%s` now: map it (%s=%s), or those who stand there leave",
					was, v.Number, is, was, is))
			}
		}
	}
	slices.Sort(p.Advice)
	slices.SortFunc(p.Steps, func(a, b StepPlan) int {
		return cmp.Or(cmp.Compare(b.Version, a.Version), cmp.Compare(a.Step, b.Step))
	})
}

// Find adds what a replay found of one person.
func (p *PublishPlan) Find(who PlanPerson, e Effect) {
	for _, m := range e.Twice {
		p.Twice = found(p.Twice, m, who)
	}
	for _, m := range e.Skips {
		p.Skips = found(p.Skips, m, who)
	}
	if e.Ends != "" && e.Ends != ReasonStepGone {
		p.AtOnce = found(p.AtOnce, e.Ends, who)
	}
}

func found(list []PlanFinding, what string, who PlanPerson) []PlanFinding {
	i := slices.IndexFunc(list, func(f PlanFinding) bool { return f.What == what })
	if i < 0 {
		list, i = append(list, PlanFinding{What: what, Examples: []PlanPerson{}}), len(list)
	}
	list[i].People++
	if len(list[i].Examples) < ExamplesMax {
		list[i].Examples = append(list[i].Examples, who)
	}
	return list
}

// Leaving is how many people leave by it, as far as their steps say.
func (p *PublishPlan) Leaving() (n int) {
	for _, s := range p.Steps {
		if s.Becomes == BecomesLeave {
			n += s.People
		}
	}
	return n
}

// Words says the plan for people, line by line.
func (p *PublishPlan) Words() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch {
	case p.From == 0:
		line("%s: nothing is live yet; this will be its first version", p.Journey)
	case len(p.Changes) == 0:
		line("%s: nothing is different from version %d", p.Journey, p.From)
	default:
		line("%s: what is different from version %d", p.Journey, p.From)
	}
	for _, c := range p.Changes {
		line("  %s", c.Words)
	}
	line("")
	line("In flight: %s (%s)", people(p.People), inFlightWords(p.InFlight, p.Waits))
	for _, s := range p.Steps {
		line("  %s", s.words())
	}
	for _, a := range p.Advice {
		line("  advice: %s", a)
	}
	p.findings(line)
	line("")
	line("Entering: %s", p.Audience.words())
	for _, w := range p.Warnings {
		line("warning: %s", w)
	}
	return b.String()
}

func (p *PublishPlan) findings(line func(string, ...any)) {
	if p.Sample.Of == 0 {
		return
	}
	line("Played with what %s recorded, of %s (at most %d, always the same ones, for at most %s; it took %s):",
		people(p.Sample.Looked), people(p.Sample.Of), p.Sample.Most, time.Duration(p.Sample.BoundMS)*time.Millisecond, p.Sample.Took.Round(time.Millisecond))
	say := func(list []PlanFinding, format string) {
		for _, f := range list {
			names := make([]string, len(f.Examples))
			for i, who := range f.Examples {
				names[i] = who.Name
			}
			line("  "+format, people(f.People), f.What)
			line("    %s", strings.Join(names, ", "))
		}
	}
	say(p.Twice, "%s would get the message `%s` twice")
	say(p.Skips, "%s would skip the message `%s`")
	say(p.AtOnce, "%s would leave at once: %s")
	if len(p.Twice)+len(p.Skips)+len(p.AtOnce) == 0 {
		line("  nobody gets a message twice, skips one, or leaves at once by a rule")
	}
}

func inFlightWords(f InFlight, w Waits) string {
	switch f {
	case InFlightMigrate:
		return "migrate, waits " + map[Waits]string{WaitsKeep: "kept", WaitsRecompute: "recomputed"}[w]
	case InFlightExit:
		return "exit"
	}
	return "keep: they finish on their version"
}

func (s *StepPlan) words() string {
	at := "at `" + s.Step + "`"
	if s.Step == "" {
		at = "not begun"
	}
	words := fmt.Sprintf("version %d, %s: %s %s", s.Version, at, people(s.People), s.Becomes)
	if s.People == 1 {
		words += "s"
	}
	if s.To != "" {
		words += " to `" + s.To + "`"
	}
	if s.Why != "" {
		words += " (" + s.Why + ")"
	}
	return words
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.Itoa(n) + " people"
}

func (a *Audience) words() string {
	words := a.Trigger.String() + "; usually " + perDay(a.PerDay) + " (last " + strconv.Itoa(a.Days) + " days)"
	switch {
	case a.AtOnce != nil:
		words += ", now " + people(*a.AtOnce) + " qualify, before `if` is asked"
	case a.Likely > 0:
		words += ", " + perDay(a.Likely) + " did what triggers it"
	}
	if a.Unusual {
		words += ": FAR ABOVE THE USUAL"
	}
	return words
}

func perDay(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) + " a day" }
