package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
	"perennial/mailtest"
)

func TestMailboxHandsOverWhatIsUnseenOnce(t *testing.T) {
	t.Parallel()
	inbox := mailtest.NewMailbox(t)
	box, err := mail.NewMailbox(inbox.URL)
	require.NoError(t, err)
	mails := corpus(t)
	for _, name := range []string{"postfix-user-unknown", "none-vacation", "arf-abuse"} {
		inbox.Put(t, mails[name])
	}
	var kinds []journey.FeedbackKind
	take := func(_ context.Context, raw []byte) error {
		f, _ := mail.ReadFeedback(raw)
		kinds = append(kinds, f.Kind)
		return nil
	}
	n, err := box.Read(t.Context(), take)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, []journey.FeedbackKind{journey.FeedbackHard, "", journey.FeedbackComplaint}, kinds)
	n, err = box.Read(t.Context(), take)
	require.NoError(t, err)
	require.Zero(t, n, "all of it was seen")

	inbox.Put(t, mails["gmail-full"])
	_, err = box.Read(t.Context(), func(context.Context, []byte) error { return errors.New("the database is away") })
	require.ErrorContains(t, err, "the database is away")
	n, err = box.Read(t.Context(), take)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what could not be stored comes again")
	require.Equal(t, journey.FeedbackSoft, kinds[3])
}

func TestMailboxReadsTheBeginningOfWhatIsHuge(t *testing.T) {
	t.Parallel()
	inbox := mailtest.NewMailbox(t)
	box, err := mail.NewMailbox(inbox.URL + "/INBOX")
	require.NoError(t, err)
	inbox.Put(t, append(corpus(t)["postfix-user-unknown"], []byte(strings.Repeat("filler line\n", 200_000))...))
	n, err := box.Read(t.Context(), func(_ context.Context, raw []byte) error {
		require.LessOrEqual(t, len(raw), 1<<20)
		f, _ := mail.ReadFeedback(raw)
		require.Equal(t, journey.FeedbackHard, f.Kind)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestMailboxFaultsNameNoPassword(t *testing.T) {
	t.Parallel()
	address := mailtest.NewMailbox(t).URL
	for _, raw := range []string{strings.Replace(address, "secret-word", "wrong-secret-word", 1), address + "/nowhere",
		"imap://bounces:secret-word@127.0.0.1:1"} {
		box, err := mail.NewMailbox(raw)
		require.NoError(t, err)
		_, err = box.Read(t.Context(), func(context.Context, []byte) error { return nil })
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret-word")
	}
	for _, raw := range []string{"", "imaps://", "https://bounces:secret-word@x", "imaps://host", "%"} {
		_, err := mail.NewMailbox(raw)
		require.Equal(t, journey.CodeInvalid, journey.CodeOf(err), raw)
		require.NotContains(t, err.Error(), "secret-word")
	}
}
