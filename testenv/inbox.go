package testenv

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Inbox is a mailbox with the part of Mailpit's REST interface that tests use, so that they run against Mailpit as well.
type Inbox struct {
	SMTPURL string
	URL     string
}

// Mail is one message in the inbox.
type Mail struct {
	ID        string
	MessageID string
	Subject   string
	To        []struct{ Address string }
}

// TheInbox returns the engine's inbox. It is shared: tests use addresses of their own.
func TheInbox(t testing.TB) Inbox {
	t.Helper()
	e := TheEngine(t)
	return Inbox{SMTPURL: e.SMTPURL, URL: e.InboxURL}
}

// To returns what was sent to an address, newest first.
func (i Inbox) To(t testing.TB, address string) []Mail {
	t.Helper()
	var list struct {
		Messages []Mail `json:"messages"`
	}
	require.NoError(t, json.Unmarshal(i.get(t, "/api/v1/search?limit=1000&query="+url.QueryEscape("to:"+address)), &list))
	return list.Messages
}

// Text returns the text part of a message.
func (i Inbox) Text(t testing.TB, id string) string {
	t.Helper()
	var body struct{ Text string }
	require.NoError(t, json.Unmarshal(i.get(t, "/api/v1/message/"+url.PathEscape(id)), &body))
	return body.Text
}

func (i Inbox) get(t testing.TB, path string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.URL+path, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", path, body)
	return body
}

// Eventually waits for a condition, looking every 20 ms, and fails the test with what was waited for when it does not come.
func Eventually(t testing.TB, within time.Duration, condition func() bool, what string, args ...any) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			require.Fail(t, fmt.Sprintf("waited %s for: %s", within, fmt.Sprintf(what, args...)))
		case <-tick.C:
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
