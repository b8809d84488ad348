package journey

import (
	"encoding/json"
	"strings"
)

// call asks the driver to call an endpoint, and lets her stand until the reply is there. Who is held out is not acted upon
// elsewhere either.
func (d *decision) call(step *Step) {
	want := step.Webhook
	if d.st.Phase == PhaseHeld { // a person must skip it, or move her to it once more
		d.stand(PhaseHeld, nil)
		return
	}
	if d.st.Holdout {
		d.log(LogHoldout, detail{"webhook": want.To})
		d.goOn(step)
		return
	}
	body, err := d.callBody(step)
	if err != nil || len(body) > CallMax {
		d.log(LogCallFailed, detail{"to": want.To, "reason": "body"})
		d.callTrouble(step)
		return
	}
	call := Call{ID: d.newID(PrefixCall), Step: step.ID, Visit: d.st.Visits[step.ID], To: want.To, Body: body}
	d.out.Effects.Calls = append(d.out.Effects.Calls, call)
	d.st.Call = call.ID
	d.stand(PhaseCalling, nil)
	d.log(LogCall, detail{"to": want.To})
}

// callBody is what the step says, or else who she is and where.
func (d *decision) callBody(step *Step) ([]byte, error) {
	var body any = map[string]any{
		"customer": map[string]any{"id": d.facts.Customer.ID, "user_id": d.facts.Customer.ExternalID},
		"journey":  d.facts.JourneyKey, "version": d.facts.Version, "enrollment": d.facts.EnrollmentID, "step": step.ID,
	}
	if step.Webhook.Body != nil {
		body, _ = step.Webhook.Body.resolve(d.lookup())
	}
	return json.Marshal(body)
}

// replied goes on when what came of the call is known.
func (d *decision) replied() bool {
	step := d.def.Step(d.st.Step)
	if step == nil || step.Webhook == nil || d.st.Phase != PhaseCalling {
		return false
	}
	fact := d.facts.Call
	if fact == nil || fact.ID != d.st.Call {
		if d.called() {
			return false
		}
		fact = &CallFact{State: CallFailed, Reason: ReasonLost}
	}
	if fact.State == CallOpen {
		return false
	}
	d.reach(d.now)
	d.st.Call = ""
	d.keepReply(step.Webhook.As, *fact)
	about := detail{"to": step.Webhook.To}
	if fact.Status > 0 {
		about["status"] = fact.Status
	}
	if fact.State == CallAnswered {
		d.log(LogReplied, about)
		d.goOn(step)
		return true
	}
	about["reason"] = or(fact.Reason, string(fact.State))
	d.log(LogCallFailed, about)
	d.callTrouble(step)
	return true
}

// called says whether this very decision made the call.
func (d *decision) called() bool {
	for _, c := range d.out.Effects.Calls {
		if c.ID == d.st.Call {
			return true
		}
	}
	return false
}

// keepReply puts the reply where conditions and messages find it. Where none came there is nothing to find.
func (d *decision) keepReply(as string, fact CallFact) {
	if as == "" {
		return
	}
	reply := map[string]any{}
	if fact.Status > 0 {
		reply["status"] = float64(fact.Status)
	}
	if fact.Body != nil {
		reply["body"] = clone(fact.Body)
	}
	if d.st.Vars == nil {
		d.st.Vars = map[string]any{}
	}
	d.st.Vars[as] = reply
}

// callTrouble does what the step says of a call that failed. Who is held stands until support skips the step or moves her.
func (d *decision) callTrouble(step *Step) {
	switch step.Webhook.OnError {
	case TroubleHold:
		d.stand(PhaseHeld, nil)
	case TroubleExit:
		d.finish(ReasonCallFailed)
	default:
		d.goOn(step)
	}
}

// closeCall gives up a call. One that this very decision asked for is not made; the reply of one that is under way is kept, and
// nothing follows from it.
func (d *decision) closeCall() {
	id := d.st.Call
	d.st.Call = ""
	if id == "" {
		return
	}
	for i, c := range d.out.Effects.Calls {
		if c.ID == id {
			d.out.Effects.Calls = append(d.out.Effects.Calls[:i:i], d.out.Effects.Calls[i+1:]...)
			return
		}
	}
	d.out.Effects.CloseCall = id
}

// said is what a text of a step says of her.
func (d *decision) said(text string) string {
	data := TemplateData(d.facts, d.st)
	data["zone"] = d.facts.Zone
	out, err := RenderText(text, data)
	if err != nil {
		return text // publishing checks it; what is left must not stop her
	}
	return out
}

// notify tells a team, and goes on at once: nobody waits for people to read. Of who is held out nobody is told.
func (d *decision) notify(step *Step) {
	want := step.Notify
	text := cut(strings.TrimSpace(d.said(want.Text)), NoticeMax)
	if d.st.Holdout {
		d.log(LogHoldout, detail{"notify": want.Team})
	} else {
		d.out.Effects.Notices = append(d.out.Effects.Notices, Notice{Team: want.Team, Text: text})
		d.log(LogNotify, detail{"team": want.Team, "text": text})
	}
	d.goOn(step)
}
