package intake_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

// inbox counts how often it is looked at.
type inbox struct {
	waiting, looks atomic.Int64
	failing        atomic.Bool
	grown          chan struct{}
}

func (b *inbox) ApplyInbox(_ context.Context, _ func(journey.Customer, journey.Event) journey.Change, limit int) (int, error) {
	b.looks.Add(1)
	if b.failing.Load() {
		return 0, errors.New("the database is away")
	}
	n := min(b.waiting.Load(), int64(limit))
	b.waiting.Add(-n)
	return int(n), nil
}

func (b *inbox) TendSegments(context.Context, int) (int, time.Time, error) {
	return 0, time.Time{}, nil
}

func (b *inbox) Listen(context.Context, string) <-chan struct{} { return b.grown }

func TestRunnerAppliesWhenToldAndFromTimeToTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &inbox{grown: make(chan struct{}, 1)}
		b.waiting.Store(1200)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		r := &intake.Runner{Inbox: b, Wall: time.Now, Log: slog.New(slog.DiscardHandler)}
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		assert.Zero(t, b.waiting.Load(), "what was there when it began")

		b.waiting.Store(3)
		b.grown <- struct{}{}
		synctest.Wait()
		assert.Zero(t, b.waiting.Load(), "what it was told of")

		b.waiting.Store(3)
		advance(t, 2*time.Second)
		assert.Zero(t, b.waiting.Load(), "what it was not told of")

		b.failing.Store(true)
		before := b.looks.Load()
		advance(t, time.Minute)
		tries := b.looks.Load() - before
		assert.Less(t, tries, int64(20), "it backs off")
		b.failing.Store(false)
		b.waiting.Store(3)
		advance(t, 11*time.Second)
		assert.Zero(t, b.waiting.Load(), "and comes back by itself")
		cancel()
		require.NoError(t, <-done)
	})
}

// advance lets the bubble's time pass.
func advance(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}
