package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
	"perennial/mailtest"
)

var body = []byte("Message-ID: <1@example.com>\r\nSubject: Hi\r\n\r\n.a line that begins with a dot\r\n")

func dial(t *testing.T, s *mailtest.Server, w mail.Waits) *mail.Conn {
	t.Helper()
	relay, err := mail.NewRelay(s.URL(), mail.RelayOptions{Waits: w})
	require.NoError(t, err)
	c, err := relay.Dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func pass(context.Context) error { return nil }

func TestSendKeepsTheConnection(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	c := dial(t, server, mail.Waits{})
	for range 3 {
		o := c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, pass)
		require.Equal(t, journey.OutcomeAccepted, o.Kind, o.Text)
	}
	got := server.WaitFor(t, 3)
	require.Equal(t, string(body), string(got[0].Raw))
	require.Equal(t, 1, server.Dials())
	require.Equal(t, map[string]int{"1@example.com": 3}, server.Counts())
	c.Quit()
	require.False(t, c.Usable())
}

// What each fault means, and whether the connection can still be used.
func TestSendClassifiesByPhase(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		rule   mailtest.Rule
		want   journey.Outcome
		usable bool
		taken  int
	}{
		{"greylisted", mailtest.Rule{Phase: mailtest.Rcpt, Reply: "450 4.2.0 later"},
			journey.Outcome{Kind: journey.OutcomeRetry, Code: 450, Text: "4.2.0 later"}, true, 0},
		{"no such user", mailtest.Rule{Phase: mailtest.Rcpt, Reply: "550 5.1.1 no such user"},
			journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonBounced, Suppress: true, Code: 550, Text: "5.1.1 no such user"}, true, 0},
		{"no such user, after the dot", mailtest.Rule{Phase: mailtest.Dot, Reply: "550 5.1.1 no such user"},
			journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonBounced, Suppress: true, Code: 550, Text: "5.1.1 no such user"}, true, 0},
		{"full", mailtest.Rule{Phase: mailtest.Rcpt, Reply: "552 5.2.2 mailbox full"},
			journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonRejected, Code: 552, Text: "5.2.2 mailbox full"}, true, 0},
		{"policy", mailtest.Rule{Phase: mailtest.Dot, Reply: "550 5.7.1 we do not like you"},
			journey.Outcome{Kind: journey.OutcomeSenderFault, Code: 550, Text: "5.7.1 we do not like you"}, true, 0},
		{"sender refused", mailtest.Rule{Phase: mailtest.Mail, Reply: "553 5.1.8 bad sender"},
			journey.Outcome{Kind: journey.OutcomeSenderFault, Code: 553, Text: "5.1.8 bad sender"}, true, 0},
		{"credentials gone", mailtest.Rule{Phase: mailtest.Mail, Reply: "535 5.7.8 bad credentials"},
			journey.Outcome{Kind: journey.OutcomeAuthFault, Code: 535, Text: "5.7.8 bad credentials"}, true, 0},
		{"closing", mailtest.Rule{Phase: mailtest.Mail, Reply: "421 4.3.2 closing"},
			journey.Outcome{Kind: journey.OutcomeRetry, Code: 421, Text: "4.3.2 closing"}, false, 0},
		{"closed at MAIL", mailtest.Rule{Phase: mailtest.Mail, Drop: true}, journey.Outcome{Kind: journey.OutcomeUnsent}, false, 0},
		{"closed at RCPT", mailtest.Rule{Phase: mailtest.Rcpt, Drop: true}, journey.Outcome{Kind: journey.OutcomeUnsent}, false, 0},
		{"closed at DATA", mailtest.Rule{Phase: mailtest.Data, Drop: true}, journey.Outcome{Kind: journey.OutcomeUnsent}, false, 0},
		{"closed after the dot", mailtest.Rule{Phase: mailtest.Dot, Drop: true}, journey.Outcome{Kind: journey.OutcomeUnknown}, false, 1},
		{"gibberish after the dot", mailtest.Rule{Phase: mailtest.Dot, Reply: "wat"}, journey.Outcome{Kind: journey.OutcomeUnknown}, false, 0},
		{"251 after the dot", mailtest.Rule{Phase: mailtest.Dot, Reply: "251 will forward"},
			journey.Outcome{Kind: journey.OutcomeAccepted, Code: 251, Text: "will forward"}, true, 1},
		{"too busy, after the dot", mailtest.Rule{Phase: mailtest.Dot, Reply: "451 4.3.0 try later"},
			journey.Outcome{Kind: journey.OutcomeRetry, Code: 451, Text: "4.3.0 try later"}, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewServer(t)
			server.Script(tc.rule)
			c := dial(t, server, mail.Waits{})
			require.Equal(t, tc.want, c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, pass))
			require.Equal(t, tc.usable, c.Usable())
			require.Len(t, server.Messages(), tc.taken)
		})
	}
}

