package mail_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
	"perennial/mailtest"
)

// pipelining makes a relay offer it; it refuses DATA where there is no recipient, as relays do.
func pipelining(server *mailtest.Server, rules ...mailtest.Rule) {
	server.Script(append(rules, mailtest.Rule{Phase: mailtest.Hello, Reply: "250-mailtest\r\n250-PIPELINING\r\n250 8BITMIME"})...)
}

func TestSendPipelinesWhereTheRelayOffersIt(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	pipelining(server)
	c := dial(t, server, mail.Waits{})
	dotted := []byte(".first\r\nMessage-ID: <1@example.com>\r\n\r\n..two\r\nno.dot\r\n.\r\n.last\r\n")
	for range 3 {
		o := c.Deliver(t.Context(), "shop@example.com", "ann@example.net", dotted, pass)
		require.Equal(t, journey.OutcomeAccepted, o.Kind, o.Text)
	}
	got := server.WaitFor(t, 3)
	require.Equal(t, string(dotted), string(got[2].Raw))
	require.Equal(t, "ann@example.net", got[2].To)
	require.Equal(t, 1, server.Dials())
}

// A refusal is that of its own phase, whatever the relay says to the commands that came with it.
func TestSendPipelinedClassifiesByPhase(t *testing.T) {
	t.Parallel()
	noRecipient := mailtest.Rule{Phase: mailtest.Data, Reply: "554 5.5.1 no valid recipients"}
	for _, tc := range []struct {
		name   string
		rules  []mailtest.Rule
		kind   journey.OutcomeKind
		code   int
		usable bool
	}{
		{"recipient refused", []mailtest.Rule{{Phase: mailtest.Rcpt, Reply: "550 5.1.1 no such user"}, noRecipient}, journey.OutcomeFailed, 550, true},
		{"greylisted", []mailtest.Rule{{Phase: mailtest.Rcpt, Reply: "450 4.2.0 later"}, noRecipient}, journey.OutcomeRetry, 450, true},
		{"sender refused", []mailtest.Rule{{Phase: mailtest.Mail, Reply: "553 5.1.8 bad sender"}, noRecipient}, journey.OutcomeSenderFault, 553, true},
		{"refused, and the body is wanted", []mailtest.Rule{{Phase: mailtest.Rcpt, Reply: "450 4.2.0 later"}}, journey.OutcomeRetry, 450, false},
		{"data refused", []mailtest.Rule{{Phase: mailtest.Data, Reply: "451 4.3.0 busy"}}, journey.OutcomeRetry, 451, true},
		{"closed at MAIL", []mailtest.Rule{{Phase: mailtest.Mail, Drop: true}}, journey.OutcomeUnsent, 0, false},
		{"closed at RCPT", []mailtest.Rule{{Phase: mailtest.Rcpt, Drop: true}}, journey.OutcomeUnsent, 0, false},
		{"closed at DATA", []mailtest.Rule{{Phase: mailtest.Data, Drop: true}}, journey.OutcomeUnsent, 0, false},
		{"refused, then closed", []mailtest.Rule{{Phase: mailtest.Mail, Reply: "421 4.3.2 closing"}, {Phase: mailtest.Rcpt, Drop: true}},
			journey.OutcomeRetry, 421, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewServer(t)
			pipelining(server, tc.rules...)
			c := dial(t, server, mail.Waits{})
			asked := false
			o := c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, func(context.Context) error { asked = true; return nil })
			require.Equal(t, tc.kind, o.Kind)
			require.Equal(t, tc.code, o.Code)
			require.Equal(t, tc.usable, c.Usable())
			require.False(t, asked)
			require.Empty(t, server.Messages())
			if tc.usable { // the connection is in step
				server.Reset()
				require.Equal(t, journey.OutcomeAccepted, c.Deliver(t.Context(), "shop@example.com", "ann@example.net", body, pass).Kind)
			}
		})
	}
}

func TestSendRefusesAnAddressThatIsACommand(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	c := dial(t, server, mail.Waits{})
	for _, to := range []string{"ann@example.net>\r\nRCPT TO:<eve@example.net", "ann@example.net\nDATA", strings.Repeat("a", 10) + ">@example.net"} {
		require.Equal(t, journey.OutcomeUnsent, c.Deliver(t.Context(), "shop@example.com", to, body, pass).Kind)
	}
	require.Empty(t, server.Messages())
}
