package journey

import (
	"maps"
	"time"
)

// How long a message may wait for its turn, where the journey does not say.
const (
	ExpiresMarketing     = 3 * Day
	ExpiresTransactional = 7 * Day
)

// letter is one message that a step wants to send.
type letter struct {
	message, topic, from, replyTo string
	channel                       string // key of the endpoint; "" e-mail
	anyTime                       bool
	expires                       time.Duration
	unless                        *Cond
	trouble                       OnTrouble
	survey                        string     // srv_… that it carries
	recipient                     *Recipient // nil: the customer of the enrollment
	reminder                      bool       // it goes now or not at all
}

// posting is what became of a letter.
type posting int

const (
	posted posting = iota
	passed         // it is not sent, and she goes on
	stuck          // she stands at the step, or has left
)

func (s *Send) letter() letter {
	return letter{
		message: s.Message, topic: s.Topic, from: s.From, replyTo: s.ReplyTo, channel: s.Channel, anyTime: s.AnyTime, expires: s.Expires,
		unless: s.Unless, trouble: s.IfUnsendable,
	}
}

func (d *decision) send(step *Step) {
	if d.hadIt(step, step.Send.Message) {
		return
	}
	if step.Send.Role != "" {
		d.sendToAccount(step)
		return
	}
	if d.post(step, step.Send.letter()) != stuck {
		d.goOn(step)
	}
}

// post queues a message, or says why not.
func (d *decision) post(step *Step, l letter) posting {
	l.topic = or(l.topic, d.def.Topic)
	if d.pauses.skips(d.at) {
		return d.notSent(l, ReasonSkipped)
	}
	if l.unless != nil && l.unless.Holds(d.lookup(), nil) {
		return d.notSent(l, ReasonUnless)
	}
	if reason := d.unsendable(l); reason != "" {
		return d.troubled(l, reason)
	}
	if d.standsInLine(step, l) {
		return stuck
	}
	if opens := d.def.SendWindow.opening(d.now, d.facts.Zone); !l.anyTime && opens.After(d.now) {
		d.reach(d.now)
		d.stand(PhaseWindow, &opens)
		d.log(LogWindow, detail{"message": l.message, "until": stamp(opens)})
		return stuck
	}
	if d.now.Sub(d.at) > punctual {
		d.reach(d.now)
	}
	if d.st.Holdout {
		d.log(LogHoldout, detail{"message": l.message})
		return passed
	}
	notBefore, fate, done := d.capped(l)
	if done {
		return fate
	}
	d.queue(step, l, notBefore)
	return posted
}

// standsInLine lets her stand at the send until it is her turn after a pause that catches up. The phase begins when what calls
// for the message happened, so that recompute comes to the same moment. Transactional mail does not queue up.
func (d *decision) standsInLine(step *Step, l letter) bool {
	opens, waits := d.turn(d.at, step, l.topic, l.anyTime)
	if !waits || l.reminder || !opens.After(d.now) {
		return false
	}
	d.stand(PhaseWindow, &opens)
	d.logAt(d.now, LogWindow, detail{"message": l.message, "until": stamp(opens), "reason": string(CatchUp)})
	return true
}

// turn is the moment of her turn, within the send window.
func (d *decision) turn(since time.Time, step *Step, topic string, anyTime bool) (time.Time, bool) {
	if topic == TopicTransactional {
		return time.Time{}, false
	}
	opens, waits := d.pauses.turn(since, d.facts.EnrollmentID, step.ID)
	if waits && !anyTime {
		opens = d.def.SendWindow.opening(opens, d.facts.Zone)
	}
	return opens, waits
}

func (d *decision) notSent(l letter, reason string) posting {
	about := detail{"message": l.message, "topic": l.topic, "reason": reason}
	if l.recipient != nil {
		about["recipient"] = l.recipient.ID
	}
	d.log(LogNotSent, about)
	return passed
}

// unsendable returns the reason why the letter may not go to her, "" when it may. The claim asks again.
func (d *decision) unsendable(l letter) string {
	c := &d.facts.Customer
	return d.forbids(l, c.Email, d.facts.Suppressed, c.Consents[l.topic])
}

