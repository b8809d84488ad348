// Package mail speaks RFC 5322 and SMTP: it composes a message to bytes, drives connections to a relay, and says what a reply
// means. It knows nothing of the ledger; who may be written to is decided elsewhere.
package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"perennial/journey"
)

// maxLine is the longest line that RFC 5322 allows, without its CRLF.
const maxLine = 998

// ComposeError says which part of a message cannot be put into a mail, and why. It never quotes the value: that may be somebody's
// address, or an attack.
type ComposeError struct {
	Field string // e.g. "Subject"
	Fault string
}

// Error is the text.
func (e *ComposeError) Error() string { return fmt.Sprintf("composing: %s %s", e.Field, e.Fault) }

// Compose makes the bytes of a message, with CRLF line ends. The same envelope gives the same bytes: a message that is sent
// twice is twice the same. Marketing mail (one with Unsubscribe) carries both List-Unsubscribe headers. Whatever would make a
// header of its own, or a line too long, is a *ComposeError.
func Compose(m journey.Envelope) ([]byte, error) {
	if err := guard(m); err != nil {
		return nil, err
	}
	m = plainDomains(m)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary(boundary(m)))
	if err := address(m, msg); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.MessageID)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	list(m, msg)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	var b bytes.Buffer
	b.Grow(2048 + (len(m.Text)+len(m.HTML))*5/4) // headers, and what quoted-printable adds
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("composing: %w", err)
	}
	return b.Bytes(), checkLines(b.Bytes())
}

func address(m journey.Envelope, msg *gomail.Msg) error {
	if err := msg.From(m.From); err != nil {
		return &ComposeError{"From", "is no address"}
	}
	if err := CheckAddress(m.To); err != nil {
		return &ComposeError{"To", "is no bare address"}
	}
	if err := msg.To(m.To); err != nil {
		return &ComposeError{"To", "is no bare address"}
	}
	if m.ReplyTo == "" {
		return nil
	}
	if err := msg.ReplyTo(m.ReplyTo); err != nil {
		return &ComposeError{"Reply-To", "is no address"}
	}
	return nil
}

// CheckAddress accepts a bare address that can stand in RCPT TO: at most 254 bytes, with a domain, without a display name.
func CheckAddress(s string) error {
	parsed, err := netmail.ParseAddress(s)
	switch {
	case err != nil, parsed.Address != s, parsed.Name != "":
		return &ComposeError{"address", "is no bare address"}
	case len(s) > 254:
		return &ComposeError{"address", "is longer than 254 bytes"}
	}
	return nil
}

// plainDomains writes every domain as A-label: those need no SMTPUTF8, and all receivers compare them so.
func plainDomains(m journey.Envelope) journey.Envelope {
	for _, value := range []*string{&m.From, &m.ReplyTo, &m.To, &m.Mailto} {
		*value = PlainDomain(*value)
	}
	if ascii, err := idna.Lookup.ToASCII(m.ListID); err == nil {
		m.ListID = ascii
	}
	return m
}

// PlainDomain turns the domain of an address, with a name or without, into its A-label; what it cannot read stays as it is.
func PlainDomain(value string) string {
	parsed, err := netmail.ParseAddress(value)
	if err != nil {
		return value
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	domain, err := idna.Lookup.ToASCII(parsed.Address[at+1:])
	if err != nil || domain == parsed.Address[at+1:] {
		return value
	}
	parsed.Address = parsed.Address[:at+1] + domain
	if value = parsed.Address; parsed.Name != "" {
		value = (&netmail.Address{Name: parsed.Name, Address: parsed.Address}).String()
	}
	return value
}

func list(m journey.Envelope, msg *gomail.Msg) {
	if m.ListID != "" {
		msg.SetGenHeader("List-Id", "<"+m.ListID+">")
	}
	if m.FeedbackID != "" {
		msg.SetGenHeader("Feedback-ID", m.FeedbackID)
	}
	if m.Test != "" {
		msg.SetGenHeader("X-Perennial-Test", m.Test)
	}
	if m.Unsubscribe == "" {
		return
	}
	ways := []string{"<" + m.Unsubscribe + ">"}
	if m.Mailto != "" {
		ways = append(ways, "<mailto:"+m.Mailto+"?subject=unsubscribe>")
	}
	msg.SetGenHeader(gomail.HeaderListUnsubscribe, strings.Join(ways, ", "))
	msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
}

// guard refuses control characters in every value that becomes part of a header: go-mail folds lines but checks nothing.
func guard(m journey.Envelope) error {
	for _, f := range []struct{ name, value string }{
		{"From", m.From}, {"Reply-To", m.ReplyTo}, {"To", m.To}, {"Subject", m.Subject}, {"Message-ID", m.MessageID},
		{"List-Id", m.ListID}, {"Feedback-ID", m.FeedbackID}, {"List-Unsubscribe", m.Unsubscribe}, {"List-Unsubscribe", m.Mailto},
		{"X-Perennial-Test", m.Test}, {"Content-Language", m.Language},
	} {
		if !utf8.ValidString(f.value) {
			return &ComposeError{f.name, "is not UTF-8"}
		}
		if strings.ContainsFunc(f.value, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
			return &ComposeError{f.name, "holds a line break or another control character"}
		}
	}
	for _, f := range []struct{ name, value string }{
		{"Message-ID", m.MessageID}, {"List-Id", m.ListID}, {"List-Unsubscribe", m.Unsubscribe}, {"List-Unsubscribe", m.Mailto},
	} {
		if strings.ContainsAny(f.value, "<> ") {
			return &ComposeError{f.name, "holds a space or a bracket"}
		}
	}
	if m.MessageID == "" || m.Date.IsZero() {
		return &ComposeError{"Message-ID", "or Date is missing"}
	}
	if !utf8.ValidString(m.HTML) || !utf8.ValidString(m.Text) {
		return &ComposeError{"body", "is not UTF-8"}
	}
	return nil
}

// boundary is made from the Message-ID and the parts, so that no part can hold it on purpose.
func boundary(m journey.Envelope) string {
	sum := sha256.Sum256([]byte(m.MessageID + "\x00" + m.Text + "\x00" + m.HTML))
	return "perennial-" + hex.EncodeToString(sum[:15])
}

func checkLines(b []byte) error {
	for line := range bytes.Lines(b) {
		switch {
		case !bytes.HasSuffix(line, []byte("\r\n")) || bytes.ContainsAny(line[:len(line)-2], "\r\n\x00"):
			return &ComposeError{"message", "has a bare CR, LF or NUL"}
		case len(line)-2 > maxLine:
			return &ComposeError{"message", "has a line over 998 bytes"}
		}
	}
	return nil
}
