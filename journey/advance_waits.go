package journey

import (
	"strconv"
	"time"
)

// onward is what follows from looking for the moment at which a wait ends.
type onward int

const (
	stays onward = iota
	skips        // the moment is missing, and the wait is left out
	exits        // the moment is missing, and the journey ends
)

func (d *decision) wait(step *Step) {
	w := step.Wait
	due, way := d.waitDue(w)
	if d.leftOut(step, way) {
		return
	}
	if w.Until != nil && due != nil && due.Before(d.at) {
		d.momentPast(step)
		return
	}
	d.stand(PhaseWaiting, due)
	d.log(LogWait, untilDetail(due))
}

// leftOut goes on behind a wait whose moment is missing, or out of the journey, where the step says so.
func (d *decision) leftOut(step *Step, way onward) bool {
	switch way {
	case skips:
		d.log(LogWait, detail{"skipped": ReasonMissing})
		d.goOn(step)
	case exits:
		d.finish(ReasonMissing)
	default:
		return false
	}
	return true
}

// momentPast does what the step says of a moment that is over: leave the wait out, do what it was to do at once, or exit.
func (d *decision) momentPast(step *Step) {
	switch step.Wait.IfPast {
	case "run":
		d.log(LogWait, detail{"past": "run"})
		d.take(step, step.Wait.Then)
	case "exit":
		d.finish(ReasonPast)
	default:
		d.log(LogWait, detail{"skipped": ReasonPast})
		d.goOn(step)
	}
}

// waitDue is when a wait that began at State.Since ends, pauses not counted in; nil while that is not known.
func (d *decision) waitDue(w *Wait) (*time.Time, onward) {
	since := d.st.Since
	switch {
	case w.Until != nil:
		return d.momentDue(w.Until, w.Offset, w.IfMissing)
	case w.At != nil:
		due := w.At.next(since, d.facts.Zone)
		return &due, stays
	case w.ForValue != nil:
		span, known := d.span(w)
		if !known {
			return missingDue(w.IfMissing, since)
		}
		due := since.Add(span)
		return &due, stays
	}
	due := since.Add(w.For)
	return &due, stays
}

// span reads a wait of so many units.
func (d *decision) span(w *Wait) (time.Duration, bool) {
	v, ok := w.ForValue.Resolve(d.lookup())
	n, isNumber := numberOf(v)
	if !ok || !isNumber {
		return w.Default, w.Default > 0
	}
	unit := w.Unit
	if unit <= 0 {
		unit = Day
	}
	n = min(max(n, 0), float64(MaxDuration/unit)+1) // before it is a duration, which could overflow
	return min(time.Duration(n*float64(unit)), MaxDuration), true
}

// momentDue reads the moment of a value, plus the offset.
func (d *decision) momentDue(v *Value, offset time.Duration, missing *Missing) (*time.Time, onward) {
	got, ok := v.Resolve(d.lookup())
	moment, _, isMoment := momentOf(got, d.facts.Zone)
	if !ok || !isMoment {
		return missingDue(missing, d.st.Since)
	}
	due := moment.Add(offset)
	return &due, stays
}

// missingDue says what then. Missing data never means 'now': where nothing is said the wait lasts until the value is there.
func missingDue(m *Missing, since time.Time) (*time.Time, onward) {
	switch {
	case m == nil:
		return nil, stays
	case m.Exit:
		return nil, exits
	case m.Skip:
		return nil, skips
	case m.After > 0:
		due := since.Add(m.After)
		return &due, stays
	}
	return nil, stays
}

func untilDetail(due *time.Time) detail {
	if due == nil {
		return detail{}
	}
	return detail{"until": stamp(*due)}
}

// waitOver goes on when a wait has come to its end.
func (d *decision) waitOver(step *Step) { d.take(step, step.Wait.Then) }

func (d *decision) waitFor(step *Step) {
	due, way := d.timeoutDue(step.WaitFor)
	if d.leftOut(step, way) {
		return
	}
	d.stand(PhaseWaiting, due)
	about := untilDetail(due)
	about["for"] = step.WaitFor.names()
	d.log(LogWaitFor, about)
}

// names lists what is waited for.
func (w *WaitFor) names() []any {
	var names []any
	for _, a := range w.Any {
		names = append(names, or(a.Event, "a condition"))
	}
	return names
}

func (d *decision) timeoutDue(w *WaitFor) (*time.Time, onward) {
	switch t := w.Timeout; {
	case t == nil:
		return nil, stays
	case t.At != nil:
		return d.momentDue(t.At, t.Offset, t.IfMissing)
	default:
		due := d.st.Since.Add(t.After)
		return &due, stays
	}
}

