package api

import (
	"bytes"
	"context"
	"slices"

	"github.com/jhillyerd/enmime/v2"

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

// header is one header field of a mail, as it was sent.
type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// messageView is a mail as it was sent, for as long as its bytes are kept.
type messageView struct {
	journey.SentMessage
	Headers []header `json:"headers"`
	HTML    string   `json:"html,omitempty"`
	Text    string   `json:"text,omitempty"`
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
	v := messageView{SentMessage: m, Headers: []header{}}
	if len(m.Bytes) == 0 {
		return v, nil
	}
	mail, err := enmime.ReadEnvelope(bytes.NewReader(m.Bytes))
	if err != nil {
		return v, err
	}
	names := mail.GetHeaderKeys()
	slices.Sort(names)
	for _, name := range names {
		for _, value := range mail.GetHeaderValues(name) {
			v.Headers = append(v.Headers, header{name, value})
		}
	}
	v.HTML, v.Text = mail.HTML, mail.Text
	return v, nil
}
