package api

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"

	"perennial/journey"
)

// postmarkEvent is as much of Postmark's webhooks for bounces and spam complaints as counts. Its own MessageID is not ours: ours
// comes back in the metadata that the message carried.
type postmarkEvent struct {
	RecordType string
	Type       string
	Email      string
	Details    string
	Metadata   map[string]string
}

// readPostmark checks the password of the hook's URL, which is all that Postmark signs with, and reads one event.
func (s *server) readPostmark(_ context.Context, r *http.Request, body []byte) ([]journey.Feedback, error) {
	if err := s.checkPassword(r); err != nil {
		return nil, err
	}
	var e postmarkEvent
	if err := readEvent(body, &e); err != nil {
		return nil, err
	}
	f := journey.Feedback{Kind: postmarkKind(e), MessageID: e.Metadata[journey.PostmarkMetadata], Recipient: e.Email, Text: e.Details}
	if f.Kind == "" {
		return nil, nil
	}
	f.Code, f.Status = replyIn(e.Details)
	return []journey.Feedback{f}, nil
}

// postmarkKind reads Postmark's types of bounces. Automatic answers and challenges are among them, and say nothing of her; nor does
// a message that was blocked because of us.
func postmarkKind(e postmarkEvent) journey.FeedbackKind {
	if e.RecordType == "SpamComplaint" {
		return journey.FeedbackComplaint
	}
	if e.RecordType != "Bounce" {
		return ""
	}
	switch e.Type {
	case "HardBounce", "BadEmailAddress":
		return journey.FeedbackHard
	case "SoftBounce", "Transient", "DnsError":
		return journey.FeedbackSoft
	case "SpamComplaint":
		return journey.FeedbackComplaint
	}
	return ""
}

var (
	replyStatus = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	replyCode   = regexp.MustCompile(`\b[45]\d\d\b`)
)

// replyIn finds the reply of a mail server in a provider's words, e.g. "smtp;550 5.1.1 unknown".
func replyIn(text string) (code int, status string) {
	code, _ = strconv.Atoi(replyCode.FindString(text)) // 0 where there is none
	return code, replyStatus.FindString(text)
}

// readEvent reads a provider's JSON: it may grow fields, and must be storable text.
func readEvent(body []byte, into any) error {
	if err := soundText(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return jsonFault(body, err)
	}
	return nil
}
