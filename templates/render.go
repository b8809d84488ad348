package templates

import (
	"fmt"
	htmltemplate "html/template"
	"io"
	netmail "net/mail"
	"strings"
	texttemplate "text/template"
	"unicode"

	"perennial/journey"
)

// Messages are the names of the messages of the set, sorted.
func (s *Set) Messages() []string { return sortedKeys(s.messages) }

// Sample is the sample customer with a code for every coupon of the journey.
func (s *Set) Sample() Data {
	d := Sample()
	for _, as := range s.coupons {
		c := d.Coupons["offer"]
		c.As = as
		d.Coupons[as] = c
	}
	if s.key != "" {
		d.JourneyKey, d.JourneyName = s.key, s.name
	}
	return d
}

// Render makes one mail. The locale is the customer's: fr-CA takes fr-CA, else fr, else the message for everybody. The error is
// a *Fault: not_found for a message that the set does not hold, invalid for data that a template cannot do with (a coupon that
// is missing, a loop over too much).
func (s *Set) Render(message string, d Data) (Mail, error) {
	m := s.messages[message]
	if m == nil {
		return Mail{}, journey.Faultf(journey.CodeNotFound, "rendering message %q: there is no such template", message)
	}
	v, locale := m.pick(d.Customer.Locale)
	mail, err := m.render(v.with(s.subjects[variantOf{d.Step, d.Variant}], locale), d, locale)
	if err != nil {
		return Mail{}, fmt.Errorf("rendering message %q: %w", message, err)
	}
	return mail, nil
}

func (m *message) pick(locale string) (*variant, string) {
	locale = journey.PickLocale(m.variants, locale)
	return m.variants[locale], locale
}

func (m *message) render(v *variant, d Data, locale string) (Mail, error) {
	mail := Mail{From: d.Brand.From, ReplyTo: d.Brand.ReplyTo, Locale: v.languageOf(d, locale)}
	scope := m.scope(d, locale, mail.Locale)
	for _, part := range []struct {
		template *texttemplate.Template
		into     *string
	}{{v.subject, &mail.Subject}, {v.preheader, &mail.Preheader}, {v.from, &mail.From}, {v.replyTo, &mail.ReplyTo}} {
		if part.template == nil {
			continue
		}
		text, err := runText(scope, part.template)
		if err != nil {
			return Mail{}, err
		}
		*part.into = oneLine(text)
	}
	for name, address := range map[string]string{"from": mail.From, "reply_to": mail.ReplyTo} {
		if _, err := netmail.ParseAddress(address); err != nil && address != "" { // it is hers, perhaps, and faults go to the log
			return Mail{}, journey.Faultf(journey.CodeInvalid, "%s is not an address: write Name <name@example.com>", name)
		}
	}
	scope.With("subject", mail.Subject).With("preheader", mail.Preheader)
	var err error
	if mail.HTML, err = runHTML(scope, v.html); err != nil {
		return Mail{}, err
	}
	if d.Links.Click != nil {
		mail.HTML = rewriteLinks(mail.HTML, d.Links)
	}
	mail.Text, err = v.textPart(scope)
	return mail, err
}

// textPart is the .txt, or what the HTML says, and the footer under it.
func (v *variant) textPart(scope *journey.TextScope) (string, error) {
	var body string
	var err error
	if v.text != nil {
		body, err = runText(scope, v.text)
	} else if body, err = runHTML(scope, v.plain); err == nil {
		body = textFromHTML(body)
	}
	if err != nil {
		return "", err
	}
	footer, err := runText(scope, v.footer)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(body) + "\n\n" + strings.TrimSpace(footer) + "\n", nil
}

func runText(scope *journey.TextScope, t *texttemplate.Template) (string, error) {
	return scope.Run(func(w io.Writer) error { return t.Execute(w, scope) })
}

func runHTML(scope *journey.TextScope, t *htmltemplate.Template) (string, error) {
	return scope.Run(func(w io.Writer) error { return t.Execute(w, scope) })
}

// oneLine makes a header value: a line break in a customer's name must not begin another header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
