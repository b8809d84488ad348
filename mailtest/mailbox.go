package mailtest

import (
	"bytes"
	"net"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/require"
)

// Mailbox is the inbox of one user of an IMAP server.
type Mailbox struct {
	URL  string // imap://bounces:secret-word@…
	user *imapmemserver.User
}

// NewMailbox starts the server. It ends with the test.
func NewMailbox(t testing.TB) *Mailbox {
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
	return &Mailbox{URL: "imap://bounces:secret-word@" + listener.Addr().String(), user: user}
}

// Put delivers a mail.
func (m *Mailbox) Put(t testing.TB, raw []byte) {
	t.Helper()
	_, err := m.user.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{})
	require.NoError(t, err)
}

// Unseen counts what nobody has read.
func (m *Mailbox) Unseen(t testing.TB) int {
	t.Helper()
	status, err := m.user.Status("INBOX", &imap.StatusOptions{NumUnseen: true})
	require.NoError(t, err)
	return int(*status.NumUnseen)
}

// literal is a mail as IMAP takes it: its length is known before.
type literal struct{ *bytes.Reader }
