package inbox

import (
	"bytes"
	"crypto/rand"
	"mime"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// Address is a name and an address, in Mailpit's spelling.
type Address struct{ Name, Address string }

// Summary is what lists and searches need. It is read from the header once, on arrival, and stored beside the
// message. Bcc holds the recipients of the envelope that the header does not name.
type Summary struct {
	ID        string
	MessageID string
	From      Address
	To        []Address
	Cc        []Address
	Bcc       []Address
	ReplyTo   []Address
	Subject   string
	Created   time.Time // when it arrived
	Size      int
	Sender    string // of the envelope
}

// details need the body, so that they are read when somebody looks, and not when mail comes in by the thousand.
type details struct {
	Attachments int
	Snippet     string
}

// summarise reads the header of raw. Whatever cannot be read stays empty: an inbox for tests takes everything.
func summarise(sender string, recipients []string, raw []byte, now time.Time) Summary {
	header := readHeader(raw)
	s := Summary{
		ID:        rand.Text(),
		MessageID: strings.Trim(strings.TrimSpace(header.Get("Message-Id")), "<>"),
		To:        addresses(header, "To"),
		Cc:        addresses(header, "Cc"),
		ReplyTo:   addresses(header, "Reply-To"),
		Subject:   decode(header.Get("Subject")),
		Created:   now.UTC(),
		Size:      len(raw),
		Sender:    sender,
	}
	if from := addresses(header, "From"); len(from) > 0 {
		s.From = from[0]
	}
	for _, rcpt := range recipients {
		if !named(s.To, rcpt) && !named(s.Cc, rcpt) {
			s.Bcc = append(s.Bcc, Address{Address: rcpt})
		}
	}
	return s
}

func readHeader(raw []byte) textproto.MIMEHeader {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return textproto.MIMEHeader{}
	}
	return textproto.MIMEHeader(msg.Header)
}

func named(list []Address, address string) bool {
	for _, a := range list {
		if strings.EqualFold(a.Address, address) {
			return true
		}
	}
	return false
}

var words = &mime.WordDecoder{}

func decode(value string) string {
	if text, err := words.DecodeHeader(value); err == nil {
		return text
	}
	return value
}

func addresses(header textproto.MIMEHeader, key string) []Address {
	var all []Address
	for _, value := range header[key] {
		parser := mail.AddressParser{WordDecoder: words}
		list, err := parser.ParseList(value)
		if err != nil { // show what it says rather than nothing
			all = append(all, Address{Address: value})
			continue
		}
		for _, a := range list {
			all = append(all, Address{Name: a.Name, Address: a.Address})
		}
	}
	return all
}

// read parses the whole message: slow (a fraction of a millisecond), and forgiving.
func (s *store) read(e *entry) (*enmime.Envelope, error) {
	raw, err := s.Raw(e)
	if err != nil {
		return nil, err
	}
	return enmime.ReadEnvelope(bytes.NewReader(raw))
}

// Details reads the body once and remembers what lists show of it.
func (s *store) Details(e *entry) details {
	e.once.Do(func() {
		env, err := s.read(e)
		if err != nil {
			return
		}
		e.details = details{Attachments: len(env.Attachments), Snippet: snippet(env.Text)}
	})
	return e.details
}

const snippetLength = 250

func snippet(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > snippetLength {
		return string(runes[:snippetLength]) + "..."
	}
	return text
}