// awaited looks whether an event ends what she waits for: a wait_for, a survey, a task.
func (d *decision) awaited(e *Event) {
	step := d.def.Step(d.st.Step)
	if step == nil || e.Historical || e.tells() {
		return
	}
	switch {
	case step.WaitFor != nil && d.st.Phase == PhaseWaiting:
		d.happened(step, e)
	case step.Survey != nil && (d.st.Phase == PhaseAsked || d.st.Phase == PhaseReminded):
		d.answered(step, e)
	case step.Task != nil && d.st.Phase == PhaseWaiting:
		d.taskDone(step, e)
	}
}

// happened takes the arm of the event. Where a condition stands before it and holds too, the condition goes first: it may
// have become true by this very event.
func (d *decision) happened(step *Step, e *Event) {
	for i := range step.WaitFor.Any {
		a := &step.WaitFor.Any[i]
		if a.If != nil || !d.means(e, a.Event, a.Match, a.Where, false) {
			continue
		}
		if met, values := d.met(step.WaitFor.Any[:i]); met >= 0 {
			d.becameTrue(step, met, values)
			return
		}
		about := detail{"event": e.Name, "arm": strconv.Itoa(i + 1)}
		if a.As != "" {
			if d.st.Vars == nil {
				d.st.Vars = map[string]any{}
			}
			d.st.Vars[a.As] = orEmpty(cloneMap(e.Properties))
			about["as"] = a.As
		}
		d.log(LogHappened, about)
		d.take(step, a.Then)
		return
	}
}

// comesTrue looks whether a condition that she waits for holds.
func (d *decision) comesTrue() bool {
	step := d.def.Step(d.st.Step)
	if step == nil || step.WaitFor == nil || d.st.Phase != PhaseWaiting {
		return false
	}
	met, values := d.met(step.WaitFor.Any)
	if met < 0 {
		return false
	}
	d.reach(d.now)
	d.becameTrue(step, met, values)
	return true
}

// met returns the first whose condition holds, -1 for none, and the values that were looked at.
func (d *decision) met(arms []Awaited) (int, map[string]any) {
	for i := range arms {
		if arms[i].If == nil {
			continue
		}
		values := map[string]any{}
		if arms[i].If.Holds(d.lookup(), values) {
			return i, values
		}
	}
	return -1, nil
}

func (d *decision) becameTrue(step *Step, met int, values map[string]any) {
	d.log(LogHappened, detail{"if": "condition", "arm": strconv.Itoa(met + 1), "values": values})
	d.take(step, step.WaitFor.Any[met].Then)
}

func (d *decision) timeOut(step *Step) {
	d.log(LogTimeout, nil)
	if step.WaitFor.Timeout == nil {
		d.goOn(step)
		return
	}
	d.take(step, step.WaitFor.Timeout.Then)
}

// recompute moves a wait, earlier and later, when what it hangs on has changed: an attribute, a coupon, the time zone. One
// that was over before the change was seen stays over.
func (d *decision) recompute() {
	step := d.def.Step(d.st.Step)
	if step == nil || d.walking || !d.live() {
		return
	}
	was, timed := d.deadline()
	over := timed && !was.After(d.now)
	due, way := d.st.Due, stays
	switch {
	case d.st.Phase == PhaseWindow && over:
		return // it is asked anew at once
	case d.st.Phase == PhaseWindow:
		opens := d.def.SendWindow.opening(d.st.Since, d.facts.Zone)
		if step.Send != nil && (step.Send.AnyTime || !opens.After(d.now)) {
			if free, over := d.room(d.topicOf(step)); over == OverHold {
				opens = free // she stands there for want of room
			}
		}
		if turn, waits := d.turn(d.st.Since, step, d.topicOf(step), step.Send != nil && step.Send.AnyTime); waits && turn.After(d.now) {
			opens = turn
		}
		due = &opens
	case d.st.Phase != PhaseWaiting || d.st.Kept:
		return
	case step.Wait != nil:
		due, way = d.waitDue(step.Wait)
	case step.WaitFor != nil:
		due, way = d.timeoutDue(step.WaitFor)
	}
	if way != stays {
		d.reach(d.now)
		d.leftOut(step, way)
		return
	}
	past := due != nil && due.Before(d.now)
	if d.moved(due, over) && !over && past && step.Wait != nil && step.Wait.Until != nil && d.st.Phase == PhaseWaiting {
		d.reach(d.now)
		d.momentPast(step)
	}
}

// moved sets the deadline, and logs where it is another. What moves into the past is due now.
func (d *decision) moved(due *time.Time, over bool) bool {
	was := d.st.Due
	if due == nil && was == nil || due != nil && was != nil && due.Equal(*was) {
		return false
	}
	d.st.Due = due
	if ends, timed := d.deadline(); timed && !over && ends.Before(d.now) {
		now := d.now
		if d.st.Phase != PhaseWindow {
			now = d.st.Since.Add(d.pauses.elapsed(d.st.Since, d.now))
		}
		d.st.Due = &now
	}
	about := untilDetail(d.st.Due)
	if was != nil {
		about["from"] = stamp(*was)
	}
	d.logAt(d.now, LogRecomputed, about)
	return true
}
