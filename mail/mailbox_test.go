package mail_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
)

// postOffice is an IMAP server with one user, whose mailbox and its URL it returns.
func postOffice(t *testing.T) (*imapmemserver.User, string) {
	t.Helper()
	user := imapmemserver.NewUser("bounces", "secret-word")
	require.NoError(t, user.Create("INBOX", nil))
	all := imapmemserver.New()
	all.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return all.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}}, InsecureAuth: true,
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return user, "imap://bounces:secret-word@" + listener.Addr().String()
}

func put(t *testing.T, user *imapmemserver.User, raw []byte) {
	t.Helper()
	_, err := user.Append("INBOX", literal{strings.NewReader(string(raw)), int64(len(raw))}, &imap.AppendOptions{})
	require.NoError(t, err)
}

type literal struct {
	*strings.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

func TestMailboxHandsOverWhatIsUnseenOnce(t *testing.T) {
	t.Parallel()
	user, address := postOffice(t)
	box, err := mail.NewMailbox(address)
	require.NoError(t, err)
	mails := corpus(t)
	for _, name := range []string{"postfix-user-unknown", "none-vacation", "arf-abuse"} {
		put(t, user, mails[name])
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

	put(t, user, mails["gmail-full"])
	_, err = box.Read(t.Context(), func(context.Context, []byte) error { return errors.New("the database is away") })
	require.ErrorContains(t, err, "the database is away")
	n, err = box.Read(t.Context(), take)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what could not be stored comes again")
	require.Equal(t, journey.FeedbackSoft, kinds[3])
}

func TestMailboxReadsTheBeginningOfWhatIsHuge(t *testing.T) {
	t.Parallel()
	user, address := postOffice(t)
	box, err := mail.NewMailbox(address + "/INBOX")
	require.NoError(t, err)
	put(t, user, append(corpus(t)["postfix-user-unknown"], []byte(strings.Repeat("filler line\n", 200_000))...))
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
	_, address := postOffice(t)
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
