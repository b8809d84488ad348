package journey

import (
	"strconv"
	"time"
)

// Reasons of an end that the journey did not give a name to.
const (
	ReasonGoal    = "goal"
	ReasonSupport = "support"
	ReasonMissing = "missing" // a wait hung on a value that is not there
	ReasonPast    = "past"    // a wait's moment was over

	ReasonCallFailed = "call_failed" // a webhook failed, and the step says exit
	ReasonLeft       = "left"        // another journey took her out
	// ReasonReplaced: a journey of the same group with a higher priority took over.
	ReasonReplaced = "replaced"
	ReasonRunaway  = "runaway" // the version runs in circles
)

// meanwhile is what works in a pause too, and before a request: exit rules and the goal. Events stay undecided, so that a
// wait that one of them ends can see it when the pause is over; those up to an exit are over with it.
func (d *decision) meanwhile() {
	for i := range d.events {
		d.reach(d.events[i].ReceivedAt)
		if d.leaves(&d.events[i]) {
			d.st.Cursor = max(d.st.Cursor, d.events[i].Number)
			d.events = d.events[i+1:]
			return
		}
	}
	if d.exitIf() && d.live() {
		d.st.Cursor, d.events = max(d.st.Cursor, d.facts.Applied), nil
	}
	d.reach(d.now)
}

// leaves looks at one event for the goal and for the end: an exit beats the goal's exit, and both beat a wait. The goal is
// counted even where an exit rule on the same event ends the enrollment. It is true when she has left, or begins last steps.
func (d *decision) leaves(e *Event) bool {
	if e.Historical {
		return false
	}
	reached := d.reachGoal(e)
	if d.st.Leaving != "" {
		return false
	}
	for i := range d.def.Exit {
		rule := &d.def.Exit[i]
		if rule.Event != "" && d.means(e, rule.Event, rule.Match, rule.Where, rule.ByAccount) {
			d.exit(rule, detail{"event": e.Name})
			return true
		}
	}
	if reached && d.def.Goal.Exit {
		d.exit(d.def.Goal.rule(), detail{"event": e.Name})
		return true
	}
	return false
}

// rule is the exit of a goal that ends the journey.
func (g *Goal) rule() *ExitRule { return &ExitRule{As: or(g.As, ReasonGoal), Then: g.Then} }

// exit ends the enrollment by a rule, or begins its last steps. What has not gone out is dropped either way.
func (d *decision) exit(rule *ExitRule, about detail) {
	if len(rule.Then) == 0 || d.st.Step == "" { // who never began is not walked through last steps
		d.leave(rule.As, about)
		return
	}
	about["reason"] = rule.As
	d.log(LogLeaving, about)
	d.giveUp()
	d.st.Leaving, d.st.Lasting = rule.As, nil
	d.goTo(rule.Then[0].ID)
}

// means says whether an event is the one that a rule names. A colleague's counts where the rule says so.
func (d *decision) means(e *Event, name, match string, where *Cond, byAccount bool) bool {
	if e.Historical || e.Name != name || e.tells() && !byAccount {
		return false
	}
	if match != "" {
		mine, known := at(d.st.Trigger, match)
		its, has := at(e.Properties, match)
		if !known || !has || mine == nil || !equal(mine, its) {
			return false
		}
	}
	l := d.lookup()
	l.Event = e
	return where.Holds(l, nil)
}

// reachGoal counts the goal, once. She must have entered.
func (d *decision) reachGoal(e *Event) bool {
	goal := d.def.Goal
	if goal == nil || goal.Event == "" || d.st.GoalAt != nil || d.st.Step == "" || !d.means(e, goal.Event, goal.Match, goal.Where, goal.ByAccount) {
		return false
	}
	if goal.over(&d.st, d.at) {
		return false
	}
	when := d.at
	d.st.GoalAt = &when
	about := detail{"event": e.Name}
	properties := detail{}
	if goal.Value != "" {
		if v, ok := at(e.Properties, goal.Value); ok && v != nil {
			about["value"], properties["value"] = v, v
			d.st.GoalWorth, _ = numberOf(v)
		}
		if currency, ok := e.Properties["currency"].(string); ok {
			about["currency"], properties["currency"] = currency, currency
		}
	}
	d.log(LogGoal, about)
	d.tell(EventGoalReached, properties)
	return true
}

