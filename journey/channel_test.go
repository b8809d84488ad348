package journey

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChannelIsAnEndpoint(t *testing.T) {
	t.Parallel()
	const src = head + "steps: [ { send: { message: hi, channel: sms } }, { send: { message: letter, channel: email } } ]"
	d, problems := Parse("channel.yaml", []byte(src))
	require.Empty(t, problems.Errors())
	assert.Equal(t, "sms", d.Steps[0].Send.Channel)
	assert.Empty(t, d.Steps[1].Send.Channel, "email is what a message goes out by anyway")
	assert.Equal(t, []string{"sms"}, d.References().Webhooks)
	_, more := d.Steps[0].Words()
	assert.Contains(t, more.String(), "sms")
	s := tell(t, src)
	s.facts.Customer.Email, s.facts.Suppressed = "", true
	s.advance()
	assert.Equal(t, []string{"0d hi"}, s.sent(), "no address is needed, and none is suppressed")
	failed := MessageSummary{State: MessageFailed, Channel: "sms", Reason: ReasonStatus, ReplyCode: 422, Template: "hi"}
	assert.Equal(t, "not sent: the endpoint answered 422 (message hi)", MessageWords(failed))
}
