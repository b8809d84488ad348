package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Requests that come in together are committed together, and each hears of its own events.
func TestEventsOfManyCallersAreCommittedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var callers sync.WaitGroup
	for caller := range 60 {
		callers.Go(func() {
			for n := range 5 {
				out, err := w.AppendEvents(t.Context(), []journey.Event{
					{Kind: journey.KindTrack, UserID: "u", Name: "E", MessageID: fmt.Sprintf("%d-%d", caller, n)},
					{Kind: journey.KindTrack, UserID: "u", Name: "Shared", MessageID: fmt.Sprintf("shared-%d", n)},
				})
				if assert.NoError(t, err) && assert.Len(t, out, 2) {
					assert.False(t, out[0].Duplicate || out[0].Conflict || out[1].Conflict)
				}
			}
		})
	}
	callers.Wait()
	assert.Equal(t, int64(305), one[int64](w, `SELECT count(*) FROM events`), "what was said sixty times is there once")
}

// What Postgres cannot keep of one caller's event does not cost the others theirs.
func TestABadEventFailsItsOwnCallerOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var callers sync.WaitGroup
	var bad, good sync.Map
	for n := range 40 {
		callers.Go(func() {
			name := "E"
			if n%10 == 0 {
				name = "no\x00text"
			}
			_, err := w.AppendEvents(t.Context(), []journey.Event{{Kind: journey.KindTrack, UserID: "u", Name: name}})
			if err != nil {
				bad.Store(n, err)
			} else {
				good.Store(n, true)
			}
		})
	}
	callers.Wait()
	for n := range 40 {
		_, failed := bad.Load(n)
		require.Equal(t, n%10 == 0, failed, "caller %d", n)
	}
	assert.Equal(t, int64(36), one[int64](w, `SELECT count(*) FROM events`))
}

// Many events go in by COPY, few by INSERT: what is kept is the same, and so is what was said twice.
func TestManyEventsAreKeptAsFewAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var events []journey.Event
	for n := range 120 {
		e := journey.Event{Kind: journey.KindTrack, UserID: fmt.Sprintf("u-%d", n%7), Name: "Größe \"gewählt\"", MessageID: fmt.Sprint(n % 110),
			Properties: map[string]any{"n": float64(n % 110), "of": []any{"a\tb", nil, map[string]any{"x": "😀"}}}, Context: map[string]any{"historical": n%2 == 0}}
		switch n % 3 {
		case 0:
			e.UserID, e.AnonymousID = "", "visitor"
		case 1:
			e.At = time.Date(1969, 12, 31, 23, 59, 59, 123456000, time.UTC).Add(time.Duration(n%110) * 400 * journey.Day)
		}
		events = append(events, e)
	}
	for i := range events { // the same id says the same, but for one
		events[i].AnonymousID, events[i].UserID = events[i%110].AnonymousID, events[i%110].UserID
	}
	events[119].Name = "Something else"
	kept := func(portion int) (rows []string) {
		var out []journey.Acceptance
		for part := range slices.Chunk(events, portion) {
			accepted, err := w.AppendEvents(t.Context(), part)
			require.NoError(t, err)
			out = append(out, accepted...)
		}
		for n, a := range out {
			assert.Equal(t, n >= 110 && n != 119, a.Duplicate, n)
			assert.Equal(t, n == 119, a.Conflict, n)
			assert.Equal(t, out[n%110].EventID, a.EventID, "a twin is told of the first")
		}
		rows = list(w, `SELECT concat_ws('|', kind, customer_id IS NULL, user_id, anonymous_id, name, properties, context, happened_at, received_at, historical, applied_at IS NULL)
			FROM events ORDER BY seq`)
		w.exec(`TRUNCATE events, event_ids`)
		return rows
	}
	at := w.wall.now()
	for i := range events { // in the order in which they are given, whatever the clock says
		if events[i].At.IsZero() {
			events[i].At = at
		}
		events[i].ReceivedAt = at
	}
	few, many := kept(10), kept(len(events))
	require.Len(t, few, 110)
	assert.Equal(t, few, many)
}
