package journey

import "slices"

// sendToAccount queues one message to each customer of her account with the role. The step does not stand still for any of
// them: a message waits in the ledger for its recipient's window, and for room in her caps.
func (d *decision) sendToAccount(step *Step) {
	l := step.Send.letter()
	l.topic = or(l.topic, d.def.Topic)
	switch fate, done := d.withheld(l); {
	case done && fate == stuck:
		return
	case done:
		d.goOn(step)
		return
	}
	recipients := slices.DeleteFunc(slices.Clone(d.facts.Recipients), func(r Recipient) bool { return r.Role != step.Send.Role })
	sent, reason := 0, ReasonNobody
	for i := range recipients {
		if reason = d.sendTo(step, l, &recipients[i]); reason == "" {
			sent++
		}
	}
	if sent == 0 {
		if len(recipients) == 0 {
			d.heldOnce(l, reason)
		}
		if d.afterTrouble(l, reason) == stuck {
			return
		}
	}
	d.goOn(step)
}

// withheld says whether nothing is to be sent whoever it is to.
func (d *decision) withheld(l letter) (posting, bool) {
	switch {
	case d.pauses.skips(d.at):
		return d.notSent(l, ReasonSkipped), true
	case l.unless != nil && l.unless.Holds(d.lookup(), nil):
		return d.notSent(l, ReasonUnless), true
	case d.st.Holdout:
		d.log(LogHoldout, detail{"message": l.message})
		return passed, true
	}
	return posted, false
}

// sendTo queues the message for one recipient, or records why not; it returns that reason.
func (d *decision) sendTo(step *Step, l letter, r *Recipient) string {
	l.recipient = r
	if reason := d.forbids(l, r.Email, r.Suppressed, r.Consents[l.topic]); reason != "" {
		d.heldOnce(l, reason)
		return reason
	}
	notBefore := d.now
	if !l.anyTime {
		notBefore = later(notBefore, d.def.SendWindow.opening(d.now, r.Zone))
	}
	free, over := d.roomFor(r.Sent, l.topic, r.ID)
	if over == OverDrop {
		d.notSent(l, ReasonCapped)
		return ReasonCapped
	}
	d.queue(step, l, later(notBefore, free))
	return ""
}

// agreed says whether a consent lets mail on the topic pass.
func (d *decision) agreed(is Consent, topic string) bool {
	return is.Allows() && (is == ConsentConfirmed || !d.def.Declares.Topics[topic].DoubleOptIn)
}

// heldOnce records why a message is not sent, once for as long as she stands at the step because of it.
func (d *decision) heldOnce(l letter, reason string) {
	if d.st.Phase != PhaseHeld {
		d.notSent(l, reason)
	}
}
