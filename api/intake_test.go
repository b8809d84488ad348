package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestEventsComeInOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	in := func(path string, body any, headers ...string) reply {
		return s.call(journey.RoleIngest, http.MethodPost, path, body, headers...)
	}
	first := in("/v1/track", m{"userId": "u1", "event": "Order Completed", "messageId": "m1", "properties": m{"total": 49}, "shop": "vienna"})
	assert.Equal(t, 202, first.status, first.body)
	again := in("/v1/track", m{"userId": "u1", "event": "Order Completed", "messageId": "m1", "properties": m{"total": 49}, "shop": "vienna"})
	assert.Equal(t, 200, again.status)
	assert.Equal(t, first.json["id"], again.json["id"])
	turned := in("/v1/track", `{"shop": "vienna", "properties": {"total": 49.0}, "messageId": "m1", "event": "Order Completed", "userId": "u1"}`)
	assert.Equal(t, 200, turned.status, "the same in another order")
	other := in("/v1/track", m{"userId": "u1", "event": "Order Completed", "messageId": "m1", "properties": m{"total": 50}, "shop": "vienna"})
	assert.Equal(t, 422, other.status)
	assert.Contains(t, other.body, "messageId")
	nameless := in("/v1/track", m{"userId": "u1", "event": "Page Viewed"})
	assert.Equal(t, 202, nameless.status)
	assert.NotEmpty(t, nameless.json["messageId"], "an id is made")
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM events`))

	seen := s.must(journey.RoleViewer, http.MethodGet, "/api/events/m1", nil)
	assert.Equal(t, first.json["id"], seen.json["id"])
	assert.Nil(t, seen.json["applied_at"])
	s.apply()
	seen = s.must(journey.RoleViewer, http.MethodGet, "/api/events/m1", nil)
	assert.NotNil(t, seen.json["applied_at"])
	assert.Contains(t, one[string](s, `SELECT context::text FROM events WHERE name = 'Order Completed'`), "vienna", "what nobody knows is kept")
	assert.Len(t, s.must(journey.RoleViewer, http.MethodGet, "/api/events?name=Order%20Completed", nil).json["data"], 1)
	assert.Equal(t, 202, in("/v1/track", pack(`{"userId":"u1","event":"Packed"}`), "Content-Encoding", "gzip").status)
}

func TestBatchTakesWhatIsRight(t *testing.T) {
	t.Parallel()
	s := open(t)
	batch := m{"batch": []any{
		m{"type": "identify", "userId": "u1", "messageId": "a", "traits": m{"email": "ada@example.com"}},
		m{"type": "track", "userId": "u1", "messageId": "b"},
		m{"type": "track", "userId": 7, "event": "E", "messageId": "c"},
		"nothing",
		m{"type": "group", "userId": "u1", "messageId": "d", "groupId": "g1", "traits": m{"name": "Looms"}},
		m{"type": "alias", "userId": "u1", "messageId": "e", "previousId": "anon"},
		m{"type": "sceen", "userId": "u1"},
	}}
	got := s.call(journey.RoleIngest, http.MethodPost, "/v1/batch", batch)
	require.Equal(t, 202, got.status, got.body)
	assert.Len(t, got.json["accepted"], 3)
	var indexes []float64
	for _, r := range got.json["rejected"].([]any) {
		indexes = append(indexes, r.(m)["index"].(float64))
	}
	assert.Equal(t, []float64{1, 2, 3, 6}, indexes)
	assert.Contains(t, got.body, "event")
	again := s.call(journey.RoleIngest, http.MethodPost, "/v1/batch", batch)
	assert.Equal(t, 200, again.status, "nothing new")
	none := s.call(journey.RoleIngest, http.MethodPost, "/v1/batch", m{"batch": []any{m{"type": "track", "userId": "u"}}})
	assert.Equal(t, 422, none.status)
	assert.Contains(t, none.body, "batch[0].event")
	s.apply()
	c := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:u1", nil)
	assert.Equal(t, "ada@example.com", c.json["email"])
}

func TestTimesOfEvents(t *testing.T) {
	t.Parallel()
	s := open(t)
	now := s.wall.now()
	send := func(id string, extra m) {
		e := m{"userId": "u1", "event": "E", "messageId": id}
		for k, v := range extra {
			e[k] = v
		}
		s.must(journey.RoleIngest, http.MethodPost, "/v1/track", e)
	}
	at := func(id string) time.Time {
		return one[time.Time](s, `SELECT happened_at FROM events JOIN event_ids ON event_id = id WHERE message_id = $1`, id).UTC()
	}
	send("plain", m{"timestamp": now.Add(-time.Hour)})
	send("skewed", m{"timestamp": now.Add(-9 * time.Hour), "sentAt": now.Add(-8 * time.Hour)})
	send("old", m{"timestamp": now.Add(-31 * 24 * time.Hour)})
	assert.Equal(t, now.Add(-time.Hour), at("plain"))
	assert.Equal(t, now.Add(-time.Hour), at("skewed"), "the caller's clock is eight hours behind")
	assert.Equal(t, []bool{true, false}, []bool{
		one[bool](s, `SELECT historical FROM events JOIN event_ids ON event_id = id WHERE message_id = 'old'`),
		one[bool](s, `SELECT historical FROM events JOIN event_ids ON event_id = id WHERE message_id = 'plain'`)})
}
