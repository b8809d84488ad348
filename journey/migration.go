package journey

import (
	"maps"
	"reflect"
	"time"
)

// InFlight says what becomes of the customers who are in a journey when another version of it is published.
type InFlight string

// Keep: they finish on their version. Migrate: they go on in the new one. Exit: they leave.
const (
	InFlightKeep    InFlight = "keep"
	InFlightMigrate InFlight = "migrate"
	InFlightExit    InFlight = "exit"
)

// Waits says what becomes of a wait that a migration meets.
type Waits string

// Keep: it ends when it was to end. Recompute: it lasts as long as the new version says, from its beginning.
const (
	WaitsKeep      Waits = "keep"
	WaitsRecompute Waits = "recompute"
)

// Reasons of an end that a publication brings about.
const (
	ReasonStepGone   = "step_gone"   // the new version does not have the step at which she stood, and the map does not name another
	ReasonNewVersion = "new_version" // everybody who was in flight had to leave
)

// Reasons why a message was not sent that go back to a migration.
const (
	ReasonMigrated = "migrated" // its step is not in the new version
	ReasonHad      = "had_it"   // she was sent it by the version from which she was migrated
)

// Migration moves whoever is in flight to a version, or lets them leave, in the background. It is made by a publication, in its
// transaction; whoever enters from then on enters the new version.
type Migration struct {
	ID         string            `json:"id"` // mig_…
	Journey    string            `json:"journey"`
	Version    int               `json:"version"` // to which
	InFlight   InFlight          `json:"in_flight"`
	Map        map[string]string `json:"map"`
	Waits      Waits             `json:"waits"`
	By         string            `json:"by"`
	Total      int               `json:"total"`   // in flight on an older version when it began
	Waiting    int               `json:"waiting"` // of them, still there
	Held       int               `json:"held"`    // of those waiting, held until a person releases them
	BeganAt    time.Time         `json:"began_at"`
	FinishedAt *time.Time        `json:"finished_at,omitempty"`
}

// VersionInFlight is a version that somebody is in, and where they stand. The live one is among them, whoever is in it.
type VersionInFlight struct {
	Number int
	Def    *Definition
	Steps  map[string]int // step → how many stand there; "": not begun
}

// MigrationStep is what one transaction of a migration did.
type MigrationStep struct {
	Asked    int // how many were asked to move
	Finished bool
}

// Crossing takes one enrollment from one version to another.
type Crossing struct {
	From, To  *Definition
	FromN     int // numbers of the versions
	ToN       int
	Map       map[string]string // step of From → step of To, where the ids differ
	Recompute bool              // waits last as long as To says
}

// Place says where somebody who stands at a step of the old version stands in the new one; false: nowhere.
func (c Crossing) Place(step string) (string, bool) {
	if to, mapped := c.Map[step]; mapped {
		step = to
	}
	return step, c.To.Step(step) != nil
}

// gone returns the steps of the old version that the new one does not have.
func (c Crossing) gone() []string {
	var out []string
	c.From.Walk(func(s *Step) {
		if _, stays := c.Place(s.ID); !stays {
			out = append(out, s.ID)
		}
	})
	return out
}

// cross takes her from version to version, as publications asked. Only her place is looked at here; what the last version then
// does with it (exits, goal, deadlines) is decided in the same call, as always.
func (d *decision) cross(crossings []Crossing) {
	for _, c := range crossings {
		if d.live() {
			d.crossOne(c)
		}
	}
}

func (d *decision) crossOne(c Crossing) {
	about := detail{"from": c.FromN, "to": c.ToN}
	d.out.Effects.DropSteps = append(d.out.Effects.DropSteps, c.gone()...)
	d.st.Visits, d.st.Rounds = renamed(d.st.Visits, c), renamed(d.st.Rounds, c)
	d.st.Lasting = c.lasting(d.st.Lasting)
	was := d.st.Step
	if was == "" {
		d.logAt(d.now, LogMigrated, about)
		return
	}
	is, stays := c.Place(was)
	if !stays {
		about["was"] = was
		d.logAt(d.now, LogMigrated, about)
		d.reach(d.now)
		d.leave(ReasonStepGone, detail{"step": was})
		return
	}
	if is != was {
		about["was"] = was
	}
	about["step"] = is
	d.st.Step = is
	d.logAt(d.now, LogMigrated, about)
	d.had(c)
	d.st.Leaving = c.To.leavingAt(is)
	d.leaveRepeats(c.To, is)
	d.standAnew(c, c.From.Step(was), c.To.Step(is))
}

