package intake_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
)

// reports answers CountReports with what it holds, and then with nothing.
type reports struct {
	answers []any // int or error
	asked   []time.Time
}

func (r *reports) CountReports(context.Context, int) (int, error) {
	r.asked = append(r.asked, time.Now())
	if len(r.answers) == 0 {
		return 0, nil
	}
	next := r.answers[0]
	r.answers = r.answers[1:]
	if err, is := next.(error); is {
		return 0, err
	}
	return next.(int), nil
}

// Full batches follow without a pause; otherwise it looks every two seconds; after an error it waits longer each time, and goes on.
func TestReportsAreKeptUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the database is away")
		r := &reports{answers: []any{500, 500, 3, 0, away, away, 7}}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		begun := time.Now()
		require.NoError(t, (&intake.ReportRunner{Reports: r, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}).Run(ctx))
		var at []time.Duration
		for _, asked := range r.asked {
			at = append(at, asked.Sub(begun).Round(10*time.Millisecond))
		}
		assert.Equal(t, []time.Duration{0, 0, 0, 2 * time.Second, 4 * time.Second, 4100 * time.Millisecond, 4300 * time.Millisecond,
			6300 * time.Millisecond}, at)
	})
}
