package journey

import "time"

// Status of an enrollment.
type Status string

// An enrollment is active until it has ended; held means that a person must release it (see Plan HELD in the design).
const (
	StatusActive Status = "active"
	StatusEnded  Status = "ended"
)

// Phase says what she does at the step at which she stands.
type Phase string

// The phases. At a step that does not block there is none: it is walked through.
const (
	PhaseArrive   Phase = ""         // about to do the step
	PhaseWindow   Phase = "window"   // a send: until the window opens
	PhaseWaiting  Phase = "waiting"  // wait, wait_for, task
	PhaseAsked    Phase = "asked"    // survey: until the answer, the reminder or the end
	PhaseReminded Phase = "reminded" // survey: the reminder has gone out
	PhaseHeld     Phase = "held"     // coupon: pool empty; send: unsendable, webhook: failed, both with `hold`
	PhaseCalling  Phase = "calling"  // webhook: until what came of the call is known
)

// State is all that Advance carries from one decision to the next; it is stored as JSON with the enrollment.
type State struct {
	Status    Status         `json:"status"`
	Reason    string         `json:"reason,omitempty"` // of the end: finished, or that of the exit
	EnteredAt time.Time      `json:"entered_at"`       // product time
	EndedAt   *time.Time     `json:"ended_at,omitempty"`
	Trigger   map[string]any `json:"trigger,omitempty"`
	Holdout   bool           `json:"holdout,omitempty"` // counted, receives nothing

	Step   string         `json:"step,omitempty"` // id of the step at which she stands; "" before the first
	Phase  Phase          `json:"phase,omitempty"`
	Since  time.Time      `json:"since"`          // product time at which the current phase began
	Due    *time.Time     `json:"due,omitempty"`  // product time at which it ends by itself, pauses not counted in; nil: never
	Kept   bool           `json:"kept,omitempty"` // Due is that of the version from which she was migrated: it does not move
	Visits map[string]int `json:"visits,omitempty"`
	Cursor int64          `json:"cursor"`          // number of the last event of hers that has been decided on
	Began  int64          `json:"began,omitempty"` // the cursor at which she entered: what she did since has numbers above it

	Paused    bool      `json:"paused,omitempty"`   // she is known to stand still: the pause is in the log
	Accounted time.Time `json:"accounted,omitzero"` // pauses up to here have gone into Effects.Shift

	Leaving string               `json:"leaving,omitempty"` // reason of the exit whose last steps she walks
	Lasting map[string]time.Time `json:"lasting,omitempty"` // of exit rules with `for`: since when the condition holds

	Had map[string]bool `json:"had,omitempty"` // steps whose messages she was sent by the version from which she was migrated

	Rounds    map[string]int    `json:"rounds,omitempty"` // of the repeats that she is in: rounds begun
	Vars      map[string]any    `json:"vars,omitempty"`
	Answer    map[string]any    `json:"answer,omitempty"`  // of the last survey or task: score, choice, comment, outcome
	Coupons   map[string]string `json:"coupons,omitempty"` // as → cpn_…
	Survey    string            `json:"survey,omitempty"`  // srv_… of the invitation that is open
	Task      string            `json:"task,omitempty"`    // tsk_… that is waited for
	Call      string            `json:"call,omitempty"`    // cal_… whose outcome is waited for
	GoalAt    *time.Time        `json:"goal_at,omitempty"`
	GoalWorth float64           `json:"goal_worth,omitempty"`
}

// Cause says why Advance is called.
type Cause string

// The causes.
const (
	CauseStart Cause = "start"
	CauseTimer Cause = "timer"
	CauseWake  Cause = "wake"

	CauseOutcome Cause = "outcome" // what the plan asked for has come to its end; what came of it is a fact
)

