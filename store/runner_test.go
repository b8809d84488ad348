package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/testenv"
)

// Two processes run intake on one database: what one accepts is applied, whoever does it.
func TestRunnersApplyWhatComesIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		r := &intake.Runner{Inbox: w.Store, Wall: w.Clock().Wall, Log: slog.New(slog.DiscardHandler)}
		go func() { done <- r.Run(ctx) }()
	}
	for i := range 10 {
		w.accept(w.event("ada", "A", nil), w.event("bo", "A", nil))
		testenv.Eventually(t, 20*time.Second, func() bool {
			return one[int](w, `SELECT count(*) FROM events WHERE number IS NOT NULL`) == 2*(i+1)
		}, "the events of round %d to be applied", i)
	}
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}
