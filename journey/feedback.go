package journey

import (
	"encoding/base32"
	"encoding/base64"
	"strings"
	"time"
)

// Feedback is what a mail system says of a message after the relay took it: it came back, or its reader complains. Everything in
// it but Kind may be missing, and nothing in it is believed further than it reaches: it acts on the address that the ledger
// sent that very message to, never on the one that it names.
type Feedback struct {
	Kind      FeedbackKind
	MessageID string // header of the message that it is about, without brackets; "" unknown
	Return    string // envelope sender of that message (VERP), e.g. bounces+…@example.com; "" unknown
	Message   string // msg_…, where a return address was opened; "" unknown
	Recipient string // as the report names her; "" where it does not
	Code      int    // SMTP reply, e.g. 550; 0 unknown
	Status    string // RFC 3463, e.g. "5.1.1"; "" unknown
	Text      string // on one line; it may quote the address, so it stays in Postgres (law 4)
	Source    string // who said so: mailbox, generic, ses, postmark, relay
}

// FeedbackKind says what became of a message.
type FeedbackKind string

// The kinds of feedback. A report that a message is only late is none.
const (
	FeedbackHard      FeedbackKind = "hard"      // the address takes no mail, now or ever
	FeedbackSoft      FeedbackKind = "soft"      // it did not take this one
	FeedbackComplaint FeedbackKind = "complaint" // its reader calls it spam
)

// Reaction is what follows from feedback.
type Reaction struct {
	Suppress SuppressionScope // "" nothing
	Reason   string           // of the suppression
	// Of a suspension: it begins once so many soft bounces of the address lie Within, and lasts For. Product time.
	After       int
	Within, For time.Duration
}

// Reaction is the one place that says what follows from what (promises: a hard bounce stops all mail; a complaint stops marketing;
// five soft bounces in seven days suspend for thirty). A refusal of us (x.7.x) says nothing of her.
func (f Feedback) Reaction() Reaction {
	const day = 24 * time.Hour
	switch f.Kind {
	case FeedbackHard:
		return Reaction{Suppress: SuppressAll, Reason: ReasonBounced}
	case FeedbackComplaint:
		return Reaction{Suppress: SuppressMarketing, Reason: ReasonComplaint}
	case FeedbackSoft:
		if len(f.Status) < 3 || f.Status[1:3] != ".7" {
			return Reaction{Suppress: SuppressSuspended, Reason: ReasonSoftBounces, After: 5, Within: 7 * day, For: 30 * day}
		}
	}
	return Reaction{}
}

// Reasons of suppressions that follow from feedback, beside ReasonBounced.
const (
	ReasonComplaint   = "complaint"
	ReasonSoftBounces = "soft_bounces"
)

// Opened is the feedback with the message that its return address names, where that is one of ours.
func (f Feedback) Opened(t Tokens) Feedback {
	if message, err := t.OpenReturn(f.Return); err == nil {
		f.Message = message
	}
	return f
}

// Noted says what a report came to.
type Noted struct {
	Message   string // msg_…
	Again     bool   // the same was said of that message before: no effect
	Suspended bool
}

// PostmarkMetadata is the name of the metadata by which Postmark hands a Message-ID back.
const PostmarkMetadata = "message-id"

// returnMailbox is the left part of return addresses, up to the token.
const returnMailbox = "bounces+"

// returnAlphabet survives systems that change the case of a mailbox: 33 bytes are 53 characters, with the mailbox 61 of the 64
// that RFC 5321 allows.
var returnAlphabet = base32.HexEncoding.WithPadding(base32.NoPadding)

// ReturnAddress is where a message comes back to (VERP): only who got the message knows its token.
func (t Tokens) ReturnAddress(message, domain string) string {
	raw, err := base64.RawURLEncoding.DecodeString(t.Sign(TokenBounce, message, 0))
	if err != nil || len(raw) == 0 {
		return ""
	}
	return returnMailbox + strings.ToLower(returnAlphabet.EncodeToString(raw)) + "@" + domain
}

// OpenReturn returns the message that came back to the address; CodeNotFound for every address that is none of ours.
func (t Tokens) OpenReturn(address string) (message string, err error) {
	local, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	token, found := strings.CutPrefix(local, returnMailbox)
	raw, err := returnAlphabet.DecodeString(strings.ToUpper(token))
	if !found || err != nil {
		return "", Faultf(CodeNotFound, "this is no return address of ours")
	}
	message, _, err = t.Open(TokenBounce, base64.RawURLEncoding.EncodeToString(raw))
	return message, err
}

// IsReturn says whether the address has the form of a return address.
func IsReturn(address string) bool {
	return len(address) > len(returnMailbox) && strings.EqualFold(address[:len(returnMailbox)], returnMailbox) && strings.Contains(address, "@")
}
