package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

//go:embed pages
var pageFiles embed.FS

// pages are the public pages: server-rendered, one stylesheet, no scripts.
type pages struct {
	byName map[string]*template.Template
	style  template.CSS
	policy string // Content-Security-Policy: nothing but that stylesheet, known by its hash
}

func parsePages() (*pages, error) {
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style)
	p := &pages{byName: map[string]*template.Template{}, style: template.CSS(style), //nolint:gosec // our own file
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	for _, name := range []string{"unsubscribe", "preferences", "survey", "back", "fault", "docs", "test"} {
		t, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parsing page %s: %w", name, err)
		}
		p.byName[name] = t
	}
	return p, nil
}

// frame is what every page shows around its own data.
type frame struct {
	Brand journey.Brand
	Style template.CSS
	Data  any
}

// show renders a page whole before a byte of it goes out: a fault in the middle is not half a page.
func (s *server) show(c *gin.Context, out shown) {
	var b bytes.Buffer
	err := s.pages.byName[out.page].ExecuteTemplate(&b, "layout.html", frame{s.Brand, s.pages.style, out.data})
	if err != nil {
		s.refuse(c, fmt.Errorf("rendering page %s: %w", out.page, err))
		return
	}
	pageHeaders(c, s.pages.policy)
	c.Data(out.status, "text/html; charset=utf-8", b.Bytes())
}

func pageHeaders(c *gin.Context, policy string) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// showFault says what went wrong to somebody who only followed a link.
func (s *server) showFault(c *gin.Context, err error) {
	p := s.problemOf(err, c.Request)
	title := map[int]string{http.StatusNotFound: "This link does not work", http.StatusGone: "It is too late for this one",
		http.StatusServiceUnavailable: "One moment, please", http.StatusInternalServerError: "Something went wrong on our side"}[p.Status]
	text := sentence(p.Detail)
	switch {
	case p.Status >= http.StatusInternalServerError:
		text = "Please try again in a minute. We have been told."
		c.Header("Retry-After", "5")
	case title == "":
		title = "That did not work"
	}
	s.show(c, shown{p.Status, "fault", struct{ Title, Text string }{title, text}})
}
