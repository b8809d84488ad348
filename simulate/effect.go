package simulate

import (
	"maps"
	"slices"
	"strings"

	"perennial/journey"
	"perennial/templates"
)

// effect is what the store writes after a decision, and what delivery then sends. Mail goes out at once, so that there is
// never any left to drop or to shift.
func (w *world) effect(e *enrollment, f journey.Effects) error {
	for as, c := range e.coupons {
		if end, set := f.Expiries[c.ID]; set {
			c.ExpiresAt = &end
			e.coupons[as] = c
		}
	}
	for _, s := range f.Surveys {
		e.surveys = append(e.surveys, invitation{SurveyInvite: s})
	}
	e.tasks = append(e.tasks, f.Tasks...)
	e.tasks = slices.DeleteFunc(e.tasks, func(t journey.Task) bool { return t.ID == f.CloseTask && t.DoneAt == nil })
	w.calls(e, f.Calls)
	w.set(f.Set)
	w.rights(f)
	for _, event := range f.Events {
		w.apply(event)
	}
	for _, m := range f.Messages {
		if err := w.deliver(e, m); err != nil {
			return err
		}
	}
	return nil
}

// rights changes what she may be sent.
func (w *world) rights(f journey.Effects) {
	for _, c := range f.Consents {
		name := journey.EventTopicSubscribed
		if c.Is == journey.ConsentWithdrawn {
			name = journey.EventTopicUnsubscribed
		}
		w.persona.Customer.Consents = maps.Clone(w.persona.Customer.Consents)
		w.persona.Customer.Consents[c.Topic] = c.Is
		w.apply(journey.Event{Kind: journey.KindOwn, Name: name, Properties: map[string]any{
			"topic": c.Topic, "source": c.Source, "wording": c.Wording, "address": c.Address,
		}})
	}
	if f.Suppress != "" && w.def.Topic != journey.TopicTransactional {
		w.persona.Suppressed = true
	}
	for _, p := range f.Pauses {
		if p.Target == journey.TopicOf(w.persona.Customer.ID, w.def.Topic) {
			w.pauses = append(w.pauses, p)
			w.wakeAll()
		}
	}
}

// set changes her attributes and wakes who hangs on them.
func (w *world) set(attributes []journey.Attribute) {
	if len(attributes) == 0 {
		return
	}
	before := w.persona.Customer
	w.persona.Customer.Attributes = maps.Clone(w.persona.Customer.Attributes)
	var wakes []string
	for _, a := range attributes {
		w.persona.Customer.Attributes[a.Name] = a.Value
		wakes = append(wakes, journey.ListenAttribute+a.Name)
	}
	w.wake(wakes...)
	if w.def.Enter.Attribute != "" {
		w.admit(journey.Entry{Via: journey.ViaAttribute, Was: before.Attribute(w.def.Enter.Attribute)})
	}
}

// deliver renders the message and sends it.
func (w *world) deliver(e *enrollment, m journey.Message) error {
	sent := Sent{At: m.NotBefore, Enrollment: e.id, Step: m.Step, Message: m.Template, Topic: m.Topic, To: m.CustomerID, Variant: m.Variant}
	if w.messages != nil {
		mail, err := w.messages.Render(m.Template, w.data(e, m))
		if err != nil {
			return err
		}
		sent.Mail = mail
	}
	w.out.Mails = append(w.out.Mails, sent)
	e.messages = append(e.messages, journey.MessageFact{ID: m.ID, Step: m.Step, State: journey.MessageAccepted, At: m.QueuedAt})
	if m.CustomerID != w.persona.Customer.ID {
		return nil // it stands in the stream of its recipient
	}
	w.apply(journey.Event{Kind: journey.KindOwn, Name: journey.EventMessageSent, Properties: map[string]any{
		"journey": w.def.Key, "version": float64(w.opts.Version), "step": m.Step, "message": m.Template, "message_id": m.ID, "enrollment": e.id,
	}})
	return nil
}

// customer is she, or one of her colleagues.
func (w *world) customer(id string) journey.Customer {
	for _, c := range w.persona.Colleagues {
		if c.Customer.ID == id {
			return c.Customer
		}
	}
	return w.persona.Customer
}

func (w *world) data(e *enrollment, m journey.Message) templates.Data {
	d := templates.Data{
		Customer: w.customer(m.CustomerID), Account: w.persona.Account, Trigger: m.Data.Trigger, Answer: m.Data.Answer, Vars: m.Data.Vars,
		Coupons: map[string]journey.Coupon{}, JourneyKey: w.def.Key, JourneyName: w.def.Name, Brand: w.opts.Brand,
		Step: m.Step, Variant: m.Variant,
	}
	for as := range m.Coupons {
		d.Coupons[as] = e.coupons[as]
	}
	base := strings.TrimSuffix(w.opts.Brand.PublicURL, "/")
	d.Links = journey.Links{View: base + "/view/" + m.ID, Back: base + "/back/" + m.ID, Preferences: base + "/preferences/" + m.ID,
		Confirm: base + "/confirm/" + m.ID}
	if m.Topic != journey.TopicTransactional {
		d.Links.Unsubscribe = base + "/u/" + m.ID
	}
	if m.SurveyID != "" {
		d.Links.Survey = base + "/s/" + m.SurveyID
	}
	return d
}
