package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// endpoint is what a handler is: it takes a request that was allowed and read, and returns what to answer. A plain value is
// answered as JSON with 200; an answer says more.
type endpoint func(ctx context.Context, s *server, r *request) (any, error)

// request is what endpoints see of a request.
type request struct {
	By   journey.Actor
	Body []byte
	http *http.Request
	path func(string) string
}

func (r *request) param(name string) string  { return r.path(name) }
func (r *request) query(name string) string  { return r.http.URL.Query().Get(name) }
func (r *request) header(name string) string { return r.http.Header.Get(name) }

// Bounds of a page of a list.
const (
	pageDefault = 50
	pageMost    = 200
)

// page reads cursor and limit.
func (r *request) page() (journey.PageRequest, error) {
	p := journey.PageRequest{Cursor: r.query("cursor"), Limit: pageDefault}
	if text := r.query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMost {
			return p, journey.Faultf(journey.CodeMalformed, "limit is a number from 1 to %d", pageMost)
		}
		p.Limit = n
	}
	return p, nil
}

// answer is an answer that is not just JSON with 200.
type answer struct {
	status int
	header http.Header
	body   any                     // JSON
	raw    []byte                  // instead of body, of the content type in header
	stream func(w io.Writer) error // instead of both, for what is too long to be held
	secret bool                    // holds what is shown once: it is not kept for an Idempotency-Key either
}

// with decodes the body into what the handler takes, strictly: see decode. No body at all is an empty object.
func with[In any](f func(ctx context.Context, s *server, r *request, in In) (any, error)) endpoint {
	return func(ctx context.Context, s *server, r *request) (any, error) {
		var in In
		if err := decode(r.Body, &in); err != nil {
			return nil, err
		}
		return f(ctx, s, r, in)
	}
}

// adapt is the one way from HTTP to an endpoint and back: who asks, may she, how often, what is in the body, was it asked
// before; then the endpoint; then the answer, or the problem.
func (s *server) adapt(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		a, err := s.serve(c, r)
		if err != nil {
			s.refuse(c, err)
			return
		}
		s.reply(c, a)
	}
}

func (s *server) serve(c *gin.Context, r route) (answer, error) {
	ctx := c.Request.Context()
	by, err := s.admit(c, r)
	if err != nil {
		return answer{}, err
	}
	body, err := readBody(c)
	if err != nil {
		return answer{}, err
	}
	req := &request{By: by, Body: body, http: c.Request, path: c.Param}
	if key := req.header("Idempotency-Key"); key != "" && r.method == http.MethodPost {
		return s.once(ctx, req, key, r)
	}
	return s.run(ctx, req, r)
}

// admit says who asks, once she may.
func (s *server) admit(c *gin.Context, r route) (journey.Actor, error) {
	by, err := s.authenticate(c.Request.Context(), c.Request)
	if err != nil {
		return by, err
	}
	if !slices.Contains(r.who, by.Role) {
		return by, journey.Faultf(journey.CodeForbidden, "a key of role %s may not do this; it takes %s", by.Role, rolesInWords(r.who))
	}
	if !s.limits.allow(by.ID, s.Clock.Wall()) {
		return by, journey.Faultf(journey.CodeRate, "this key asks too often; wait a second")
	}
	return by, plainText(c)
}

func (s *server) run(ctx context.Context, req *request, r route) (answer, error) {
	out, err := r.do(ctx, s, req)
	if err != nil {
		return answer{}, err
	}
	if a, ok := out.(answer); ok {
		return a, nil
	}
	return answer{status: http.StatusOK, body: out}, nil
}

