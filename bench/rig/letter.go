package rig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
)

// Letter is what a customer can do with a mail of Perennial's, and what says which it is.
type Letter struct {
	Template    string // journey/message
	Lane        string // marketing or transactional
	MessageID   string // without brackets
	Unsubscribe string // where a mail client posts to
	Survey      string // link of the question, without a score
	Code        string // of a coupon that stands on a line of its own
}

var codePattern = regexp.MustCompile(`(?m)^\s*([A-Z2-9]{10,16})\s*$`)

// ReadLetter reads a mail of Perennial's.
func ReadLetter(raw []byte) (Letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Letter{}, fmt.Errorf("reading a mail: %w", err)
	}
	names := append(strings.Split(m.Header.Get("Feedback-ID"), ":"), "", "", "")
	l := Letter{MessageID: strings.Trim(m.Header.Get("Message-ID"), "<>"), Template: names[1] + "/" + names[0], Lane: "marketing"}
	if names[2] == "transactional" {
		l.Lane = names[2]
	}
	for _, link := range strings.Split(m.Header.Get("List-Unsubscribe"), ",") {
		if link = strings.Trim(strings.TrimSpace(link), "<>"); strings.HasPrefix(link, "http") {
			l.Unsubscribe = link
		}
	}
	text, err := textPart(m)
	if err != nil {
		return Letter{}, fmt.Errorf("reading %s: %w", l.Template, err)
	}
	for _, word := range strings.Fields(text) {
		if link, _, _ := strings.Cut(word, "?"); strings.HasPrefix(link, "http") && strings.Contains(link, "/s/") {
			l.Survey = link
		}
	}
	if code := codePattern.FindStringSubmatch(text); code != nil {
		l.Code = code[1]
	}
	return l, nil
}

// textPart is the first part of a mail, which is its text.
func textPart(m *mail.Message) (string, error) {
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return "", errors.New("it is not multipart")
	}
	p, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return "", err
	}
	text := io.Reader(p)
	if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		text = quotedprintable.NewReader(p)
	}
	raw, err := io.ReadAll(text)
	return string(raw), err
}
