package mail

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails come in every charset
	"github.com/k3a/html2text"

	"perennial/journey"
)

// mostReply is how much of a mail's text is read, in bytes, before what it quotes is left out.
const mostReply = 256 << 10

// ReadReply reads a mail that somebody wrote back to us. It is false for bytes that are no mail. Enclosed files are not read.
func ReadReply(raw []byte) (journey.ReplyMail, bool) {
	if len(raw) > mostReport {
		raw = raw[:mostReport]
	}
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return journey.ReplyMail{}, false
	}
	r := journey.ReplyHead(func(name string) string {
		if text, err := e.Header.Text(name); err == nil {
			return text
		}
		return e.Header.Get(name)
	})
	if r.From == "" && r.MessageID == "" && r.Subject == "" {
		return r, false
	}
	var found letter
	found.read(e, 0)
	return r.Said(found.words()), true
}

// letter is the text of a mail: its first plain part, or its first part in HTML.
type letter struct{ plain, html string }

// ReplyText chooses between the two texts of a mail as providers hand them over.
func ReplyText(plain, html string) string { return letter{plain, html}.words() }

func (l letter) words() string {
	if strings.TrimSpace(l.plain) != "" || l.html == "" {
		return l.plain
	}
	return html2text.HTML2TextWithOptions(l.html, html2text.WithUnixLineBreaks())
}

// read looks through the parts for text, a few levels deep. What cannot be read is passed over: half a mail is better than none.
func (l *letter) read(e *message.Entity, depth int) {
	const deepest = 5
	kind, _, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	if disposition, _, err := e.Header.ContentDisposition(); err == nil && strings.EqualFold(disposition, "attachment") {
		return
	}
	if parts := e.MultipartReader(); parts != nil {
		for range mostParts {
			part, err := parts.NextPart()
			if part == nil || errors.Is(err, io.EOF) || depth == deepest {
				return
			}
			l.read(part, depth+1)
		}
		return
	}
	into := map[string]*string{"text/plain": &l.plain, "text/html": &l.html}[strings.ToLower(kind)]
	if into == nil || *into != "" {
		return
	}
	text, _ := io.ReadAll(io.LimitReader(e.Body, mostReply)) // what could be read of it
	*into = string(text)
}