// forbids asks for an address, which may be suppressed, only of what goes out by e-mail, and for consent whatever it goes out by.
func (d *decision) forbids(l letter, email string, suppressed bool, consent Consent) string {
	switch {
	case l.channel == "" && email == "":
		return ReasonNoAddress
	case l.channel == "" && suppressed:
		return ReasonSuppressed
	case l.topic == TopicTransactional || d.agreed(consent, l.topic):
		return ""
	}
	return ReasonNoConsent
}

func (d *decision) troubled(l letter, reason string) posting {
	d.heldOnce(l, reason)
	return d.afterTrouble(l, reason)
}

// afterTrouble does what the step says where nothing could be sent.
func (d *decision) afterTrouble(l letter, reason string) posting {
	switch l.trouble {
	case TroubleHold:
		d.stand(PhaseHeld, nil)
		return stuck
	case TroubleExit:
		d.finish(reason)
		return stuck
	default:
		return passed
	}
}

// StandsAt is the message at whose send she stands until it may go; "" when she does not.
func (d *Definition) StandsAt(st State) string {
	step := d.Step(st.Step)
	switch {
	case step == nil || st.Status != StatusActive || st.Phase != PhaseWindow:
		return ""
	case step.Send != nil:
		return step.Send.Message
	case step.Survey != nil:
		return step.Survey.Send
	}
	return ""
}

// topicOf is the topic of the mail of a step.
func (d *decision) topicOf(step *Step) string {
	if step.Send != nil {
		return or(step.Send.Topic, d.def.Topic)
	}
	return d.def.Topic
}

// queue puts the message into the ledger. The first that carries a coupon sets its expiry.
func (d *decision) queue(step *Step, l letter, notBefore time.Time) {
	m := Message{
		ID: d.newID(PrefixMessage), EnrollmentID: d.facts.EnrollmentID, JourneyKey: d.facts.JourneyKey,
		Version: d.facts.Version, Step: step.ID, Visit: d.st.Visits[step.ID], CustomerID: d.facts.Customer.ID,
		Channel: or(l.channel, ChannelEmail), Lane: LaneFor(l.channel, l.topic), Topic: l.topic, Template: l.message, From: l.from, ReplyTo: l.replyTo,
		SurveyID: l.survey, Coupons: maps.Clone(d.st.Coupons), State: MessageQueued, NotBefore: notBefore, QueuedAt: d.now,
		Data: MessageData{Trigger: cloneMap(d.st.Trigger), Answer: cloneMap(d.st.Answer), Vars: cloneMap(d.st.Vars)},
	}
	if l.recipient != nil {
		m.CustomerID = l.recipient.ID
	}
	if l.survey == "" {
		m.Variant, m.Contest = d.drawSubject(step, m.CustomerID)
	}
	expires := ExpiresMarketing
	if l.topic == TopicTransactional {
		expires = ExpiresTransactional
	}
	if l.expires > 0 {
		expires = l.expires
	}
	m.ExpiresAt = m.NotBefore.Add(expires)
	d.out.Effects.Messages = append(d.out.Effects.Messages, m)
	d.datesCoupons(m.NotBefore)
	about := detail{"message": l.message}
	if l.channel != "" {
		about["channel"] = l.channel
	}
	if m.Variant != "" {
		about["variant"] = m.Variant
	}
	switch {
	case l.recipient != nil:
		about["recipient"] = m.CustomerID
		if notBefore.After(d.now) {
			about["not_before"] = stamp(notBefore)
		}
	case notBefore.After(d.now):
		about["not_before"], about["reason"] = stamp(notBefore), ReasonCapped
	}
	d.log(LogSend, about)
}

// datesCoupons counts the expiry of her coupons from the promised time of the message that first carries them.
func (d *decision) datesCoupons(promised time.Time) {
	for as, id := range d.st.Coupons {
		c, known := d.facts.Coupons[as]
		if !known || c.ExpiresAt != nil || c.Expires <= 0 {
			continue
		}
		end := promised.Add(c.Expires)
		if d.out.Effects.Expiries == nil {
			d.out.Effects.Expiries = map[string]time.Time{}
			d.facts.Coupons = maps.Clone(d.facts.Coupons)
		}
		c.ExpiresAt = &end
		d.out.Effects.Expiries[id], d.facts.Coupons[as] = end, c
	}
}
