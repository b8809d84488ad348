package mail_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
)

func signer(t testing.TB, kind string) *mail.Signer {
	t.Helper()
	s, err := mail.NewSigner("example.com", "p1", keyPEM(t, kind))
	require.NoError(t, err)
	return s
}

func keyPEM(t testing.TB, kind string) []byte {
	t.Helper()
	var key any
	var err error
	switch kind {
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "short":
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	}
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// verify asks a library that had no part in the signing, against the record as it would be published.
func verify(t testing.TB, s *mail.Signer, raw []byte) *dkim.Verification {
	t.Helper()
	name, text, err := s.Record()
	require.NoError(t, err)
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
		require.Equal(t, name, domain)
		return []string{text}, nil
	}})
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestSignaturesVerify(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"rsa", "ed25519"} {
		s := signer(t, kind)
		marketing, receipt := envelope(), envelope()
		receipt.Unsubscribe, receipt.Mailto, receipt.ListID, receipt.ReplyTo = "", "", "", ""
		for name, e := range map[string]journey.Envelope{"marketing": marketing, "a receipt": receipt} {
			raw, err := mail.Composer{Signer: s}.Compose(e)
			require.NoError(t, err)
			again, err := mail.Composer{Signer: s}.Compose(e)
			require.NoError(t, err)
			require.Equal(t, string(raw), string(again), "the same message has the same bytes")
			v := verify(t, s, raw)
			require.NoError(t, v.Err, "%s, %s", kind, name)
			require.Equal(t, "example.com", v.Domain)
			require.Equal(t, e.Date, v.Time.UTC(), "its time is the message's, not the clock's")
			want := "from to subject date message-id mime-version content-type feedback-id auto-submitted from subject"
			if name == "marketing" {
				want += " reply-to list-unsubscribe list-unsubscribe-post list-id"
			}
			require.ElementsMatch(t, strings.Fields(want), strings.Fields(strings.ToLower(strings.Join(v.HeaderKeys, " "))))
			for line := range bytes.Lines(raw) {
				require.LessOrEqual(t, len(line), 1000)
			}
		}
	}
}

func TestSignaturesBreakWhenTheMessageIsTouched(t *testing.T) {
	t.Parallel()
	s := signer(t, "ed25519")
	raw, err := mail.Composer{Signer: s}.Compose(envelope())
	require.NoError(t, err)
	for what, touch := range map[string]func(string) string{
		"the one click":     func(m string) string { return strings.Replace(m, "/u/", "/x/", 1) },
		"one-click is gone": func(m string) string { return strings.Replace(m, "List-Unsubscribe-Post", "X-Post", 1) },
		"the subject":       func(m string) string { return strings.Replace(m, "Subject: ", "Subject: Re: ", 1) },
		"a second From":     func(m string) string { return "From: <eve@example.org>\r\n" + m },
		"a second Subject":  func(m string) string { return "Subject: Win\r\n" + m },
		"the body":          func(m string) string { return m + "more\r\n" },
	} {
		require.Error(t, verify(t, s, []byte(touch(string(raw)))).Err, what)
	}
	relayed := "Received: from us by them\r\n" + strings.ReplaceAll(string(raw), "Feedback-ID: ", "Feedback-ID:   ")
	require.NoError(t, verify(t, s, []byte(relayed)).Err, "what relays do to a message on its way")
}

func TestSignerRefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	for name, key := range map[string][]byte{"nothing": nil, "text": []byte("secret-word"), "a short one": keyPEM(t, "short"),
		"a broken one": []byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXdvcmQ=\n-----END PRIVATE KEY-----\n")} {
		_, err := mail.NewSigner("example.com", "p1", key)
		require.Equal(t, journey.CodeInvalid, journey.CodeOf(err), name)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := mail.NewSigner("example.com", "", keyPEM(t, "ed25519"))
	require.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
	_, err = signer(t, "ed25519").Sign([]byte("no headers"))
	require.Error(t, err)
}

func TestPostmarkIsToldTheMessageID(t *testing.T) {
	t.Parallel()
	s := signer(t, "ed25519")
	raw, err := mail.Composer{Signer: s, Postmark: true}.Compose(envelope())
	require.NoError(t, err)
	require.Contains(t, string(raw), "\r\nX-PM-Metadata-message-id: abc.1@example.com\r\n")
	require.NoError(t, verify(t, s, raw).Err)
}

// The examples of RFC 6376, section 3.4.5, and the body hash of RFC 8463, appendix A.
func TestCanonicalForms(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a:X", mail.RelaxedHeader("A: X"))
	require.Equal(t, "b:Y Z", mail.RelaxedHeader("B : Y\t\r\n\tZ  "))
	require.Equal(t, " C\r\nD E\r\n", string(mail.RelaxedBody([]byte(" C \r\nD \t E\r\n\r\n\r\n"))))
	require.Empty(t, mail.RelaxedBody([]byte("\r\n\r\n")))
	require.Equal(t, "no end\r\n", string(mail.RelaxedBody([]byte("no end"))))
	sum := sha256.Sum256(mail.RelaxedBody([]byte("Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n")))
	require.Equal(t, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=", base64.StdEncoding.EncodeToString(sum[:]))
}
