package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// replyReader checks who hands a mail over that somebody wrote back to us, and reads it. False: there is nothing in it to be answered.
type replyReader func(ctx context.Context, c *gin.Context) (journey.ReplyMail, bool, error)

// replyRoutes are the ways in for what people write back, and for systems that only have webhooks.
func (s *server) replyRoutes() []public {
	const post = http.MethodPost
	return []public{
		{post, "/hooks/in/:source", s.takeWebhook},
		{post, "/hooks/reply/generic", s.replyHook("generic", s.Hooks.Secret != "", s.readGenericReply)},
		{post, "/hooks/reply/postmark", s.replyHook("postmark", s.Hooks.Secret != "", s.readPostmarkReply)},
		{post, "/hooks/reply/sendgrid", s.replyHook("sendgrid", s.Hooks.Secret != "", s.readSendGridReply)},
		{post, "/hooks/reply/mailgun", s.replyHook("mailgun", s.Hooks.Mailgun != "", s.readMailgunReply)},
	}
}

// replyHook is the one way from a provider to a task. What cannot be stored is refused, so that the provider hands it over again.
func (s *server) replyHook(name string, on bool, read replyReader) gin.HandlerFunc {
	return func(c *gin.Context) {
		out, err := s.hearReply(c, name, on, read)
		if err != nil {
			s.refuse(c, err)
			return
		}
		s.reply(c, answer{status: http.StatusOK, body: out})
	}
}

func (s *server) hearReply(c *gin.Context, name string, on bool, read replyReader) (out journey.ReplyTaken, err error) {
	if !on {
		return out, journey.Faultf(journey.CodeNotFound, "the hook %s is not set up here", name)
	}
	if !s.limits.allow("hook reply "+name, s.Clock.Wall()) {
		return out, journey.Faultf(journey.CodeRate, "this hook is asked too often; wait a second")
	}
	ctx := c.Request.Context()
	m, written, err := read(ctx, c)
	if err != nil || !written {
		return journey.ReplyTaken{Effect: journey.ReplyAutomatic}, err
	}
	m.Source = name
	return s.Control.TakeReply(ctx, m.Opened(s.Tokens))
}

// genericReply is what anybody can hand over who can sign.
type genericReply struct {
	From       string   `json:"from"`
	To         []string `json:"to"`
	Subject    string   `json:"subject"`
	Text       string   `json:"text"`
	HTML       string   `json:"html"`
	MessageID  string   `json:"message_id"`
	InReplyTo  string   `json:"in_reply_to"`
	References []string `json:"references"`
	Automatic  bool     `json:"automatic"`
}

// readGenericReply takes a mail as JSON, or as it came (Content-Type: message/rfc822), signed as reports on mails are.
func (s *server) readGenericReply(_ context.Context, c *gin.Context) (m journey.ReplyMail, written bool, err error) {
	body, err := readBody(c)
	if err != nil {
		return m, false, err
	}
	if err := s.checkSignature(c.Request.Header.Get("Perennial-Signature"), body); err != nil {
		return m, false, err
	}
	if kind, _, _ := strings.Cut(c.Request.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "message/rfc822") {
		m, written = s.readMail(body)
		return m, written, nil
	}
	var in genericReply
	if err := decode(body, &in); err != nil {
		return m, false, err
	}
	m = journey.ReplyHead(func(name string) string {
		return map[string]string{"From": in.From, "To": strings.Join(in.To, ","), "Subject": in.Subject, "Message-ID": bracketed(in.MessageID),
			"In-Reply-To": bracketed(in.InReplyTo), "References": bracketed(in.References...)}[name]
	})
	m.Automatic = m.Automatic || in.Automatic
	if m.From == "" {
		return m, false, &journey.Fault{Code: journey.CodeInvalid, Message: "the mail cannot be taken", Problems: journey.Problems{{Path: "from",
			Message: "is no address", Mend: "e.g. Ada King <ada@example.com>"}}}
	}
	return m.Said(s.plainText(in.Text, in.HTML)), true, nil
}

// bracketed writes Message-IDs as they stand in a head.
func bracketed(ids ...string) string {
	var out []string
	for _, id := range ids {
		if id = strings.Trim(id, "<> "); id != "" {
			out = append(out, "<"+id+">")
		}
	}
	return strings.Join(out, " ")
}

func (s *server) readMail(raw []byte) (journey.ReplyMail, bool) {
	if s.Hooks.ReadReply == nil {
		return journey.ReplyMail{}, false
	}
	return s.Hooks.ReadReply(raw)
}

// plainText is the text of a mail, made from its HTML where it has no other.
func (s *server) plainText(plain, html string) string {
	if s.Hooks.ReplyText == nil {
		return plain
	}
	return s.Hooks.ReplyText(plain, html)
}

// postmarkReply is as much of a mail as counts, as Postmark's inbound webhook hands it over. Its own MessageID is not that of the mail.
type postmarkReply struct {
	From, To, OriginalRecipient, Subject, TextBody, HtmlBody, StrippedTextReply string //nolint:revive // Postmark's name
	Headers                                                                     []struct{ Name, Value string }
}

func (s *server) readPostmarkReply(_ context.Context, c *gin.Context) (m journey.ReplyMail, written bool, err error) {
	if err := s.checkPassword(c.Request); err != nil {
		return m, false, err
	}
	body, err := s.readLetter(c)
	if err != nil {
		return m, false, err
	}
	var in postmarkReply
	if err := json.Unmarshal(body, &in); err != nil {
		return m, false, jsonFault(body, err)
	}
	m = journey.ReplyHead(func(name string) string {
		switch name {
		case "From":
			return in.From
		case "Subject":
			return in.Subject
		case "Delivered-To":
			return in.OriginalRecipient
		case "To":
			return in.To
		}
		for _, h := range in.Headers {
			if strings.EqualFold(h.Name, name) {
				return h.Value
			}
		}
		return ""
	})
	if in.StrippedTextReply != "" {
		return m.Said(in.StrippedTextReply), true, nil
	}
	return m.Said(s.plainText(in.TextBody, in.HtmlBody)), true, nil
}

// readSendGridReply reads SendGrid's Inbound Parse, raw (field email) or taken apart.
func (s *server) readSendGridReply(_ context.Context, c *gin.Context) (m journey.ReplyMail, written bool, err error) {
	if err := s.checkPassword(c.Request); err != nil {
		return m, false, err
	}
	form, err := s.readForm(c)
	if err != nil {
		return m, false, err
	}
	if raw := form.Get("email"); raw != "" {
		m, written = s.readMail([]byte(raw))
		return m, written, nil
	}
	head := mail.Header{}
	if read, err := mail.ReadMessage(strings.NewReader(strings.TrimSpace(form.Get("headers")) + "\r\n\r\n")); err == nil {
		head = read.Header
	}
	var envelope struct{ To []string }
	_ = json.Unmarshal([]byte(form.Get("envelope")), &envelope) // without it the head says to whom
	m = journey.ReplyHead(func(name string) string {
		switch name {
		case "From", "To", "Subject":
			if v := form.Get(strings.ToLower(name)); v != "" {
				return v
			}
		case "Delivered-To":
			return strings.Join(envelope.To, ",")
		}
		return head.Get(name)
	})
	return m.Said(s.plainText(form.Get("text"), form.Get("html"))), true, nil
}
