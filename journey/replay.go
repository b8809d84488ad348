package journey

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Recalled is what is known of one enrollment in flight: what a replay plays again. Facts are those of now, without Events.
type Recalled struct {
	Name    string // of the customer, for people
	Version int
	State   State
	Facts   Facts
	Events  []Event  // hers, applied, since she entered, in order
	Had     []string // templates that were queued or sent to her in this enrollment, and not dropped
}

// Effect of a migration on one person, as a replay finds it.
type Effect struct {
	Twice []string // templates that she was sent already and will be sent again, which would not happen in her version
	Skips []string // templates that the new version would have sent her by now, that she has not had and will not get
	Ends  string   // reason for which the new version lets her leave at once; "" she goes on
}

// replayAhead is how far a replay looks beyond now; nobody waits longer than a journey can.
const replayAhead = MaxDuration

// replaySteps bounds the decisions of one replay.
const replaySteps = 500

// Replay finds what a migration would do to one person. It plays three times: the version that she is in on from now, the new
// version on from now with nothing else happening, and the new version from her entering with everything that she did. What is known
// of her (attributes, consents) is that of now in all of them. It is pure.
func Replay(c Crossing, r Recalled, now time.Time) Effect {
	there := player{def: c.To, version: c.ToN, r: r, st: r.State, crossings: []Crossing{c}}
	first := there.decide(now)
	var e Effect
	if there.st.Status == StatusEnded && there.st.Reason != ReasonFinished {
		e.Ends = there.st.Reason
	}
	ahead := append(first, there.play(now, now.Add(replayAhead), nil)...)
	here := player{def: c.From, version: c.FromN, r: r, st: r.State}
	stays := here.play(now, now.Add(replayAhead), nil)

	anew := State{Status: StatusActive, EnteredAt: r.State.EnteredAt, Since: r.State.EnteredAt, Trigger: r.State.Trigger,
		Vars: nil, Holdout: r.State.Holdout, Cursor: r.State.Began}
	again := player{def: c.To, version: c.ToN, r: r, st: anew, past: true}
	would := again.play(r.State.EnteredAt, now, r.Events)
	for _, m := range unique(ahead) {
		if slices.Contains(r.Had, m) && !slices.Contains(stays, m) {
			e.Twice = append(e.Twice, m)
		}
	}
	for _, m := range unique(would) {
		if !slices.Contains(r.Had, m) && !slices.Contains(ahead, m) && e.Ends == "" {
			e.Skips = append(e.Skips, m)
		}
	}
	return e
}

func unique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// player plays one version to one person.
type player struct {
	def       *Definition
	version   int
	r         Recalled
	st        State
	crossings []Crossing
	past      bool // what she looks back on is what there was at the moment that is played
	plan      Plan
	events    []Event // that have happened
	messages  []MessageFact
	coupons   map[string]Coupon
	ids       int
}

// play decides from one moment to another, at every deadline and with every event between them, and returns the templates that
// were sent.
func (p *player) play(from, until time.Time, events []Event) (sent []string) {
	at := from
	for range replaySteps {
		for len(events) > 0 && !events[0].ReceivedAt.After(at) {
			p.events, events = append(p.events, p.hers(events[0])), events[1:]
		}
		sent = append(sent, p.decide(at)...)
		if p.st.Status == StatusEnded {
			return sent
		}
		next, timed := until, false
		if p.plan.At != nil && !p.plan.At.After(next) {
			next, timed = *p.plan.At, true
		}
		if len(events) > 0 && !events[0].ReceivedAt.After(next) {
			next, timed = events[0].ReceivedAt, true
		}
		if !timed {
			return sent
		}
		if next.After(at) {
			at = next
		}
	}
	return sent
}

// hers lets an answer and a task that was done belong to the survey and the task of this play, which have other ids.
func (p *player) hers(e Event) Event {
	patch := func(key, id string) {
		e.Properties = maps.Clone(e.Properties)
		e.Properties[key] = id
	}
	switch {
	case e.Name == EventSurveyAnswered && p.st.Survey != "" && e.Properties["step"] == any(p.st.Step):
		patch("invitation", p.st.Survey)
	case e.Name == EventTaskDone && p.st.Task != "":
		patch("task", p.st.Task)
	}
	return e
}

func (p *player) decide(at time.Time) (sent []string) {
	in := Input{State: p.st, Facts: p.facts(at), Now: at, Cause: CauseTimer, NewID: p.newID, Crossings: p.crossings}
	out := Advance(p.def, in)
	for range p.def.CouponNames() {
		if out.Take == nil {
			break
		}
		p.coupons[out.Take.As] = Coupon{ID: p.newID(PrefixCoupon), Pool: out.Take.Pool, As: out.Take.As, Expires: out.Take.Expires}
		in.Facts.Coupons = p.coupons
		out = Advance(p.def, in)
	}
	if out.Take != nil { // it asks again and again: there is nothing more to learn here
		p.st.Status = StatusEnded
		return nil
	}
	p.crossings = nil
	p.st, p.plan = out.State, out.Plan
	for _, m := range out.Effects.Messages {
		sent = append(sent, m.Template)
		p.messages = append(p.messages, MessageFact{ID: m.ID, Step: m.Step, State: MessageAccepted, At: m.QueuedAt})
	}
	return sent
}

func (p *player) facts(at time.Time) Facts {
	f := p.r.Facts
	f.Version, f.Requests, f.Empty = p.version, nil, map[string]bool{}
	if p.coupons == nil {
		p.coupons = maps.Clone(f.Coupons)
		if p.coupons == nil {
			p.coupons = map[string]Coupon{}
		}
	}
	f.Coupons = p.coupons
	f.Messages = append(slices.Clone(f.Messages), p.messages...)
	f.Events = nil
	for _, e := range p.events {
		if e.Number > p.st.Cursor {
			f.Events = append(f.Events, e)
		}
	}
	if !p.past {
		f.Applied = max(f.Applied, p.st.Cursor)
		return f
	}
	f.Messages, f.Sent, f.Applied = p.messages, nil, p.st.Cursor
	for _, e := range p.events {
		f.Applied = max(f.Applied, e.Number)
	}
	f.History = map[string][]Event{}
	for name, list := range p.r.Facts.History {
		f.History[name] = slices.DeleteFunc(slices.Clone(list), func(e Event) bool { return e.ReceivedAt.After(at) })
	}
	return f
}

func (p *player) newID(prefix string) string {
	p.ids++
	return fmt.Sprintf("%splayed-%d", prefix, p.ids)
}