// exitIf asks the goal and the exit rules that are conditions.
func (d *decision) exitIf() bool {
	values := map[string]any{}
	reached := d.reachGoalIf(values)
	if d.st.Leaving != "" {
		return false
	}
	for i := range d.def.Exit {
		rule := &d.def.Exit[i]
		if rule.If == nil {
			continue
		}
		values := map[string]any{}
		if holds := rule.If.Holds(d.lookup(), values); d.lasts(lastingKey(i, rule), rule.For, holds) {
			d.reach(d.now)
			d.exit(rule, detail{"values": values})
			return true
		}
	}
	if reached && d.def.Goal.Exit {
		d.exit(d.def.Goal.rule(), detail{"values": values})
		return true
	}
	return false
}

// reachGoalIf counts a goal that is a condition, once.
func (d *decision) reachGoalIf(values map[string]any) bool {
	goal := d.def.Goal
	if goal == nil || goal.If == nil || d.st.GoalAt != nil || d.st.Step == "" || goal.over(&d.st, d.now) ||
		!d.lasts(lastingGoal, goal.For, goal.If.Holds(d.lookup(), values)) {
		return false
	}
	d.reach(d.now)
	when := d.at
	d.st.GoalAt = &when
	d.log(LogGoal, detail{"values": values})
	d.tell(EventGoalReached, detail{})
	return true
}

// over says whether the time within which the goal counts has passed.
func (g *Goal) over(st *State, at time.Time) bool {
	return g.Within > 0 && at.After(st.EnteredAt.Add(g.Within))
}

// lasts says whether a condition has held for so long, and remembers since when it holds. The time is that of the calendar:
// it passes in a pause, too.
func (d *decision) lasts(key string, span time.Duration, holds bool) bool {
	if span == 0 {
		return holds
	}
	since, known := d.st.Lasting[key]
	switch {
	case !holds:
		delete(d.st.Lasting, key)
		return false
	case !known:
		if d.st.Lasting == nil {
			d.st.Lasting = map[string]time.Time{}
		}
		d.st.Lasting[key] = d.now
		return false
	}
	return !d.now.Before(since.Add(span))
}

// lastingGoal is the name of the goal in State.Lasting; exit rules have names of their own.
const lastingGoal = "goal"

func lastingKey(i int, rule *ExitRule) string { return strconv.Itoa(i) + " " + rule.As }

// obey carries out what support asked for.
func (d *decision) obey(requests []Request, paused bool) {
	for _, r := range requests {
		if !d.live() {
			return
		}
		d.reach(d.now)
		about := detail{"by": r.By, "reason": r.Reason}
		switch r.Verb {
		case VerbExit:
			d.leave(or(r.Reason, ReasonSupport), detail{"by": r.By})
		case VerbSkip:
			d.skip(about)
		case VerbMove:
			about["to"] = r.To
			d.move(r.To, about)
		case VerbUpdate:
			d.retrigger(r)
			d.log(LogUpdated, nil)
		case VerbRestart:
			d.restart(r)
		}
		// What she did until now met her where she was. In a pause it stays: she arrives when it is over.
		if d.walking && !paused {
			d.events = nil
		}
	}
}

// retrigger puts a further trigger in the place of the first: what hangs on its values is computed anew.
func (d *decision) retrigger(r Request) {
	d.st.Trigger = cloneMap(r.Trigger)
	if len(r.Vars) > 0 && d.st.Vars == nil {
		d.st.Vars = map[string]any{}
	}
	for as, item := range r.Vars {
		d.st.Vars[as] = clone(item)
	}
}

