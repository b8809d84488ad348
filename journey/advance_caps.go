package journey

import (
	"slices"
	"time"
)

// ReasonCapped is why a message was not sent, or later: a cap of the journey or of its topic had no room for it.
const ReasonCapped = "capped"

// room returns the moment from which on all caps have room for one more message on the topic, and what becomes of it if that
// is not now: the strictest word of the caps that have none. Transactional mail hangs on the cap of its journey only.
func (d *decision) room(topic string) (time.Time, OverCap) {
	return d.roomFor(d.facts.Sent, topic, d.facts.Customer.ID)
}

// roomFor is room for a customer whose messages before this decision are given.
func (d *decision) roomFor(before []SentFact, topic, customer string) (time.Time, OverCap) {
	free, over := d.now, OverCap("")
	all := d.sent(before, customer)
	look := func(c *Cap, counts func(SentFact) bool) {
		if c == nil {
			return
		}
		if at := c.free(all, counts, d.now); at.After(d.now) {
			free = later(free, at)
			if over == "" || strictness(c.Over) > strictness(over) {
				over = c.Over
			}
		}
	}
	look(d.def.Cap, func(f SentFact) bool { return f.Journey == d.facts.JourneyKey })
	if topic != TopicTransactional {
		look(d.topicCap(topic), func(f SentFact) bool { return f.Topic == topic })
	}
	return free, over
}

// topicCap is the cap of a topic as the server knows it, or as the version declares it.
func (d *decision) topicCap(topic string) *Cap {
	if c, known := d.facts.Caps[topic]; known {
		return &c
	}
	return d.def.Declares.Topics[topic].Cap
}

// sent are a customer's messages, those of this very decision included.
func (d *decision) sent(before []SentFact, customer string) []SentFact {
	all := slices.Clone(before)
	for _, m := range d.out.Effects.Messages {
		if m.CustomerID != customer {
			continue
		}
		all = append(all, SentFact{Journey: m.JourneyKey, Topic: m.Topic, At: m.NotBefore})
	}
	return all
}

// free is the first moment at which fewer than Messages of them lie within Per before it.
func (c *Cap) free(all []SentFact, counts func(SentFact) bool, now time.Time) time.Time {
	var at []time.Time
	for _, f := range all {
		if counts(f) && f.At.After(now.Add(-c.Per)) {
			at = append(at, f.At)
		}
	}
	if len(at) < c.Messages {
		return now
	}
	slices.SortFunc(at, func(a, b time.Time) int { return b.Compare(a) })
	return at[c.Messages-1].Add(c.Per)
}

func strictness(o OverCap) int {
	return slices.Index([]OverCap{OverReschedule, OverHold, OverDrop}, o)
}

// capped does with a message what the caps say that have no room for it. Done says that nothing is left to do here; else it
// is to be queued for the moment that comes back.
func (d *decision) capped(l letter) (notBefore time.Time, fate posting, done bool) {
	free, over := d.room(l.topic)
	switch {
	case over == "", over == OverReschedule:
		return free, posted, false
	case over == OverDrop, l.reminder:
		return free, d.notSent(l, ReasonCapped), true
	default:
		d.reach(d.now)
		d.stand(PhaseWindow, &free)
		d.log(LogWindow, detail{"message": l.message, "until": stamp(free), "reason": ReasonCapped})
		return free, stuck, true
	}
}