func TestSendIsUnsentWhenClosedBetween354AndDot(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	server.Script(mailtest.Rule{Phase: mailtest.Body, Drop: true})
	c := dial(t, server, mail.Waits{})
	asked := 0
	long := append([]byte(nil), body...)
	long = append(long, []byte(strings.Repeat("filler line\r\n", 400_000))...) // more than the sockets' buffers hold
	o := c.Deliver(t.Context(), "shop@example.com", "ann@example.net", long, func(context.Context) error { asked++; return nil })
	require.Equal(t, journey.OutcomeUnsent, o.Kind)
	require.Zero(t, asked)
	require.Zero(t, server.Dots())
}

func TestSendIsCutWhenTheGateSaysNo(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	c := dial(t, server, mail.Waits{})
	o := c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, func(context.Context) error { return errors.New("paused") })
	require.Equal(t, journey.OutcomeRefused, o.Kind)
	require.False(t, c.Usable())
	require.Zero(t, server.Dots())
	require.Empty(t, server.Messages())
}

func TestSendAfterTheDotOutlivesItsContext(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	release := make(chan struct{})
	server.Script(mailtest.Rule{Phase: mailtest.Dot, Stall: release})
	c := dial(t, server, mail.Waits{})
	ctx, cancel := context.WithCancel(t.Context())
	o := c.Deliver(ctx, "shop@example.com", "ann@example.net", body, func(context.Context) error {
		time.AfterFunc(50*time.Millisecond, func() { close(release) })
		cancel()
		return nil
	})
	require.Equal(t, journey.OutcomeAccepted, o.Kind)
}

func TestSendWaitsOnlySoLong(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	server.Script(mailtest.Rule{Phase: mailtest.Dot, Stall: make(chan struct{})})
	c := dial(t, server, mail.Waits{Reply: 50 * time.Millisecond})
	require.Equal(t, journey.OutcomeUnknown, c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, pass).Kind)

	server.Reset()
	server.Script(mailtest.Rule{Phase: mailtest.Rcpt, Stall: make(chan struct{})})
	c = dial(t, server, mail.Waits{Command: 50 * time.Millisecond})
	require.Equal(t, journey.OutcomeUnsent, c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, pass).Kind)

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	c = dial(t, server, mail.Waits{})
	require.Equal(t, journey.OutcomeUnsent, c.Deliver(ctx, "shop@example.com", "ann@example.net", body, pass).Kind)
}

func TestDialFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule mailtest.Rule
		want journey.OutcomeKind
	}{
		{mailtest.Rule{Phase: mailtest.Banner, Reply: "421 4.3.2 too many connections"}, journey.OutcomeUnsent},
		{mailtest.Rule{Phase: mailtest.Banner, Reply: "554 5.7.1 your address is listed"}, journey.OutcomeSenderFault},
		{mailtest.Rule{Phase: mailtest.Banner, Drop: true}, journey.OutcomeUnsent},
		{mailtest.Rule{Phase: mailtest.Banner, Stall: make(chan struct{})}, journey.OutcomeUnsent},
		{mailtest.Rule{Phase: mailtest.Auth, Reply: "535 5.7.8 wrong"}, journey.OutcomeAuthFault},
	} {
		server := mailtest.NewServer(t)
		server.Script(tc.rule)
		relay, err := mail.NewRelay(strings.Replace(server.URL(), "//", "//me:secret-word@", 1),
			mail.RelayOptions{Waits: mail.Waits{Connect: 100 * time.Millisecond}})
		require.NoError(t, err)
		_, err = relay.Dial(t.Context())
		var refused *mail.DialError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, tc.want, refused.Outcome().Kind, tc.rule)
		require.NotContains(t, err.Error(), "secret-word")
	}
}

func TestRelayRefusesPlainTextAbroad(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"http://x:25", "smtp://", "smtp://u:secret-word@:25", "%"} {
		_, err := mail.NewRelay(raw, mail.RelayOptions{})
		require.Equal(t, journey.CodeInvalid, journey.CodeOf(err), raw)
		require.NotContains(t, err.Error(), "secret-word")
	}
}
