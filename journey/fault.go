package journey

import (
	"errors"
	"fmt"
)

// Fault is an error that a caller can act on. Its code maps to one status of HTTP in one table (api) and to one code in a
// Temporal failure (activities); its text is for people and may hold no personal data when it crosses Temporal.
type Fault struct {
	Code     Code
	Message  string
	Problems Problems // all faults at once, where there are several
	Reason   string   // a word for programs, where several things lead to the same code, e.g. expired; else ""
}

// Code of a Fault.
type Code string

// The codes.
const (
	CodeInvalid      Code = "invalid"      // 422
	CodeMalformed    Code = "malformed"    // 400
	CodeUnauthorized Code = "unauthorized" // 401
	CodeForbidden    Code = "forbidden"    // 403
	CodeNotFound     Code = "not_found"    // 404
	CodeConflict     Code = "conflict"     // 409
	CodeGone         Code = "gone"         // 410
	CodeStale        Code = "stale"        // 412: If-Match
	CodeTooLarge     Code = "too_large"    // 413
	CodeUnsupported  Code = "unsupported"  // 415: not a file of the kind that is taken
	CodeRate         Code = "rate"         // 429
	CodeUnavailable  Code = "unavailable"  // 503, Retry-After
	CodeInternal     Code = "internal"     // 500
)

// Error is the text.
func (f *Fault) Error() string {
	if len(f.Problems) > 0 {
		return f.Message + ": " + f.Problems.Error()
	}
	return f.Message
}

// Faultf makes a fault.
func Faultf(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the fault inside err, CodeInternal for any other error.
func CodeOf(err error) Code {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return CodeInternal
}