// Request is what support asked of one enrollment; it is a row beside the wake-up, and Advance carries it out.
type Request struct {
	Verb   string // skip, move or exit
	To     string // move: the step id
	Reason string
	By     string

	Trigger map[string]any // update and restart: the new trigger
	Vars    map[string]any // the same: the item
}

// Verbs of requests. Update and restart are what a further trigger asks for.
const (
	VerbUpdate  = "update"
	VerbRestart = "restart"

	VerbMigrate = "migrate" // of a publication: it says which Migration, and comes to Advance as a Crossing

	VerbSkip = "skip"
	VerbMove = "move"
	VerbExit = "exit"
)

// Facts are what a decision may look at, loaded in the transaction in which it is made.
type Facts struct {
	EnrollmentID string
	JourneyKey   string
	Version      int

	Customer Customer
	Account  *Account
	Zone     *time.Location // the customer's, or the installation's; never nil

	Pauses   []Pause   // every pause of any scope that covers her and ends after State.Since; also open ones
	Requests []Request // of support, oldest first
	Events   []Event   // applied, with numbers above State.Cursor, in order; only names that Definition.Needs lists
	Applied  int64     // number of the last event applied to her: the cursor after this decision

	History        map[string][]Event // by name, newest first, at most HistoryMax of each: those that Needs.History lists
	AccountHistory map[string][]Event // the same of everybody of her account, herself included: Needs.AccountHistory
	Messages       []MessageFact      // of this enrollment
	Coupons        map[string]Coupon  // of this enrollment, by `as`
	Empty          map[string]bool    // pools that gave no code in this transaction
	Journeys       map[string]string  // key → active, finished or never: those that Needs.Journeys lists
	Sent           []SentFact         // her messages of any journey within the longest span of a cap, those that are not sent aside
	Caps           map[string]Cap     // of Needs.Topics, as the server knows them
	Segments       map[string]bool    // those that the server keeps and she is in: of Needs.Segments
	Call           *CallFact          // State.Call; nil: there is no such call
	Suppressed     bool               // her address, for the journey's class of mail
	Winners        map[string]string  // step → variant that has been chosen for good: of Needs.Contests
	Hours          map[string]*Hours  // of teams: those that Needs.Teams lists; nil: around the clock
	Recipients     []Recipient        // of her account, with a role of Needs.Roles; by id, at most RecipientsMax of each
}

// HistoryMax is the number of events of one name that a condition can look back on.
const HistoryMax = 1000

// RecipientsMax is the number of customers of one account with one role that a send can reach.
const RecipientsMax = 200

// Recipient is a customer of the same account to whom a send may go. She is read without her lock: the claim looks again,
// at all but caps.
type Recipient struct {
	ID         string // cus_…
	Role       string
	Email      string
	Consents   map[string]Consent
	Zone       *time.Location // hers, or the installation's; never nil
	Suppressed bool           // her address, for the journey's class of mail
	Sent       []SentFact     // her messages, as Facts.Sent
}

// MessageFact is what became of a message of the enrollment.
type MessageFact struct {
	ID      string
	Step    string
	State   MessageState
	Clicked bool // by a person
	Bounced bool
	At      time.Time // when it was queued
}

// SentFact is one message to her, as far as caps look at it.
type SentFact struct {
	Journey string    `json:"journey"`
	Topic   string    `json:"topic"`
	At      time.Time `json:"at"` // when it may go out at the earliest
}

// Needs says which facts the decisions of a version can ask for, so that nothing else is loaded.
type Needs struct {
	Events         []string // exit, goal and wait_for events, our own ones included
	History        []string // names that event conditions count
	AccountHistory []string // names that event conditions with `by: account` count
	Journeys       []string
	Topics         []string // of its messages, transactional aside: whose caps hold for it
	Cap            bool     // the journey has one itself
	Segments       []string // that the server keeps
	Messages       bool
	Coupons        bool
	Account        bool
	Contests       []Contest // that have a winner, decided or not
	Roles          []string  // of the customers of her account to whom it sends
	Teams          []string  // whose working hours say when a task is due
}

