package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockIsRealTimeUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.FixedZone("", 3600))
	c := NewClock(func() time.Time { return at }, Epoch{})
	require.Equal(t, time.Date(2026, 3, 2, 8, 0, 0, 123456000, time.UTC), c.Now())
	require.Equal(t, 1.0, c.Speed())
	require.True(t, c.ToWall(at).Equal(at))
}

func TestClockRunsAsFastAsItIsTold(t *testing.T) {
	t.Parallel()
	open := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := open
	c := NewClock(func() time.Time { return at }, Epoch{Wall: open, Product: open, Speed: 86400})
	at = open.Add(3 * time.Second)
	require.Equal(t, open.AddDate(0, 0, 3), c.Now())
	require.Equal(t, open.Add(5*time.Second), c.ToWall(open.AddDate(0, 0, 5)))
}

func TestClockStandsStillAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	open := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := open
	c := NewClock(func() time.Time { return at }, Epoch{Wall: open, Product: open, Speed: 86400})
	c.Run(c.From(at), open.AddDate(0, 0, 2))
	at = open.Add(time.Second)
	require.Equal(t, open.AddDate(0, 0, 1), c.Now(), "it runs until the moment")
	at = open.Add(7 * time.Second)
	require.Equal(t, open.AddDate(0, 0, 2), c.Now(), "and stands still there")

	c.Run(c.From(at), open.AddDate(0, 0, 9))
	require.Equal(t, open.AddDate(0, 0, 2), c.Now(), "going on loses no moment and skips none")
	at = at.Add(3 * time.Second)
	require.Equal(t, open.AddDate(0, 0, 5), c.Now())
}
