package journey

import "time"

// CustomerSummary is a customer as she stands in a list.
type CustomerSummary struct {
	ID         string    `json:"id"`
	ExternalID string    `json:"external_id,omitempty"`
	Email      string    `json:"email,omitempty"`
	FirstName  string    `json:"first_name,omitempty"`
	LastName   string    `json:"last_name,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
}

// CustomerOverview is what support sees of a customer: who she is, what she agreed to, where she is and why.
type CustomerOverview struct {
	CustomerSummary
	Locale      string           `json:"locale,omitempty"`
	Timezone    string           `json:"timezone,omitempty"`
	Attributes  map[string]any   `json:"attributes"`
	Consents    []ConsentState   `json:"consents"`
	Suppressed  string           `json:"suppressed,omitempty"` // why her address gets nothing; empty: it does
	Pauses      []PauseView      `json:"pauses"`               // that hold now and cover her as a whole
	Enrollments []EnrollmentView `json:"enrollments"`          // active ones first, then the newest
	Coupons     []CouponView     `json:"coupons"`
	Tasks       []TaskView       `json:"tasks"` // open ones
	Notes       []Note           `json:"notes"` // the newest 100
}

// ConsentState says where she stands with one topic.
type ConsentState struct {
	Topic       string     `json:"topic"`
	Name        string     `json:"name"`
	State       Consent    `json:"state"` // given, confirmed, withdrawn, or "" when she was never asked
	ChangedAt   *time.Time `json:"changed_at,omitempty"`
	Source      string     `json:"source,omitempty"`
	DoubleOptIn bool       `json:"double_opt_in,omitempty"` // the topic wants a confirmed consent: given alone is not enough

	Names map[string]string `json:"-"` // of the topic in other languages, by locale
}

// Preferences are what a customer chose for herself.
type Preferences struct {
	Topics      []ConsentState
	MailDays    int        // one marketing message in so many days at most; 0: as many as there are
	PausedUntil *time.Time // until when she asked to be left in peace; nil: she did not
}

// Choice is what she changes of them, in one go, with the proof: by which link, in what words, for which address is noted by the
// store. What is nil or empty stays as it is.
type Choice struct {
	Consents []ConsentChange
	MailDays *int
	Until    *time.Time // a pause of all her topics begins
	EndPause bool       // the pause that she began ends
	Source   string     // e.g. "preferences page"
	Wording  string     // what the page said of frequency and pause
}

// PauseView is a pause as it is shown.
type PauseView struct {
	ID       string     `json:"id"`
	Scope    Scope      `json:"scope"`
	Target   string     `json:"target,omitempty"`
	Reason   string     `json:"reason"`
	By       string     `json:"by"`
	Since    time.Time  `json:"since"`
	Until    *time.Time `json:"until,omitempty"`
	EndedAt  *time.Time `json:"ended_at,omitempty"`
	OnResume OnResume   `json:"on_resume"`
	Over     string     `json:"over,omitempty"` // catch-up: the time over which what fell due goes out, e.g. 2 hours; "" at once
}

// ViewPause turns a pause into what is shown.
func ViewPause(p Pause) PauseView {
	v := PauseView{ID: p.ID, Scope: p.Scope, Target: p.Target, Reason: p.Reason, By: p.By, Since: p.Since, Until: p.Until,
		EndedAt: p.EndedAt, OnResume: p.OnResume}
	if p.Spread > 0 {
		v.Over = durationWords(p.Spread)
	}
	return v
}

// EnrollmentView is one enrollment: where she stands, what is next and when, and why.
type EnrollmentView struct {
	ID       string      `json:"id"`
	Customer string      `json:"customer"`
	Journey  string      `json:"journey"`
	Name     string      `json:"name"` // of the journey
	Version  int         `json:"version"`
	Status   Status      `json:"status"`
	Reason   string      `json:"reason,omitempty"` // of the end
	Held     string      `json:"held,omitempty"`   // why a person must release it
	Holdout  bool        `json:"holdout,omitempty"`
	Entered  time.Time   `json:"entered_at"`
	Ended    *time.Time  `json:"ended_at,omitempty"`
	GoalAt   *time.Time  `json:"goal_at,omitempty"`
	Step     string      `json:"step,omitempty"`
	Phase    Phase       `json:"phase,omitempty"`
	Since    *time.Time  `json:"since,omitempty"`   // of where she stands
	NextAt   *time.Time  `json:"next_at,omitempty"` // when it goes on by itself; absent: it waits for someone or something
	Next     string      `json:"next,omitempty"`    // what, in words
	Why      string      `json:"why,omitempty"`     // the last decision, in words
	Pauses   []PauseView `json:"pauses"`            // that hold now, of any scope
	Asked    []string    `json:"asked,omitempty"`   // what support asked and has not been carried out yet
}

// MessageSummary is one message of the ledger as it stands in a list.
type MessageSummary struct {
	ID         string       `json:"id"`
	Customer   string       `json:"customer"`
	Enrollment string       `json:"enrollment"`
	Journey    string       `json:"journey"`
	Version    int          `json:"version"`
	Step       string       `json:"step"`
	Template   string       `json:"template"`
	Topic      string       `json:"topic"`
	Channel    string       `json:"channel"`
	State      MessageState `json:"state"`
	Reason     string       `json:"reason,omitempty"`
	Words      string       `json:"words,omitempty"` // state and reason as a sentence
	Subject    string       `json:"subject,omitempty"`
	Variant    string       `json:"variant,omitempty"` // of the subject, where the step tries several
	Address    string       `json:"address,omitempty"`
	QueuedAt   time.Time    `json:"queued_at"`
	NotBefore  time.Time    `json:"not_before"`
	ExpiresAt  time.Time    `json:"expires_at"`
	SentAt     *time.Time   `json:"sent_at,omitempty"`
	Attempt    int          `json:"attempt"`
	ReplyCode  int          `json:"reply_code,omitempty"`
	ReplyText  string       `json:"reply_text,omitempty"`
	MessageID  string       `json:"message_id"` // the header
}

// SentMessage is a message with its bytes, for as long as they are kept.
type SentMessage struct {
	MessageSummary
	Bytes    []byte     `json:"-"`
	Links    []string   `json:"links"`
	SurveyID string     `json:"survey,omitempty"`
	DotWall  *time.Time `json:"-"`      // wall time at which it was handed over
	Clicks   int        `json:"clicks"` // by people; machines are not counted
}

// Note is what a person of ours wrote down about a customer, or about a task.
type Note struct {
	ID       string    `json:"id"`
	Customer string    `json:"customer,omitempty"` // "": about the task of somebody whom we do not know
	Text     string    `json:"text"`
	By       string    `json:"by"` // name of whoever wrote it
	At       time.Time `json:"at"`
	Task     string    `json:"task,omitempty"` // tsk_…
}

// CouponView is one coupon of a customer as it is shown.
type CouponView struct {
	ID         string     `json:"id"`
	Pool       string     `json:"pool"`
	Code       string     `json:"code"`
	State      string     `json:"state"` // issued, redeemed, expired or released
	Customer   string     `json:"customer,omitempty"`
	Enrollment string     `json:"enrollment,omitempty"`
	IssuedAt   *time.Time `json:"issued_at,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RedeemedAt *time.Time `json:"redeemed_at,omitempty"`
	OrderID    string     `json:"order_id,omitempty"`
	Value      *float64   `json:"value,omitempty"`
	Currency   string     `json:"currency,omitempty"`
}

