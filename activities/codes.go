package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"perennial/journey"
)

// Coded turns an error into what Temporal may know of it: an ApplicationError whose type and message are the code. The text
// goes to the log under op, redacted. What is gone stays gone, so not_found and gone are final; everything else is worth another
// try, if only with the next release. An error that is coded already is returned as it is.
func Coded(log *slog.Logger, op string, err error) error {
	if err == nil {
		return nil
	}
	if isCoded(err) {
		return err
	}
	code := codeOf(err)
	attrs := []any{"op", op, "code", string(code), "error", redact(err.Error())}
	var sql interface{ SQLState() string }
	if errors.As(err, &sql) {
		attrs = append(attrs, "sqlstate", sql.SQLState())
	}
	log.Warn("activity is answering with a code", attrs...)
	if final(code) {
		return temporal.NewNonRetryableApplicationError(string(code), string(code), nil)
	}
	return temporal.NewApplicationError(string(code), string(code))
}

// CodeOf returns the code that an activity answered with, as a workflow sees it: "" for nil and for what is not of ours, such
// as a timeout.
func CodeOf(err error) journey.Code {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return journey.Code(app.Type())
	}
	return ""
}

func codeOf(err error) journey.Code {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return journey.CodeUnavailable
	}
	return journey.CodeOf(err)
}

func final(code journey.Code) bool { return code == journey.CodeNotFound || code == journey.CodeGone }

// isCoded looks at the error itself, not inside it: what wraps a coded error has a text of its own.
func isCoded(err error) bool {
	app, ok := err.(*temporal.ApplicationError) //nolint:errorlint // see above
	return ok && app.Message() == app.Type() && app.Unwrap() == nil && !app.HasDetails()
}

var personal = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`), "[url]"},
	{regexp.MustCompile(`[^\s"<>()=:,;]+@[^\s"<>()=:,;]+`), "[address]"},
	{regexp.MustCompile(`\+[0-9][0-9 ()./-]{5,}[0-9]`), "[number]"},
}

// redact takes out what names a person or opens a door: addresses, telephone numbers, URLs (tokens, passwords).
func redact(text string) string {
	for _, p := range personal {
		text = p.pattern.ReplaceAllString(text, p.instead)
	}
	return text
}

// Codes returns the interceptor that holds every activity of a worker to Coded, panics included: nobody can forget it.
func Codes(log *slog.Logger) interceptor.WorkerInterceptor { return &codes{log: log} }

type codes struct {
	interceptor.WorkerInterceptorBase
	log *slog.Logger
}

// InterceptActivity is called once per execution of an activity.
func (c *codes) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &coder{log: c.log}
	in.Next = next
	return in
}

type coder struct {
	interceptor.ActivityInboundInterceptorBase
	log *slog.Logger
}

// ExecuteActivity runs the activity and answers with a code where it fails.
func (c *coder) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	op := activity.GetInfo(ctx).ActivityType.Name
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, Coded(c.log, op, fmt.Errorf("recovering from a panic: %v", p))
		}
	}()
	result, err = c.Next.ExecuteActivity(ctx, in)
	return result, Coded(c.log, op, err)
}
