package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"perennial/control"
	"perennial/journey"
)

// request is what handlers see of a request.
type request struct {
	*console
	http     *http.Request
	language *language
	user     journey.User // who is signed in; the zero value: nobody
	token    string       // of her session
	form     url.Values   // that came with a POST
	fault    *journey.Fault
	header   http.Header // of the answer
	stream   func(io.Writer) error
}

func (r *request) path(name string) string  { return r.http.PathValue(name) }
func (r *request) query(name string) string { return r.http.URL.Query().Get(name) }
func (r *request) by() journey.Actor        { return r.user.Actor() }

// text is a text of the catalogue in the reader's language; values replace {name} in it.
func (r *request) text(key string, values ...any) string { return r.language.text(key, values...) }

// reply is an answer: a page, or where to go.
type reply struct {
	status int    // 0: 200
	page   string // its name
	data   any
	to     string // a path of ours, to go to instead
	raw    []byte // instead of a page, with policy and content
	policy string
	kind   string
	stream func(io.Writer) error // instead of all of these: a file of that name, however long
	file   string
}

// show answers with a page.
func show(page string, data any) (reply, error) { return reply{page: page, data: data}, nil }

// seeOther goes to a page of ours, which then says the text of that key once.
func (r *request) seeOther(to, key string, values ...any) (reply, error) {
	if key != "" {
		r.setNotice(r.text(key, values...))
	}
	return reply{to: to}, nil
}

// adapt is the one way from HTTP to a handler and back: who asks, may she, what is in the form; then the handler; then the page.
func (c *console) adapt(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{console: c, http: hr, header: w.Header(), language: c.languageOf(hr, "")}
		var out bytes.Buffer
		status, err := 0, error(nil)
		func() {
			defer func() {
				if v := recover(); v != nil {
					c.Log.Error("a page panicked", "path", hr.Pattern, "panic", v, "stack", string(debug.Stack()))
					err = journey.Faultf(journey.CodeInternal, "a page panicked")
				}
			}()
			status, err = c.answer(w, r, route, &out)
		}()
		if err != nil {
			out.Reset()
			status = c.refuse(r, err, &out)
		}
		if r.stream != nil && err == nil && hr.Method != http.MethodHead {
			c.pour(w, r)
			return
		}
		w.WriteHeader(status) // said even when it is 200: whoever calls us may have set another
		if hr.Method != http.MethodHead {
			_, _ = w.Write(out.Bytes())
		}
	})
}

func (c *console) answer(w http.ResponseWriter, r *request, route route, out *bytes.Buffer) (int, error) {
	ctx := r.http.Context()
	if err := c.recognize(ctx, r); err != nil {
		return 0, err
	}
	if len(route.who) > 0 && r.user.ID == "" {
		return c.askToSignIn(r), nil
	}
	if len(route.who) > 0 && !slices.Contains(route.who, r.user.Role) {
		return 0, journey.Faultf(journey.CodeForbidden, "%s", r.text("fault.role", "role", r.text("role."+string(r.user.Role))))
	}
	if route.reads() {
		r.http.Body = &patientBody{r.http.Body, http.NewResponseController(w), c.Clock}
	} else if err := r.readForm(w); err != nil {
		return 0, err
	}
	answer, err := route.do(ctx, r)
	if errors.As(err, &r.fault) && route.form != nil && control.Status(r.fault.Code) < http.StatusInternalServerError {
		answer, err = route.form(ctx, r)
		answer.status = control.Status(r.fault.Code)
	}
	if err != nil {
		return 0, err
	}
	return c.write(r, answer, out)
}

// pourTime is how long, in wall time, one write of a file may take: as long as the reader keeps reading, it goes on.
const pourTime = 30 * time.Second

