package api

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"perennial/control"
	"perennial/journey"
)

const problemJSON = "application/problem+json"

// problem is the one shape of every refusal (RFC 9457), with every fault listed.
type problem struct {
	Type     string           `json:"type"`
	Title    string           `json:"title"`
	Status   int              `json:"status"`
	Detail   string           `json:"detail"`
	Code     journey.Code     `json:"code"`
	Reason   string           `json:"reason,omitempty"`
	Problems journey.Problems `json:"problems,omitempty"`
}

// statusError is a refusal that HTTP knows and the product does not.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// problemOf turns an error into what the caller is told. What went wrong on our side is told to the log alone.
func (s *server) problemOf(err error, r *http.Request) problem {
	var plain *statusError
	if errors.As(err, &plain) {
		return problem{Type: "about:blank", Title: http.StatusText(plain.status), Status: plain.status, Detail: plain.text, Code: journey.CodeMalformed}
	}
	var fault *journey.Fault
	if !errors.As(err, &fault) {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return problem{Type: "about:blank", Title: "Client Closed Request", Status: 499, Detail: "the caller left", Code: journey.CodeInternal}
		}
		fault = journey.Faultf(journey.CodeInternal, "something went wrong here; it stands in the log")
	}
	status := control.Status(fault.Code)
	if status >= http.StatusInternalServerError {
		s.Log.Error("answering a request", "method", r.Method, "path", firstSegment(r.URL.Path), "status", status, "error", err)
	}
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fault.Message, Code: fault.Code,
		Reason: fault.Reason, Problems: fault.Problems}
}

// refuse answers with the problem.
func (s *server) refuse(c *gin.Context, err error) {
	p := s.problemOf(err, c.Request)
	switch p.Status {
	case http.StatusUnauthorized:
		c.Header("WWW-Authenticate", `Bearer realm="perennial"`)
	case http.StatusServiceUnavailable:
		c.Header("Retry-After", "5")
	case http.StatusTooManyRequests:
		c.Header("Retry-After", "1")
	}
	raw, err := marshal(p)
	if err != nil {
		c.AbortWithStatus(p.Status)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, problemJSON, raw)
	c.Abort()
}

// recover turns a panic into a problem and a line in the log: one request fails, the process does not.
func (s *server) recover(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v) // net/http ends the connection quietly
		}
		s.Log.Error("a handler panicked", "method", c.Request.Method, "path", c.FullPath(), "panic", v, "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			s.refuse(c, journey.Faultf(journey.CodeInternal, "something went wrong here; it stands in the log"))
		}
	}()
	c.Next()
}
