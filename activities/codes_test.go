package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"perennial/journey"
)

type sqlError struct{}

func (sqlError) Error() string    { return "duplicate key value" }
func (sqlError) SQLState() string { return "23505" }

func TestCoded(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]struct {
		err   error
		code  journey.Code
		final bool
		log   string
	}{
		"a fault":     {fmt.Errorf("reading: %w", journey.Faultf(journey.CodeNotFound, "no enr_1")), journey.CodeNotFound, true, "no enr_1"},
		"gone":        {journey.Faultf(journey.CodeGone, "erased"), journey.CodeGone, true, "erased"},
		"away":        {journey.Faultf(journey.CodeUnavailable, "no connection"), journey.CodeUnavailable, false, "no connection"},
		"anything":    {errors.New("boom"), journey.CodeInternal, false, "boom"},
		"a deadline":  {fmt.Errorf("waiting: %w", context.DeadlineExceeded), journey.CodeUnavailable, false, "waiting"},
		"a statement": {fmt.Errorf("writing: %w", sqlError{}), journey.CodeInternal, false, "sqlstate=23505"},
		"wrapped":     {fmt.Errorf("ann@example.com: %w", temporal.NewApplicationError("conflict", "conflict")), journey.CodeInternal, false, "[address]"},
		"not of ours": {temporal.NewApplicationError("ann said no", "refusal"), journey.CodeInternal, false, "ann said no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			err := Coded(slog.New(slog.NewTextHandler(&log, nil)), "Advance", is.err)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(is.code), app.Message())
			require.Equal(t, string(is.code), app.Type())
			require.Equal(t, is.final, app.NonRetryable())
			require.Equal(t, is.code, CodeOf(err))
			require.NoError(t, app.Unwrap())
			require.Contains(t, log.String(), is.log)
			require.NotContains(t, log.String(), "ann@example.com")
			require.Equal(t, err, Coded(slog.New(slog.DiscardHandler), "again", err), "coding twice changes nothing")
		})
	}
	require.NoError(t, Coded(nil, "Advance", nil))
	require.Empty(t, CodeOf(errors.New("not coded")))
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`550 5.1.1 <ann.o'hara@example.com>: no mailbox`:           `550 5.1.1 <[address]>: no mailbox`,
		`dialling smtp://user:secret@relay.example:587/x: refused`: `dialling [url] refused`,
		`email=(ann@example.com) exists`:                           `email=([address]) exists`,
		`calling +43 660 123 45 67 failed`:                         `calling [number] failed`,
		`advancing enrollment enr_01a1ffaa-c7ce-7a3e: seq 7`:       `advancing enrollment enr_01a1ffaa-c7ce-7a3e: seq 7`,
	} {
		require.Equal(t, want, redact(text))
	}
}

// Whatever an activity does, a panic included, the worker's interceptor lets nothing out but a code.
func TestCodesHoldsEveryActivity(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{Codes(slog.New(slog.DiscardHandler))}})
	for name, do := range map[string]func(context.Context) error{
		"Fails":  func(context.Context) error { return errors.New("ann@example.com") },
		"Panics": func(context.Context) error { panic("ann@example.com") },
	} {
		env.RegisterActivityWithOptions(do, activity.RegisterOptions{Name: name})
		_, err := env.ExecuteActivity(name)
		require.NotContains(t, fmt.Sprintf("%+v", err), "ann")
		require.Equal(t, journey.CodeInternal, CodeOf(err))
	}
	env.RegisterActivityWithOptions(func(context.Context) (int, error) { return 7, nil }, activity.RegisterOptions{Name: "Works"})
	result, err := env.ExecuteActivity("Works")
	require.NoError(t, err)
	var got int
	require.NoError(t, result.Get(&got))
	require.Equal(t, 7, got)
}
