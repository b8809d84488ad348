package mail_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
	"perennial/mailtest"
)

func TestSendAsksForSMTPUTF8WhereAnAddressNeedsIt(t *testing.T) {
	t.Parallel()
	e := envelope()
	e.To = "jörg@example.net"
	international, err := mail.Compose(e)
	require.NoError(t, err)
	plain, err := mail.Compose(envelope())
	require.NoError(t, err)

	old := mailtest.NewServer(t)
	c := dial(t, old, mail.Waits{})
	o := c.Deliver(t.Context(), "bounces@example.com", e.To, international, pass)
	require.Equal(t, journey.Outcome{Kind: journey.OutcomeFailed, Reason: journey.ReasonNoUTF8}, o, "her address is not suppressed: another relay may take it")
	require.Equal(t, "the mail server takes no addresses with letters such as ü (SMTPUTF8)", journey.ReasonWords(o.Reason, ""))
	require.Empty(t, old.Messages())
	require.True(t, c.Usable(), "nothing was said to the relay")
	require.Equal(t, journey.OutcomeAccepted, c.Deliver(t.Context(), "bounces@example.com", "ann@example.net", plain, pass).Kind)

	able := mailtest.NewServer(t)
	able.Script(mailtest.Rule{Phase: mailtest.Hello, Reply: "250-mailtest\r\n250-8BITMIME\r\n250 SMTPUTF8"})
	c = dial(t, able, mail.Waits{})
	require.Equal(t, journey.OutcomeAccepted, c.Deliver(t.Context(), "bounces@example.com", e.To, international, pass).Kind)
	require.Equal(t, e.To, able.WaitFor(t, 1)[0].To)
}
