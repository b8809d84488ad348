package activities

import (
	"bytes"
	"context"
	"errors"
	netmail "net/mail"
	"slices"
	"strings"

	"perennial/journey"
)

// letter is a message as it goes out.
type letter struct {
	from, to string // of the envelope
	subject  string
	bytes    []byte
	links    []string
}

// send writes, sends and classifies one message. passed is called when it has passed the dot.
func (l *lane) send(ctx context.Context, c journey.Claimed, passed func()) journey.Reply {
	reply := journey.Reply{Fence: journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}}
	l.begun.Add(1)
	underway := true
	arrive := func() {
		if underway {
			underway = false
			l.begun.Add(-1)
		}
	}
	defer arrive()
	out, err := l.write(ctx, c)
	if err != nil {
		reply.Outcome = l.unwritten(c, err)
		return reply
	}
	reply.Address = out.to
	atDot := func(ctx context.Context, inside bool) error {
		dot := journey.Dot{Fence: reply.Fence, Address: out.to, Subject: out.subject, Bytes: out.bytes, Links: out.links, Inside: inside}
		defer arrive()
		if err := l.pass(ctx, dot); err != nil {
			return err
		}
		passed()
		return nil
	}
	if c.Message.Channel == journey.ChannelEmail {
		reply.Outcome = l.hand(ctx, out, func(ctx context.Context) error { return atDot(ctx, false) })
	} else {
		reply.Outcome = l.sender.handOver(ctx, c, out, atDot)
	}
	return reply
}

// hand gives the letter to the relay. A connection that was kept may have been closed by the relay meanwhile: that is tried once
// more on a new one, because it says nothing about the message.
func (l *lane) hand(ctx context.Context, out letter, atDot func(context.Context) error) journey.Outcome {
	w, err := l.wire(ctx)
	for err == nil {
		used := w.Used()
		outcome := w.Deliver(ctx, out.from, out.to, out.bytes, atDot)
		l.keep(w)
		if outcome.Kind != journey.OutcomeUnsent || !used || ctx.Err() != nil {
			return outcome
		}
		w, err = l.dial(ctx)
	}
	return journey.Outcome{Kind: journey.OutcomeUnsent}
}

// unwritten says what a message means that cannot be rendered: nothing, while the store is away; else it never will be.
func (l *lane) unwritten(c journey.Claimed, err error) journey.Outcome {
	if code := codeOf(err); code == journey.CodeUnavailable {
		l.log("writing", err)
		return journey.Outcome{Kind: journey.OutcomeUnsent}
	}
	l.sender.Log.Error("a message cannot be rendered", "lane", l.name, "message", c.Message.ID, "journey", c.Message.JourneyKey,
		"template", c.Message.Template, "error", redact(err.Error()))
	return journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonRender}
}

// write makes the bytes of a message; those of one that came to the dot before are what they were.
func (l *lane) write(ctx context.Context, c journey.Claimed) (out letter, err error) {
	out = letter{to: c.Message.Address, subject: c.Message.Subject, bytes: c.Bytes, links: c.Links}
	if c.Bytes == nil {
		if out, err = l.sender.write(ctx, c); err != nil {
			return out, err
		}
	}
	if c.Message.Channel != journey.ChannelEmail {
		return out, nil
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(out.bytes))
	if err != nil {
		return out, errors.New("the message has no headers")
	}
	from, err := netmail.ParseAddress(parsed.Header.Get("From"))
	if err != nil {
		return out, errors.New("the message has no sender")
	}
	out.from = from.Address
	if domain := l.sender.BounceDomain; domain != "" {
		out.from = l.sender.Tokens.ReturnAddress(c.Message.ID, domain)
	}
	return out, nil
}

func (s *Sender) write(ctx context.Context, c journey.Claimed) (out letter, err error) {
	set, err := s.templates(ctx, c)
	if err != nil {
		return out, err
	}
	links := s.links(c.Message, &out.links)
	r, err := set.Render(c, links)
	if err != nil {
		return out, err
	}
	out.subject = r.Subject
	if c.Message.Channel != journey.ChannelEmail {
		out.bytes, err = s.handover(c, r)
		return out, err
	}
	out.to = c.Customer.Email
	out.bytes, err = s.Compose(s.envelope(c, r, links))
	return out, err
}

// links makes the public addresses of a message; those that are clicked are collected in order into targets.
func (s *Sender) links(m journey.Message, targets *[]string) journey.Links {
	public := func(kind journey.TokenKind, n int) string {
		return s.Brand.PublicURL + kind.Path() + s.Tokens.Sign(kind, m.ID, n)
	}
	links := journey.Links{
		Preferences: public(journey.TokenPreferences, 0), View: public(journey.TokenView, 0), Back: public(journey.TokenBack, 0),
		Confirm: public(journey.TokenConfirm, 0),
		Click: func(url string) string {
			if strings.HasPrefix(url, s.Brand.PublicURL+"/") {
				return url
			}
			n := slices.Index(*targets, url)
			if n < 0 {
				n = len(*targets)
				*targets = append(*targets, url)
			}
			return public(journey.TokenClick, n)
		},
	}
	if m.Topic != journey.TopicTransactional {
		links.Unsubscribe = public(journey.TokenUnsubscribe, 0)
	}
	if m.SurveyID != "" {
		links.Survey = public(journey.TokenSurvey, 0)
	}
	return links
}

// envelope puts the headers together: the step's word beats the template's, and that the brand's.
func (s *Sender) envelope(c journey.Claimed, r journey.Rendered, links journey.Links) journey.Envelope {
	m := c.Message
	e := journey.Envelope{
		From: firstOf(m.From, r.From, s.Brand.From), ReplyTo: firstOf(m.ReplyTo, r.ReplyTo, s.Brand.ReplyTo), To: c.Customer.Email,
		Subject: r.Subject, HTML: r.HTML, Text: r.Text, Language: r.Locale, Date: s.Clock.Now(), MessageID: m.MessageID,
		FeedbackID: strings.Join([]string{m.Template, m.JourneyKey, m.Topic, slug(s.Brand.Name)}, ":"),
	}
	if links.Unsubscribe == "" {
		return e
	}
	e.Unsubscribe = links.Unsubscribe
	if address, err := netmail.ParseAddress(firstOf(e.ReplyTo, e.From)); err == nil {
		e.Mailto = address.Address
		_, domain, _ := strings.Cut(address.Address, "@")
		e.ListID = m.Topic + "." + domain
	}
	return e
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// slug makes a word of a name: "Oak & Linen" is "oak-linen".
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}

// versionsKept bounds the compiled versions in memory.
const versionsKept = 200

// templates returns the compiled messages of the version, which never changes: it is known by its hash.
func (s *Sender) templates(ctx context.Context, c journey.Claimed) (Templates, error) {
	if set := s.compiled(c.Hash); set != nil {
		return set, nil
	}
	s.compiling.Lock()
	defer s.compiling.Unlock()
	if set := s.compiled(c.Hash); set != nil {
		return set, nil
	}
	v, err := s.Ledger.Version(ctx, c.Message.JourneyKey, c.Message.Version)
	if err != nil {
		return nil, err
	}
	set, err := s.Compile(v)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versions == nil || len(s.versions) >= versionsKept {
		s.versions = map[string]Templates{}
	}
	s.versions[c.Hash] = set
	return set, nil
}

func (s *Sender) compiled(hash string) Templates {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions[hash]
}
