package mail

import (
	"errors"
	"net/textproto"
	"regexp"
	"strings"

	"perennial/journey"
)

// Phase is how far an SMTP exchange came. What a reply, or its absence, means hangs on the phase.
type Phase string

// The phases.
const (
	PhaseConnect Phase = "connect" // dialling, banner, EHLO, STARTTLS
	PhaseAuth    Phase = "auth"
	PhaseMail    Phase = "mail"
	PhaseRcpt    Phase = "rcpt"
	PhaseData    Phase = "data"  // DATA and its 354
	PhaseBody    Phase = "body"  // 354 was seen; the dot was not written
	PhaseGate    Phase = "gate"  // whoever watches the dot said no
	PhaseReply   Phase = "reply" // the dot was written
)

// Result is one attempt as it went on the wire.
type Result struct {
	Phase    Phase
	Code     int    // of the reply; 0 when none came
	Enhanced string // RFC 3463, e.g. "5.1.1"; "" when the reply had none
	Text     string // of the reply, on one line
	Err      error  // nil: accepted
}

// result reads what the SMTP client returned in a phase.
func result(phase Phase, err error) Result {
	r := Result{Phase: phase, Err: err}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		r.Code = reply.Code
		r.Text = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(reply.Msg, "\x00", ""), "")), " ")
		r.Enhanced = enhanced(r.Text)
	}
	return r
}

// enhanced finds the RFC 3463 code at the beginning of a reply.
func enhanced(text string) string {
	return regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`).FindString(text)
}

// Classify says what an attempt means for the message. It goes by the phase first: a connection that ends before the dot sent
// nothing; one that ends after it may have sent everything.
func Classify(r Result) journey.Outcome {
	o := journey.Outcome{Kind: kind(r), Code: r.Code, Text: r.Text}
	if o.Kind == journey.OutcomeFailed {
		o.Reason = journey.ReasonRejected
		switch {
		case errors.Is(r.Err, errNoUTF8):
			o.Reason = journey.ReasonNoUTF8
		case noMailbox(r):
			o.Suppress, o.Reason = true, journey.ReasonBounced
		}
	}
	return o
}

func kind(r Result) journey.OutcomeKind {
	switch {
	case r.Err == nil:
		return journey.OutcomeAccepted
	case errors.Is(r.Err, errNoUTF8):
		return journey.OutcomeFailed
	case r.Phase == PhaseGate:
		return journey.OutcomeRefused
	case r.Phase == PhaseReply && r.Code/100 == 2:
		return journey.OutcomeAccepted // 251 and the like
	case r.Phase == PhaseReply && r.Code < 400:
		return journey.OutcomeUnknown
	case r.Code == 0:
		return journey.OutcomeUnsent
	case r.Phase == PhaseAuth && r.Code >= 500, r.Code == 530, r.Code == 534, r.Code == 535, r.Code == 538:
		return journey.OutcomeAuthFault
	case strings.HasPrefix(r.Enhanced, "5.7."):
		return journey.OutcomeSenderFault
	case r.Code >= 500 && (r.Phase == PhaseConnect || r.Phase == PhaseMail):
		return journey.OutcomeSenderFault // before the recipient was named: it cannot be about her
	case r.Code >= 500:
		return journey.OutcomeFailed
	case r.Phase == PhaseConnect || r.Phase == PhaseAuth:
		return journey.OutcomeUnsent // 421 at the door: the message has not been tried
	default:
		return journey.OutcomeRetry // 4xx; and any other code where it does not belong
	}
}

// noMailbox says whether the reply means that the address does not exist: 5.1.1 and its kin, or a plain 550 to RCPT from a
// relay that speaks no enhanced codes and says so in words.
func noMailbox(r Result) bool {
	switch r.Enhanced {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10":
		return true
	case "":
		return r.Phase == PhaseRcpt && r.Code == 550 &&
			regexp.MustCompile(`(?i)user unknown|unknown user|no such (user|mailbox|recipient)|mailbox (not found|unavailable)|does not exist`).MatchString(r.Text)
	}
	return false
}
