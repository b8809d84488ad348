package api

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func readingServer() *server {
	at := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	return &server{Deps: Deps{Clock: journey.NewClock(func() time.Time { return at }, journey.Epoch{Speed: 1}), Log: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry()}}
}

// readBoth reads an event as a plain one and as any other; what both take must be the same. It says whether it is plain.
func readBoth(t *testing.T, raw, kind string) bool {
	t.Helper()
	if soundText([]byte(raw)) != nil || !json.Valid([]byte(raw)) {
		return false
	}
	s := readingServer()
	around := &surroundings{sentAt: new(time.Date(2030, 5, 6, 8, 0, 0, 0, time.UTC))}
	plain, ok := s.readPlain(raw, kind, around)
	if !ok {
		return false
	}
	usual, err := s.readMessage([]byte(raw), kind, around)
	require.NoError(t, err, "a plain event is one that can be taken: %s", raw)
	written, err := usual.Written()
	require.NoError(t, err)
	assert.JSONEq(t, written.PropertiesJSON, plain.PropertiesJSON)
	assert.JSONEq(t, written.ContextJSON, plain.ContextJSON)
	checkNumbers(t, plain.PropertiesJSON)
	assert.Equal(t, usual.IsHistorical(), plain.IsHistorical())
	usual.Properties, usual.Context = nil, nil
	assert.Equal(t, usual, plain.Event)
	return true
}

// checkNumbers checks that each number is written with the digits with which it would be written again.
func checkNumbers(t *testing.T, object string) {
	t.Helper()
	for i := 0; i < len(object); {
		switch c := object[i]; {
		case c == '"':
			i = textEnd(object, i)
		case c == '-' || c >= '0' && c <= '9':
			end := valueEnd(object, i)
			n, err := strconv.ParseFloat(object[i:end], 64)
			require.NoError(t, err)
			require.Equal(t, strconv.FormatFloat(n, 'f', -1, 64), object[i:end])
			i = end
		default:
			i++
		}
	}
}

const plainEvent = `{"type":"track","messageId":"m-1","userId":"u1","event":"Order Completed","properties":{"total":49.5,"note":"a \"b\" \\ ü","products":[{"sku":"a","price":-2,
	"tiny":0.0000001}],"empty":{}},"context":{"locale":"de-AT","library":{"name":"x"}},"timestamp":"2030-05-06T08:59:00.123Z","integrations":{"All":true} }`

func TestPlainEventsAreReadLikeAllOthers(t *testing.T) {
	t.Parallel()
	assert.True(t, readBoth(t, plainEvent, ""))
	for _, raw := range []string{
		`{"userId":"u","event":"E"}`,
		` { "anonymousId" : "u" , "event" : "E" , "properties" : { } , "sentAt":"2030-05-06T08:00:00+02:00","originalTimestamp":"2030-05-06T07:00:00Z" } `,
		`{"userId":"u","event":"E","context":{},"userId":"v"}`,
	} {
		assert.True(t, readBoth(t, raw, journey.KindTrack), raw)
	}
	for _, raw := range []string{
		`{"userId":"u"}`, `{"event":"E"}`, `{"userId":7,"event":"E"}`, `{"userId":null,"event":"E"}`, `{"userid":"u","event":"E"}`, `[]`, `7`, `"text"`, `{}`,
		`{"userId":"u","event":"E","shop":"vienna"}`, `{"userId":"u","event":"\u0045"}`, `{"us\u0065rId":"u","event":"E"}`,
		`{"userId":"u","event":"E","properties":{"a":1e3}}`, `{"userId":"u","event":"E","properties":{"a":1.50}}`, `{"userId":"u","event":"E","properties":{"a":-0}}`,
		`{"userId":"u","event":"E","properties":{"a":1234567890123456}}`, `{"userId":"u","event":"E","properties":{"a":"\ud800"}}`,
		`{"userId":"u","event":"E","properties":[1]}`, `{"userId":"u","event":"E","properties":null}`, `{"userId":"u","event":"E","properties":{},"properties":{}}`,
		`{"userId":"u","event":"E","context":{"ip":"192.0.2.1"}}`, `{"userId":"u","event":"E","context":{"historical":true}}`,
		`{"userId":"u","event":"E","timestamp":"2030-05-08T09:00:00Z"}`, `{"userId":"u","event":"E","timestamp":"yesterday"}`, `{"userId":"u","event":"E","traits":{}}`,
	} {
		assert.False(t, readBoth(t, raw, journey.KindTrack), raw)
	}
	assert.False(t, readBoth(t, `{"userId":"u","event":"E"}`, journey.KindIdentify))
}

func FuzzReadPlainEvent(f *testing.F) {
	for _, seed := range []string{plainEvent, `{"userId":"u","event":"E","properties":{"a":[0.1,-1,"\\",{"b":null}]}}`, `[{}]`, ` {"a" : "\"" }`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) { readBoth(t, raw, journey.KindTrack) })
}

// A batch that is taken apart quickly has the events that it has when it is decoded.
func FuzzSplitBatch(f *testing.F) {
	for _, seed := range []string{`{"batch":[` + plainEvent + `, 7 ,"]"],"sentAt":"2030-05-06T08:00:00Z"}`, `{"batch":[],"context":{"a":1}}`, `{"batch":{}}`, `[]`, `{"Batch":[1],"batch":[2]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		quick, ok := splitBatch(raw)
		if !ok {
			return
		}
		slow, err := readBatch(raw)
		require.NoError(t, err)
		assert.Equal(t, slow, quick)
	})
}

// What an event costs before it reaches the database: its texts are parts of the body, and its objects are left as they came.
func TestAPlainEventAllocatesLittle(t *testing.T) {
	s := readingServer()
	cost := testing.AllocsPerRun(100, func() {
		if _, plain := s.readPlain(plainEvent, "", nil); !plain {
			t.Fatal("it is plain")
		}
	})
	assert.LessOrEqual(t, cost, 4.0)
	t.Logf("%v allocations", cost)
}
