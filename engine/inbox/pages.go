package inbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"ago": ago, "size": humanSize, "stamp": func(t time.Time) string { return t.Format("Mon 2 Jan 2006, 15:04:05 MST") },
}).ParseFS(pageFiles, "pages/*.html"))

const (
	pageSize = 50

	// The page itself may load its own style and script, and nothing from anywhere else.
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
		"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

	// A message may style itself and show its own images. It runs no script, loads nothing from outside (so that
	// looking at a mail never counts as opening it), and its links open in a new tab.
	messagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; " +
		"form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

func (s *store) addPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.listPage)
	mux.HandleFunc("GET /view/{id}", s.viewPage)
	assets, _ := fs.Sub(pageFiles, "pages") // the directory is embedded: it is there
	serve := http.FileServerFS(assets)
	for _, name := range []string{"style.css", "refresh.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			serve.ServeHTTP(w, r)
		})
	}
}

type listData struct {
	Query           string
	Rows            []row
	Matching, Total int
	First, Last     int
	Newer, Older    string // addresses of the neighbouring pages
}

type row struct {
	*entry
	Details details
}

func (s *store) listPage(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	start, _ := window(r)
	var page []*entry
	var matching int
	if query == "" {
		page, matching = s.List(start, pageSize)
	} else {
		page, matching = s.Search(query, start, pageSize)
	}
	_, total := s.List(0, 0)
	data := listData{Query: query, Matching: matching, Total: total, First: start + 1, Last: start + len(page)}
	for _, e := range page {
		data.Rows = append(data.Rows, row{entry: e, Details: s.Details(e)})
	}
	if start > 0 {
		data.Newer = listAddress(query, max(0, start-pageSize))
	}
	if start+len(page) < matching {
		data.Older = listAddress(query, start+pageSize)
	}
	render(w, "list.html", data)
}

func listAddress(query string, start int) string {
	values := url.Values{}
	if query != "" {
		values.Set("q", query)
	}
	if start > 0 {
		values.Set("start", fmt.Sprint(start))
	}
	return "/?" + values.Encode()
}

type viewData struct {
	Message message
	Created time.Time
	Tab     string
	Tabs    []string
	Phone   bool
	Headers []header
	Raw     string
}

type header struct{ Name, Value string }

// viewPage shows one message; with .html or .txt behind the id it is that body alone, as with Mailpit.
func (s *store) viewPage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	bare, asHTML := strings.CutSuffix(id, ".html")
	bare, asText := strings.CutSuffix(bare, ".txt")
	r.SetPathValue("id", bare)
	e, env, ok := s.find(w, r)
	if !ok {
		return
	}
	switch {
	case asHTML:
		writeMessageHTML(w, e, env)
	case asText:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(env.Text))
	default:
		s.renderView(w, r, e, env)
	}
}

func (s *store) renderView(w http.ResponseWriter, r *http.Request, e *entry, env *enmime.Envelope) {
	data := viewData{Message: describe(e, env), Created: e.Created, Tab: r.URL.Query().Get("tab"),
		Phone: r.URL.Query().Get("width") == "phone"}
	if env.HTML != "" {
		data.Tabs = append(data.Tabs, "html")
	}
	data.Tabs = append(data.Tabs, "text", "headers", "raw")
	if !slices.Contains(data.Tabs, data.Tab) {
		data.Tab = data.Tabs[0]
	}
	if data.Tab == "raw" || data.Tab == "headers" {
		raw, err := s.Raw(e)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		data.Raw, data.Headers = string(raw), headerLines(raw)
	}
	render(w, "view.html", data)
}

// headerLines keeps order and repetition, which a map would lose.
func headerLines(raw []byte) []header {
	var all []header
	for line := range strings.SplitSeq(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n") {
		if line == "" {
			break
		}
		if (line[0] == ' ' || line[0] == '\t') && len(all) > 0 {
			all[len(all)-1].Value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		all = append(all, header{name, decode(strings.TrimSpace(value))})
	}
	return all
}

var contentID = regexp.MustCompile(`cid:([^"'\s)>]+)`)

// documentStart is where a base element may stand: inside the head, else behind the html tag or the doctype.
var documentStart = regexp.MustCompile(`(?is)^.*?<head(?:\s[^>]*)?>|^.*?<html(?:\s[^>]*)?>|^\s*<!doctype[^>]*>`)

// inNewTab makes links leave the frame, which may show nothing but the message.
func inNewTab(html string) string {
	at := len(documentStart.FindString(html))
	return html[:at] + `<base target="_blank">` + html[at:]
}

// writeMessageHTML serves the HTML part for the frame.
func writeMessageHTML(w http.ResponseWriter, e *entry, env *enmime.Envelope) {
	html := contentID.ReplaceAllStringFunc(env.HTML, func(ref string) string {
		part := env.Root.DepthMatchFirst(func(p *enmime.Part) bool { return p.ContentID == ref[len("cid:"):] })
		if part == nil {
			return ref
		}
		return "/api/v1/message/" + e.ID + "/part/" + part.PartID
	})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", messagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(inNewTab(html)))
}

func render(w http.ResponseWriter, name string, data any) {
	var buf bytes.Buffer
	if err := pages.ExecuteTemplate(&buf, name, data); err != nil {
		http.Error(w, "rendering the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = buf.WriteTo(w)
}

func ago(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Format("2 Jan 2006")
}

func humanSize(n int) string {
	switch {
	case n < 1024:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(n)/1024)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
