package journey

import "time"

// Inside is one customer who stands at a step of a journey.
type Inside struct {
	CustomerSummary
	Enrollment string     `json:"enrollment"`
	Version    int        `json:"version"`
	Since      time.Time  `json:"entered_at"`        // when she entered the journey
	NextAt     *time.Time `json:"next_at,omitempty"` // when she goes on by herself; absent: she waits for someone or something
	Held       string     `json:"held,omitempty"`    // why a person must release her
}

// TimelineFilter narrows a timeline; the zero value is all of it.
type TimelineFilter struct {
	Kind    string // event, decision, message; not_sent: why she did not get a message; "" all
	Journey string // key of the journey; "" all, and what belongs to none
}

// KindNotSent are the entries that say why a message was not sent, whoever decided it.
const KindNotSent = "not_sent"

// TimelineKinds lists the kinds by which a timeline can be narrowed.
func TimelineKinds() []string {
	return []string{KindEvent, KindDecision, KindMessage, KindNotSent, KindNote}
}
