package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"perennial/journey"
)

//go:embed pages
var pageFiles embed.FS

// policy is the Content-Security-Policy of every page: what runs and what styles are files of ours, and nothing is inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// frame is what a page is rendered with: its own data, and what stands around it.
type frame struct {
	Page   string
	Title  string
	Path   string
	Target string // the element that htmx asks for; "" the whole page
	Brand  journey.Brand
	User   journey.User
	Groups []group // the navigation
	Notice string
	Fault  *journey.Fault // what was wrong with the form that came with the request
	Form   url.Values     // what it held
	Data   any
}

// titled is data that names its page: by the name of a customer, a journey.
type titled interface{ title() string }

// parsePages parses every page in one language: its own file, with the layout and the parts that pages share.
func (c *console) parsePages(l *language) error {
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return err
	}
	l.pages = map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "pages/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := template.New(name).Funcs(c.functions(l)).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", file)
		if err != nil {
			return fmt.Errorf("parsing page %s: %w", name, err)
		}
		l.pages[name] = t
	}
	return nil
}

// write renders a page whole before a byte of it goes out: a fault in the middle is not half a page. Where htmx asks for one
// element, and the page has a part of its name, that is rendered alone.
func (c *console) write(r *request, a reply, out *bytes.Buffer) (int, error) {
	switch {
	case a.to != "":
		return redirect(r, a.to), nil
	case a.stream != nil:
		privately(r.header)
		r.header.Set("Content-Type", a.kind)
		r.header.Set("Content-Disposition", `attachment; filename="`+a.file+`"`)
		r.stream = a.stream
		return http.StatusOK, nil
	case a.raw != nil:
		privately(r.header)
		r.header.Set("Content-Security-Policy", a.policy)
		r.header.Set("Content-Type", a.kind)
		out.Write(a.raw)
		return http.StatusOK, nil
	}
	t := r.language.pages[a.page]
	if t == nil {
		return 0, fmt.Errorf("rendering page %q: there is none", a.page)
	}
	part, f := "layout.html", c.frame(r, a)
	if target := r.http.Header.Get("HX-Target"); r.http.Header.Get("HX-Request") == "true" && target != "" && t.Lookup("part-"+target) != nil {
		part, f.Target = "part-"+target, target
	}
	if part == "layout.html" {
		f.Notice = r.takeNotice()
	}
	if err := t.ExecuteTemplate(out, part, f); err != nil {
		return 0, fmt.Errorf("rendering page %s: %w", a.page, err)
	}
	privately(r.header)
	r.header.Set("Content-Security-Policy", policy)
	r.header.Set("Content-Type", "text/html; charset=utf-8")
	r.header.Set("Content-Language", r.language.code)
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.status, nil
}

func (c *console) frame(r *request, a reply) frame {
	f := frame{Page: a.page, Path: r.http.URL.Path, Brand: c.Brand, User: r.user, Fault: r.language.fault(r.fault), Form: r.form, Data: a.data}
	if f.Form == nil {
		f.Form = url.Values{}
	}
	if named, ok := a.data.(titled); ok {
		f.Title = named.title()
	} else {
		f.Title = r.text(a.page + ".title")
	}
	f.Groups = navigation(r.user.Role)
	return f
}

// inPlace is data that says to which place its page belongs, where its path does not.
type inPlace interface{ place() string }

// Here says whether the page belongs to that entry of the navigation.
func (f frame) Here(p place) bool {
	if data, ok := f.Data.(inPlace); ok {
		return data.place() == p.Key
	}
	return f.Path == p.Path || p.Path != "/" && strings.HasPrefix(f.Path, p.Path+"/")
}

// Within says whether the page belongs to a group of the navigation.
func (f frame) Within(g group) bool { return slices.ContainsFunc(g.Places, f.Here) }

// May says whether the reader may do what is for those roles.
func (f frame) May(roles ...string) bool { return slices.Contains(roles, string(f.User.Role)) }

// Opens is for a form that is folded away: it stands open where its path was posted to and something was wrong, so that what was typed is
// seen beside what is wrong with it.
func (f frame) Opens(path ...string) template.HTMLAttr {
	if f.Fault != nil && f.Path == strings.Join(path, "") {
		return " open"
	}
	return ""
}

// privately sets what every answer to a person carries: nobody keeps it, nobody learns whence a link was followed.
func privately(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Add("Vary", "HX-Request, HX-Target, Cookie, Accept-Language")
}
