package mail_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
)

func envelope() journey.Envelope {
	return journey.Envelope{
		From: "Mara from Oak & Linen <mara@example.com>", ReplyTo: "help@example.com", To: "ann@example.net",
		Subject: "Grüße, Ann", HTML: "<p>Grüße, <a href=\"https://example.com/c/x\">here</a></p>", Text: "Grüße",
		Date: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), MessageID: "abc.1@example.com",
		ListID: "offers.example.com", FeedbackID: "hello:win-back:offers:oak-linen",
		Language:    "fr-CA",
		Unsubscribe: "https://example.com/u/" + strings.Repeat("t", 60), Mailto: "unsubscribe@example.com",
	}
}

func TestComposeFollowsTheConventions(t *testing.T) {
	t.Parallel()
	raw, err := mail.Compose(envelope())
	require.NoError(t, err)
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"From":                  `"Mara from Oak & Linen" <mara@example.com>`,
		"To":                    "<ann@example.net>",
		"Reply-To":              "<help@example.com>",
		"Date":                  "Sat, 21 Nov 2026 09:30:00 +0000",
		"Message-Id":            "<abc.1@example.com>",
		"Mime-Version":          "1.0",
		"Auto-Submitted":        "auto-generated",
		"Content-Language":      "fr-CA",
		"List-Id":               "<offers.example.com>",
		"Feedback-Id":           "hello:win-back:offers:oak-linen",
		"List-Unsubscribe":      "<" + envelope().Unsubscribe + ">, <mailto:unsubscribe@example.com?subject=unsubscribe>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		require.Equal(t, []string{want}, m.Header[name], name)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "Grüße, Ann", subject)
	require.NotContains(t, m.Header, "User-Agent")
	require.NotContains(t, m.Header, "X-Mailer")

	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct{ kind, body string }{
		{"text/plain; charset=UTF-8", envelope().Text}, {"text/html; charset=UTF-8", envelope().HTML},
	} {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		require.Equal(t, want.kind, part.Header.Get("Content-Type"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		require.Equal(t, want.body, strings.TrimRight(string(body), "\r\n"))
	}
	_, err = parts.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
}

func TestComposeGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	first, err := mail.Compose(envelope())
	require.NoError(t, err)
	for range 20 {
		again, err := mail.Compose(envelope())
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestComposeTransactionalIsNoList(t *testing.T) {
	t.Parallel()
	e := envelope()
	e.Unsubscribe, e.ListID, e.Mailto = "", "", ""
	raw, err := mail.Compose(e)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "List-")
}

func TestComposeRefusesHostileInput(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*journey.Envelope, string){
		"Subject":          func(e *journey.Envelope, s string) { e.Subject += s },
		"From":             func(e *journey.Envelope, s string) { e.From = "x" + s + " <mara@example.com>" },
		"Reply-To":         func(e *journey.Envelope, s string) { e.ReplyTo += s },
		"To":               func(e *journey.Envelope, s string) { e.To += s },
		"Message-ID":       func(e *journey.Envelope, s string) { e.MessageID += s },
		"List-Id":          func(e *journey.Envelope, s string) { e.ListID += s },
		"Feedback-ID":      func(e *journey.Envelope, s string) { e.FeedbackID += s },
		"List-Unsubscribe": func(e *journey.Envelope, s string) { e.Unsubscribe += s },
	} {
		for _, attack := range []string{"\r\nBcc: all@example.org", "\nX: y", "\rX", "\x00", "\u2028", "\u0085", "\xff"} {
			e := envelope()
			spoil(&e, attack)
			_, err := mail.Compose(e)
			var refused *mail.ComposeError
			require.ErrorAs(t, err, &refused, "%s with %q", field, attack)
			require.Equal(t, field, refused.Field)
			require.NotContains(t, err.Error(), "example")
		}
	}
	for _, to := range []string{"", "ann", "Ann <ann@example.net>", "ann@", "a@b.example, c@d.example",
		strings.Repeat("a", 250) + "@example.net"} {
		e := envelope()
		e.To = to
		_, err := mail.Compose(e)
		require.Error(t, err, to)
	}
	e := envelope()
	e.Unsubscribe = "https://example.com/" + strings.Repeat("x", 1000)
	_, err := mail.Compose(e)
	require.ErrorContains(t, err, "998")
}

func FuzzComposeMakesNoHeader(f *testing.F) {
	f.Add("Hello", "Ann <ann@example.net>", "text", "<p>html</p>")
	f.Add("a\r\nBcc: x@example.org", "ann@example.net", "\r\n.\r\n", "--perennial")
	f.Add("=?utf-8?q?x=0D=0ABcc:?=", "a@example.net", "", "\x00")
	f.Fuzz(func(t *testing.T, subject, from, text, html string) {
		e := envelope()
		e.Subject, e.From, e.Text, e.HTML = subject, from, text, html
		raw, err := mail.Compose(e)
		var refused *mail.ComposeError
		if err != nil {
			require.True(t, errors.As(err, &refused), "%v", err)
			return
		}
		m, err := netmail.ReadMessage(bytes.NewReader(raw))
		require.NoError(t, err)
		require.LessOrEqual(t, len(m.Header), 14)
		require.Empty(t, m.Header.Get("Bcc"))
		for line := range bytes.Lines(raw) {
			require.LessOrEqual(t, len(line), 1000)
		}
	})
}

func TestComposeWritesDomainsAsALabels(t *testing.T) {
	t.Parallel()
	e := envelope()
	e.From, e.ReplyTo, e.To = "Mära <mara@bücher.example>", "hilfe@bücher.example", "ann@bücher.example"
	e.Mailto, e.ListID = "leave@bücher.example", "offers.bücher.example"
	raw, err := mail.Compose(e)
	require.NoError(t, err)
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	require.NotContains(t, head, "ü")
	for _, want := range []string{"<mara@xn--bcher-kva.example>", "<hilfe@xn--bcher-kva.example>", "<ann@xn--bcher-kva.example>",
		"<mailto:leave@xn--bcher-kva.example", "<offers.xn--bcher-kva.example>"} {
		require.Contains(t, head, want)
	}
}
