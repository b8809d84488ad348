package journey

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Definition is one version of a journey, parsed and compiled; it is read only, and kept in memory by its hash.
// Forms are those of the language (docs/language.md).
type Definition struct {
	Key, Name  string
	Topic      string            // consent topic of its messages, or TopicTransactional
	Why        string            // why she gets its messages, as customers read it on their preference page; "" where it does not say
	Whys       map[string]string // the same in other languages, by locale in small letters
	Group      string            // of the journeys of one group a customer is in one at a time; "" none
	Priority   int               // in the group: the higher one takes over
	Cap        *Cap              // on its messages to one customer
	Enter      Enter
	Reentry    *Reentry
	Exit       []ExitRule
	Goal       *Goal
	Holdout    int     // percent, 0 to 50
	SendWindow *Window // in the customer's own zone; nil: any time
	Steps      []*Step // the tree, as written
	Declares   Declarations

	Hash string // SHA-256 of the canonical source, hex; "" until parsed from source

	byID map[string]*Step
	next map[string]string // step id → id of the step that follows once it is finished; "" is the end

	contests map[string]Contest         // by step id
	once     struct{ line, column int } // where enter.when.once.at stands
}

// Declarations are what a journey file brings along for the server.
type Declarations struct {
	Topics   map[string]Topic
	Pools    map[string]Pool
	Surveys  map[string]SurveyForm
	Segments map[string]*Cond
	Webhooks map[string]Endpoint
}

// Topic is what a customer can agree to receive.
type Topic struct {
	Key, Name   string
	Names       map[string]string // what it is called in other languages, by locale in small letters
	DoubleOptIn bool
	Cap         *Cap // on messages on the topic, whichever journey sends them
}

// Pool is the set that codes are taken from. A pool with Alphabet and Length makes its codes on demand; one without gives
// out the codes that were added to it, and can be empty.
type Pool struct {
	Key      string
	Alphabet string
	Length   int
}

// SurveyForm is a question. Kind is nps, csat, ces, score, choice, choices or text. Its words are those for everybody who has no locale of
// her own in it; options are values, the same in every language, and read as they are where no locale says otherwise.
type SurveyForm struct {
	Key, Question, Kind string
	Options             []string
	FollowUp            string                 // the label of the comment; "" that of the page
	Thanks              string                 `json:",omitempty"` // what she reads once she has answered; "" that of the page
	Locales             map[string]SurveyWords `json:",omitempty"` // by locale in small letters
}

// SurveyWords are what people of one locale read of a survey.
type SurveyWords struct {
	Question string            `json:"question"`
	Options  map[string]string `json:"options,omitempty"` // how each value reads
	FollowUp string            `json:"follow_up,omitempty"`
	Thanks   string            `json:"thanks,omitempty"`
}

// In returns the words of one of its locales; of "", or of one that it does not have, those for everybody.
func (f SurveyForm) In(locale string) SurveyWords {
	if words, has := f.Locales[locale]; has {
		return words
	}
	return SurveyWords{Question: f.Question, FollowUp: f.FollowUp, Thanks: f.Thanks}
}