// once answers a request with an Idempotency-Key: the first time by doing it, after that with the first answer. A refusal is not
// kept, for nothing was done: whoever asks again once the customer is known, or the draft is there, is not to hear the old answer.
func (s *server) once(ctx context.Context, req *request, key string, r route) (answer, error) {
	if len(key) > 200 || !utf8.ValidString(key) {
		return answer{}, journey.Faultf(journey.CodeMalformed, "an Idempotency-Key has at most 200 bytes")
	}
	whole := sha256.Sum256(slices.Concat([]byte(r.method+" "+req.http.URL.RequestURI()+"\n"), req.Body))
	done, status, stored, err := s.Read.ClaimKey(ctx, req.By.ID, key, whole[:])
	if err != nil {
		return answer{}, err
	}
	if done {
		return answer{status: status, raw: stored, header: http.Header{"Content-Type": {contentOf(status)}, "Idempotent-Replayed": {"true"}}}, nil
	}
	settle := context.WithoutCancel(ctx)
	settled := false
	defer func() {
		if !settled { // also when the handler panicked
			if err := s.Read.DropKey(settle, req.By.ID, key); err != nil {
				s.Log.Warn("giving back an idempotency key", "error", err)
			}
		}
	}()
	a, err := s.run(ctx, req, r)
	if err != nil {
		return answer{}, err
	}
	if a.raw == nil {
		if a.raw, err = marshal(a.body); err != nil {
			return answer{}, err
		}
		if a.header.Get("Content-Type") == "" {
			a.header = http.Header{"Content-Type": {contentOf(a.status)}}
		}
	}
	if a.secret {
		return a, nil
	}
	settled = true
	if err := s.Read.SettleKey(settle, req.By.ID, key, a.status, a.raw); err != nil {
		s.Log.Warn("storing the answer to an idempotency key", "error", err) // it was done; the caller must hear that
	}
	return a, nil
}

func contentOf(status int) string {
	if status >= http.StatusBadRequest {
		return problemJSON
	}
	return "application/json"
}

// reply writes an answer.
func (s *server) reply(c *gin.Context, a answer) {
	for name, values := range a.header {
		c.Writer.Header()[name] = values
	}
	if a.status == http.StatusNoContent {
		c.Status(a.status)
		return
	}
	if a.stream != nil {
		s.pour(c, a)
		return
	}
	raw := a.raw
	if raw == nil {
		var err error
		if raw, err = marshal(a.body); err != nil {
			s.refuse(c, err)
			return
		}
	}
	content := a.header.Get("Content-Type")
	if content == "" {
		content = contentOf(a.status)
	}
	c.Header("Cache-Control", "no-store")
	c.Data(a.status, content, raw)
}

// pourTime is how long, in wall time, one write of a stream may take: as long as the caller keeps reading, it goes on.
const pourTime = 30 * time.Second

// pour writes a stream. What goes wrong on the way can no longer be said: the connection is cut, so that nobody takes a part for
// the whole.
func (s *server) pour(c *gin.Context, a answer) {
	c.Header("Cache-Control", "no-store")
	c.Status(a.status)
	if c.Request.Method == http.MethodHead {
		return
	}
	if err := a.stream(&pourer{server: s, to: c.Writer, deadline: http.NewResponseController(c.Writer)}); err != nil {
		s.Log.Error("a stream broke off", "path", c.FullPath(), "error", err)
		panic(http.ErrAbortHandler)
	}
}

// pourer gives each write its own time.
type pourer struct {
	server   *server
	to       io.Writer
	deadline *http.ResponseController
}

func (p *pourer) Write(b []byte) (int, error) {
	_ = p.deadline.SetWriteDeadline(p.server.Clock.Wall().Add(pourTime)) // a recorder in a test has none
	return p.to.Write(b)
}

// marshal writes JSON as people read it: < and & stay what they are, for nobody puts our answers into a page unread.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// authenticate finds out who asks, by bearer token, or by Basic with the key as user name.
func (s *server) authenticate(ctx context.Context, r *http.Request) (journey.Actor, error) {
	if user, _, ok := r.BasicAuth(); ok {
		return s.Control.Authenticate(ctx, user)
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		secret = ""
	}
	return s.Control.Authenticate(ctx, strings.TrimSpace(secret))
}

func rolesInWords(who []journey.Role) string {
	words := make([]string, len(who))
	for i, r := range who {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// plainText refuses what no id, name or query can hold, before it reaches the database.
func plainText(c *gin.Context) error {
	texts := []string{c.Request.URL.Path}
	for _, p := range c.Params {
		texts = append(texts, p.Value)
	}
	for _, values := range c.Request.URL.Query() {
		texts = append(texts, values...)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return journey.Faultf(journey.CodeMalformed, "the path or the query holds NUL or is not UTF-8")
		}
	}
	return nil
}
