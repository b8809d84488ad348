package mail_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
)

// wanted is what each mail of the corpus says: kind, reply and status, "-" for what it does not say. A name that begins with
// none- says nothing of a message of ours.
var wanted = map[string]string{
	"postfix-user-unknown": "hard 550 5.1.1", "postfix-no-domain": "hard - 5.4.4", "postfix-null-mx": "hard 556 5.1.10",
	"postfix-mailbox-full": "soft 552 5.2.2", "postfix-expired": "soft - 4.4.1", "postfix-policy": "soft 554 5.7.1",
	"postfix-too-large": "soft 552 5.3.4", "postfix-content": "soft 554 5.6.0", "postfix-headers-only": "hard 550 5.1.1",
	"postfix-delayed": "", "postfix-delivered": "", "postfix-relayed": "", "postfix-smtputf8": "hard 550 5.1.1",
	"exim-user-unknown": "hard 550 5.1.1", "exim-no-enhanced-code": "hard 550 5.0.0", "exim-over-quota": "soft 552 5.0.0",
	"exim-reputation": "soft 550 5.7.26", "exim-plain": "hard - -", "exim-plain-warning": "",
	"qmail-no-mailbox": "hard - 5.1.1", "qmail-remote": "hard 550 -", "qmail-given-up": "soft 451 4.7.1",
	"sendmail-user-unknown": "hard 550 5.1.1",
	"exchange-not-found":    "hard 550 5.1.10", "exchange-edge-denied": "hard 550 5.4.1", "exchange-full-german": "soft 554 5.2.2",
	"exchange-restricted": "soft 550 5.7.129", "exchange-expired": "soft 550 4.4.7", "exchange-routing-loop": "soft 550 5.4.14",
	"exchange-no-original": "hard 550 5.1.1", "exchange-nothing-known": "hard 550 5.1.1", "exchange-base64": "hard 550 5.1.1",
	"gmail-no-account": "hard 550 5.1.1", "gmail-disabled": "hard 550 5.2.1", "gmail-too-fast": "soft 550 5.2.1",
	"gmail-full": "soft 552 5.2.2", "gmail-delay": "", "gmail-spam": "soft 550 5.7.1", "gmail-japanese": "hard 550 5.1.1",
	"yahoo-french": "hard 554 5.0.0", "vague": "soft 554 5.0.0", "no-diagnostic": "hard - 5.1.1", "report-type-is-missing": "hard 550 5.1.1",
	"forwarded-both-gone": "hard - 5.1.1", "forwarded-one-full": "soft - 5.2.2", "forwarded-one-got-it": "",
	"return-in-capitals": "hard 550 5.1.1", "crooked-fields": "hard 550 5.1.1",
	"arf-abuse": "complaint - -", "arf-minimal": "complaint - -", "arf-redacted": "complaint - -", "arf-headers-only": "complaint - -",
	"arf-fraud": "complaint - -", "arf-opt-out": "complaint - -", "arf-not-spam": "", "arf-virus": "", "arf-auth-failure": "",
}

const (
	reported = "3f2b8c11d0a94e7e9b6a5c4d3e2f1a0b@example.com"
	verp     = "bounces+c9klmn0pc9klmn0pc9klmn0pc9klmn0pc9klmn0pc9klmn0pc9klm@bounce.example.com"
)