// renamed has the ids of the new version; what two steps of the old one have counted is that of the one which counted more.
func renamed(counts map[string]int, c Crossing) map[string]int {
	out := make(map[string]int, len(counts))
	for step, n := range counts {
		if to, mapped := c.Map[step]; mapped {
			step = to
		}
		out[step] = max(out[step], n)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// lasting keeps since when a condition holds, for the rules that the new version has too.
func (c Crossing) lasting(since map[string]time.Time) map[string]time.Time {
	out := map[string]time.Time{}
	for i := range c.From.Exit {
		old := &c.From.Exit[i]
		at, holds := since[lastingKey(i, old)]
		for j := range c.To.Exit {
			if now := &c.To.Exit[j]; holds && now.As == old.As && reflect.DeepEqual(now.If, old.If) {
				out[lastingKey(j, now)] = at
			}
		}
	}
	if at, holds := since[lastingGoal]; holds && c.To.Goal != nil && reflect.DeepEqual(c.To.Goal.If, c.From.Goal.If) {
		out[lastingGoal] = at
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// had remembers the messages that lie behind her: where the new version has their steps before her once more, they are not sent
// again. The rounds of a repeat send each time, and the step at which she stands is not done.
func (d *decision) had(c Crossing) {
	had := map[string]bool{}
	c.To.Walk(func(s *Step) {
		if (s.Send != nil || s.Survey != nil) && d.st.Visits[s.ID] > 0 && s.ID != d.st.Step && !c.To.repeats(s.ID) {
			had[s.ID] = true
		}
	})
	d.st.Had = had
	if len(had) == 0 {
		d.st.Had = nil
	}
}

// repeats says whether a step stands inside a repeat.
func (d *Definition) repeats(step string) bool {
	for id, s := range d.byID {
		if s.Repeat != nil && d.within(id, step) {
			return true
		}
	}
	return false
}

// standAnew lets her stand at the step of the new version as she stood at that of the old one, where both are of one kind. Else
// she has just come to it.
func (d *decision) standAnew(c Crossing, old, step *Step) {
	if old == nil || old.Kind != step.Kind || d.st.Phase == PhaseArrive {
		d.st.Phase, d.st.Since, d.st.Due, d.st.Kept, d.st.Survey = PhaseArrive, d.now, nil, false, ""
		d.closeTask()
		d.closeCall()
		return
	}
	if d.st.Phase != PhaseWaiting && d.st.Phase != PhaseAsked && d.st.Phase != PhaseReminded {
		return // a window and what she is held for are looked at anew with every decision
	}
	switch {
	case c.Recompute:
		d.st.Kept = false
		d.waitAnew(step)
	case d.st.Due != nil && !sameWait(old, step):
		d.st.Kept = true
		if d.st.Phase == PhaseAsked && old.Survey.Reminder != nil && step.Survey.Reminder == nil {
			due := d.st.Since.Add(old.Survey.Wait) // her time to answer, not the moment of a reminder that is gone
			d.st.Due = &due
		}
	}
}

// waitAnew sets the deadline of a survey or a task from its beginning; those of other waits are computed with every decision.
func (d *decision) waitAnew(step *Step) {
	due := d.st.Since
	switch {
	case step.Task != nil:
		due = due.Add(step.Task.Wait)
	case step.Survey != nil && d.st.Phase == PhaseAsked && step.Survey.Reminder != nil:
		due = due.Add(min(step.Survey.Reminder.After, step.Survey.Wait))
	case step.Survey != nil:
		due = due.Add(step.Survey.Wait)
	default:
		return
	}
	d.moved(&due, false)
}

// sameWait says whether two steps of one kind wait for the same time.
func sameWait(a, b *Step) bool {
	switch {
	case a.Wait != nil:
		x, y := *a.Wait, *b.Wait
		x.Then, y.Then = nil, nil
		return reflect.DeepEqual(x, y)
	case a.WaitFor != nil:
		if a.WaitFor.Timeout == nil || b.WaitFor.Timeout == nil {
			return a.WaitFor.Timeout == b.WaitFor.Timeout
		}
		x, y := *a.WaitFor.Timeout, *b.WaitFor.Timeout
		x.Then, y.Then = nil, nil
		return reflect.DeepEqual(x, y)
	case a.Survey != nil:
		return a.Survey.Wait == b.Survey.Wait && reflect.DeepEqual(after(a.Survey.Reminder), after(b.Survey.Reminder))
	case a.Task != nil:
		return a.Task.Wait == b.Task.Wait
	}
	return true
}

func after(r *Reminder) *time.Duration {
	if r == nil {
		return nil
	}
	return &r.After
}

// hadIt leaves a message out that the version before has sent her.
func (d *decision) hadIt(step *Step, message string) bool {
	if !d.st.Had[step.ID] || d.st.Phase != PhaseArrive {
		return false
	}
	d.st.Had = maps.Clone(d.st.Had)
	delete(d.st.Had, step.ID)
	d.notSent(letter{message: message, topic: d.def.Topic}, ReasonHad)
	d.goOn(step)
	return true
}
