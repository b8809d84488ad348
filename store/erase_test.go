package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

var eraser = journey.Actor{ID: "test", Name: "the test", Role: journey.RoleSupport}

// A customer with a hundred thousand events is unreadable at once, and gone after a while, whoever dies in between.
func TestErasingManyEventsGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.identify("ada", nil)
	bea := w.identify("bea", nil)
	const many = 100_000
	w.exec(`INSERT INTO events (id, kind, customer_id, user_id, name, properties, happened_at, received_at, applied_at, number)
		SELECT 'evt_' || n, 'track', $1, 'ada', 'Page Viewed', '{"page": "ada"}', $2, $2, $2, 10 + n FROM generate_series(1, $3) n`, ada.ID, w.wall.now(), many)
	w.exec(`INSERT INTO event_ids (message_id, event_id, received_at) SELECT 'ada-' || n, 'evt_' || n, $1 FROM generate_series(1, $2) n`, w.wall.now(), many)
	w.exec(`ANALYZE events`)
	hers := func() int { return one[int](w, `SELECT count(*) FROM events WHERE customer_id = $1`, ada.ID) }
	require.Greater(t, hers(), many)

	began := time.Now()
	e, err := w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	t.Logf("the first transaction took %s, with %d events deleted", time.Since(began).Round(time.Millisecond), many-hers())
	assert.Equal(t, journey.ErasureRunning, e.State)
	assert.Greater(t, hers(), many/2, "it takes one page")

	// Nothing can be read of what is left, and what is accepted meanwhile is a new customer's.
	for _, id := range []string{"evt_99999", "ada-99999"} {
		_, err = w.Event(t.Context(), id)
		assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err), id)
	}
	list, err := w.Events(t.Context(), "Page Viewed", journey.PageRequest{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, list.Data)
	w.wall.pass(2 * time.Second)
	live, err := w.LiveTimeline(t.Context(), journey.PageRequest{Limit: 500})
	require.NoError(t, err)
	for _, entry := range live.Data {
		assert.Equal(t, bea.ID, entry.Customer)
	}
	w.track("ada", "Page Viewed", nil)
	anew, err := w.Customer(t.Context(), "user:ada")
	require.NoError(t, err)
	assert.NotEqual(t, ada.ID, anew.ID)

	again, err := w.Erase(t.Context(), ada.ID, "a letter", eraser)
	require.NoError(t, err)
	assert.Equal(t, journey.ErasureRunning, again.State, "asking again says how far it is")
	dying := w.open(store.Options{})
	n, err := dying.EraseRest(t.Context())
	require.NoError(t, err)
	assert.Positive(t, n)
	dying.Close() // whatever it had begun next is rolled back
	began = time.Now()
	for n > 0 {
		n, err = w.EraseRest(t.Context())
		require.NoError(t, err)
	}
	t.Logf("the rest took %s", time.Since(began).Round(time.Millisecond))
	assert.Zero(t, hers())
	assert.Zero(t, one[int](w, `SELECT count(*) FROM event_ids WHERE message_id LIKE 'ada-%'`))
	again, err = w.Erase(t.Context(), ada.ID, "a letter", eraser)
	require.NoError(t, err)
	assert.Equal(t, journey.ErasureDone, again.State)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM events WHERE customer_id = $1`, anew.ID), "the new customer keeps hers")
}

// An event that could not be applied is hers all the same, and so is one that waits.
func TestErasureTakesEventsThatWereNeverApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.identify("ada", nil)
	w.exec(`INSERT INTO events (id, kind, user_id, name, properties, happened_at, received_at, applied_at, outcome)
		VALUES ('evt_parked', 'track', 'ada', 'Odd', '{"secret": 1}', $1, $1, $1, '{"error": "internal", "detail": "secret"}')`, w.wall.now())
	w.accept(w.event("ada", "Waiting", map[string]any{"secret": 1}), journey.Event{Kind: journey.KindAlias, UserID: "eva", MessageID: w.id(),
		Properties: map[string]any{"previous_id": "ada"}}, w.event("bea", "Waiting", nil))
	_, err := w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM events`), "Bea's")
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM event_ids`))
	w.apply()
}

// Many messages go in the first transaction; it takes no longer than a request may.
func TestErasingManyMessagesIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("always"))
	ada := w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	w.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state,
			not_before_at, expires_at, queued_at, message_id, address, subject, bytes)
		SELECT 'msg_' || n, $1, 's', n, $2, 'email', 'win-back', 1, 'email-marketing', 'offers', 'we-miss-you', 'accepted', $3, $3, $3, n::text,
			'ada@example.com', 'Ada', convert_to(repeat('Ada ', 500), 'UTF8') FROM generate_series(1, 5000) n`, id, ada.ID, w.wall.now())
	began := time.Now()
	e, err := w.Erase(t.Context(), "user:ada", "a letter", eraser)
	require.NoError(t, err)
	t.Logf("5,000 messages: %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, journey.ErasureDone, e.State)
	assert.Equal(t, 5000, one[int](w, `SELECT count(*) FROM messages WHERE customer_id = 'cus_erased' AND bytes IS NULL AND address = '' AND subject = ''`))
}
