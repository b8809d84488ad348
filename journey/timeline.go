package journey

import "time"

// TimelineEntry is one thing that happened to a customer. Text says it in a sentence that stands by itself.
type TimelineEntry struct {
	At         time.Time      `json:"at"`   // product time
	Kind       string         `json:"kind"` // event: she or a system did something; decision: a journey did; message: mail; note: one of us wrote it down
	Customer   string         `json:"customer,omitempty"`
	Who        string         `json:"who,omitempty"` // her name, address or id, for lists of several customers
	Journey    string         `json:"journey,omitempty"`
	Enrollment string         `json:"enrollment,omitempty"`
	Step       string         `json:"step,omitempty"`
	What       string         `json:"what"` // a code of the step log, the name of an event, or the state of a message
	Text       string         `json:"text"`
	Ref        string         `json:"ref,omitempty"` // evt_…, msg_… or not_…, to look further
	Detail     map[string]any `json:"detail,omitempty"`
}

// Kinds of timeline entries.
const (
	KindEvent    = "event"
	KindDecision = "decision"
	KindMessage  = "message"
	KindNote     = "note"
)
