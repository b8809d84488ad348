package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"perennial/control"
	"perennial/journey"
)

// The public links of mails. GET shows and changes nothing, for scanners and mail clients prefetch; POST does. There are no
// cookies and no scripts: the token in the path is all that a link needs, and all that it knows.

// linkPage does what a link is for and says what to show.
type linkPage func(ctx context.Context, r *linkRequest) (shown, error)

// linkRequest is a public link that was opened: whose mail it stood in, and the form that came with a POST.
type linkRequest struct {
	*server
	http  *http.Request
	mail  journey.SentMessage
	who   journey.Customer // whom the mail was to, as she is known now
	reads []language.Tag   // her languages, the best first
	words *words           // in the best of them that there is
	n     int              // of a click: the index of the link
	form  url.Values
}

func (r *linkRequest) post() bool { return r.http.Method == http.MethodPost }

// shown is a page on its way out.
type shown struct {
	status int
	page   string
	data   any
}

func (s *server) linkRoutes() []public {
	const get, post = http.MethodGet, http.MethodPost
	unsubscribe := s.link(journey.TokenUnsubscribe, unsubscribePage)
	preferences := s.link(journey.TokenPreferences, preferencesPage)
	survey := s.link(journey.TokenSurvey, surveyPage)
	confirm := s.link(journey.TokenConfirm, confirmPage)
	back := s.link(journey.TokenBack, backPage)
	return []public{
		{get, "/u/:token", unsubscribe}, {post, "/u/:token", unsubscribe},
		{get, "/preferences/:token", preferences}, {post, "/preferences/:token", preferences},
		{get, "/confirm/:token", confirm}, {post, "/confirm/:token", confirm},
		{get, "/s/:token", survey}, {post, "/s/:token", survey},
		{get, "/back/:token", back}, {post, "/back/:token", back},
		{get, "/c/:token", s.click},
		{get, "/view/:token", s.view},
		{get, journey.TestLinkPath, s.testLink}, {post, journey.TestLinkPath, s.testLink},
	}
}

// link opens the token, reads the form, and shows the page; what goes wrong is a page, too.
func (s *server) link(kind journey.TokenKind, page linkPage) gin.HandlerFunc {
	return func(c *gin.Context) {
		w := s.stranger(c)
		r, err := s.open(c, kind)
		if err == nil {
			r.who, err = s.Read.Customer(c.Request.Context(), r.mail.Customer)
		}
		if err == nil {
			r.reads = readsOf(r.who.Locale, c.GetHeader("Accept-Language"))
			w = s.pages.in(r.reads)
			r.words = w
			var out shown
			if out, err = page(c.Request.Context(), r); err == nil {
				s.show(c, w, out)
				return
			}
		}
		s.showFault(c, w, err)
	}
}

func (s *server) open(c *gin.Context, kind journey.TokenKind) (*linkRequest, error) {
	id, n, err := s.Tokens.Open(kind, c.Param("token"))
	if err != nil {
		return nil, err
	}
	r := &linkRequest{server: s, http: c.Request, n: n}
	if r.form, err = readForm(c); err != nil {
		return nil, err
	}
	if r.mail, err = s.Read.SentMessage(c.Request.Context(), id); journey.CodeOf(err) == journey.CodeNotFound {
		return nil, journey.Faultf(journey.CodeNotFound, "this link leads nowhere any more")
	}
	return r, err
}

// readForm reads a posted form, urlencoded or multipart (mail providers send either for one-click), 64 KiB at most.
func readForm(c *gin.Context) (url.Values, error) {
	if c.Request.Method != http.MethodPost {
		return nil, nil
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	err := c.Request.ParseMultipartForm(64 << 10)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil // ParseMultipartForm has read the urlencoded form by then
	}
	if err != nil {
		return nil, bodyFault(err)
	}
	for name, values := range c.Request.PostForm {
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return nil, journey.Faultf(journey.CodeMalformed, "the form holds something that is no text")
			}
		}
	}
	return c.Request.PostForm, nil
}

func backPage(ctx context.Context, r *linkRequest) (shown, error) {
	if r.post() {
		if err := r.Control.Return(ctx, r.mail.MessageSummary); err != nil {
			return shown{}, err
		}
	}
	return shown{http.StatusOK, "back", struct{ Done bool }{r.post()}}, nil
}

// click redirects and leaves an observation, marked human or machine. A redirect is owed even when the observation cannot be
// stored.
func (s *server) click(c *gin.Context) {
	r, err := s.open(c, journey.TokenClick)
	if err == nil && (r.n >= len(r.mail.Links) || !isWeb(r.mail.Links[r.n])) {
		err = journey.Faultf(journey.CodeNotFound, "this link leads nowhere any more")
	}
	if err != nil {
		s.showFault(c, s.stranger(c), err)
		return
	}
	target := r.mail.Links[r.n]
	err = s.Read.Observe(c.Request.Context(), journey.Observation{MessageID: r.mail.ID, Kind: "click", URL: target,
		Machine: s.isMachine(c.Request, r.mail), At: s.Clock.Now()})
	if err != nil {
		s.Log.Warn("noting a click", "message", r.mail.ID, "error", err)
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusFound, target)
}

func isWeb(target string) bool {
	u, err := url.Parse(target)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// robots are words in the names of programs that open links without anybody having clicked.
var robots = []string{"bot", "crawl", "spider", "preview", "scan", "curl", "wget", "python", "go-http-client", "headless", "slurp",
	"barracuda", "mimecast", "proofpoint", "safelinks", "googleimageproxy"}

// isMachine says whether no person can have opened the link: HEAD, a prefetch, a program's name or none, or too soon.
func (s *server) isMachine(r *http.Request, mail journey.SentMessage) bool {
	agent := strings.ToLower(r.UserAgent())
	for _, robot := range robots {
		if strings.Contains(agent, robot) {
			return true
		}
	}
	purpose := strings.ToLower(r.Header.Get("Purpose") + r.Header.Get("Sec-Purpose") + r.Header.Get("X-Moz"))
	return r.Method == http.MethodHead || agent == "" || strings.Contains(purpose, "prefetch") ||
		control.IsMachine(s.Clock, mail.DotWall)
}

// view shows a mail as it was sent, in a browser, with nothing in it able to run, to send a form or to know where it stands.
func (s *server) view(c *gin.Context) {
	r, err := s.open(c, journey.TokenView)
	if err == nil && len(r.mail.Bytes) == 0 {
		old := journey.Faultf(journey.CodeGone, "we keep our letters for thirty days, and this one is older")
		old.Reason = "old_letter"
		err = old
	}
	if err != nil {
		s.showFault(c, s.stranger(c), err)
		return
	}
	v, err := viewMessage(r.mail)
	if err != nil {
		s.showFault(c, s.stranger(c), err)
		return
	}
	pageHeaders(c, "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data: cid:; base-uri 'none'; frame-ancestors 'none'; "+
		"sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation")
	if v.HTML == "" {
		c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(v.Text))
		return
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(v.HTML))
}

// number reads a score; nil for none, and for what is none.
func number(text string) *int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return nil
	}
	return &n
}
