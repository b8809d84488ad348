package journey

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// EnrollmentFact is one time that she entered a journey.
type EnrollmentFact struct {
	ID, Journey string
	EnteredAt   time.Time
	Holdout     bool
	Reason      string   // why it ended; "" it goes on
	Reached     bool     // its goal
	Worth       int64    // of the goal, in ten-thousandths
	Currency    string   // of it; "" where none was said
	Got         []string // steps whose messages went out in it
	Path
}

// MessageMonth is what became of one message of a journey to her in the month in which it went out. Each counts once, whatever is told
// of it, and clicks are those of people.
type MessageMonth struct {
	Month                                            time.Time
	Journey, Message                                 string
	Sent, Bounced, Complained, Clicked, Unsubscribed int
	LastAt                                           time.Time
}

// unsubscribedWithin is how long after a mail a click on an unsubscribe link is taken for an answer to it.
const unsubscribedWithin = 7 * 24 * time.Hour

// SourceUnsubscribe is what the proof says of a withdrawal by the link of a mail.
const SourceUnsubscribe = "unsubscribe link"

func tellEnrollments(events []Event, enrolled map[string]Trail) []EnrollmentFact {
	byID := map[string]EnrollmentFact{}
	for _, e := range events {
		if e.Kind != KindOwn {
			continue
		}
		id, _ := e.Properties["enrollment"].(string)
		f, entered := byID[id]
		if !entered && e.Name != EventJourneyEntered || id == "" {
			continue
		}
		switch e.Name {
		case EventJourneyEntered:
			if !entered {
				key, _ := e.Properties["journey"].(string)
				f = EnrollmentFact{ID: id, Journey: key, EnteredAt: e.At.UTC(), Holdout: enrolled[id].Holdout, Path: enrolled[id].path()}
			}
		case EventJourneyExited:
			reason, _ := e.Properties["reason"].(string)
			f.Reason = cmp.Or(reason, ReasonFinished)
		case EventGoalReached:
			if value, ok := asNumber(e.Properties["value"]); ok && !f.Reached {
				f.Worth, f.Currency = tenThousandths(value), currencyOf(e)
			}
			f.Reached = true
		case EventMessageSent:
			if step, _ := e.Properties["step"].(string); step != "" && !slices.Contains(f.Got, step) {
				f.Got = append(f.Got, step)
				slices.Sort(f.Got)
			}
		}
		byID[id] = f
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b EnrollmentFact) int { return cmp.Compare(a.ID, b.ID) })
}

// fate is what is told of one message.
type fate struct {
	journey, message                                 string
	at                                               time.Time
	sent, bounced, complained, clicked, unsubscribed bool
}

func tellMessages(events []Event, zone *time.Location) []MessageMonth {
	letters := map[string]*fate{}
	var last *fate
	for _, e := range events {
		if e.Kind != KindOwn {
			continue
		}
		if source, _ := e.Properties["source"].(string); e.Name == EventTopicUnsubscribed && source == SourceUnsubscribe && last != nil &&
			e.At.Sub(last.at) <= unsubscribedWithin {
			last.unsubscribed = true
		}
		id, _ := e.Properties["message_id"].(string)
		if id == "" {
			continue
		}
		l := letters[id]
		if l == nil {
			l = &fate{at: e.At.UTC()}
			l.journey, _ = e.Properties["journey"].(string)
			l.message, _ = e.Properties["message"].(string)
		}
		switch e.Name {
		case EventMessageSent:
			l.sent, l.at, last = true, e.At.UTC(), l
		case EventMessageBounced:
			l.bounced = true
		case EventMessageComplained:
			l.complained = true
		case EventLinkClicked:
			machine, _ := e.Properties["machine"].(bool)
			l.clicked = l.clicked || !machine
		default:
			continue
		}
		letters[id] = l
	}
	return messageMonths(letters, zone)
}

func messageMonths(letters map[string]*fate, zone *time.Location) []MessageMonth {
	type key struct {
		month            time.Time
		journey, message string
	}
	sums := map[key]MessageMonth{}
	one := map[bool]int{true: 1}
	for _, l := range letters {
		k := key{monthIn(l.at, zone), l.journey, l.message}
		m := sums[k]
		m.Month, m.Journey, m.Message = k.month, k.journey, k.message
		m.Sent, m.Bounced, m.Complained = m.Sent+one[l.sent], m.Bounced+one[l.bounced], m.Complained+one[l.complained]
		m.Clicked, m.Unsubscribed = m.Clicked+one[l.clicked], m.Unsubscribed+one[l.unsubscribed]
		if l.at.After(m.LastAt) {
			m.LastAt = l.at
		}
		sums[k] = m
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b MessageMonth) int {
		return cmp.Or(a.Month.Compare(b.Month), cmp.Compare(a.Journey, b.Journey), cmp.Compare(a.Message, b.Message))
	})
}

// What is counted of journeys and messages; the label begins with the key of the journey and a slash.
const (
	CountEntered     = "entered"
	CountReached     = "reached"
	CountWorthGoal   = "worth" // label: journey/currency
	CountExit        = "exit"  // label: journey/reason
	CountGot         = "got"   // label: journey/step, once for each enrollment
	CountHeld        = "held"  // those who were held out, and what they did
	CountHeldReached = "held_reached"
	CountHeldWorth   = "held_worth"

	CountSent         = "sent" // label: journey/message, of this one and those below
	CountBounced      = "bounced"
	CountComplained   = "complained"
	CountClicked      = "clicked"
	CountUnsubscribed = "unsubscribed"
)

func addEnrollments(add func(k CountKey, n, total int64), enrollments []EnrollmentFact, zone *time.Location) {
	for _, e := range enrollments {
		count := func(what, label string, total int64) {
			add(CountKey{What: what, Grain: ByMonth, Starts: monthIn(e.EnteredAt, zone), Label: e.Journey + "/" + label}, 1, total)
		}
		entered, reached, worth := CountEntered, CountReached, CountWorthGoal
		if e.Holdout {
			entered, reached, worth = CountHeld, CountHeldReached, CountHeldWorth
		}
		count(entered, "", 0)
		if e.Reached {
			count(reached, "", 0)
		}
		if e.Worth != 0 {
			count(worth, e.Currency, e.Worth)
		}
		if e.Holdout {
			continue
		}
		if e.Reason != "" {
			count(CountExit, e.Reason, 0)
		}
		for _, step := range e.Got {
			count(CountGot, step, 0)
		}
		e.eachPlace(func(what, label string) { count(what, label, 0) })
	}
}

func addMessages(add func(k CountKey, n, total int64), messages []MessageMonth) {
	for _, m := range messages {
		for what, n := range map[string]int{CountSent: m.Sent, CountBounced: m.Bounced, CountComplained: m.Complained,
			CountClicked: m.Clicked, CountUnsubscribed: m.Unsubscribed} {
			if n != 0 {
				add(CountKey{What: what, Grain: ByMonth, Starts: m.Month, Label: m.Journey + "/" + m.Message}, int64(n), 0)
			}
		}
	}
}
