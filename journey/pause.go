package journey

import (
	"crypto/sha256"
	"strings"
	"time"
)

// Scope is what a pause applies to.
type Scope string

// The scopes.
const (
	ScopeCustomer   Scope = "customer"
	ScopeEnrollment Scope = "enrollment"
	ScopeJourney    Scope = "journey"
	ScopeTopic      Scope = "topic"
	ScopeEverything Scope = "everything"

	// ScopeCustomerTopic is one customer's mail on one topic. Its target is TopicOf.
	ScopeCustomerTopic Scope = "customer_topic"
)

// TopicOf is the target of a pause of one customer's mail on one topic.
func TopicOf(customer, topic string) string { return customer + "/" + topic }

// SplitTopic is the customer and the topic of such a target.
func SplitTopic(target string) (customer, topic string) {
	customer, topic, _ = strings.Cut(target, "/")
	return customer, topic
}

// OnResume says what becomes of the time that passed in a pause.
type OnResume string

// Keep: the remaining wait goes on where it stood. CatchUp: deadlines stand, what is due goes out. Skip: what fell due is
// dropped. Where pauses overlap, keep beats catch-up beats skip.
const (
	Keep    OnResume = "keep"
	CatchUp OnResume = "catch_up"
	Skip    OnResume = "skip"
)

// Pause makes a customer, a journey or everything stand still; the clock too.
type Pause struct {
	ID       string
	Scope    Scope
	Target   string // id or key of what is paused; "" for everything
	Reason   string
	By       string     // who
	Since    time.Time  // product time
	Until    *time.Time // product time at which it ends by itself; nil: until someone resumes
	EndedAt  *time.Time // product time; nil while it holds
	OnResume OnResume
	Spread   time.Duration // catch-up: over how long what fell due goes out, from the end of the pause on; 0: at once
}

// The spread of a catch-up. Whom a wide pause held goes on within two hours, however many there are; of a few messages each
// has twenty minutes.
const (
	SpreadMost = 2 * time.Hour
	SpreadEach = 20 * time.Minute
)

// SpreadOf is the spread for so many messages that fall due.
func SpreadOf(messages int) time.Duration {
	return min(time.Duration(max(messages-1, 0))*SpreadEach, SpreadMost)
}

// IsWide says whether a pause of the scope holds more than one customer.
func (s Scope) IsWide() bool { return s == ScopeJourney || s == ScopeTopic || s == ScopeEverything }

// place is where in a spread the message of a step has its turn: from 0 to 1, evenly over everybody. The claim of the ledger
// computes the same (placeSQL in the store).
func place(enrollment, step string) float64 {
	sum := sha256.Sum256([]byte(enrollment + "/" + step))
	return float64(uint32(sum[0])<<16|uint32(sum[1])<<8|uint32(sum[2])) / (1 << 24)
}

// Ends returns the moment at which the pause is over as far as is known, and false while that is open.
func (p Pause) Ends() (time.Time, bool) {
	switch {
	case p.EndedAt != nil:
		return *p.EndedAt, true
	case p.Until != nil:
		return *p.Until, true
	}
	return time.Time{}, false
}

// Covers says whether the pause is one of that enrollment of the customer, in a journey of that topic.
func (p Pause) Covers(customer, enrollment, journey, topic string) bool {
	switch p.Scope {
	case ScopeEverything:
		return true
	case ScopeCustomer:
		return p.Target == customer
	case ScopeEnrollment:
		return p.Target == enrollment
	case ScopeJourney:
		return p.Target == journey
	case ScopeTopic:
		return p.Target == topic
	case ScopeCustomerTopic:
		return p.Target == TopicOf(customer, topic)
	}
	return false
}

// Holds says whether the pause holds at that moment.
func (p Pause) Holds(at time.Time) bool {
	end, known := p.Ends()
	return !at.Before(p.Since) && (!known || at.Before(end))
}
