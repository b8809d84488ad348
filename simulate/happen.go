package simulate

import (
	"maps"
	"time"

	"perennial/journey"
)

// happen does what the script says for this moment.
func (w *world) happen(start time.Time) error {
	for len(w.script) > 0 && !start.Add(w.script[0].At).After(w.now) {
		h := w.script[0]
		w.script = w.script[1:]
		w.complete(&h)
		n := len(w.out.Entries)
		w.out.Entries = append(w.out.Entries, Entry{At: w.now, Happened: &h})
		err := w.one(h)
		if err != nil && h.Drawn {
			w.out.Entries, err = w.out.Entries[:n], nil
		}
		if err != nil {
			if h.Line > 0 {
				return journey.Faultf(journey.CodeOf(err), "line %d: %v", h.Line, err)
			}
			return err
		}
		// One thing after the other, as their numbers are: what she did first has been decided on when the next happens.
		if err := w.settle(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) one(h Happening) error {
	switch {
	case h.click != nil:
		w.clicked(*h.click)
	case h.Traits != nil:
		w.apply(journey.Event{Kind: journey.KindIdentify, Name: journey.KindIdentify, Properties: h.Traits})
	case h.Enter != nil:
		w.admit(journey.Entry{Via: journey.ViaAPI, Properties: h.Enter})
	case h.Answer != nil:
		return w.answer(h.Answer)
	case h.Redeem != "":
		return w.redeem(h.Redeem)
	case h.Click != "":
		return w.click(h.Click)
	case h.Done != "":
		return w.done(h.Done)
	case h.Pause != nil:
		w.pause(*h.Pause)
	case h.Resume:
		return w.resume()
	default:
		kind := journey.KindTrack
		if h.Event == journey.EventCustomerReturned {
			kind = journey.KindOwn
		}
		if h.Colleague {
			kind = journey.KindColleague
		}
		w.apply(journey.Event{Kind: kind, Name: h.Event, Properties: maps.Clone(h.Properties)})
	}
	return nil
}

// answer is her answer to the survey that was asked last and is open.
func (w *world) answer(answer map[string]any) error {
	for i := len(w.enrollments) - 1; i >= 0; i-- {
		e := w.enrollments[i]
		for j := len(e.surveys) - 1; j >= 0; j-- {
			s := &e.surveys[j]
			if s.answered || s.ExpiresAt.Before(w.now) {
				continue
			}
			s.answered = true
			properties := maps.Clone(answer)
			properties["survey"], properties["invitation"], properties["kind"] = s.Ask, s.ID, w.kind(s.Ask)
			properties["step"], properties["enrollment"] = s.Step, e.id
			w.apply(journey.Event{Kind: journey.KindOwn, Name: journey.EventSurveyAnswered, Properties: properties})
			return nil
		}
	}
	return journey.Faultf(journey.CodeInvalid, "an answer, and no survey is open")
}

func (w *world) kind(ask string) string {
	if form, declared := w.def.Declares.Surveys[ask]; declared {
		return form.Kind
	}
	return ask
}

func (w *world) redeem(as string) error {
	for i := len(w.enrollments) - 1; i >= 0; i-- {
		e := w.enrollments[i]
		c, has := e.coupons[as]
		if !has || c.RedeemedAt != nil || e.expired[as] {
			continue
		}
		at := w.now
		c.RedeemedAt = &at
		e.coupons[as] = c
		w.apply(w.couponEvent(journey.EventCouponRedeemed, e, c))
		return nil
	}
	return journey.Faultf(journey.CodeInvalid, "coupon %q is redeemed, and she holds none that can be", as)
}

// click is a click of hers in the last message of that step.
func (w *world) click(step string) error {
	for i := len(w.enrollments) - 1; i >= 0; i-- {
		e := w.enrollments[i]
		for j := len(e.messages) - 1; j >= 0; j-- {
			if m := &e.messages[j]; m.Step == step {
				m.Clicked = true
				w.apply(journey.Event{Kind: journey.KindOwn, Name: journey.EventLinkClicked, Properties: map[string]any{
					"journey": w.def.Key, "step": m.Step, "message_id": m.ID, "enrollment": e.id, "machine": false,
				}})
				return nil
			}
		}
	}
	return journey.Faultf(journey.CodeInvalid, "a click in a message of step %q, and none was sent", step)
}

func (w *world) couponEvent(name string, e *enrollment, c journey.Coupon) journey.Event {
	return journey.Event{Kind: journey.KindOwn, Name: name, Properties: map[string]any{
		"pool": c.Pool, "code": c.Code, "coupon": c.ID, "as": c.As, "enrollment": e.id,
	}}
}

// expire ends the coupons whose time has come.
func (w *world) expire() {
	for _, e := range w.enrollments {
		for _, as := range w.def.CouponNames() {
			c, has := e.coupons[as]
			if !has || e.expired[as] || c.ExpiresAt == nil || c.ExpiresAt.After(w.now) {
				continue
			}
			e.expired[as] = true
			if c.RedeemedAt == nil {
				w.apply(w.couponEvent(journey.EventCouponExpired, e, c))
			}
		}
	}
}

// done finishes the task that was made last and is open.
func (w *world) done(outcome string) error {
	for i := len(w.enrollments) - 1; i >= 0; i-- {
		e := w.enrollments[i]
		for j := len(e.tasks) - 1; j >= 0; j-- {
			t := &e.tasks[j]
			if t.DoneAt != nil {
				continue
			}
			at := w.now
			t.DoneAt, t.Outcome = &at, outcome
			w.apply(journey.Event{Kind: journey.KindOwn, Name: journey.EventTaskDone, Properties: map[string]any{
				"task": t.ID, "title": t.Title, "team": t.Team, "outcome": outcome, "enrollment": e.id,
			}})
			return nil
		}
	}
	return journey.Faultf(journey.CodeInvalid, "a task is done, and none is open")
}

func (w *world) pause(p Pause) {
	paused := journey.Pause{
		ID: w.newID(journey.PrefixPause), Scope: journey.ScopeCustomer, Target: w.persona.Customer.ID, Reason: "scenario",
		By: "scenario", Since: w.now, OnResume: p.OnResume,
	}
	if p.For > 0 {
		until := w.now.Add(p.For)
		paused.Until = &until
	}
	w.pauses = append(w.pauses, paused)
	w.wakeAll()
}

func (w *world) resume() error {
	found := false
	for i := range w.pauses {
		if w.pauses[i].Holds(w.now) {
			at := w.now
			w.pauses[i].EndedAt, found = &at, true
		}
	}
	if !found {
		return journey.Faultf(journey.CodeInvalid, "she is resumed, and was not paused")
	}
	w.wakeAll()
	return nil
}