// Reads is how people read an option: as these words say, else its value as a sentence begins, Too expensive of too_expensive.
func (w SurveyWords) Reads(option string) string {
	if said := w.Options[option]; said != "" {
		return said
	}
	text := strings.ReplaceAll(option, "_", " ")
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// Cap is how many messages one customer gets at most in a span of time, and what becomes of one too many.
type Cap struct {
	Messages int
	Per      time.Duration
	Over     OverCap
}

// OverCap says what becomes of a message that a cap has no room for.
type OverCap string

// Hold: she stands at the send until there is room. Reschedule: it is queued for then, and she goes on. Drop: it is not sent.
const (
	OverHold       OverCap = "hold"
	OverDrop       OverCap = "drop"
	OverReschedule OverCap = "reschedule"
)

// Enter says who enters. Exactly one of the triggers is set.
type Enter struct {
	Event    string    // name of an event
	Inactive *Inactive // no such event for so long
	API      bool      // only by POST …/enrollments, or `start`

	Attribute string // path of an attribute that becomes Becomes
	Becomes   any    // a literal

	Joins  string // key of a segment of the server into which she comes
	Leaves bool   // or, with this, which she leaves

	Date     *DateTrigger
	Schedule *Schedule
	Once     *Once

	If   *Cond
	Each *Each // one enrollment per item of a list
}

// Each lets a trigger make one enrollment per item of a list that it brings.
type Each struct {
	In     string // path of the list in the trigger
	As     string // the item is kept as var.<as>
	Unique string // path inside the item: its value tells the enrollments of a customer apart; "": each item is new
}

// Inactive triggers when the last event of that name is For old.
type Inactive struct {
	Event string
	For   time.Duration
}

// Reentry says what a further trigger does for a customer who has been here. At most one of Never, Always, After, Per is set.
type Reentry struct {
	Never, Always bool
	After         time.Duration // since the last one ended
	Per           []string      // properties of the trigger, or paths under Each.As: one enrollment per value of them all
	Meanwhile     string        // with Per: what a further trigger of the same value does: ignore (also ""), update or restart
}

// ExitRule ends the enrollment at any moment, in the middle of a wait too.
type ExitRule struct {
	Event     string
	Match     string        // property whose value must equal the trigger's; "" any
	Where     *Cond         // on the event's properties
	ByAccount bool          // a colleague's event counts, too
	If        *Cond         // instead of Event: a condition on the customer
	For       time.Duration // that If must hold without a break; 0: at once
	As        string        // the reason, e.g. "won-back"
	Then      []*Step       // last steps: no exit rule ends her while she walks them
}

// Goal is what the journey is for.
type Goal struct {
	Event     string
	If        *Cond         // instead of Event
	For       time.Duration // that If must hold without a break
	Match     string
	Where     *Cond
	ByAccount bool          // a colleague's event counts, too
	Within    time.Duration // since entering; 0: as long as the journey lasts
	Value     string        // property that holds the value, e.g. "total"
	Exit      bool          // reaching it ends the enrollment
	As        string        // the reason then; "" is ReasonGoal
	Then      []*Step       // last steps then
}

// Window is a span of the local day in which messages may go out. From is before To; both are minutes since local midnight.
type Window struct {
	From, To int
	Days     []time.Weekday // empty: every day
}

// Kind of a step.
type Kind string

// The kinds of steps, in the words of the language.
const (
	StepSend    Kind = "send"
	StepWait    Kind = "wait"
	StepWaitFor Kind = "wait_for"
	StepBranch  Kind = "branch"
	StepSplit   Kind = "split"
	StepCoupon  Kind = "coupon"
	StepSurvey  Kind = "survey"
	StepTask    Kind = "task"
	StepSet     Kind = "set"
	StepStart   Kind = "start"
	StepExit    Kind = "exit"

	StepRepeat   Kind = "repeat"
	StepLeave    Kind = "leave"
	StepConsent  Kind = "consent"
	StepSuppress Kind = "suppress"
	StepPause    Kind = "pause"

	StepWebhook Kind = "webhook"
	StepNotify  Kind = "notify"
)

// Step is one element of a journey. ID is unique in the version and stable across versions. Exactly one of the pointers is
// set, the one that Kind names.
type Step struct {
	ID    string
	Kind  Kind
	Line  int  // where it stands in the file, from 1
	HasID bool // the id was written, not derived

	Send    *Send
	Wait    *Wait
	WaitFor *WaitFor
	Branch  []Arm
	Split   []Variant
	Winner  *Winner // of a split; nil: it draws for ever
	Coupon  *CouponStep
	Survey  *Survey
	Task    *TaskStep
	Set     []Assignment // in file order
	Start   *Start
	Exit    string // the reason

	Repeat   *Repeat
	Leave    []string // keys of the journeys that she leaves
	Consent  *ConsentStep
	Suppress string // the reason
	Pause    *PauseStep
	Webhook  *WebhookStep
	Notify   *NotifyStep
}

// Arm is a list of steps under a condition. In a branch the first arm whose condition holds is taken; Else marks the last.
type Arm struct {
	If   *Cond
	Else bool
	Then []*Step
}

// Send puts one message into the ledger.
type Send struct {
	Message       string        // name of the template
	Role          string        // one message to each customer of her account with that role; "" to her
	Channel       string        // key of the endpoint that it goes out to; "" e-mail
	Topic         string        // "" the journey's
	From, ReplyTo string        // "" the template's, then the installation's
	AnyTime       bool          // window: any
	Expires       time.Duration // 0: the default of the installation
	Unless        *Cond
	Subjects      []Subject // drawn from, instead of the template's; nil: the template's
	Winner        *Winner   // of the subjects
	IfUnsendable  OnTrouble // go_on by default
}

// Subject is one of several subjects that a send tries.
type Subject struct {
	Name string
	Text string // text template
}

// OnTrouble says what becomes of the customer when a step cannot do its work.
type OnTrouble string

// What can be said.
const (
	TroubleGoOn OnTrouble = "go_on"
	TroubleHold OnTrouble = "hold"
	TroubleExit OnTrouble = "exit"
)

// Wait stands still. One of For (a literal or a value), At and Until is set.
type Wait struct {
	For       time.Duration // 5d
	ForValue  *Value        // { for: VALUE, unit: d, default: 30d }: a number of Units
	Unit      time.Duration
	Default   time.Duration
	At        *LocalTime // the next such local time
	Until     *Value     // a moment
	Offset    time.Duration
	IfPast    string // skip, run or exit; "" is skip
	IfMissing *Missing
	Then      []*Step // runs at the moment; at once on `run`, never on `skip`
}

// Missing says what to do when the value that a wait hangs on is not there: wait so long, skip or exit.
type Missing struct {
	After time.Duration
	Skip  bool
	Exit  bool
}

// LocalTime is a time of the customer's day: minutes since local midnight, on Day where one is given.
type LocalTime struct {
	Minute int
	Day    *time.Weekday
}

// WaitFor waits for the first of several things, or the timeout.
type WaitFor struct {
	Any     []Awaited
	Timeout *Timeout
}

// Awaited is one thing to wait for: an event, or a condition.
type Awaited struct {
	Event string
	Match string
	Where *Cond
	As    string // the event's properties are kept as var.<as>
	If    *Cond
	Then  []*Step
}

// Timeout ends a wait_for: After so long, or At a moment plus Offset.
type Timeout struct {
	After     time.Duration
	At        *Value
	Offset    time.Duration
	IfMissing *Missing
	Then      []*Step
}

// Variant of a split. Shares sum to 100.
type Variant struct {
	Name  string
	Share int
	Then  []*Step
}

// CouponStep takes one code for the customer; later steps name it by As.
type CouponStep struct {
	Pool      string
	Expires   time.Duration // from the promised time of the message that first carries it; 0: never
	As        string        // "" the pool's key
	WhenEmpty OnTrouble     // hold by default
}

// Survey asks by message and waits for the answer.
type Survey struct {
	Ask      string // nps, csat, ces or the key of a declared survey
	Send     string // template
	Wait     time.Duration
	Reminder *Reminder
	Answers  []Arm // first match; an answer that matches none goes on
	NoAnswer []*Step
}

// Reminder asks once more.
type Reminder struct {
	After time.Duration
	Send  string
}

// TaskStep asks a person to do something. With Wait the enrollment stands until the task is done or the wait is over.
type TaskStep struct {
	Title    string // text template
	Team     string
	Assign   string
	Due      time.Duration
	Working  bool          // Due counts the team's working hours alone
	Wait     time.Duration // 0: does not wait
	Outcomes []Arm         // conditions read { answer: outcome, OP }
}

// Assignment sets an attribute of the customer. With Add the number is added to what is there.
type Assignment struct {
	Attribute string
	Value     Value
	Add       *float64
}

// Start puts the customer into another journey.
type Start struct {
	Journey string
	With    map[string]Value
}

// Repeat goes through its steps again and again: Times at most, until the condition holds, which is asked before each round.
// A round waits at least once.
type Repeat struct {
	Times int
	Until *Cond // nil: all the times
	Then  []*Step
}

// ConsentStep changes where she stands with a topic. The reason is kept with the proof.
type ConsentStep struct {
	Topic  string
	Is     Consent
	Reason string
}

// PauseStep lets her mail on the topics stand still.
type PauseStep struct {
	Topics []string
	For    time.Duration
}

// Value is a literal, or is read when the step is reached.
type Value struct {
	Literal any
	From    ValueFrom // "" is a literal
	Path    string    // e.g. "starts_at", "line.sku"; for a coupon its `as`
	Get     string    // for a coupon: code or expires_at
	Default any       // nil: none
}

// ValueFrom names the place that a value is read from.
type ValueFrom string

// The places.
const (
	FromTrigger   ValueFrom = "trigger"
	FromAttribute ValueFrom = "attribute"
	FromAccount   ValueFrom = "account"
	FromAnswer    ValueFrom = "answer"
	FromCoupon    ValueFrom = "coupon"
	FromVar       ValueFrom = "var"
	FromEvent     ValueFrom = "event" // inside a where: the properties of the event that is looked at
)
