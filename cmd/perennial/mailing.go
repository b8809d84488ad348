package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"perennial/api"
	"perennial/journey"
	smtp "perennial/mail"
)

// mailConfig is what mail needs beyond a relay: who signs it, where it comes back to, who tells of it (docs/operate.md, Mail).
type mailConfig struct {
	DKIMDomain   string `env:"DKIM_DOMAIN"`
	DKIMSelector string `env:"DKIM_SELECTOR"`
	DKIMKeyFile  string `env:"DKIM_KEY_FILE"`
	BounceDomain string `env:"BOUNCE_DOMAIN"`
	MailboxURL   string `env:"MAILBOX_URL"`
	HookSecret   string `env:"MAIL_HOOK_SECRET"`
	HookTopic    string `env:"MAIL_HOOK_SNS_TOPIC"`
	HookMailgun  string `env:"MAIL_HOOK_MAILGUN_KEY"`
	ReplyBoxURL  string `env:"REPLY_MAILBOX_URL"`
}

// shortestSecret is in bytes: nobody can be asked to remember it.
const shortestSecret = 16

// faults checks what was given against the sender of the mail.
func (c mailConfig) faults(from string) journey.Problems {
	var out journey.Problems
	add := func(path, message, mend string) {
		out = append(out, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	given := 0
	for _, value := range []string{c.DKIMDomain, c.DKIMSelector, c.DKIMKeyFile} {
		if value != "" {
			given++
		}
	}
	switch {
	case given > 0 && given < 3:
		add("DKIM_DOMAIN", "DKIM_SELECTOR and DKIM_KEY_FILE belong together, and not all are set", "set all three, or none where the relay signs")
	case given == 3:
		if _, err := c.signer(); err != nil {
			add("DKIM_KEY_FILE", err.Error(), "openssl genrsa -out dkim.pem 2048")
		}
		if !aligned(c.DKIMDomain, mailDomain(from)) {
			add("DKIM_DOMAIN", fmt.Sprintf("%s does not align with MAIL_FROM, so that DMARC fails", c.DKIMDomain), "use the domain of MAIL_FROM")
		}
	}
	if c.BounceDomain != "" {
		if _, err := journey.ParseAddress("bounces@" + c.BounceDomain); err != nil {
			add("BOUNCE_DOMAIN", "is not a domain", "for example BOUNCE_DOMAIN=bounce.example.com, whose mail goes to MAILBOX_URL or to a hook")
		}
	}
	for _, box := range []struct{ name, url string }{{"MAILBOX_URL", c.MailboxURL}, {"REPLY_MAILBOX_URL", c.ReplyBoxURL}} {
		if box.url == "" {
			continue
		}
		if _, err := smtp.NewMailbox(box.url); err != nil {
			add(box.name, "is not a mailbox", "for example "+box.name+"=imaps://bounces:secret@imap.example.com")
		}
	}
	if c.HookSecret != "" && len(c.HookSecret) < shortestSecret {
		add("MAIL_HOOK_SECRET", fmt.Sprintf("is shorter than %d bytes", shortestSecret), "openssl rand -hex 32")
	}
	if c.HookTopic != "" && !strings.HasPrefix(c.HookTopic, "arn:") {
		add("MAIL_HOOK_SNS_TOPIC", "is not the ARN of a topic", "for example MAIL_HOOK_SNS_TOPIC=arn:aws:sns:eu-west-1:123456789012:bounces")
	}
	return out
}

// aligned says whether two domains belong to one organisation, which is what DMARC asks of DKIM by default.
func aligned(a, b string) bool {
	mine, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	other, err2 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && err2 == nil && mine == other
}

// signer is nil where the relay signs.
func (c mailConfig) signer() (*smtp.Signer, error) {
	if c.DKIMKeyFile == "" {
		return nil, nil //nolint:nilnil // nobody signs here, and that is no fault
	}
	pem, err := os.ReadFile(c.DKIMKeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the DKIM key: %w", err)
	}
	return smtp.NewSigner(c.DKIMDomain, c.DKIMSelector, pem)
}

// composer writes messages for the relay.
func (c config) composer() (smtp.Composer, error) {
	signer, err := c.Mail.signer()
	u, parseErr := url.Parse(c.SMTPURL) // a URL that cannot be read is told of when the relay is made
	return smtp.Composer{Signer: signer, Postmark: parseErr == nil && strings.HasSuffix(u.Hostname(), ".postmarkapp.com")}, err
}

// sender is who sends, as far as the DNS has something to say of it.
func (c config) sender(signer *smtp.Signer) smtp.Sender {
	return smtp.Sender{From: mailDomain(c.brand().From), Return: c.Mail.BounceDomain, Signer: signer}
}

// senderInfo is what the installation sends with, as people see it.
func (c config) senderInfo() journey.SenderInfo {
	i := journey.SenderInfo{Sandbox: c.Sandbox, From: mailDomain(c.brand().From), BounceDomain: c.Mail.BounceDomain, Connections: c.Senders,
		Rate: c.Rate, DomainRates: c.DomainRates}
	if u, err := url.Parse(c.SMTPURL); err == nil {
		i.Relay = u.Host
	}
	if c.Mail.DKIMKeyFile != "" {
		i.SignedBy = c.Mail.DKIMSelector + "._domainkey." + c.Mail.DKIMDomain
	}
	return i
}

func (c mailConfig) hooks() api.Hooks {
	return api.Hooks{Secret: c.HookSecret, Topic: c.HookTopic, Mailgun: c.HookMailgun, Read: smtp.ReadFeedback, ReadReply: smtp.ReadReply,
		ReplyText: smtp.ReplyText}
}

// plainSender is a sender with its domain as A-label.
func plainSender(from string) string { return smtp.PlainDomain(from) }

// Times of the mailbox. A bounce is to suppress within a minute of its coming.
const (
	mailboxEvery = 15 * time.Second
	mailboxAfter = 45 * time.Second // after a fault
)

// watchMailbox reads what comes back until ctx ends. Two senders may read the same mail: the second has no effect.
func (a *app) watchMailbox(ctx context.Context, url string) error {
	box, err := smtp.NewMailbox(url)
	if err != nil {
		return err
	}
	for {
		wait := mailboxEvery
		if _, err := box.Read(ctx, a.takeMail); err != nil && ctx.Err() == nil {
			a.log.Warn("reading a mailbox", "error", err)
			wait = mailboxAfter
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// takeMail acts on one mail of a mailbox: a report on a message of ours, or what somebody wrote back. What is neither stays there for
// whoever looks after it.
func (a *app) takeMail(ctx context.Context, raw []byte) error {
	f, reported := smtp.ReadFeedback(raw)
	if !reported {
		return a.takeReply(ctx, raw)
	}
	f.Source = "mailbox"
	noted, err := a.control.Feedback(ctx, f.Opened(a.tokens))
	var fault *journey.Fault
	switch {
	case err == nil:
		a.log.Info("a report was taken", "kind", string(f.Kind), "message", noted.Message, "again", noted.Again, "status", f.Status)
	case journey.CodeOf(err) == journey.CodeNotFound:
		a.log.Info("a report is about no message of ours", "kind", string(f.Kind), "status", f.Status)
	case errors.As(err, &fault) && fault.Code == journey.CodeInvalid: // it cannot be stored, today or tomorrow
		a.log.Warn("a report cannot be taken", "error", err)
	default:
		return err
	}
	return nil
}

// takeReply makes a task out of what somebody wrote back.
func (a *app) takeReply(ctx context.Context, raw []byte) error {
	r, written := smtp.ReadReply(raw)
	if !written {
		return nil
	}
	r.Source = "mailbox"
	taken, err := a.control.TakeReply(ctx, r.Opened(a.tokens))
	if err == nil {
		a.log.Info("a mail was taken", "effect", taken.Effect, "task", taken.Task, "customer", taken.Customer)
	}
	return err
}

// bareAddress is the address alone.
func bareAddress(value string) string {
	parsed, err := mail.ParseAddress(value)
	if err != nil {
		return value
	}
	return parsed.Address
}
