package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

const channelJourney = `
journey: table
name: Your table
topic: offers
enter: { when: { event: Signed Up } }
reentry: always
webhooks: { sms: { url: https://sms.example.com, secret_env: WEBHOOK_SMS } }
steps:
  - send: { message: ready, channel: sms, topic: transactional }
  - send: { message: offer, channel: push }
  - send: { message: letter }
`

// A customer who has no address gets what goes out by another channel, where she agreed to its topic; her mail says why it does not go.
func TestChannelNeedsNoAddressAndItsLaneIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknown, err := w.Unknown(t.Context(), journey.References{Webhooks: []string{"push"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"push"}, unknown.Webhooks, "publishing refuses an endpoint that nobody declares")
	_, _, err = w.PutEndpoint(t.Context(), "push", "https://push.example.com", "", journey.NewSecret(), journey.Actor{Name: "test"})
	require.NoError(t, err)
	w.publish(channelJourney)
	w.exec(`UPDATE settings SET live = true`)
	w.identify("ada", map[string]any{"topics": map[string]any{"offers": true}})
	w.exec(`UPDATE customers SET email = ''`)
	w.track("ada", "Signed Up", nil)
	w.step(w.enrollment("ada", "table"), journey.CauseStart)
	claim := func(lane string) []journey.Claimed {
		claimed, err := w.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: lane, Limit: 10, Lease: time.Minute})
		require.NoError(t, err)
		return claimed
	}
	assert.Empty(t, claim(journey.LaneMarketing), "the letter was not even queued")
	ready := claim(journey.LaneWebhookTransactional)
	require.Len(t, ready, 1)
	assert.Equal(t, &journey.Route{URL: "https://sms.example.com", SecretEnv: "WEBHOOK_SMS"}, ready[0].Route, "the file's")
	offer := claim(journey.LaneWebhookMarketing)
	require.Len(t, offer, 1)
	require.NotNil(t, offer[0].Route)
	assert.Equal(t, "https://push.example.com", offer[0].Route.URL, "the server's")
	assert.NotEmpty(t, offer[0].Route.Secret)
	assert.Equal(t, "entered send send not_sent exited", w.log(w.enrollment("ada", "table")))
}
