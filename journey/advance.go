package journey

import (
	"maps"
	"time"
)

// decision is one call of Advance on its way: a copy of the state, the effects so far, and the moment that is being decided
// on. That moment runs from the beginning of the current phase to now: what fell due and what she did are taken in the order
// in which they happened, so that the outcome does not hang on when anybody looked.
type decision struct {
	def    *Definition
	facts  Facts // Customer.Attributes and Coupons are copied before they are written
	pauses stillness
	events []Event // not decided on yet
	now    time.Time
	at     time.Time
	newID  func(prefix string) string

	st  State
	out Output

	walking bool // she arrived at a step and goes on; otherwise she stands
	retried bool // a held step has been tried in this call
	budget  int
}

// stepsPerCall bounds what one call walks through: a version that runs in circles ends the enrollment, not the program.
const stepsPerCall = 10_000

// punctual is how late a step may be and still count as done when it was due, so that waits in a row do not drift. What is
// later counts from now: two messages that are three days apart stay three days apart after an outage.
const punctual = 15 * time.Minute

type detail = map[string]any

// Advance decides what happens next to one customer in one journey. It is pure: the same version and input give the same
// output, but for the ids that in.NewID makes; it does no I/O and changes nothing that it is given. It walks every step that
// does not block, until one does or the journey ends. See Output.Take for the one thing that it asks back.
func Advance(def *Definition, in Input) Output {
	if in.State.Status == StatusEnded {
		return Output{State: in.State, Plan: Plan{Kind: PlanDone}}
	}
	d := begin(def, in)
	d.accountPauses()
	d.cross(in.Crossings)
	paused := d.pauses.at(d.now) != nil
	if paused || len(in.Facts.Requests) > 0 {
		d.meanwhile()
	}
	d.obey(in.Facts.Requests, paused)
	if !paused {
		d.recompute()
		d.run()
		paused = d.pauses.at(d.now) != nil // a step may have begun one
	}
	if d.out.Take != nil {
		return Output{State: in.State, Take: d.out.Take}
	}
	return d.settle(paused)
}

func begin(def *Definition, in Input) *decision {
	d := &decision{
		def: def, facts: in.Facts, now: in.Now.UTC(), newID: in.NewID, st: in.State, budget: stepsPerCall,
		pauses: newStillness(in.Facts.Pauses),
	}
	if d.newID == nil {
		d.newID = NewID
	}
	if d.facts.Zone == nil {
		d.facts.Zone = time.UTC
	}
	for i, e := range in.Facts.Events {
		if e.Number > in.State.Cursor {
			d.events = in.Facts.Events[i:]
			break
		}
	}
	d.st.Status = StatusActive
	d.st.Visits = maps.Clone(in.State.Visits)
	d.st.Rounds = maps.Clone(in.State.Rounds)
	d.st.Lasting = maps.Clone(in.State.Lasting)
	d.st.Vars = maps.Clone(in.State.Vars)
	d.st.Answer = maps.Clone(in.State.Answer)
	d.st.Coupons = maps.Clone(in.State.Coupons)
	if d.st.EnteredAt.IsZero() || d.st.EnteredAt.After(d.now) {
		d.st.EnteredAt = d.now
	}
	if d.st.Step == "" {
		d.st.Began = d.st.Cursor
	}
	d.reach(later(d.st.EnteredAt, d.st.Since))
	return d
}

// reach moves the moment that is decided on; it never goes back, nor beyond now.
func (d *decision) reach(t time.Time) {
	if t.After(d.now) {
		t = d.now
	}
	d.at = later(d.at, t).UTC()
}

func (d *decision) live() bool { return d.st.Status == StatusActive && d.out.Take == nil }

// run takes what happened until now in its order: what she did, what fell due, and what has become true.
func (d *decision) run() {
	for d.live() {
		if d.st.Step != "" && d.exitIf() {
			continue // over, or on to last steps
		}
		if d.walking {
			d.do()
			continue
		}
		due, timed := d.deadline()
		overdue := timed && !due.After(d.now)
		switch {
		case d.nextEvent(due, overdue):
		case d.replied():
		case d.comesTrue():
		case overdue:
			d.reach(due)
			d.fallDue()
		case d.st.Phase == PhaseHeld && !d.retried:
			d.retried = true
			d.reach(d.now)
			d.do()
		default:
			return
		}
	}
}

// nextEvent decides on the next event, unless the deadline came first.
func (d *decision) nextEvent(due time.Time, overdue bool) bool {
	if len(d.events) == 0 {
		return false
	}
	e := &d.events[0]
	when := later(d.at, e.ReceivedAt)
	if when.After(d.now) {
		when = d.now
	}
	if overdue && !due.After(when) {
		return false
	}
	d.events = d.events[1:]
	d.st.Cursor = max(d.st.Cursor, e.Number)
	if acts, known := d.pauses.resume(when, true); known {
		when = acts // she stood still: it takes effect when the clock goes on
	}
	d.reach(when)
	if d.leaves(e) {
		return true
	}
	d.awaited(e)
	return true
}

