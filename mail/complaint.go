package mail

import (
	"strings"

	"perennial/journey"
)

// complaint reads what a reader's provider reports of her (RFC 5965). Only types that say "I do not want this" count: not-spam
// says the opposite, auth-failure (RFC 6591) is about our DNS, and what is new is nothing until somebody has read it.
func complaint(f journey.Feedback, r report) (journey.Feedback, bool) {
	for _, group := range r.status {
		kind := strings.ToLower(group["feedback-type"])
		switch kind {
		case "abuse", "fraud", "opt-out", "opt-out-list":
		default:
			continue
		}
		f.Kind, f.Text = journey.FeedbackComplaint, oneLine(kind+" "+group["user-agent"])
		f.Recipient = mailboxOf(firstText(group["original-rcpt-to"], group["removal-recipient"]))
		if sender := mailboxOf(group["original-mail-from"]); journey.IsReturn(sender) {
			f.Return = sender
		}
		return f, true
	}
	return f, false
}
