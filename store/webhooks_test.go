package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// subscribed has Ada enter a journey, with a webhook that is told of it.
func subscribed(t *testing.T) (w *world, id string) {
	t.Helper()
	w = newWorld(t)
	hook, err := w.AddWebhook(t.Context(), "https://crm.example.com", []string{journey.EventJourneyEntered}, "whsec_x", eraser)
	require.NoError(t, err)
	w.publish(winBack("always"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	w.step(w.enrollment("ada", "win-back"), journey.CauseStart)
	w.apply()
	return w, hook.ID
}

func (w *world) settleParcel(p journey.Parcel, reply journey.PostReply) {
	w.t.Helper()
	require.NoError(w.t, w.EndParcel(w.t.Context(), p.ID, p.Attempt, reply))
}

func TestWebhookIsToldWhatItAskedFor(t *testing.T) {
	t.Parallel()
	w, id := subscribed(t)
	list := w.parcels()
	require.Len(t, list, 1, "the event that it asked for, and no other")
	p := list[0]
	assert.Equal(t, "https://crm.example.com whsec_x", p.URL+" "+p.Secret)
	var body struct {
		ID, Type, Timestamp string
		Data                map[string]any
	}
	require.NoError(t, json.Unmarshal(p.Body, &body))
	assert.Equal(t, p.Event, body.ID)
	assert.Equal(t, journey.EventJourneyEntered, body.Type)
	assert.Equal(t, "2030-05-06T09:00:00.000000Z", body.Timestamp)
	assert.Equal(t, "win-back ada", body.Data["journey"].(string)+" "+body.Data["user_id"].(string))

	w.settleParcel(p, journey.PostReply{Status: 400, Reason: journey.ReasonStatus, Final: true})
	hook, err := w.Webhook(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "failing status 1", hook.State+" "+hook.Reason+" "+string(rune('0'+hook.Waiting)))
	assert.Empty(t, w.parcels(), "it is left alone for a while")
	w.wall.pass(5 * time.Second)
	list = w.parcels()
	require.Len(t, list, 1)
	w.settleParcel(list[0], journey.PostReply{Status: 200})
	hook, err = w.Webhook(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "active", hook.State)

	n, err := w.ReplayWebhook(t.Context(), id, w.wall.now().Add(-time.Hour), eraser)
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
	again := w.parcels()
	require.Len(t, again, 1)
	assert.Equal(t, p.Event, again[0].Event, "the same event has the same id")
	deliveries, err := w.WebhookDeliveries(t.Context(), id, "queued", journey.PageRequest{Limit: 10})
	require.NoError(t, err)
	require.Len(t, deliveries.Data, 1)
	assert.Equal(t, journey.EventJourneyEntered, deliveries.Data[0].Type)

	_, err = w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM parcels`))
}

func TestWebhookThatKeepsFailingIsDisabled(t *testing.T) {
	t.Parallel()
	w, id := subscribed(t)
	for range 60 {
		list := w.parcels()
		if len(list) == 0 {
			w.wall.pass(2 * time.Hour)
			continue
		}
		w.settleParcel(list[0], journey.PostReply{Reason: journey.ReasonUnreachable})
	}
	hook, err := w.Webhook(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "disabled unreachable", hook.State+" "+hook.Reason)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM audit WHERE verb = 'webhook.disable'`))
	w.track("ada", "Signed Up", nil)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM parcels WHERE state = 'queued'`), "nothing is written for it any more")
	_, err = w.ReplayWebhook(t.Context(), id, w.wall.now().Add(-time.Hour), eraser)
	assert.Equal(t, journey.CodeConflict, journey.CodeOf(err))
	on := true
	hook, err = w.ChangeWebhook(t.Context(), id, nil, nil, &on, eraser)
	require.NoError(t, err)
	assert.Equal(t, "active", hook.State)
	_, err = w.TestWebhook(t.Context(), id, eraser)
	require.NoError(t, err)
	list := w.parcels()
	require.Len(t, list, 1)
	assert.Contains(t, string(list[0].Body), journey.WebhookTest)
	w.settleParcel(list[0], journey.PostReply{Status: 410, Reason: journey.ReasonStatus, Final: true})
	hook, err = w.Webhook(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "disabled", hook.State, "410 is a word")
	require.NoError(t, w.DeleteWebhook(t.Context(), id, eraser))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM parcels`))
}
