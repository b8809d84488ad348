package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/analytics-go/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Segment's own client for Node works when it is pointed here, unchanged.
func TestSegmentsNodeClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	here := httptest.NewServer(s.http)
	defer here.Close()
	play := exec.CommandContext(t.Context(), "node", "play.mjs", here.URL, s.keys[journey.RoleIngest])
	play.Dir = filepath.Join("..", ".cache", "segment-node")
	out, err := play.CombinedOutput()
	require.NoError(t, err, "%s\n(tools/need-segment-client brings it)", out)
	s.apply()
	she := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:node-1", nil)
	assert.Equal(t, "ada@example.com", she.json["email"])
	assert.Equal(t, "Europe/Vienna", she.json["timezone"])
	assert.Equal(t, "de-AT", she.json["locale"])
	attributes := she.json["attributes"].(m)
	assert.Equal(t, "pro", attributes["plan"])
	assert.InDelta(t, 49.5, attributes["total_spent"], 0)
	assert.Equal(t, "order-17", s.must(journey.RoleViewer, http.MethodGet, "/api/events/order-17", nil).json["message_id"])
	assert.Equal(t, 7, one[int](s, `SELECT count(*) FROM events WHERE number IS NOT NULL AND kind <> 'own'`))
	assert.Equal(t, 1, one[int](s, `SELECT count(DISTINCT customer_id) FROM events`), "the visitor, the user and the old id are one")
	assert.Equal(t, "Pricing", one[string](s, `SELECT properties->>'name' FROM events WHERE name = 'Page Viewed'`))
	assert.True(t, one[bool](s, `SELECT historical FROM events WHERE name = 'Old Order'`))
	assert.Equal(t, "team", one[string](s, `SELECT attributes->>'plan' FROM accounts WHERE external_id = 'looms'`))
	assert.Zero(t, one[int](s, `SELECT count(*) FROM events WHERE context::text LIKE '%203.0.113%'`), "her address on the net is not kept")
}

// So does the one for Go.
func TestSegmentsGoClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	here := httptest.NewServer(s.http)
	defer here.Close()
	heard := &outcomes{failed: make(chan error, 10)}
	client, err := analytics.NewWithConfig(s.keys[journey.RoleIngest], analytics.Config{Endpoint: here.URL, Callback: heard, BatchSize: 4})
	require.NoError(t, err)
	for _, message := range []analytics.Message{
		analytics.Page{AnonymousId: "browser-2", Name: "Home"},
		analytics.Identify{UserId: "go-1", AnonymousId: "browser-2", Traits: analytics.NewTraits().SetEmail("grace@example.com").SetFirstName("Grace"),
			Context: &analytics.Context{Timezone: "America/New_York", Locale: "en-US"}},
		analytics.Track{UserId: "go-1", Event: "Checkout Started", MessageId: "checkout-9", Properties: analytics.NewProperties().SetRevenue(12)},
		analytics.Track{UserId: "go-1", Event: "Checkout Started", MessageId: "checkout-9", Properties: analytics.NewProperties().SetRevenue(12)},
		analytics.Screen{UserId: "go-1", Name: "Basket"},
		analytics.Group{UserId: "go-1", GroupId: "navy", Traits: analytics.NewTraits().SetName("Navy")},
		analytics.Alias{PreviousId: "go-0", UserId: "go-1"},
	} {
		require.NoError(t, client.Enqueue(message))
	}
	require.NoError(t, client.Close())
	close(heard.failed)
	for err := range heard.failed {
		require.NoError(t, err)
	}
	s.apply()
	she := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:go-1", nil)
	assert.Equal(t, "grace@example.com", she.json["email"])
	assert.Equal(t, "America/New_York", she.json["timezone"])
	assert.Equal(t, 6, one[int](s, `SELECT count(*) FROM events WHERE number IS NOT NULL AND kind <> 'own'`), "the same messageId twice is one event")
	assert.WithinDuration(t, s.wall.now(), one[time.Time](s, `SELECT max(happened_at) FROM events`), 30*time.Second,
		"the client's clock is four years off, and says so by sentAt")
}

type outcomes struct{ failed chan error }

func (o *outcomes) Success(analytics.Message)              {}
func (o *outcomes) Failure(_ analytics.Message, err error) { o.failed <- err }

func TestGzipWhateverTheHeadersSay(t *testing.T) {
	t.Parallel()
	s := open(t)
	event := `{"userId":"u1","event":"Packed"}`
	in := func(body any, headers ...string) reply {
		return s.call(journey.RoleIngest, http.MethodPost, "/v1/track", body, headers...)
	}
	assert.Equal(t, 202, in(pack(event)).status, "no header at all")
	assert.Equal(t, 202, in(pack(event), "Content-Type", "text/plain").status)
	assert.Equal(t, 202, in(pack(event), "Content-Type", "application/gzip", "Content-Encoding", "x-gzip").status)
	assert.Equal(t, 400, in(event, "Content-Encoding", "gzip").status, "it says gzip and is none")
	assert.Equal(t, 400, in([]byte{0x1f, 0x8b, 1, 2, 3}).status)
	assert.Equal(t, 413, in(pack(`{"userId":"`+string(bytes.Repeat([]byte("a"), 64<<20))+`"}`)).status, "a bomb")
}

func TestAnEventSaysWhatItDid(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("u1")
	s.wall.pass(time.Hour)
	words := func(id string) []any {
		return s.must(journey.RoleViewer, http.MethodGet, "/api/events/"+id, nil).json["words"].([]any)
	}
	track := func(id, name string, extra m) {
		e := m{"userId": "u1", "event": name, "messageId": id}
		for k, v := range extra {
			e[k] = v
		}
		s.must(journey.RoleIngest, http.MethodPost, "/v1/track", e)
	}
	track("again", "Signed Up", nil)
	track("order", "Order Completed", m{"properties": m{"total": 20}})
	track("typo", "Order Placed", nil)
	track("old", "Signed Up", m{"context": m{"historical": true}})
	assert.Equal(t, []any{"accepted, and not applied yet"}, words("order"))
	s.apply()
	assert.Regexp(t, `^she entered win-back \(enr_|^she did not enter win-back: she is in it$`, words("again")[0])
	assert.Contains(t, words("order"), "woke win-back ("+enrollment+"), which listens to it")
	assert.Contains(t, words("order"), "changed orders_count")
	assert.Contains(t, words("typo"), "no live journey starts with Order Placed")
	assert.Contains(t, words("old")[0], "it is history")
	assert.NotEmpty(t, customer)

	names := s.must(journey.RoleViewer, http.MethodGet, "/api/events/names?limit=2", nil)
	first := names.json["data"].([]any)[0].(m)
	assert.Empty(t, first["used_by"], "what came up last, and nobody looks at: %v", first)
	rest := s.must(journey.RoleViewer, http.MethodGet, "/api/events/names?cursor="+names.json["next"].(string), nil)
	assert.Contains(t, names.body+rest.body, `"used_by":["win-back"]`)
	assert.NotContains(t, names.body+rest.body, "Journey Entered", "our own are no news")
}

func TestNoBrowserMayAsk(t *testing.T) {
	t.Parallel()
	s := open(t)
	got := s.call("", http.MethodOptions, "/v1/track", nil, "Origin", "https://shop.example", "Access-Control-Request-Method", "POST")
	assert.Equal(t, 405, got.status)
	assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), "an ingest key is a secret: it has no place in a page")
}
