package store_test

import (
	"fmt"
	"sync"
	"testing"

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
