package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"perennial/journey"
)

// Mailbox is where mail comes back to: a folder on an IMAP server, which is read from time to time.
type Mailbox struct {
	url    *url.URL
	folder string
}

// NewMailbox reads imaps://user:password@host:port/folder or imap://… (STARTTLS; without TLS on this machine alone). Ports default to
// 993 and 143, the folder to INBOX. Faults never quote the URL: it holds a password.
func NewMailbox(raw string) (*Mailbox, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User == nil || (u.Scheme != "imap" && u.Scheme != "imaps") {
		return nil, journey.Faultf(journey.CodeInvalid, "the mailbox URL is not imaps://user:password@host/folder or imap://…")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"imap": "143", "imaps": "993"}[u.Scheme])
	}
	m := &Mailbox{url: u, folder: strings.Trim(u.Path, "/")}
	if m.folder == "" {
		m.folder = "INBOX"
	}
	return m, nil
}

// Bounds of one look into the mailbox.
const (
	lookFor  = 2 * time.Minute
	lookMost = 500 // messages; the rest is read at the next look
)

// Read hands every unseen message to take, the oldest first, and marks those as seen that it has taken. When take fails, that
// message and those after it stay unseen. Of a very large one only the beginning is read.
func (m *Mailbox) Read(ctx context.Context, take func(ctx context.Context, raw []byte) error) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	c, err := m.open(ctx)
	if err != nil {
		return 0, fmt.Errorf("opening the mailbox: %w", err)
	}
	defer c.Close() //nolint:errcheck // what counts was marked by then
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil {
		return 0, fmt.Errorf("looking for unseen mail: %w", err)
	}
	uids := found.AllUIDs()
	for _, uid := range uids[:min(len(uids), lookMost)] {
		raw, err := fetch(c, uid)
		if err != nil {
			return n, err
		}
		if err := take(ctx, raw); err != nil {
			return n, err
		}
		seen := imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, Silent: true}
		if err := c.Store(imap.UIDSetNum(uid), &seen, nil).Close(); err != nil {
			return n, fmt.Errorf("marking a mail as seen: %w", err)
		}
		n++
	}
	return n, c.Logout().Wait()
}

func (m *Mailbox) open(ctx context.Context) (*imapclient.Client, error) {
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", m.url.Host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends what is pending; a closed one stays closed
	options := &imapclient.Options{}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: m.url.Hostname()}
	var c *imapclient.Client
	switch {
	case m.url.Scheme == "imaps":
		c = imapclient.New(tls.Client(conn, config), options)
	case loopback(m.url.Hostname()):
		c = imapclient.New(conn, options)
	default:
		options.TLSConfig = config
		if c, err = imapclient.NewStartTLS(conn, options); err != nil {
			_ = conn.Close() // nothing was said yet
			return nil, err
		}
	}
	password, _ := m.url.User.Password()
	if err := c.Login(m.url.User.Username(), password).Wait(); err != nil {
		_ = c.Close() // the refusal is what counts
		return nil, err
	}
	if _, err := c.Select(m.folder, nil).Wait(); err != nil {
		_ = c.Close() // the refusal is what counts
		return nil, err
	}
	return c, nil
}

// fetch reads the beginning of a message without marking it. One that has just been deleted is empty.
func fetch(c *imapclient.Client, uid imap.UID) ([]byte, error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: mostReport}}
	list, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return nil, fmt.Errorf("fetching a mail: %w", err)
	}
	for _, message := range list {
		for _, part := range message.BodySection {
			return part.Bytes, nil
		}
	}
	return nil, nil
}