// Input is what Advance decides from.
type Input struct {
	State State
	Facts Facts
	Now   time.Time // product time: the later of the clock and the due time of the timer that fired
	Cause Cause
	NewID func(prefix string) string // ids of what is made; NewID in production

	// Crossings take her from the version that State is of to the one that is decided on, in this order; empty: they are the same.
	Crossings []Crossing
}

// PlanKind says what the driver does next.
type PlanKind string

// Sleep: until At. Wait: until At or a wake-up. Hold: until a wake-up, or At where one is given. Do: make the call, until its
// outcome is stored, a wake-up, or At where one is given. Done: the end.
const (
	PlanSleep PlanKind = "sleep"
	PlanWait  PlanKind = "wait"
	PlanHold  PlanKind = "hold"
	PlanDo    PlanKind = "do"
	PlanDone  PlanKind = "done"
)

// Plan is the answer to the driver. It is under 300 bytes as JSON and holds ids and codes only (law 4).
type Plan struct {
	Kind    PlanKind   `json:"kind"`
	At      *time.Time `json:"at,omitempty"` // product time out of Advance; the store turns it into wall time for the driver
	Step    string     `json:"step,omitempty"`
	Summary string     `json:"summary,omitempty"` // e.g. "wait 5 days, then comeback-offer"; at most 120 bytes
	Call    string     `json:"call,omitempty"`    // of do: cal_…
}

// Output is what Advance decided.
type Output struct {
	State   State
	Plan    Plan
	Effects Effects
	Log     []LogEntry
	Listens []string // what may wake her: see ListenEvent and its siblings; sorted, no doubles

	// Take, when not nil, asks for a coupon code before the walk can go on: the caller takes one in the same transaction,
	// puts it into Facts.Coupons[Take.As] (or marks Facts.Empty[Take.Pool]) and calls Advance again with the *original*
	// State, Cause and Now; nothing else of this Output counts. Ids made before are made again, so they are thrown away.
	Take *CouponRequest
}

// LogEntry is one line of the step log: what happened to her and why, for the timeline. It stays in Postgres.
type LogEntry struct {
	At     time.Time      `json:"at"`
	Step   string         `json:"step,omitempty"`
	What   string         `json:"what"`             // a code of the list below
	Detail map[string]any `json:"detail,omitempty"` // the values that the decision looked at
}

// Codes of LogEntry.What.
const (
	LogEntered    = "entered"
	LogSend       = "send"       // a message was queued: {message, variant of the subject, recipient where it is not she}
	LogNotSent    = "not_sent"   // {message, reason, recipient where it is not she}
	LogWait       = "wait"       // {until}
	LogWindow     = "window"     // {until}
	LogWaitFor    = "wait_for"   // {for: […], until}
	LogHappened   = "happened"   // a wait_for ended: {event | if, as}
	LogTimeout    = "timeout"    // a wait_for or survey ended without
	LogRecomputed = "recomputed" // a wait moved because a fact changed: {from, until}
	LogBranch     = "branch"     // {arm, values}
	LogSplit      = "split"      // {variant, won: the rest go the winning way}
	LogCoupon     = "coupon"     // {pool, as, kept: she has had it from before}
	LogPoolEmpty  = "pool_empty" // {pool}
	LogSurvey     = "survey"     // {ask, until}
	LogAnswered   = "answered"   // {score, choice, arm}
	LogTask       = "task"       // {title, team}
	LogTaskDone   = "task_done"  // {outcome}
	LogSet        = "set"        // {attribute: value, …}
	LogStart      = "start"      // {journey}
	LogGoal       = "goal"       // {event, value}
	LogPaused     = "paused"     // {reason, by, until}
	LogResumed    = "resumed"    // {on_resume, shifted}
	LogSkipped    = "skipped"    // {by, reason}
	LogMoved      = "moved"      // {by, reason, to}
	LogExited     = "exited"     // {reason}
	LogUpdated    = "updated"    // a further trigger took the place of the first
	LogRestarted  = "restarted"  // a further trigger let her begin anew
	LogLeaving    = "leaving"    // an exit rule holds, and its last steps begin: {reason, event | values}
	LogHoldout    = "holdout"    // {message}: would have been sent
	LogRepeat     = "repeat"     // a round began: {round}; or the repeat is over: {over: until | times, values}
	LogLeave      = "leave"      // {journeys}
	LogConsent    = "consent"    // {topic, is, reason}
	LogSuppress   = "suppress"   // {reason}
	LogSnooze     = "snooze"     // her mail on topics stands still: {topics, until}
	LogMigrated   = "migrated"   // she goes on in another version: {from, to, step, was}

	LogCall       = "call"        // a webhook is called: {to}
	LogReplied    = "replied"     // {to, status}
	LogCallFailed = "call_failed" // {to, reason, status}
	LogNotify     = "notify"      // a team is told: {team, text}
)

