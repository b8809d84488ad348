package journey

// Reasons of an end that the journey did not give a name to.
const (
	ReasonGoal    = "goal"
	ReasonSupport = "support"
	ReasonMissing = "missing" // a wait hung on a value that is not there
	ReasonPast    = "past"    // a wait's moment was over
	ReasonLeft    = "left"    // another journey took her out
	ReasonRunaway = "runaway" // the version runs in circles
)

// meanwhile is what works in a pause too, and before a request: exit rules and the goal. Events stay undecided, so that a
// wait that one of them ends can see it when the pause is over.
func (d *decision) meanwhile() {
	for i := range d.events {
		d.reach(d.events[i].ReceivedAt)
		if d.leaves(&d.events[i]) {
			return
		}
	}
	d.exitIf()
	d.reach(d.now)
}

// leaves looks at one event for the goal and for the end: an exit beats the goal's exit, and both beat a wait. The goal is
// counted even where an exit rule on the same event ends the enrollment. It is true when she has left.
func (d *decision) leaves(e *Event) bool {
	if e.Historical {
		return false
	}
	reached := d.reachGoal(e)
	for i := range d.def.Exit {
		if rule := &d.def.Exit[i]; rule.Event != "" && d.means(e, rule.Event, rule.Match, rule.Where) {
			d.leave(rule.As, detail{"event": e.Name})
			return true
		}
	}
	if reached && d.def.Goal.Exit {
		d.leave(ReasonGoal, detail{"event": e.Name})
		return true
	}
	return false
}

// means says whether an event is the one that a rule names.
func (d *decision) means(e *Event, name, match string, where *Cond) bool {
	if e.Historical || e.Name != name {
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
	if goal == nil || d.st.GoalAt != nil || d.st.Step == "" || !d.means(e, goal.Event, goal.Match, goal.Where) {
		return false
	}
	if goal.Within > 0 && d.at.After(d.st.EnteredAt.Add(goal.Within)) {
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

// exitIf asks the exit rules that are conditions.
func (d *decision) exitIf() bool {
	for i := range d.def.Exit {
		rule := &d.def.Exit[i]
		if rule.If == nil {
			continue
		}
		values := map[string]any{}
		if rule.If.Holds(d.lookup(), values) {
			d.reach(d.now)
			d.leave(rule.As, detail{"values": values})
			return true
		}
	}
	return false
}

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
		}
		// What she did until now met her where she was. In a pause it stays: she arrives when it is over.
		if d.walking && !paused {
			d.events = nil
		}
	}
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
		d.goTo(to)
	}
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

// leave ends the enrollment from outside of its steps: an exit rule, the goal, support. What has not gone out is dropped,
// also what this very decision would have queued.
func (d *decision) leave(reason string, about detail) {
	d.abandon(ReasonExited)
	for _, m := range d.out.Effects.Messages {
		d.log(LogNotSent, detail{"message": m.Template, "reason": ReasonExited})
	}
	d.out.Effects.Messages, d.out.Effects.Surveys, d.out.Effects.Expiries = nil, nil, nil
	d.end(reason, about)
}

// finish ends the enrollment by its steps; what is queued still goes out.
func (d *decision) finish(reason string) { d.end(reason, nil) }

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
	d.walking = false
}
