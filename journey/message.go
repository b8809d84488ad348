package journey

import (
	"cmp"
	"strings"
	"time"
)

// MessageState is where a message stands in the ledger (design, section 5).
type MessageState string

// queued → claimed → at_dot → accepted | deferred | failed | unknown | dropped.
const (
	MessageQueued   MessageState = "queued"
	MessageClaimed  MessageState = "claimed"
	MessageAtDot    MessageState = "at_dot"
	MessageAccepted MessageState = "accepted"
	MessageDeferred MessageState = "deferred"
	MessageFailed   MessageState = "failed"
	MessageUnknown  MessageState = "unknown"
	MessageDropped  MessageState = "dropped"
)

// Lanes. A lane is one Delivery workflow; transactional mail never stands behind a newsletter, and no mail behind an endpoint.
const (
	LaneTransactional        = "email-transactional"
	LaneMarketing            = "email-marketing"
	LaneWebhookTransactional = "webhook-transactional"
	LaneWebhookMarketing     = "webhook-marketing"
)

// Lanes lists every lane.
func Lanes() []string {
	return []string{LaneTransactional, LaneMarketing, LaneWebhookTransactional, LaneWebhookMarketing}
}

// LaneFor is the lane of a message on a topic that goes out by a channel; "" is e-mail.
func LaneFor(channel, topic string) string {
	mail, transactional := channel == "" || channel == ChannelEmail, topic == TopicTransactional
	switch {
	case mail && transactional:
		return LaneTransactional
	case mail:
		return LaneMarketing
	case transactional:
		return LaneWebhookTransactional
	}
	return LaneWebhookMarketing
}

// IsMailLane says whether what goes out in a lane is e-mail.
func IsMailLane(lane string) bool { return lane == LaneTransactional || lane == LaneMarketing }

// Destination is whom a message is handed to, as far as that may be slow or put us off: the domain of an address, or the endpoint
// that is its channel, as it stands in ClaimOptions.Skip.
func Destination(channel, address string) string {
	if channel == ChannelEmail {
		return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	}
	return "endpoint " + channel
}

// ChannelEmail is the channel of e-mail. Any other is the key of an endpoint.
const ChannelEmail = "email"

// Message is one row of the ledger. Its key is (EnrollmentID, Step, Visit, CustomerID, Channel).
type Message struct {
	ID            string // msg_…
	EnrollmentID  string // enr_…
	JourneyKey    string
	Version       int
	Step          string
	Visit         int
	CustomerID    string // the recipient
	Channel       string
	Lane          string
	Topic         string
	Template      string // name of the template inside the version
	From, ReplyTo string
	SurveyID      string            // srv_… of the invitation that it carries; "" none
	Coupons       map[string]string // as → cpn_…
	Data          MessageData       // decided when it was queued
	State         MessageState
	Reason        string // of deferred, failed, unknown, dropped: a code such as no_consent
	Attempt       int    // fence: each claim adds one
	NotBefore     time.Time
	ExpiresAt     time.Time
	QueuedAt      time.Time
	SentAt        *time.Time
	MessageID     string // the header, without brackets; made from the key
	Address       string // envelope recipient of the last attempt
	Subject       string // as rendered at the first claim
	Variant       string // name of the subject that was drawn; "" the template's
	Contest       string // the hash of the Contest that it was drawn in
}

// MessageData is the decision that a message renders from: yesterday's trigger, answers and vars, today's name and address.
type MessageData struct {
	Trigger map[string]any `json:"trigger,omitempty"`
	Answer  map[string]any `json:"answer,omitempty"`
	Vars    map[string]any `json:"vars,omitempty"`
}

// Reasons why a message was not sent. The record is a feature: "why did she not get it?"
const (
	ReasonNoConsent  = "no_consent"
	ReasonNoAddress  = "no_address"
	ReasonSuppressed = "suppressed"
	ReasonExpired    = "expired"
	ReasonExited     = "exited"
	ReasonSkipped    = "skipped"
	ReasonMerged     = "merged"
	ReasonErased     = "erased"
	ReasonHoldout    = "holdout"
	ReasonUnless     = "unless"
	ReasonSandbox    = "sandbox"
	ReasonSendingOff = "sending_off"
	ReasonPaused     = "paused"
	ReasonBounced    = "bounced"
	ReasonRejected   = "rejected"
	ReasonInDoubt    = "in_doubt"
	ReasonRender     = "render"
	ReasonPoolEmpty  = "pool_empty"
	ReasonNobody     = "no_recipient" // nobody of her account has the role
	ReasonFewer      = "fewer_mails"
	ReasonCeiling    = "over_ceiling"
	ReasonNoUTF8     = "no_smtputf8" // the address needs SMTPUTF8 (RFC 6531), and the relay does not offer it
)

// Brand is who the mail is from; it belongs to the installation, not to a journey.
type Brand struct {
	Name      string         // e.g. "Oak & Linen"
	From      string         // RFC 5322 address, with a name: "Mara from Oak & Linen <mara@example.com>"
	ReplyTo   string         // "" the same
	Address   string         // postal address, in every marketing mail
	PublicURL string         // where the public links point to, without a slash at the end
	Zone      *time.Location // of customers whose own is unknown
	Locale    string         // that messages, topics and surveys are written in where they do not say their own; "" DefaultLocale
}

// Language is the locale of the brand.
func (b Brand) Language() string { return cmp.Or(b.Locale, DefaultLocale) }
