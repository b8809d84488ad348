package journey

import (
	"maps"
	"slices"
)

// repeat begins the next round, or goes on behind the repeat when the rounds are over.
func (d *decision) repeat(step *Step) {
	want, values := step.Repeat, map[string]any{}
	switch {
	case d.st.Rounds[step.ID] >= want.Times:
		d.log(LogRepeat, detail{"over": "times"})
		d.goOn(step)
	case want.Until != nil && want.Until.Holds(d.lookup(), values):
		d.log(LogRepeat, detail{"over": "until", "values": values})
		d.goOn(step)
	default:
		if d.st.Rounds == nil {
			d.st.Rounds = map[string]int{}
		}
		d.st.Rounds[step.ID]++
		d.log(LogRepeat, detail{"round": d.st.Rounds[step.ID]})
		d.take(step, want.Then)
	}
}

// leaveRepeats forgets the rounds of every repeat that the step is not in: who comes back to it begins anew.
func (d *decision) leaveRepeats(def *Definition, step string) {
	for id := range d.st.Rounds {
		if id != step && !def.within(id, step) {
			delete(d.st.Rounds, id)
		}
	}
	if len(d.st.Rounds) == 0 {
		d.st.Rounds = nil
	}
}

// within says whether a step stands in an arm of another, at whatever depth.
func (d *Definition) within(outer, inner string) bool {
	holder, found := d.byID[outer], false
	if holder == nil {
		return false
	}
	for _, arm := range holder.Arms() {
		walk(arm, func(s *Step) { found = found || s.ID == inner })
	}
	return found
}

// change does the steps that change what she gets from elsewhere.
func (d *decision) change(step *Step) {
	switch step.Kind {
	case StepLeave:
		d.out.Effects.Leaves = append(d.out.Effects.Leaves, step.Leave...)
		d.log(LogLeave, detail{"journeys": step.Leave})
	case StepConsent:
		d.agree(step.Consent)
	case StepSuppress:
		d.out.Effects.Suppress = step.Suppress
		d.facts.Suppressed = d.facts.Suppressed || d.def.Topic != TopicTransactional
		d.log(LogSuppress, detail{"reason": step.Suppress})
	case StepPause:
		d.snooze(step)
		return
	}
	d.goOn(step)
}

// agree changes a consent; what is decided later in this call sees it.
func (d *decision) agree(c *ConsentStep) {
	d.facts.Customer.Consents = maps.Clone(d.facts.Customer.Consents)
	if d.facts.Customer.Consents == nil {
		d.facts.Customer.Consents = map[string]Consent{}
	}
	d.facts.Customer.Consents[c.Topic] = c.Is
	d.out.Effects.Consents = append(d.out.Effects.Consents, ConsentChange{
		CustomerID: d.facts.Customer.ID, Topic: c.Topic, Is: c.Is, Source: "journey " + d.facts.JourneyKey, Wording: c.Reason,
		Address: d.facts.Customer.Email, At: d.now,
	})
	d.log(LogConsent, detail{"topic": c.Topic, "is": string(c.Is), "reason": c.Reason})
}

// snooze begins a pause of her mail on topics. Where the topic of the journey is among them, she stands still behind the step.
func (d *decision) snooze(step *Step) {
	d.reach(d.now) // a pause begins when it is decided on: before, nobody knew of it
	until := d.now.Add(step.Pause.For)
	for _, topic := range step.Pause.Topics {
		p := Pause{
			ID: d.newID(PrefixPause), Scope: ScopeCustomerTopic, Target: TopicOf(d.facts.Customer.ID, topic),
			Reason: "step " + step.ID, By: "journey " + d.facts.JourneyKey, Since: d.now, Until: &until, OnResume: Keep,
		}
		d.out.Effects.Pauses = append(d.out.Effects.Pauses, p)
		if topic == d.def.Topic {
			d.pauses = newStillness(append(slices.Clone(d.facts.Pauses), p))
		}
	}
	d.log(LogSnooze, detail{"topics": step.Pause.Topics, "until": stamp(until)})
	d.goOn(step)
	if d.live() && d.pauses.at(d.now) != nil {
		d.walking = false
		d.accountPauses()
	}
}