// CouponRequest asks for one code.
type CouponRequest struct {
	Step    string
	Visit   int
	Pool    string
	As      string
	Expires time.Duration
}

// Effects are what the store writes, in the transaction of the decision. Drop and Shift are about the messages that were
// queued before: they come first, then Messages are added.
type Effects struct {
	Messages  []Message            // to queue; keys are new
	Surveys   []SurveyInvite       // to open
	Tasks     []Task               // to create
	Calls     []Call               // to make
	Notices   []Notice             // to teams
	Set       []Attribute          // to set on the customer
	Starts    []StartRequest       // enrollments to request
	Events    []Event              // events of our own, to append to her stream (ID, Name, Properties, At are set)
	Drop      string               // when not "": drop her queued and deferred messages of this enrollment with this reason
	DropSteps []string             // drop what is queued of these steps, with ReasonMigrated
	Shift     time.Duration        // when > 0: add to not_before and expires_at of her queued messages (resume with keep)
	CloseTask string               // tsk_… that is no longer waited for
	CloseCall string               // cal_… that is no longer waited for
	Expiries  map[string]time.Time // cpn_… → when it expires: a message of this decision is the first that carries it
	Consents  []ConsentChange      // to store with their proof (Topic, Is, Source, Wording, Address, At are set)
	Suppress  string               // when not "": her address gets no marketing any more, for this reason
	Pauses    []Pause              // to begin, of ScopeCustomerTopic
	Leaves    []string             // keys of journeys whose enrollments of hers are to exit
	Draws     []Draw               // to count: she was drawn into variants of splits
}

// Attribute is one attribute to set.
type Attribute struct {
	Name  string
	Value any
}

// StartRequest asks for an enrollment in another journey.
type StartRequest struct {
	Journey    string
	Properties map[string]any
	EntryKey   string // the enrollment, step and visit that asked: asking twice has no effect
}

// Coupon is one code of a customer.
type Coupon struct {
	ID         string
	Pool       string
	As         string
	Code       string
	ExpiresAt  *time.Time // set from the promised time of the message that first carries it
	Expires    time.Duration
	RedeemedAt *time.Time
	Released   bool
}

// SurveyInvite is one question to one customer.
type SurveyInvite struct {
	ID        string
	Ask       string // nps, csat, ces or a declared key
	Step      string
	Visit     int
	ExpiresAt time.Time
	Form      SurveyForm // as it was when she was asked; of an invitation that is read
}

// Task is something a person must do for a customer.
type Task struct {
	ID      string
	Step    string
	Visit   int
	Title   string // rendered
	Team    string
	Assign  string
	DueAt   *time.Time
	Outcome string
	DoneAt  *time.Time
}

// ReasonFinished is the reason of an enrollment that came to the end of its steps.
const ReasonFinished = "finished"
