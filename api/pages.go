package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"perennial/journey"
)

//go:embed pages
var pageFiles embed.FS

// pages are the public pages: server-rendered, one stylesheet, no scripts, in each language.
type pages struct {
	byName  map[string]*template.Template // code of the language, a slash, name of the page
	words   []*words
	matcher language.Matcher
	style   template.CSS
	policy  string // Content-Security-Policy: nothing but that stylesheet, known by its hash
}

func parsePages(brand journey.Brand) (*pages, error) {
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style)
	p := &pages{byName: map[string]*template.Template{}, style: template.CSS(style), //nolint:gosec // our own file
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	var tags []language.Tag
	for _, code := range languages(brand.Language()) {
		w, err := readWords(code, brand.Zone)
		if err != nil {
			return nil, err
		}
		p.words, tags = append(p.words, w), append(tags, language.Make(code))
		functions := template.FuncMap{"t": w.text, "day": w.day, "moment": w.moment}
		for _, name := range []string{"unsubscribe", "preferences", "confirm", "survey", "back", "fault", "docs", "test"} {
			t, err := template.New(name).Funcs(functions).ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
			if err != nil {
				return nil, fmt.Errorf("parsing page %s: %w", name, err)
			}
			p.byName[code+"/"+name] = t
		}
	}
	p.matcher = language.NewMatcher(tags)
	return p, nil
}

// frame is what every page shows around its own data.
type frame struct {
	Brand    journey.Brand
	Style    template.CSS
	Language string
	Data     any
}

// show renders a page whole before a byte of it goes out: a fault in the middle is not half a page.
func (s *server) show(c *gin.Context, w *words, out shown) {
	page, err := s.pages.render(w, s.Brand, out)
	if err != nil {
		s.refuse(c, err)
		return
	}
	pageHeaders(c, s.pages.policy)
	c.Header("Content-Language", w.code)
	c.Header("Vary", "Accept-Language")
	c.Data(out.status, "text/html; charset=utf-8", page)
}

func (p *pages) render(w *words, brand journey.Brand, out shown) ([]byte, error) {
	var b bytes.Buffer
	err := p.byName[w.code+"/"+out.page].ExecuteTemplate(&b, "layout.html", frame{brand, p.style, w.code, out.data})
	if err != nil {
		return nil, fmt.Errorf("rendering page %s: %w", out.page, err)
	}
	return b.Bytes(), nil
}

// stranger is the language of somebody of whom nothing is known but what her browser asks for.
func (s *server) stranger(c *gin.Context) *words {
	return s.pages.in(readsOf("", c.GetHeader("Accept-Language")))
}

func pageHeaders(c *gin.Context, policy string) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// showFault says what went wrong to somebody who only followed a link: by its reason where there are words for it, else by its status.
func (s *server) showFault(c *gin.Context, w *words, err error) {
	p := s.problemOf(err, c.Request)
	key := "fault." + p.Reason
	if !w.known(key + ".title") {
		key = "fault." + strconv.Itoa(p.Status)
	}
	if !w.known(key + ".title") {
		key = "fault.else"
	}
	if p.Status >= http.StatusInternalServerError {
		c.Header("Retry-After", "5")
	}
	s.show(c, w, shown{p.Status, "fault", struct{ Title, Text string }{w.text(key + ".title"), w.text(key + ".text")}})
}
