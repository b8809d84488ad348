package api

import (
	"context"
	"net/http"
	"strings"

	"perennial/journey"
)

// sesEvent is as much of an Amazon SES notification, or an event of its publishing, as counts.
type sesEvent struct {
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Mail             struct {
		Source  string // the envelope sender, which holds our token
		Headers []struct{ Name, Value string }
		Common  struct{ MessageID string } `json:"commonHeaders"`
	}
	Bounce struct {
		BounceType        string
		BouncedRecipients []struct{ EmailAddress, Status, DiagnosticCode string }
	}
	Complaint struct {
		ComplaintFeedbackType string
		ComplainedRecipients  []struct{ EmailAddress string }
	}
}

// readSES checks the signature of Amazon SNS, confirms a subscription of our topic, and reads a notification.
func (s *server) readSES(ctx context.Context, _ *http.Request, body []byte) ([]journey.Feedback, error) {
	var n snsMessage
	if err := readEvent(body, &n); err != nil {
		return nil, err
	}
	if n.TopicArn != s.Hooks.Topic {
		return nil, journey.Faultf(journey.CodeForbidden, "this is not the topic that the hook was set up for")
	}
	if err := s.sns.check(ctx, n, s.Clock.Wall()); err != nil {
		return nil, err
	}
	switch n.Type {
	case "SubscriptionConfirmation":
		s.Log.Info("confirming the subscription of the hook ses", "topic", n.TopicArn)
		return nil, s.sns.confirm(ctx, n)
	case "Notification":
		return readSESEvent([]byte(n.Message))
	}
	return nil, nil
}

func readSESEvent(body []byte) ([]journey.Feedback, error) {
	if !strings.HasPrefix(strings.TrimSpace(string(body)), "{") {
		return nil, nil // SES says in words that the topic works
	}
	var e sesEvent
	if err := readEvent(body, &e); err != nil {
		return nil, err
	}
	f := journey.Feedback{Return: e.Mail.Source, MessageID: strings.Trim(e.Mail.Common.MessageID, "<> ")}
	for _, h := range e.Mail.Headers {
		if strings.EqualFold(h.Name, "Message-ID") {
			f.MessageID = strings.Trim(h.Value, "<> ")
		}
	}
	switch e.NotificationType + e.EventType {
	case "Bounce":
		return sesBounce(f, e), nil
	case "Complaint":
		return sesComplaint(f, e), nil
	}
	return nil, nil
}

// sesBounce reads a bounce. SES calls automatic answers transient bounces, too; those quote no server.
func sesBounce(f journey.Feedback, e sesEvent) []journey.Feedback {
	f.Kind = journey.FeedbackSoft
	quoted := false
	for _, r := range e.Bounce.BouncedRecipients {
		f.Recipient, f.Text = r.EmailAddress, r.DiagnosticCode
		f.Code, f.Status = replyIn(r.DiagnosticCode)
		if r.Status != "" {
			f.Status = replyStatus.FindString(r.Status)
		}
		quoted = quoted || r.Status != "" || r.DiagnosticCode != ""
	}
	ours := strings.HasPrefix(f.Status, "5.7.") // a refusal of us, which SES calls permanent like any other
	if e.Bounce.BounceType == "Permanent" && !ours {
		f.Kind = journey.FeedbackHard
	} else if !quoted {
		return nil
	}
	return []journey.Feedback{f}
}

func sesComplaint(f journey.Feedback, e sesEvent) []journey.Feedback {
	switch e.Complaint.ComplaintFeedbackType {
	case "", "abuse", "fraud":
	default: // not-spam says the opposite, the others say nothing of her
		return nil
	}
	f.Kind, f.Text = journey.FeedbackComplaint, e.Complaint.ComplaintFeedbackType
	for _, r := range e.Complaint.ComplainedRecipients {
		f.Recipient = r.EmailAddress
	}
	return []journey.Feedback{f}
}