// pour writes a file as it is made. What goes wrong on the way can no longer be said: the connection is cut, so that nobody takes a
// part for the whole.
func (c *console) pour(w http.ResponseWriter, r *request) {
	w.WriteHeader(http.StatusOK)
	if err := r.stream(&pourer{w, http.NewResponseController(w), c.Clock}); err != nil {
		c.Log.Error("a file broke off", "path", r.http.Pattern, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// pourer gives each write its own time.
type pourer struct {
	to       io.Writer
	deadline *http.ResponseController
	clock    *journey.Clock
}

func (p *pourer) Write(b []byte) (int, error) {
	_ = p.deadline.SetWriteDeadline(p.clock.Wall().Add(pourTime)) // a recorder in a test has none
	return p.to.Write(b)
}

// recognize finds out who is signed in, and takes her language.
func (c *console) recognize(ctx context.Context, r *request) error {
	cookie, err := r.http.Cookie(c.cookieName(sessionCookie))
	if err != nil {
		return nil //nolint:nilerr // no cookie: a stranger
	}
	u, err := c.Control.SessionUser(ctx, cookie.Value)
	if journey.CodeOf(err) == journey.CodeUnauthorized {
		return nil
	}
	if err == nil {
		r.user, r.token, r.language = u, cookie.Value, c.languageOf(r.http, u.Language)
	}
	return err
}

// askToSignIn sends a stranger to the sign-in page, and back afterwards where she only wanted to look.
func (c *console) askToSignIn(r *request) int {
	to := "/sign-in"
	if r.http.Method == http.MethodGet && r.http.URL.RequestURI() != "/" && r.header != nil {
		to += "?next=" + url.QueryEscape(r.http.URL.RequestURI())
	}
	return redirect(r, to)
}

// redirect goes to a path of ours; htmx is told to load it as a page.
func redirect(r *request, to string) int {
	privately(r.header)
	if r.http.Header.Get("HX-Request") == "true" {
		r.header.Set("HX-Redirect", to)
		return http.StatusOK
	}
	r.header.Set("Location", to)
	return http.StatusSeeOther
}

// Largest forms, in bytes: a message is written in three for some of its characters, and a stranger writes no messages.
const (
	maxForm         = 2 << 20
	maxStrangerForm = 64 << 10
)

// readForm reads a posted form, of text only; the query, too, must be text.
func (r *request) readForm(w http.ResponseWriter) error {
	for _, values := range r.http.URL.Query() {
		if !areText(values) {
			return journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
		}
	}
	if !areText([]string{r.http.URL.Path}) {
		return journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
	}
	if r.http.Method != http.MethodPost {
		return nil
	}
	most := int64(maxForm)
	if r.user.ID == "" {
		most = maxStrangerForm
	}
	r.http.Body = http.MaxBytesReader(w, r.http.Body, most)
	var large *http.MaxBytesError
	parse := r.http.ParseForm
	if strings.HasPrefix(r.http.Header.Get("Content-Type"), "multipart/form-data") {
		parse = func() error { return r.http.ParseMultipartForm(most) } // all of it in memory: it is no more
	}
	if err := parse(); errors.As(err, &large) {
		return journey.Faultf(journey.CodeTooLarge, "%s", r.text("fault.too_large"))
	} else if err != nil {
		return journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
	}
	for name, values := range r.http.PostForm {
		if !areText(append(values, name)) {
			return journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
		}
	}
	r.form = r.http.PostForm
	return nil
}

func areText(values []string) bool {
	return !slices.ContainsFunc(values, func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) })
}

// faultData is what the page of faults shows.
type faultData struct {
	Title string
	Fault *journey.Fault
}

func (d faultData) title() string { return d.Title }

// refuse shows the page of faults. What went wrong on our side is told to the log alone.
func (c *console) refuse(r *request, err error, out *bytes.Buffer) int {
	var fault *journey.Fault
	if !errors.As(err, &fault) {
		fault = journey.Faultf(journey.CodeInternal, "%s", r.text("fault.ours"))
	}
	status := control.Status(fault.Code)
	if status >= http.StatusInternalServerError && r.http.Context().Err() == nil {
		c.Log.Error("showing a page", "method", r.http.Method, "path", r.http.Pattern, "status", status, "error", err)
		fault = journey.Faultf(fault.Code, "%s", r.text("fault.ours"))
	}
	if status == http.StatusServiceUnavailable {
		r.header.Set("Retry-After", "5")
	}
	r.fault = nil
	_, err = c.write(r, reply{page: "fault", data: faultData{r.text("fault.title." + strconv.Itoa(status)), r.language.fault(fault)}}, out)
	if err != nil {
		c.Log.Error("showing the page of faults", "error", err)
		return http.StatusInternalServerError
	}
	return status
}

// from is the address of the network whence the request came: what a proxy of ours says of it, or the other end itself.
func (r *request) from() netip.Addr {
	end, err := netip.ParseAddrPort(r.http.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := end.Addr().Unmap()
	hops := strings.Split(strings.Join(r.http.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && r.isProxy(from); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		from = hop.Unmap()
	}
	return from
}

func (r *request) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(r.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
