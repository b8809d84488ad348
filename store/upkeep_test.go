package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

func TestUpkeepForgetsIdsOfEventsAfterTheirWindow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := testenv.Store(t, store.Options{Wall: func() time.Time { return now }})
	send := func() journey.Acceptance {
		got, err := s.AppendEvents(t.Context(), []journey.Event{{ID: journey.NewID(journey.PrefixEvent), MessageID: "m-1",
			Kind: journey.KindTrack, UserID: "u-1", Name: "Signed Up", At: now, ReceivedAt: now}})
		require.NoError(t, err)
		return got[0]
	}
	first := send()
	require.NoError(t, s.Upkeep(t.Context()))
	require.Equal(t, journey.Acceptance{EventID: first.EventID, Duplicate: true}, send(), "within the window")

	now = now.Add(31 * 24 * time.Hour)
	require.NoError(t, s.Upkeep(t.Context()))
	require.False(t, send().Duplicate, "after the window")
}