// CouponPool is a pool with its figures. Every coupon is counted once: as free, issued, redeemed, expired or released.
type CouponPool struct {
	Key      string             `json:"key"`
	OnDemand bool               `json:"on_demand"`      // codes are made as they are given: it is never empty and never low
	LowWater int                `json:"low_water"`      // with so many free codes or fewer it is low; 0: never
	Team     string             `json:"team,omitempty"` // is told when it is low or empty; "": the default team
	Low      bool               `json:"low"`
	Free     int                `json:"free"`
	Issued   int                `json:"issued"` // with customers, who can redeem them
	Redeemed int                `json:"redeemed"`
	Expired  int                `json:"expired"`
	Released int                `json:"released"`
	Revenue  map[string]float64 `json:"revenue"` // value of the orders that redeemed one, by currency; "" where none was said
}

// Given is how many of its codes somebody was given, whatever became of them.
func (p CouponPool) Given() int { return p.Issued + p.Redeemed + p.Expired + p.Released }

// CouponHistory is one coupon with what happened to it, the earliest first.
type CouponHistory struct {
	CouponView
	Events []EventView `json:"events"`
}

// CodeUpload is what a file of codes came to.
type CodeUpload struct {
	Pool         string        `json:"pool"`
	Lines        int           `json:"lines"` // with a code on them
	Added        int           `json:"added"`
	Known        int           `json:"known"` // stood in the pool before: nothing is done twice
	RefusedCount int           `json:"refused_count"`
	Refused      []RefusedCode `json:"refused"` // the first 1,000
}

