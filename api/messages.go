package api

import (
	"context"
	"net/http"
	"slices"

	"perennial/control"
	"perennial/journey"
)

func listMessages(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	states := []journey.MessageState{"", journey.MessageQueued, journey.MessageClaimed, journey.MessageAtDot, journey.MessageAccepted,
		journey.MessageDeferred, journey.MessageFailed, journey.MessageUnknown, journey.MessageDropped}
	if !slices.Contains(states, journey.MessageState(r.query("state"))) {
		return nil, journey.Faultf(journey.CodeMalformed, "state is one of queued, claimed, at_dot, accepted, deferred, failed, unknown, dropped")
	}
	return s.Read.SentMessages(ctx, r.query("state"), r.query("customer"), r.query("journey"), p)
}

// messageView is a mail as it was sent, for as long as its bytes are kept.
type messageView struct {
	journey.SentMessage
	Headers []control.Header `json:"headers"`
	HTML    string           `json:"html,omitempty"`
	Text    string           `json:"text,omitempty"`
}

func getMessage(ctx context.Context, s *server, r *request) (any, error) {
	m, err := s.Read.SentMessage(ctx, r.param("id"))
	if err != nil {
		return nil, err
	}
	if m.Links == nil {
		m.Links = []string{}
	}
	return viewMessage(m)
}

func viewMessage(m journey.SentMessage) (messageView, error) {
	l, err := control.ReadLetter(m)
	return messageView{SentMessage: m, Headers: l.Headers, HTML: l.HTML, Text: l.Text}, err
}

// resend answers 202: the mail is in the ledger once more.
func resend(ctx context.Context, s *server, r *request, in askIn) (any, error) {
	posted, err := s.Control.Resend(ctx, r.By, r.param("id"), in.Reason, r.header("Idempotency-Key"))
	return answer{status: http.StatusAccepted, body: posted}, err
}