func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/feedback/*.eml")
	require.NoError(t, err)
	mails := map[string][]byte{}
	for _, file := range files {
		mails[strings.TrimSuffix(filepath.Base(file), ".eml")], err = os.ReadFile(file)
		require.NoError(t, err)
	}
	return mails
}

func said(f journey.Feedback) string {
	words := []string{string(f.Kind), strconv.Itoa(f.Code), f.Status}
	for i, word := range words {
		if word == "" || word == "0" {
			words[i] = "-"
		}
	}
	return strings.Join(words, " ")
}

// The promise is 0 wrong: nobody is suppressed who can be reached, and no report is overlooked.
func TestCorpusOfReports(t *testing.T) {
	t.Parallel()
	mails := corpus(t)
	wrong := 0
	for name, raw := range mails {
		want, known := wanted[name]
		require.True(t, known != strings.HasPrefix(name, "none-"), "%s is a sample that nobody has read", name)
		for ends, bytes := range map[string][]byte{"LF": raw, "CRLF": bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))} {
			f, ok := mail.ReadFeedback(bytes)
			got := ""
			if ok {
				got = said(f)
			}
			if got != want {
				wrong++
				t.Errorf("%s with %s: got %q, want %q (%s)", name, ends, got, want, f.Text)
			}
			if !ok || name == "exchange-nothing-known" {
				continue
			}
			if f.MessageID != reported && f.Return == "" {
				t.Errorf("%s with %s is of no message: %+v", name, ends, f)
			}
			if f.Return != "" && !strings.EqualFold(f.Return, verp) {
				t.Errorf("%s with %s came back to %s", name, ends, f.Return)
			}
		}
	}
	require.Len(t, mails, len(wanted)+strings.Count(strings.Join(names(mails), " "), "none-"), "every sample that is awaited is there")
	t.Logf("%d mails, %d wrong", len(mails), wrong)
}

func names(mails map[string][]byte) []string {
	var out []string
	for name := range mails {
		out = append(out, name)
	}
	return out
}

func TestReportsNameTheRecipientAndTheWords(t *testing.T) {
	t.Parallel()
	mails := corpus(t)
	f, _ := mail.ReadFeedback(mails["postfix-user-unknown"])
	require.Equal(t, journey.Feedback{Kind: journey.FeedbackHard, MessageID: reported, Return: verp, Recipient: "ann@example.net", Code: 550,
		Status: "5.1.1", Text: "550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown in virtual mailbox table"}, f)
	f, _ = mail.ReadFeedback(mails["postfix-smtputf8"])
	require.Equal(t, "jörg@example.net", f.Recipient)
	f, _ = mail.ReadFeedback(mails["arf-abuse"])
	require.Equal(t, journey.Feedback{Kind: journey.FeedbackComplaint, MessageID: reported, Return: verp, Recipient: "ann@example.net",
		Text: "abuse SomeGenerator/1.0"}, f)
	f, _ = mail.ReadFeedback(mails["qmail-no-mailbox"])
	require.Equal(t, "ann@example.net", f.Recipient)
	require.Equal(t, reported, f.MessageID)
}

func TestReportsOnHugeMessagesAreReadFromTheirBeginning(t *testing.T) {
	t.Parallel()
	raw := string(corpus(t)["postfix-user-unknown"])
	huge := strings.Replace(raw, "Hello Ann\n", strings.Repeat("Hello Ann, this goes on and on\n", 50_000), 1)
	require.Greater(t, len(huge), 1<<20)
	for _, cut := range []string{huge, huge[:1<<20], raw[:strings.Index(raw, "Hello Ann")]} {
		f, ok := mail.ReadFeedback([]byte(cut))
		require.True(t, ok)
		require.Equal(t, journey.FeedbackHard, f.Kind)
		require.Equal(t, reported, f.MessageID)
	}
	for _, torn := range []string{"Status: 5.1.1", "Action: failed", "Diagnostic-Code"} {
		_, ok := mail.ReadFeedback([]byte(raw[:strings.Index(raw, torn)]))
		require.False(t, ok, "torn before %s", torn)
	}
}

func FuzzReadFeedback(f *testing.F) {
	for _, raw := range corpus(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := mail.ReadFeedback(raw)
		if !ok {
			return
		}
		require.Contains(t, []journey.FeedbackKind{journey.FeedbackHard, journey.FeedbackSoft, journey.FeedbackComplaint}, got.Kind)
		for _, text := range []string{got.MessageID, got.Text, got.Status} { // what Postgres keeps
			require.NotContains(t, text, "\x00")
			require.NotContains(t, text, "\n")
			require.True(t, len(text) <= 2000, "%d bytes", len(text))
			require.Equal(t, strings.ToValidUTF8(text, ""), text)
		}
	})
}