// deadline is the moment at which the current phase ends by itself; false when only a wake-up ends it.
func (d *decision) deadline() (time.Time, bool) {
	st := &d.st
	switch {
	case st.Step == "":
		return d.pauses.resume(st.EnteredAt, false)
	case st.Phase == PhaseArrive:
		return d.pauses.resume(st.Since, false)
	case st.Phase == PhaseHeld || st.Due == nil:
		return time.Time{}, false
	case st.Phase == PhaseWindow: // a time of the day, not a wait: it does not move by a pause, and is asked anew after it
		if d.pauses.skips(*st.Due) {
			return *st.Due, true
		}
		return d.pauses.resume(*st.Due, false)
	}
	return d.pauses.effectiveDue(st.Since, *st.Due)
}

// fallDue does what the deadline of the current phase calls for.
func (d *decision) fallDue() {
	if !d.spend() {
		return
	}
	step := d.def.Step(d.st.Step)
	switch {
	case d.st.Step == "":
		d.enter()
	case step == nil, d.st.Phase == PhaseArrive, d.st.Phase == PhaseWindow:
		d.walking = true
	case step.Wait != nil:
		d.waitOver(step)
	case step.WaitFor != nil:
		d.timeOut(step)
	case step.Task != nil:
		d.taskLapses(step)
	case step.Survey != nil:
		d.surveyDue(step)
	default:
		d.walking = true
	}
}

// spend takes one step from the budget; false when it is used up, which ends the enrollment.
func (d *decision) spend() bool {
	d.budget--
	if d.budget < 0 {
		d.leave(ReasonRunaway, nil)
		return false
	}
	return true
}

// enter begins the journey. Someone who was held at the door by a pause enters when it is over.
func (d *decision) enter() {
	d.st.EnteredAt, d.st.Since = d.at, d.at
	d.log(LogEntered, detail{"journey": d.facts.JourneyKey, "version": d.facts.Version})
	d.tell(EventJourneyEntered, detail{})
	if len(d.def.Steps) == 0 {
		d.finish(ReasonFinished)
		return
	}
	d.goTo(d.def.Steps[0].ID)
}

// goTo moves her to a step; "" is the end.
func (d *decision) goTo(id string) {
	if id == "" {
		d.finish(ReasonFinished)
		return
	}
	d.st.Step, d.st.Phase, d.st.Since, d.st.Due, d.st.Kept = id, PhaseArrive, d.at, nil, false
	d.walking = true
	d.leaveRepeats(d.def, id)
}

// goOn moves her behind the step.
func (d *decision) goOn(step *Step) { d.goTo(d.def.Next(step.ID)) }

// take moves her into an arm of the step, or behind it where the arm is empty.
func (d *decision) take(step *Step, arm []*Step) {
	if len(arm) == 0 {
		d.goOn(step)
		return
	}
	d.goTo(arm[0].ID)
}

// stand lets her stand at the step until due; nil is until something happens.
func (d *decision) stand(phase Phase, due *time.Time) {
	if d.st.Phase != phase || phase != PhaseHeld {
		d.st.Since = d.at
	}
	if due != nil {
		utc := due.UTC()
		due = &utc
	}
	d.st.Phase, d.st.Due, d.st.Kept = phase, due, false
	d.walking = false
}

func (d *decision) lookup() Lookup {
	return Lookup{Facts: &d.facts, State: &d.st, Segments: d.def.Declares.Segments, Now: d.now}
}

func (d *decision) log(what string, about detail) { d.logAt(d.at, what, about) }

func (d *decision) logAt(at time.Time, what string, about detail) {
	if len(about) == 0 {
		about = nil
	}
	d.out.Log = append(d.out.Log, LogEntry{At: at.UTC(), Step: d.st.Step, What: what, Detail: about})
}

// tell puts an event of our own into her stream.
func (d *decision) tell(name string, properties map[string]any) {
	properties["journey"], properties["version"] = d.facts.JourneyKey, d.facts.Version
	properties["enrollment"] = d.facts.EnrollmentID
	d.out.Effects.Events = append(d.out.Effects.Events, Event{
		ID: d.newID(PrefixEvent), Kind: KindOwn, CustomerID: d.facts.Customer.ID,
		Name: name, Properties: properties, At: d.at,
	})
}

// settle makes the answer: position, plan and what she listens to.
func (d *decision) settle(paused bool) Output {
	if !paused && d.st.Status == StatusActive {
		d.st.Cursor = max(d.st.Cursor, d.facts.Applied)
	}
	d.out.State = d.st
	d.out.Listens = d.listens()
	d.out.Plan = d.plan(paused, len(d.out.Listens) > 0)
	return d.out
}
