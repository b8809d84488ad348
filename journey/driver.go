package journey

import "time"

// Directive is a Plan as the driver gets it: in wall time, with the seq to go on with.
type Directive struct {
	Kind    PlanKind   `json:"kind"`
	At      *time.Time `json:"at,omitempty"` // wall instant
	Step    string     `json:"step,omitempty"`
	Summary string     `json:"summary,omitempty"`
	Call    string     `json:"call,omitempty"` // of do: cal_…
	Seq     int64      `json:"seq"`            // of the Advance that was applied; the driver's next call carries Seq+1
}

// Wakeup is a leased wake-up: the relay signals the enrollment, or starts its workflow.
type Wakeup struct {
	EnrollmentID string
	CustomerID   string // cus_…: search attribute of the workflow
	JourneyKey   string
	JourneyName  string // for the static summary on Temporal's page
	Version      int64  // of the wake-up row
	Start        bool   // never driven yet: start rather than signal
	Seq          int64  // last applied seq of the enrollment, for a start
	Tries        int    // leases before this one
}

// Acceptance is the answer to one event of the inbox.
type Acceptance struct {
	EventID   string
	Duplicate bool // same message id, same body: no effect
	Conflict  bool // same message id, another body: refused
}

// EnrollRequest asks for one enrollment by API or by a `start` step.
type EnrollRequest struct {
	JourneyKey string
	CustomerID string
	Properties map[string]any // become the trigger
	EntryKey   string         // asking twice with the same key has no effect; "" makes a new one
	Via        string         // "api" or "start"
	By         string
}

// Enrolled is the answer.
type Enrolled struct {
	EnrollmentID string // "" when she did not enter
	Existing     bool   // the key was used before
	Reason       string // why she did not enter: reentry, filter, active
}
