package journey

import (
	"slices"
	"time"
)

// TaskView is one task as it is shown.
type TaskView struct {
	ID          string     `json:"id"`
	Customer    string     `json:"customer,omitempty"` // cus_…; "" a reply from somebody whom we do not know
	Name        string     `json:"name,omitempty"`     // hers, or her address
	Enrollment  string     `json:"enrollment,omitempty"`
	Journey     string     `json:"journey,omitempty"`
	Version     int        `json:"version,omitempty"`
	Step        string     `json:"step,omitempty"`
	Source      TaskSource `json:"source"`
	Title       string     `json:"title"`
	Team        string     `json:"team,omitempty"`
	Assignee    string     `json:"assignee,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	DueAt       *time.Time `json:"due_at,omitempty"`
	Overdue     bool       `json:"overdue"`
	EscalatedAt *time.Time `json:"escalated_at,omitempty"` // its team was told that it is overdue
	PassOnAt    *time.Time `json:"pass_on_at,omitempty"`   // the team that this one escalates to will be told then
	PassedOnAt  *time.Time `json:"passed_on_at,omitempty"` // it was told
	ClaimedAt   *time.Time `json:"claimed_at,omitempty"`
	DoneAt      *time.Time `json:"done_at,omitempty"`
	DoneBy      string     `json:"done_by,omitempty"`
	Outcome     string     `json:"outcome,omitempty"`
	Note        string     `json:"note,omitempty"`
	Sender      string     `json:"sender,omitempty"`  // of a reply: its address
	Text        string     `json:"text,omitempty"`    // of a reply
	Message     string     `json:"message,omitempty"` // msg_… that was replied to; "" unknown

	Zone  string `json:"-"` // in which its team works; "" it has no hours
	Notes []Note `json:"notes,omitempty"`
}

// TaskSource says why there is a task.
type TaskSource string

// Where tasks come from.
const (
	TaskFromJourney TaskSource = "journey" // a step asks for it
	TaskFromReply   TaskSource = "reply"   // somebody answered a mail
)

// TaskState narrows a list of tasks.
type TaskState string

// The states of tasks. An overdue one is open, too.
const (
	TaskOpen    TaskState = "open"
	TaskOverdue TaskState = "overdue"
	TaskDone    TaskState = "done"
)

// TaskStates are all of them.
func TaskStates() []TaskState { return []TaskState{TaskOpen, TaskOverdue, TaskDone} }

// Nobody is the assignee of tasks that nobody has claimed, in a TaskFilter.
const Nobody = "-"

// TaskFilter narrows a list of tasks; what is empty does not.
type TaskFilter struct {
	State     TaskState // "" open
	Team      string
	Assignee  string // by name, or Nobody
	Customer  string // cus_…
	Journey   string
	Outcome   string     // of done ones
	DueAfter  *time.Time // due at that moment or later
	DueBefore *time.Time // due before it
}

// TaskFigures count open tasks.
type TaskFigures struct {
	Open, Overdue, Mine, Unclaimed int
	Today, Week                    int // due on that day, and in that week: also those of them that are overdue
}

// DueSpan is a day, or a week from Monday on, as the people in a zone have it: from the first moment, to the first that is not of it.
type DueSpan struct{ From, To time.Time }

// DayOf is the day of a moment.
func DayOf(at time.Time, zone *time.Location) DueSpan {
	day := midnight(at.In(zone), 0)
	return DueSpan{day, midnight(day, 1)}
}

// WeekOf is the week of a moment.
func WeekOf(at time.Time, zone *time.Location) DueSpan {
	monday := midnight(at.In(zone), -int(at.In(zone).Weekday()+6)%7)
	return DueSpan{monday, midnight(monday, 7)}
}

// midnight is when a day begins, so many days on.
func midnight(at time.Time, days int) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()+days, 0, 0, 0, 0, at.Location())
}

// OutcomeWords are the words that the step's conditions compare the outcome with, in their order.
func (t *TaskStep) OutcomeWords() (out []string) {
	for _, arm := range t.Outcomes {
		eachCond(arm.If, func(c *Cond) {
			if c.Operand == nil || c.Operand.From != FromAnswer || c.Operand.Path != "outcome" {
				return
			}
			list, several := c.Arg.([]any)
			if !several {
				list = []any{c.Arg}
			}
			for _, one := range list {
				if word, isText := one.(string); isText && !slices.Contains(out, word) {
					out = append(out, word)
				}
			}
		})
	}
	return out
}
