package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// told lets a journey tell the team of Ada.
func told(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	_, err := w.PutTeam(t.Context(), journey.Team{Key: "sales", Emails: []string{"a@shop.example", "b@shop.example"}, URL: "https://chat.example.com/secret"}, false, eraser)
	require.NoError(t, err)
	w.publish(yaml("journey: tells", "name: Tells", "topic: transactional", "enter: { when: { event: Signed Up } }", "reentry: always",
		`steps: [ { notify: { team: sales, text: "{{ customer.email }} signed up" } } ]`))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	require.Equal(t, journey.PlanDone, w.step(w.enrollment("ada", "tells"), journey.CauseStart).Kind)
	return w
}

func (w *world) parcels() []journey.Parcel {
	w.t.Helper()
	list, err := w.ClaimParcels(w.t.Context(), 10, time.Minute, false)
	require.NoError(w.t, err)
	return list
}

func TestTeamIsToldByEveryWayItHas(t *testing.T) {
	t.Parallel()
	w := told(t)
	list := w.parcels()
	require.Len(t, list, 3)
	ways := map[string]journey.Parcel{}
	for _, p := range list {
		assert.Equal(t, "ada@example.com signed up", p.Text)
		assert.False(t, p.Allowed, "before going live")
		ways[string(p.Kind)+" "+p.Address] = p
	}
	assert.Equal(t, "https://chat.example.com/secret", ways["notice "].URL)
	assert.Contains(t, ways, "mail b@shop.example")
	assert.Empty(t, w.parcels(), "they are under way")

	chat := ways["notice "]
	require.NoError(t, w.EndParcel(t.Context(), chat.ID, chat.Attempt, journey.PostReply{Status: 503, Reason: journey.ReasonStatus}))
	require.NoError(t, w.EndParcel(t.Context(), ways["mail a@shop.example"].ID, 1, journey.PostReply{Status: 250}))
	require.NoError(t, w.EndParcel(t.Context(), ways["mail b@shop.example"].ID, 1, journey.PostReply{Reason: journey.ReasonSandbox, Final: true}))
	w.wall.pass(5 * time.Second)
	again := w.parcels()
	require.Len(t, again, 1)
	assert.Equal(t, 2, again[0].Attempt)
	require.NoError(t, w.EndParcel(t.Context(), chat.ID, 1, journey.PostReply{Status: 200}), "an attempt that was given up")
	assert.Equal(t, "delivered:1 failed:1 queued:1", one[string](w, `SELECT string_agg(state || ':' || n, ' ' ORDER BY state) FROM (SELECT state, count(*) n FROM parcels GROUP BY 1) x`))
	waits := journey.ParcelWaits()
	for attempt := 2; attempt <= len(waits)+1; attempt++ {
		require.NoError(t, w.EndParcel(t.Context(), chat.ID, attempt, journey.PostReply{Reason: journey.ReasonTimeout}))
		w.wall.pass(28 * time.Hour)
		w.parcels()
	}
	assert.Equal(t, "failed timeout", one[string](w, `SELECT state || ' ' || reason FROM parcels WHERE kind = 'notice'`))
}

func TestTeamsAreToldNothingWhileSendingIsOff(t *testing.T) {
	t.Parallel()
	w := told(t)
	off, on := false, true
	_, err := w.SetSwitch(t.Context(), journey.Switch{Sending: &off})
	require.NoError(t, err)
	assert.Empty(t, w.parcels())
	list := []string{"@shop.example"}
	_, err = w.SetSwitch(t.Context(), journey.Switch{Sending: &on, AllowList: &list})
	require.NoError(t, err)
	claimed := w.parcels()
	require.Len(t, claimed, 3)
	for _, p := range claimed {
		assert.Equal(t, p.Kind == journey.ParcelMail, p.Allowed, "the allow-list knows the domain")
	}
}

func TestTeamsKeepTheirWebhookSecretAndGo(t *testing.T) {
	t.Parallel()
	w := told(t)
	v, err := w.PutTeam(t.Context(), journey.Team{Key: "sales", Name: "Sales"}, true, eraser)
	require.NoError(t, err)
	assert.True(t, v.Webhook, "it stays what it was")
	assert.Empty(t, v.Emails)
	unknown, err := w.Unknown(t.Context(), journey.References{Teams: []string{"sales", "ops"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"ops"}, unknown.Teams)
	require.NoError(t, w.DeleteTeam(t.Context(), "sales", eraser))
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(w.DeleteTeam(t.Context(), "sales", eraser)))

	_, err = w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM parcels`), "what was said of her goes with her")
}
