package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// A pause that ends by itself is told of in her stream, once, at its moment; one that somebody ended was told of then.
func TestPausesThatEndByThemselvesAreToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: letters", "name: Letters", "topic: offers", "enter: { when: { event: Asked } }", "reentry: always", "topics: { offers: { name: Offers } }",
		"steps: [ { wait: 90d } ]"))
	w.exec(`INSERT INTO topics (key, name) VALUES ('news', 'News')`)
	ada, ben := w.identify("ada", nil).ID, w.identify("ben", nil).ID
	w.track("ada", "Asked", nil)
	enrollment := w.enrollment("ada", "letters")
	until := w.wall.now().Add(30 * 24 * time.Hour)
	pause := func(scope journey.Scope, target string, until time.Time) {
		require.NoError(t, w.StartPause(t.Context(), journey.Pause{ID: journey.NewID(journey.PrefixPause), Scope: scope, Target: target, Reason: "asked", By: "Mara",
			Since: w.wall.now(), Until: &until, OnResume: journey.Keep}, eraser, nil))
	}
	require.NoError(t, w.Choose(t.Context(), ada, journey.Choice{Until: &until, Source: "test"}, eraser))
	pause(journey.ScopeEnrollment, enrollment, until.Add(time.Hour))
	pause(journey.ScopeCustomer, ben, until)
	pause(journey.ScopeJourney, "letters", until) // of nobody in particular
	_, err := w.EndPauses(t.Context(), journey.ScopeCustomer, ben, "", 0, eraser, nil)
	require.NoError(t, err)

	n, next, err := w.TellPausesOver(t.Context(), 10)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Equal(t, until, next.UTC())
	w.wall.pass(30*24*time.Hour + 2*time.Hour)
	assert.Empty(t, together(4, func(int) error { _, _, err := w.TellPausesOver(t.Context(), 10); return err }))
	_, next, err = w.TellPausesOver(t.Context(), 10)
	require.NoError(t, err)
	assert.Zero(t, next)
	assert.Equal(t, "customer_topic the customer [\"news\", \"offers\"], enrollment Mara "+enrollment, one[string](w, `
		SELECT string_agg(concat_ws(' ', properties->>'scope', properties->>'paused_by', properties->>'topics', properties->>'enrollment'), ', ' ORDER BY happened_at)
		FROM events WHERE name = 'Customer Resumed' AND customer_id = $1`, ada), "one event for what ends in one moment")
	assert.Equal(t, until, one[time.Time](w, `SELECT min(happened_at) FROM events WHERE name = 'Customer Resumed'`).UTC(), "at that moment, whenever it is told")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM events WHERE name = 'Customer Resumed' AND customer_id = $1`, ben))
}

// A journey that lets a topic of hers stand still says so in her stream, as everybody else who pauses her does.
func TestAStepThatPausesIsToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: quiet", "name: Quiet", "topic: transactional", "enter: { when: { event: Asked } }", "reentry: always", "topics: { offers: { name: Offers } }",
		"steps: [ { pause: { topics: [offers], for: 30d } } ]"))
	w.identify("ada", nil)
	w.track("ada", "Asked", nil)
	w.step(w.enrollment("ada", "quiet"), journey.CauseStart)
	assert.Equal(t, "customer_topic [\"offers\"] keep", one[string](w, `
		SELECT concat_ws(' ', properties->>'scope', properties->>'topics', properties->>'on_resume') FROM events WHERE name = 'Customer Paused'`))
}