// RefusedCode is a line that was not taken, and why.
type RefusedCode struct {
	Line   int    `json:"line"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// CouponGift is a coupon that support gives outside of any journey.
type CouponGift struct {
	Pool      string
	Reason    string
	ExpiresAt *time.Time // nil: never
}

// Redemption asks to redeem a coupon. The same code and order again has no effect.
type Redemption struct {
	Code     string
	OrderID  string
	Value    *float64 // of the order, as the caller sent it
	Currency string
	Customer string // cus_…; "": whoever holds the code may use it
	By       Actor
}

// Invitation is one question to one customer, with the answer that she has given so far.
type Invitation struct {
	ID         string
	Ask        string
	Form       SurveyForm
	CustomerID string
	Enrollment string
	Journey    string
	Step       string
	OpenedAt   time.Time
	ExpiresAt  time.Time
	AnsweredAt *time.Time
	Score      *int
	Choice     string
	Comment    string
	Locale     string     // of the page that she answered on
	SentWall   *time.Time // wall time at which the mail that she answers was handed over; nil where none was named
}

// SurveyAnswer is what a customer answered; checked against the form before it is stored.
type SurveyAnswer struct {
	Score   *int
	Choice  string
	Comment string
	Locale  string // of the words that she was shown
}

// EventView is an event with what it did, and why nothing.
type EventView struct {
	ID         string         `json:"id"`
	MessageID  string         `json:"message_id,omitempty"`
	Kind       string         `json:"kind"`
	Name       string         `json:"name,omitempty"`
	Customer   string         `json:"customer,omitempty"`
	UserID     string         `json:"user_id,omitempty"`
	Anonymous  string         `json:"anonymous_id,omitempty"`
	Properties map[string]any `json:"properties"`
	At         time.Time      `json:"at"`
	ReceivedAt time.Time      `json:"received_at"`
	AppliedAt  *time.Time     `json:"applied_at,omitempty"` // absent: accepted, not applied yet
	Historical bool           `json:"historical,omitempty"`
	Outcome    any            `json:"outcome,omitempty"`
	Words      []string       `json:"words,omitempty"` // the outcome in sentences, of a single event
}

// EventName is a name under which events have come in.
type EventName struct {
	Name    string    `json:"name"`
	FirstAt time.Time `json:"first_at"` // when the first was accepted
	LastAt  time.Time `json:"last_at"`
	Count   int64     `json:"count"`
	UsedBy  []string  `json:"used_by"` // keys of live journeys that look at it
}

// Observation is a click on a link of a message, or a view of it in a browser. It changes nothing else.
type Observation struct {
	MessageID string
	Kind      string // click or view
	URL       string
	Machine   bool // a scanner or a prefetch, not a person
	At        time.Time
}
