package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// The stories count every mail that comes to them on an empty stage, so the past may bring nobody into a journey on its own.
func TestThePastOfTheDemoIsOverAndQuiet(t *testing.T) {
	t.Parallel()
	open := time.Date(2026, 11, 22, 8, 57, 0, 0, time.UTC)
	ids, last := map[string]bool{}, map[string]time.Time{}
	for _, m := range past(open) {
		id := m["messageId"].(string)
		assert.False(t, ids[id], id)
		ids[id] = true
		assert.Equal(t, map[string]any{"historical": true}, m["context"])
		at, err := time.Parse(time.RFC3339, m["timestamp"].(string))
		require.NoError(t, err)
		assert.True(t, at.Before(open) && at.After(open.Add(-(pastDays+2)*journey.Day)), "%v", m)
		if who := m["userId"].(string); m["event"] == "Order Completed" && at.After(last[who]) {
			last[who] = at
		}
	}
	assert.Len(t, last, pastCustomers)
	for who, at := range last {
		assert.True(t, at.After(open.Add(-55*journey.Day)), "%s has been quiet since %s, and would be won back at once", who, at)
	}
	assert.Equal(t, past(open), past(open), "a play that was cut off tells the same again")
}