// restart lets her begin anew. What has not gone out is dropped; visits go on counting, and coupons stay hers.
func (d *decision) restart(r Request) {
	d.begun()
	if !d.live() {
		return
	}
	d.giveUp()
	d.st.Vars, d.st.Answer, d.st.Rounds, d.st.Lasting, d.st.Leaving, d.st.Had = nil, nil, nil, nil, "", nil
	d.retrigger(r)
	d.st.EnteredAt, d.st.Began = d.at, d.facts.Applied
	d.log(LogRestarted, nil)
	d.goTo(d.def.Steps[0].ID)
}

func (d *decision) skip(about detail) {
	d.begun()
	d.log(LogSkipped, about)
	d.abandon(ReasonSkipped)
	if d.live() {
		d.goTo(d.def.Next(d.st.Step))
	}
}

func (d *decision) move(to string, about detail) {
	if d.def.Step(to) == nil {
		about["refused"] = "there is no such step in this version"
		d.log(LogMoved, about)
		return
	}
	d.begun()
	d.log(LogMoved, about)
	d.abandon(ReasonSkipped)
	if d.live() {
		d.st.Leaving, d.st.Had = d.def.leavingAt(to), nil // who moves her means what she is moved to
		d.goTo(to)
	}
}

// leavingAt is the reason of the exit whose last steps the step is one of, "" when it is none.
func (d *Definition) leavingAt(step string) string {
	reason := ""
	look := func(rule *ExitRule) {
		walk(rule.Then, func(s *Step) {
			if s.ID == step {
				reason = rule.As
			}
		})
	}
	for i := range d.Exit {
		look(&d.Exit[i])
	}
	if d.Goal != nil {
		look(d.Goal.rule())
	}
	return reason
}

// begun lets her in when support moves her before she was.
func (d *decision) begun() {
	if d.st.Step == "" {
		d.enter()
	}
}

// abandon gives up what she waits for, and the messages that have not gone out.
func (d *decision) abandon(reason string) {
	d.out.Effects.Drop = reason
	d.st.Survey = ""
	d.closeTask()
	d.closeCall()
}

// closeTask stops waiting for the task. One that this very decision made is not made after all.
func (d *decision) closeTask() {
	id := d.st.Task
	d.st.Task = ""
	if id == "" {
		return
	}
	for i, t := range d.out.Effects.Tasks {
		if t.ID == id {
			d.out.Effects.Tasks = append(d.out.Effects.Tasks[:i:i], d.out.Effects.Tasks[i+1:]...)
			return
		}
	}
	d.out.Effects.CloseTask = id
}

// leave ends the enrollment from outside of its steps: an exit rule, the goal, support. What has not gone out is dropped.
func (d *decision) leave(reason string, about detail) {
	d.giveUp()
	d.end(reason, about)
}

// giveUp drops what has not gone out, also what this very decision would have queued.
func (d *decision) giveUp() {
	d.abandon(ReasonExited)
	for _, m := range d.out.Effects.Messages {
		d.log(LogNotSent, detail{"message": m.Template, "reason": ReasonExited})
	}
	d.out.Effects.Messages, d.out.Effects.Surveys, d.out.Effects.Expiries = nil, nil, nil
}

// finish ends the enrollment by its steps; what is queued still goes out. Who came to the end of last steps left for the
// reason for which she began them.
func (d *decision) finish(reason string) {
	if reason == ReasonFinished && d.st.Leaving != "" {
		reason = d.st.Leaving
	}
	d.end(reason, nil)
}

func (d *decision) end(reason string, about detail) {
	if about == nil {
		about = detail{}
	}
	about["reason"] = reason
	d.log(LogExited, about)
	d.tell(EventJourneyExited, detail{"reason": reason})
	when := d.at
	d.st.Status, d.st.Reason, d.st.EndedAt = StatusEnded, reason, &when
	d.st.Phase, d.st.Due, d.st.Survey = PhaseArrive, nil, ""
	d.closeTask()
	d.closeCall()
	d.walking = false
}
