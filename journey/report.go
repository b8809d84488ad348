package journey

import "time"

// Report says how a journey does: over all its versions, since the first.
type Report struct {
	Journey  string           `json:"journey"`
	Entered  int              `json:"entered"`
	Active   int              `json:"active"`
	Finished int              `json:"finished"`
	Held     int              `json:"held"` // a person must release them
	Holdout  int              `json:"holdout"`
	Where    []StepCount      `json:"where"` // active customers per step at which they stand
	Exits    map[string]int   `json:"exits"` // by reason; finished is not an exit
	Messages []MessageCount   `json:"messages"`
	Goal     GoalCount        `json:"goal"`
	Answers  []SurveyCount    `json:"surveys"`
	Versions []VersionEntered `json:"versions"`
	Contests []ContestReport  `json:"contests"` // what the live version draws
}

// ContestReport is a split, or a send with several subjects, and how its variants do.
type ContestReport struct {
	Step      string     `json:"step"`
	Message   string     `json:"message,omitempty"` // of a send
	Variants  []Tally    `json:"variants"`
	By        Metric     `json:"by,omitempty"`     // what decides; "" nothing: it draws for ever
	Min       int        `json:"min,omitempty"`    // that each variant must have had
	Winner    string     `json:"winner,omitempty"` // the rest go this way
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	DecidedOn []Tally    `json:"decided_on,omitempty"` // the counts that decided
}

// StepCount is how many customers stand at a step.
type StepCount struct {
	Step      string `json:"step"`
	Customers int    `json:"customers"`
}

// MessageCount is what became of one message of a journey.
type MessageCount struct {
	Message string         `json:"message"`
	Sent    int            `json:"sent"`
	Clicked int            `json:"clicked"` // messages with a click by a person
	Waiting int            `json:"waiting"` // queued or on the way
	Unknown int            `json:"unknown"`
	NotSent map[string]int `json:"not_sent"` // by reason
}

// GoalCount is how many reached the goal and what it was worth, with the customers held out beside them for comparison.
type GoalCount struct {
	Reached        int     `json:"reached"`
	Value          float64 `json:"value"`
	HoldoutReached int     `json:"holdout_reached"`
	HoldoutValue   float64 `json:"holdout_value"`
}

// SurveyCount is how many were asked, answered and with what mean score.
type SurveyCount struct {
	Ask      string   `json:"ask"`
	Asked    int      `json:"asked"`
	Answered int      `json:"answered"`
	Mean     *float64 `json:"mean,omitempty"` // of the scores
}

// VersionEntered is how many entered with a version.
type VersionEntered struct {
	Version int `json:"version"`
	Entered int `json:"entered"`
	Active  int `json:"active"`
}
