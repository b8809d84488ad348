package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"perennial/journey"
)

// Mails is where single mails are put into the ledger.
type Mails interface {
	Send(ctx context.Context, m journey.OneMail) (journey.Posted, error)
	Resend(ctx context.Context, r journey.Resending) (journey.Posted, error)
	Account(ctx context.Context, id string) (journey.Account, error)
}

// SendRequest asks for one transactional mail.
type SendRequest struct {
	Message    string         // "journey/message": a message of a live journey whose topic is transactional
	Customer   string         // as in Customer
	Properties map[string]any // what the template reads as `trigger`
	Key        string         // the same key of the same caller is the same mail
}

// Send puts one transactional mail into the ledger, which sends it as it sends every other. It is rendered once here, so that a
// template that cannot do with these properties is refused now and not found out later. Where she cannot be mailed the answer
// says so: that is no fault.
func (c *Control) Send(ctx context.Context, by journey.Actor, r SendRequest) (journey.Posted, error) {
	if r.Key == "" {
		return journey.Posted{}, invalid("Idempotency-Key", "the header is missing", "send a key of your own for each mail, e.g. receipt-1042: asking again with it sends nothing twice")
	}
	if r.Customer == "" {
		return journey.Posted{}, invalid("customer", "is missing", "name a customer: cus_… or user: and your own id")
	}
	v, m, err := c.mailNamed(ctx, r.Message)
	if err != nil {
		return journey.Posted{}, err
	}
	who, err := c.Store.Customer(ctx, r.Customer)
	if err != nil {
		return journey.Posted{}, err
	}
	m.CustomerID, m.Properties, m.By = who.ID, r.Properties, by
	sum := sha256.Sum256([]byte(by.ID + "\x00" + r.Key))
	m.Key = hex.EncodeToString(sum[:16])
	if err := c.tryOut(ctx, v, m, who); err != nil {
		return journey.Posted{}, err
	}
	return c.Store.Send(ctx, m)
}

// mailNamed finds the message and the version that is live.
func (c *Control) mailNamed(ctx context.Context, name string) (v journey.Version, m journey.OneMail, err error) {
	key, message, found := strings.Cut(name, "/")
	if !found || key == "" || message == "" {
		return v, m, invalid("message", "is not the name of a message", "write journey/message, e.g. account/password-changed")
	}
	d, err := c.Store.Draft(ctx, key)
	if journey.CodeOf(err) == journey.CodeNotFound || err == nil && (d.State != journey.JourneyLive || d.LiveVersion == 0) {
		return v, m, invalid("message", "there is no live journey "+key, "publish it, or name another")
	}
	if err != nil {
		return v, m, err
	}
	if v, err = c.Store.Version(ctx, key, d.LiveVersion); err != nil {
		return v, m, err
	}
	def, problems := journey.Parse(JourneyFile, []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return v, m, faulty(key, problems)
	}
	step, fault := transactional(def, message)
	if fault != nil {
		return v, m, fault
	}
	return v, journey.OneMail{JourneyKey: key, Version: v.Number, Template: message, From: step.From, ReplyTo: step.ReplyTo,
		Expires: cmp.Or(step.Expires, journey.ExpiresTransactional)}, nil
}

// transactional finds the send of a message, and refuses what needs consent: a newsletter stays a newsletter.
func transactional(def *journey.Definition, message string) (send *journey.Send, fault error) {
	var may []string
	known := false
	def.Walk(func(s *journey.Step) {
		if s.Send == nil {
			known = known || s.Survey != nil && (s.Survey.Send == message)
			return
		}
		known = known || s.Send.Message == message
		if cmp.Or(s.Send.Topic, def.Topic) != journey.TopicTransactional {
			return
		}
		may = append(may, def.Key+"/"+s.Send.Message)
		if s.Send.Message == message && send == nil {
			send = s.Send
		}
	})
	if send != nil {
		return send, nil
	}
	mend := "no message of this journey is transactional: give its step, or the journey, the topic transactional, and publish"
	if len(may) > 0 {
		slices.Sort(may)
		mend = "use one of: " + strings.Join(slices.Compact(may), ", ")
	}
	if known {
		return nil, invalid("message", "is not transactional: it goes out with its journey, to those who agreed", mend)
	}
	return nil, invalid("message", "journey "+def.Key+" sends no message "+message, mend)
}

// tryOut renders the mail as it would go out now.
func (c *Control) tryOut(ctx context.Context, v journey.Version, m journey.OneMail, who journey.Customer) error {
	claimed := journey.Claimed{Customer: who, Hash: v.Hash, Message: journey.Message{JourneyKey: m.JourneyKey, Version: m.Version,
		CustomerID: who.ID, Topic: journey.TopicTransactional, Template: m.Template, Data: journey.MessageData{Trigger: m.Properties}}}
	if who.AccountID != "" {
		account, err := c.Store.Account(ctx, who.AccountID)
		if err != nil {
			return err
		}
		claimed.Account = &account
	}
	_, err := c.Render(v, claimed)
	switch journey.CodeOf(err) {
	case journey.CodeInvalid, journey.CodeNotFound:
		return invalid("properties", err.Error(), "send what the template reads")
	}
	return err
}
