package journey

import (
	"fmt"
	"time"
)

// ApprovalState says how far an audience has come.
type ApprovalState string

// The states. Asked: nobody is let in until a person approves. Ramp: a share is let in, and looked at. Stopped: the ramp stopped by
// itself. Through: everybody is let in.
const (
	AudienceAsked   ApprovalState = "asked"
	AudienceRefused ApprovalState = "refused"
	AudienceRamp    ApprovalState = "ramp"
	AudienceStopped ApprovalState = "stopped"
	AudienceThrough ApprovalState = "through"
)

// Approval is about a number of people about to enter a journey that is far above the usual, or that is to be let in by a ramp.
type Approval struct {
	ID        string        `json:"id"` // apr_…
	Journey   string        `json:"journey"`
	Version   int           `json:"version"`
	State     ApprovalState `json:"state"`
	Count     int64         `json:"count"` // how many they are
	Most      int64         `json:"most"`  // how many would have passed without asking
	AskedAt   time.Time     `json:"asked_at"`
	AskedBy   string        `json:"asked_by"` // key_… of who published the version, or began the ramp
	DecidedAt *time.Time    `json:"decided_at,omitempty"`
	DecidedBy string        `json:"decided_by,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Share     int           `json:"share"` // percent who are let in
	ShareAt   *time.Time    `json:"share_at,omitempty"`
	Words     string        `json:"words"`
}

// What an audience may be without anybody being asked: so many times the busiest day of the last four weeks.
const (
	UsualTimes = 5
	UsualDays  = 28
)

// The ramp: its shares in percent, how long each is looked at, and what stops it.
const (
	RampPace       = 4 * time.Hour
	RampBounces    = 0.05  // of the messages that were answered
	RampComplaints = 0.001 // the same
	RampSample     = 50    // messages answered, before bounces are judged
	RampFew        = 2     // complaints, before they are judged: one person is no pattern
	RampSeen       = 20    // messages answered, before the next share is let in; 6 times the pace is waited for them
)

// NextShare is the share after this one.
func NextShare(share int) int {
	switch {
	case share < 1:
		return 1
	case share < 10:
		return 10
	}
	return 100
}

// Reception is what became of the mail of an audience.
type Reception struct {
	Answered   int64 // accepted or bounced
	Bounced    int64
	Complained int64
}

// Trouble is why the ramp must stop; "" when it may go on.
func (r Reception) Trouble() string {
	switch {
	case r.Answered >= RampSample && float64(r.Bounced) > RampBounces*float64(r.Answered):
		return fmt.Sprintf("%d of %d messages bounced, more than 5 %%", r.Bounced, r.Answered)
	case r.Complained >= RampFew && float64(r.Complained) > RampComplaints*float64(r.Answered):
		return fmt.Sprintf("%d complaints about %d messages, more than 0.1 %%", r.Complained, r.Answered)
	}
	return ""
}

// RampGoesOn says whether the share has been looked at for long enough.
func (r Reception) RampGoesOn(since time.Time, pace time.Duration, now time.Time) bool {
	looked := now.Sub(since)
	return looked >= pace && (r.Answered >= RampSeen || looked >= 6*pace)
}

// ApprovalWords says what an audience waits for.
func ApprovalWords(a Approval) string {
	switch a.State {
	case AudienceAsked:
		return fmt.Sprintf("%d people are about to enter %s, and %d would be usual at most: nobody is let in until it is approved", a.Count, a.Journey, a.Most)
	case AudienceRefused:
		return fmt.Sprintf("%d people were refused: %s", a.Count, a.Reason)
	case AudienceRamp:
		return fmt.Sprintf("%d %% of those who enter %s are let in; the others wait at its door", a.Share, a.Journey)
	case AudienceStopped:
		return "stopped by itself: " + a.Reason
	}
	return "everybody is let in"
}

// Decision is what a person decides about an audience that is asked about.
type Decision struct {
	ID      string
	Approve bool
	Count   int64 // as typed by whoever approves
	AtOnce  bool  // no ramp
	Pace    time.Duration
	Reason  string // of a refusal
}
