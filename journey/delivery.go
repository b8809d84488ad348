package journey

import (
	"strings"
	"time"
)

// Fence names one claim of one message: a ledger row changes only while it is still at this attempt.
type Fence struct {
	ID      string // msg_…
	Attempt int
}

// Claimed is a message that one sender holds until its lease lapses, with everything that rendering it needs.
type Claimed struct {
	Message  Message
	Customer Customer
	Account  *Account
	Coupons  map[string]Coupon // by `as`
	Survey   *SurveyInvite     // the invitation that it carries; nil: none
	Hash     string            // of the version: its templates are kept in memory by it
	Bytes    []byte            // as they were at an earlier dot: sent again unchanged; nil: render
	Links    []string          // of Bytes
	Route    *Route            // to the endpoint that is its channel; nil: it goes by e-mail, or nobody declares the endpoint any more
}

// Route is where the messages of a channel go, and what they are signed with.
type Route struct {
	URL       string
	Secret    string // whsec_…; "" the environment has it
	SecretEnv string // the variable that holds the secret; "" Secret is it
}

// Handover is a message as an endpoint gets it, in JSON.
type Handover struct {
	ID        string       `json:"id"`   // msg_…
	Type      string       `json:"type"` // HandoverType
	Timestamp time.Time    `json:"timestamp"`
	Data      HandoverData `json:"data"`
}

// HandoverType is the type of a message that is handed to an endpoint.
const HandoverType = "message"

// HandoverData says to whom the message is, where it comes from, and what she is to read.
type HandoverData struct {
	Customer HandoverCustomer `json:"customer"`
	Journey  string           `json:"journey"`
	Step     string           `json:"step"`
	Message  string           `json:"message"` // name of the template
	Topic    string           `json:"topic"`
	Subject  string           `json:"subject"`
	Text     string           `json:"text"`
	HTML     string           `json:"html"`
}

// HandoverCustomer is what an endpoint needs to reach her. What is not known is left out.
type HandoverCustomer struct {
	ID         string `json:"id"` // cus_…
	ExternalID string `json:"external_id,omitempty"`
	Email      string `json:"email,omitempty"`
	Phone      any    `json:"phone,omitempty"` // the attribute, as it came in
	FirstName  string `json:"first_name,omitempty"`
	Locale     string `json:"locale,omitempty"`
	Timezone   string `json:"timezone,omitempty"`
}

// Rendered is a message out of its template: what a person reads, before it is composed to bytes.
type Rendered struct {
	Subject string
	HTML    string
	Text    string
	From    string // header lines of the template; "" what the step or the brand says
	ReplyTo string
	Locale  string // that it is written in
}

// Links are the addresses that a mail carries. Empty ones are left out of it: transactional mail has no Unsubscribe.
type Links struct {
	Unsubscribe, Preferences, View, Survey, Back, Confirm string
	Click                                                 func(url string) string // when not nil: rewrites http(s) links of the body
}

// Envelope is a message ready to be composed. Addresses are RFC 5322, From and ReplyTo with a name if wanted.
type Envelope struct {
	From, ReplyTo string
	To            string // the bare address
	Subject       string
	HTML, Text    string
	Date          time.Time
	MessageID     string // without brackets
	ListID        string // e.g. "offers.example.com"; "" for transactional mail
	FeedbackID    string // e.g. "step:journey:topic:brand"
	Unsubscribe   string // URL of the one click (RFC 8058); "" for transactional mail
	Mailto        string // address of the RFC 2369 fallback; "" none
	Language      string // of the text (RFC 3282); "" is not said
	Test          string // journey/message of a test mail (X-Perennial-Test); "" it is none
}

// Dot is one message whose body has been written; it asks to be finished. What is stored here is what goes out.
type Dot struct {
	Fence
	Address string // envelope recipient
	Subject string
	Bytes   []byte
	Links   []string // targets of its click links, in order
	Inside  bool     // of another channel: the endpoint is in a network that the operator allows
}

// OutcomeKind says what became of one attempt to send.
type OutcomeKind string

// The kinds of outcomes.
const (
	OutcomeAccepted    OutcomeKind = "accepted"     // the relay has it
	OutcomeRetry       OutcomeKind = "retry"        // refused for now
	OutcomeFailed      OutcomeKind = "failed"       // refused for good
	OutcomeUnknown     OutcomeKind = "unknown"      // the dot went out and no reply came
	OutcomeUnsent      OutcomeKind = "unsent"       // the connection ended before the dot: nothing happened
	OutcomeSenderFault OutcomeKind = "sender_fault" // we are refused (5.7.x), not the recipient: trips the breaker
	OutcomeAuthFault   OutcomeKind = "auth_fault"   // our credentials are refused (535): pauses the lane
	OutcomeRefused     OutcomeKind = "refused"      // the ledger did not let it pass the dot; the connection was cut
)

// Outcome is a reply, classified.
type Outcome struct {
	Kind     OutcomeKind
	Reason   string // of failed: a reason code of messages
	Suppress bool   // the address takes no mail at all: nobody may write to it again
	Code     int    // of the reply; 0 when there was none
	Text     string // of the reply; it may quote the address, so it stays in Postgres (law 4)
}

// Reply is what a sender reports of one attempt.
type Reply struct {
	Fence
	Outcome
	Address string // envelope recipient of the attempt; "" when it came to none
}

// ReasonSenderFault is the reason of a deferred message that the relay refuses because of us, not because of its recipient.
const ReasonSenderFault = "sender_fault"

// Swept says what became of messages whose sender has gone.
type Swept struct {
	Requeued int // claimed, never at the dot: queued again
	Unknown  int // at the dot, in doubt: never sent again
	Resend   int // at the dot, in doubt, transactional: queued once more, the same bytes
}

// Suppression is an address that must not be mailed.
type Suppression struct {
	Address string           `json:"address"` // lower case
	Scope   SuppressionScope `json:"scope"`
	Reason  string           `json:"reason"` // e.g. bounced, complaint, support
	At      time.Time        `json:"at"`
	Until   *time.Time       `json:"until,omitempty"` // suspended: before that it takes nothing at all
}

// sealedMark begins an address that can be recognised and not be read: its customer was erased.
const sealedMark = "sealed:"

// Sealed says whether the address cannot be read.
func (s Suppression) Sealed() bool { return strings.HasPrefix(s.Address, sealedMark) }

// Hers says whether the owner of the address wanted it so herself: she complained of our mail, or was erased.
func (s Suppression) Hers() bool { return s.Reason == ReasonComplaint || s.Sealed() }

// SuppressionScope says what an address takes no more of.
type SuppressionScope string

// The scopes of suppressions. All includes receipts and passwords.
const (
	SuppressAll       SuppressionScope = "all"
	SuppressMarketing SuppressionScope = "marketing"
	SuppressSuspended SuppressionScope = "suspended" // nothing until Until, everything after
)

// ClaimOptions asks for messages to send.
type ClaimOptions struct {
	Lane    string
	Limit   int
	Lease   time.Duration // wall time until another sender may have them
	Sandbox bool          // the relay is the inbox of the installation: whoever the mail is to, it goes nowhere else
	Skip    []string      // destinations to which nothing is to go now
}
