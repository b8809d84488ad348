package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// Hooks are how mail systems tell of bounces and complaints. The zero value has none: a path without its secret is not there.
type Hooks struct {
	Secret string // signs what comes to generic, and is the password of postmark; "" both are off
	// Mailgun is the key with which Mailgun signs what it forwards; "" its hook is off.
	Mailgun string
	Topic   string // ARN of the SNS topic on which Amazon SES tells; "" ses is off
	// Read reads a report that is a mail (RFC 3464, RFC 5965); nil: generic takes JSON alone.
	Read func(mail []byte) (f journey.Feedback, reported bool)
	// ReadReply reads a mail that somebody wrote back to us; nil: only what providers have taken apart is read.
	ReadReply func(mail []byte) (r journey.ReplyMail, written bool)
	// ReplyText is the text of a mail, from its HTML where it has no other; nil: then there is none.
	ReplyText func(plain, html string) string
	// Fetch gets what stands under an address of Amazon SNS; nil: over https, without redirects, 64 KiB and 5 seconds at most.
	Fetch func(ctx context.Context, url string) ([]byte, error)
}

// hookSkew is how far the time of a signed report may be from ours: long enough for a slow clock. A report that is played again
// has no effect in any case.
const hookSkew = 5 * time.Minute

// hookReader checks who sent a report, and reads it. What it returns stands for messages of ours.
type hookReader func(ctx context.Context, r *http.Request, body []byte) ([]journey.Feedback, error)

func (s *server) hookRoutes() []public {
	const post = http.MethodPost
	return []public{
		{post, "/hooks/mail/generic", s.hook("generic", s.Hooks.Secret != "", s.readGeneric)},
		{post, "/hooks/mail/ses", s.hook("ses", s.Hooks.Topic != "", s.readSES)},
		{post, "/hooks/mail/postmark", s.hook("postmark", s.Hooks.Secret != "", s.readPostmark)},
	}
}

// heard is what became of one report.
type heard struct {
	Kind    journey.FeedbackKind `json:"kind"`
	Message string               `json:"message,omitempty"`
	Effect  string               `json:"effect"` // taken, again or unknown
}

// hook is the one way from a provider to what follows. What is about no message of ours is taken with thanks, so that nobody
// sends it again; what cannot be stored is refused, so that somebody does.
func (s *server) hook(name string, on bool, read hookReader) gin.HandlerFunc {
	return func(c *gin.Context) {
		out, err := s.hear(c, name, on, read)
		if err != nil {
			s.refuse(c, err)
			return
		}
		s.reply(c, answer{status: http.StatusOK, body: map[string][]heard{"data": out}})
	}
}

func (s *server) hear(c *gin.Context, name string, on bool, read hookReader) ([]heard, error) {
	if !on {
		return nil, journey.Faultf(journey.CodeNotFound, "the hook %s is not set up here", name)
	}
	if !s.limits.allow("hook "+name, s.Clock.Wall()) {
		return nil, journey.Faultf(journey.CodeRate, "this hook is asked too often; wait a second")
	}
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	list, err := read(ctx, c.Request, body)
	if err != nil {
		return nil, err
	}
	out := []heard{}
	for _, f := range list {
		f.Source = name
		noted, err := s.Control.Feedback(ctx, f.Opened(s.Tokens))
		h := heard{Kind: f.Kind, Message: noted.Message, Effect: "taken"}
		switch {
		case journey.CodeOf(err) == journey.CodeNotFound:
			h.Effect = "unknown"
			s.Log.Info("a report is about no message of ours", "hook", name, "kind", string(f.Kind))
		case err != nil:
			return nil, err
		case noted.Again:
			h.Effect = "again"
		}
		out = append(out, h)
	}
	return out, nil
}

// genericReport is what anybody can send who can sign.
type genericReport struct {
	Kind      journey.FeedbackKind `json:"kind"`
	MessageID string               `json:"message_id"`
	Return    string               `json:"return"`
	Recipient string               `json:"recipient"`
	Code      int                  `json:"code"`
	Status    string               `json:"status"`
	Text      string               `json:"text"`
}

// readGeneric takes a report as JSON, or the very mail that came back (Content-Type: message/rfc822).
func (s *server) readGeneric(_ context.Context, r *http.Request, body []byte) ([]journey.Feedback, error) {
	if err := s.checkSignature(r.Header.Get("Perennial-Signature"), body); err != nil {
		return nil, err
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "message/rfc822") && s.Hooks.Read != nil {
		if f, reported := s.Hooks.Read(body); reported {
			return []journey.Feedback{f}, nil
		}
		return nil, nil
	}
	var in genericReport
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	switch in.Kind {
	case journey.FeedbackHard, journey.FeedbackSoft, journey.FeedbackComplaint:
	default:
		return nil, invalidField("kind", "there is no such kind of report", "use hard, soft or complaint")
	}
	if in.MessageID == "" && in.Return == "" {
		return nil, invalidField("message_id", "the report names no message", "send the Message-ID of the mail, or the address that it came back to")
	}
	if len(in.Status) > 20 || in.Code < 0 || in.Code > 999 {
		return nil, invalidField("status", "is no reply of a mail server", "e.g. code 550, status 5.1.1")
	}
	return []journey.Feedback{{Kind: in.Kind, MessageID: strings.Trim(in.MessageID, "<> "), Return: in.Return, Recipient: in.Recipient,
		Code: in.Code, Status: in.Status, Text: in.Text}}, nil
}

// checkSignature checks `t=<seconds>,v1=<hex>`: the HMAC-SHA256 of "<seconds>.<body>" under the secret.
func (s *server) checkSignature(header string, body []byte) error {
	refused := journey.Faultf(journey.CodeUnauthorized,
		"the signature is missing or wrong; send Perennial-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of \"<seconds>.<body>\">")
	var stamp string
	matches := 0
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			given, err := hex.DecodeString(value)
			mac := hmac.New(sha256.New, []byte(s.Hooks.Secret))
			mac.Write([]byte(stamp + "."))
			mac.Write(body)
			if err == nil {
				matches |= subtle.ConstantTimeCompare(given, mac.Sum(nil))
			}
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if matches != 1 || err != nil {
		return refused
	}
	if skew := s.Clock.Wall().Sub(time.Unix(seconds, 0)).Abs(); skew > hookSkew {
		return journey.Faultf(journey.CodeUnauthorized, "the signature is %s away from our clock; sign again", skew.Round(time.Second))
	}
	return nil
}

func invalidField(field, message, mend string) error {
	return &journey.Fault{Code: journey.CodeInvalid, Message: "the report cannot be taken",
		Problems: journey.Problems{{Path: field, Message: message, Mend: mend}}}
}
