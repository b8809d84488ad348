package journey

import "time"

// Today is how the last 24 hours were, and what is wrong now.
type Today struct {
	Since        time.Time      `json:"since"`   // 24 hours ago
	Entered      map[string]int `json:"entered"` // enrollments since then, by journey
	Ended        int            `json:"ended"`
	Sent         int            `json:"sent"`        // messages that were accepted since then
	NotSent      map[string]int `json:"not_sent"`    // never queued, dropped, failed or in doubt since then, by reason
	Bounced      int            `json:"bounced"`     // reported since then
	Waiting      int            `json:"waiting"`     // messages queued or deferred, whenever they are due
	Late         int            `json:"late"`        // of them, due for more than an hour
	Refused      int            `json:"refused"`     // of them, deferred because the mail system refuses us, not the recipient
	Held         int            `json:"held"`        // enrollments that a person must release
	HeldPeople   []Inside       `json:"held_people"` // whose they are, the latest to enter first, five at most
	Days         []DayCount     `json:"days"`        // the last 14 days, the oldest first
	Low          []PoolLevel    `json:"low_pools"`
	Overdue      int            `json:"overdue_tasks"`
	Open         int            `json:"open_tasks"`
	OverdueTasks []TaskView     `json:"overdue"` // the longest overdue, five at most
	Silences     []Silence      `json:"silences"`
	Pauses       []PauseView    `json:"pauses"` // that hold now, of a journey, a topic or everything
	Stops        []Stop         `json:"stops"`
	Breakers     []Breaker      `json:"breakers"`  // that are open now
	Asked        []Approval     `json:"approvals"` // audiences that wait for a person
}

// Breaker is a lane that stands still for a while, or one recipient domain of it: the mail system refuses us, puts us off, or cannot be
// reached. A sender opens it by itself, and tries again when the time is over.
type Breaker struct {
	Lane      string    `json:"lane"`
	Domain    string    `json:"domain,omitempty"` // "": the lane as a whole
	Why       string    `json:"why"`              // put_off, unreachable, or the kind of outcome that opened it
	UntilWall time.Time `json:"until"`            // wall time
	Closed    bool      `json:"closed,omitempty"` // a person has closed it; its sender is about to notice
}

// Reasons of breakers beside the kinds of outcomes.
const (
	BreakerPutOff      = "put_off"     // the domain answers: later
	BreakerUnreachable = "unreachable" // nobody answers at the relay
)

// DayCount is one day, of 24 hours that end when Today was asked for.
type DayCount struct {
	Ends    time.Time `json:"ends"`
	Entered int       `json:"entered"`
	Sent    int       `json:"sent"`
}

// PoolLevel is a pool that is running out of codes.
type PoolLevel struct {
	Pool     string `json:"pool"`
	Free     int    `json:"free"`
	LowWater int    `json:"low_water"`
}

// Silence is an event that used to come and does not any more.
type Silence struct {
	Event  string    `json:"event"`
	LastAt time.Time `json:"last_at"`
	Usual  float64   `json:"usual"` // customers a day who did it last in the seven days before
}
