package journey

import "time"

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

// Holds says whether the pause holds at that moment.
func (p Pause) Holds(at time.Time) bool {
	end, known := p.Ends()
	return !at.Before(p.Since) && (!known || at.Before(end))
}
