package mail_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/mail"
)

func TestLintFindsWhatBreaksTheConventions(t *testing.T) {
	t.Parallel()
	e := envelope()
	footer := "Oak & Linen, 12 Mill Lane; leave: " + e.Unsubscribe
	e.Text, e.HTML = "Hello. "+footer, "<p>Hello. "+strings.ReplaceAll(footer, "&", "&amp;")+"</p>"
	marketing := mail.Conventions{Marketing: true, Postal: "Oak & Linen, 12 Mill Lane"}
	raw, err := mail.Composer{Signer: signer(t, "ed25519")}.Compose(e)
	require.NoError(t, err)
	require.Empty(t, mail.Lint(raw, marketing))
	for want, spoil := range map[string][2]string{
		"Date is no date":                       {"Date: Sat", "Date: Someday"},
		"Subject stands there 2 times":          {"Subject: ", "Subject: one\r\nSubject: "},
		"Message-ID has not the form":           {"Message-ID: <", "Message-ID: "},
		"has 0 https addresses":                 {"<https://example.com/u/", "<http://example.com/u/"},
		"has 0 mailto addresses":                {"<mailto:", "<fax:"},
		"List-Unsubscribe-Post is not":          {"One-Click", "Two-Clicks"},
		"List-Id has not the form":              {"List-Id: <offers.example.com>", "List-Id: offers"},
		"Auto-Submitted does not say":           {"auto-generated", "no"},
		"Feedback-ID stands there 0 times":      {"Feedback-ID", "X-Feedback"},
		"Feedback-ID has not four parts":        {"hello:win-back", "hello"},
		"To is not one address":                 {"To: <ann@example.net>", "To: <ann@example.net>, <bob@example.net>"},
		"its parts are not text and HTML":       {"text/plain", "text/calendar"},
		"it is not multipart/alternative":       {"multipart/alternative", "multipart/mixed"},
		"part does not name the postal address": {"12 Mill Lane", "Somewhere"},
		"part has no link to unsubscribe":       {"leave: https://example.com/u", "leave: https://example.com/v"},
		"the DKIM signature leaves out":         {":List-Unsubscribe-Post", ""},
		"has a bare CR, LF":                     {"Date: ", "X: y\nDate: "},
		"line over 998":                         {"Date: ", "X: " + strings.Repeat("y", 1000) + "\r\nDate: "},
	} {
		broken := strings.ReplaceAll(string(raw), spoil[0], spoil[1])
		require.NotEqual(t, string(raw), broken, want)
		require.Contains(t, strings.Join(mail.Lint([]byte(broken), marketing), "\n"), want)
	}
	require.Contains(t, strings.Join(mail.Lint(raw, mail.Conventions{}), "\n"), "stands in mail that is no list's")
	require.Equal(t, []string{"it has no headers"}, mail.Lint([]byte("x"), marketing))
}
