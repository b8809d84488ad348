package console

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Figures that take long are shown as they were last counted, with the moment, and counted again behind the page; others are of now.
func TestWhatTakesLongIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes time.Duration
		var counted atomic.Int64
		var away error
		r := &reports{clock: journey.NewClock(time.Now, journey.Epoch{}), count: func(context.Context, string) (journey.Report, error) {
			time.Sleep(takes) // of the bubble: nobody waits
			return journey.Report{Entered: int(counted.Add(1))}, away
		}}
		see := func() keptReport {
			got, err := r.of(t.Context(), "win-back")
			require.NoError(t, err)
			return got
		}
		for i := range 3 {
			got := see()
			assert.Equal(t, i+1, got.Entered)
			assert.Zero(t, got.At, "what is quick is of now")
		}
		takes = countingWait + time.Millisecond
		assert.True(t, see().Pending)
		time.Sleep(takes)
		assert.Equal(t, 4, see().Entered, "whoever went without gets what was counted meanwhile, though it is not worth keeping")
		takes = 3 * time.Second
		first := time.Now()
		assert.True(t, see().Pending, "who comes first is not kept waiting")
		assert.Equal(t, countingWait, time.Since(first))
		time.Sleep(3 * time.Second)
		got := see()
		assert.Equal(t, 5, got.Entered, "it is the one that was begun")
		assert.NotZero(t, got.At)
		time.Sleep(time.Minute)
		began := time.Now()
		assert.Equal(t, 5, see().Entered)
		assert.Equal(t, 5, see().Entered)
		assert.Zero(t, time.Since(began), "nobody waits for the new one")
		time.Sleep(4 * time.Second)
		assert.Equal(t, 6, see().Entered, "counted once, behind")
		time.Sleep(2 * keptMost)
		assert.True(t, see().Pending, "what is too old is not shown")
		time.Sleep(2*keptMost + time.Minute)
		synctest.Wait() // for who counts behind
		takes, away = 0, errors.New("away")
		_, err := r.of(t.Context(), "win-back")
		require.ErrorIs(t, err, away)
	})
}
