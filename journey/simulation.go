package journey

import "time"

// Simulation is what a journey came to when it was played for customers on a clock of its own. Nothing was written, nobody got
// a mail, no coupon was taken.
type Simulation struct {
	Journey   string    `json:"journey"`
	Name      string    `json:"name"`
	Version   int       `json:"version,omitempty"` // absent: a draft or a file
	Start     time.Time `json:"start"`
	Days      int       `json:"days"`
	Seed      uint64    `json:"seed"`
	Customers int       `json:"customers"`
	Assumed   []string  `json:"assumed"` // what they do, where nobody said it: one sentence each

	Entered     int              `json:"entered"` // customers who entered at least once
	Enrollments int              `json:"enrollments"`
	Refused     []SimulatedCount `json:"refused"`           // occasions at which somebody did not enter, by reason
	Inside      int              `json:"inside"`            // enrollments that were not over at the end
	Holdout     int              `json:"holdout,omitempty"` // enrollments that were counted and received nothing
	Ends        []SimulatedCount `json:"ends"`              // of the others, by reason
	Goals       int              `json:"goals"`
	GoalWorth   float64          `json:"goal_worth,omitempty"`
	Messages    int              `json:"messages"`
	Decisions   int              `json:"decisions"`

	Steps   []SimulatedStep   `json:"steps"` // in the order of the file
	Untaken []SimulatedWay    `json:"untaken"`
	People  []SimulatedPerson `json:"people"` // the first of them, as many as were asked for
}

// SimulatedStep is what one step came to.
type SimulatedStep struct {
	Step    string           `json:"step"`
	Kind    Kind             `json:"kind"`
	What    string           `json:"what"`
	Parent  string           `json:"parent,omitempty"` // the step that it stands in, absent: none
	Way     string           `json:"way,omitempty"`    // and the way out of that
	Came    int              `json:"came"`             // enrollments that came to it
	Stand   int              `json:"stand"`            // of these, how many stand there at the end
	Sent    int              `json:"sent,omitempty"`   // messages
	NotSent []SimulatedCount `json:"not_sent,omitempty"`
	Ways    []SimulatedWay   `json:"ways,omitempty"`
}

// SimulatedWay is one way out of a step (Way), and how often it was taken.
type SimulatedWay struct {
	Step  string `json:"step"`
	Way   string `json:"way"`
	Words Phrase `json:"words"`
	Taken int    `json:"taken"`
}

// SimulatedCount is a number with its name.
type SimulatedCount struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// SimulatedPerson is one customer's timeline.
type SimulatedPerson struct {
	ID         string           `json:"id"`
	FirstName  string           `json:"first_name,omitempty"`
	Email      string           `json:"email,omitempty"`
	Locale     string           `json:"locale,omitempty"`
	Timezone   string           `json:"timezone"`
	Attributes map[string]any   `json:"attributes"`
	Lines      []SimulatedLine  `json:"lines"`
	Mails      []SimulatedMail  `json:"mails"`
	Ends       []SimulatedState `json:"ends"` // of her enrollments
}

// SimulatedLine is one thing that happened, or one decision with the values that it looked at.
type SimulatedLine struct {
	At         time.Time      `json:"at"`
	Day        int            `json:"day"`                  // calendar days since the start, by her clock
	Local      string         `json:"local"`                // her clock, Mon 2 Mar 09:00
	Happened   bool           `json:"happened,omitempty"`   // it happened to her; absent: it was decided
	Enrollment int            `json:"enrollment,omitempty"` // from 1, in the order of entering
	Step       string         `json:"step,omitempty"`
	What       string         `json:"what,omitempty"` // a code of LogEntry
	Words      Phrase         `json:"words"`
	Detail     map[string]any `json:"detail,omitempty"`
}

// SimulatedMail is one mail as she would have got it.
type SimulatedMail struct {
	At      time.Time `json:"at"`
	Step    string    `json:"step"`
	Message string    `json:"message"`
	Topic   string    `json:"topic"`
	Subject string    `json:"subject"`
	HTML    string    `json:"html,omitempty"`
	Text    string    `json:"text,omitempty"`
}

// SimulatedState is where an enrollment stands at the end.
type SimulatedState struct {
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`
	Step   string `json:"step,omitempty"`
	Next   string `json:"next,omitempty"` // in words, where it goes on
}

// SimulationRequest asks for a journey to be played.
type SimulationRequest struct {
	Customers int // invented ones; 0 where Known or the script says who
	Days      int
	Seed      uint64
	Start     time.Time // product time
	Script    []byte    // YAML or JSON (docs/simulate.md); nil: what people do is assumed
	Timelines int       // of how many customers the timeline is told
	Known     *Recorded // a customer who is known, in place of invented ones
}

// Recorded is what is known of a customer, as far as a journey can look at it.
type Recorded struct {
	Customer   Customer
	Account    *Account
	Suppressed bool    // her address, for the journey's class of mail
	Events     []Event // applied, oldest first; the newest of them, where there are many
	Past       []Past  // her enrollments in the journey, of any version
}
