package inbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/mail"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// handler serves the page and the API. Names and shapes of the API are Mailpit's, so that the same tests run
// against either.
func handler(s *store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/messages", s.getMessages)
	mux.HandleFunc("DELETE /api/v1/messages", s.deleteMessages)
	mux.HandleFunc("GET /api/v1/search", s.getSearch)
	mux.HandleFunc("DELETE /api/v1/search", s.deleteSearch)
	mux.HandleFunc("GET /api/v1/message/{id}", s.getMessage)
	mux.HandleFunc("GET /api/v1/message/{id}/raw", s.getRaw)
	mux.HandleFunc("GET /api/v1/message/{id}/headers", s.getHeaders)
	mux.HandleFunc("GET /api/v1/message/{id}/part/{part}", s.getPart)
	mux.HandleFunc("GET /api/v1/info", s.getInfo)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	s.addPages(mux)
	// A page elsewhere in the same browser must not be able to empty the inbox.
	return http.NewCrossOriginProtection().Handler(mux)
}

// messageSummary is one message in a list.
type messageSummary struct {
	ID          string
	MessageID   string
	Read        bool
	From        Address
	To          []Address
	Cc          []Address
	Bcc         []Address
	ReplyTo     []Address
	Subject     string
	Created     time.Time
	Username    string
	Tags        []string
	Size        int
	Attachments int
	Snippet     string
}

// messagesSummary is a page of a list.
type messagesSummary struct {
	Total          int              `json:"total"`
	Unread         int              `json:"unread"`
	Count          int              `json:"count"`
	MessagesCount  int              `json:"messages_count"`
	MessagesUnread int              `json:"messages_unread"`
	Start          int              `json:"start"`
	Tags           []string         `json:"tags"`
	Messages       []messageSummary `json:"messages"`
}

func (s *store) getMessages(w http.ResponseWriter, r *http.Request) {
	start, limit := window(r)
	page, total := s.List(start, limit)
	s.writeList(w, page, total, total, start)
}

func (s *store) getSearch(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("query"))
	if query == "" {
		http.Error(w, "query is missing, as in ?query=to:someone@example.com", http.StatusBadRequest)
		return
	}
	start, limit := window(r)
	page, matching := s.Search(query, start, limit)
	_, total := s.List(0, 0)
	s.writeList(w, page, total, matching, start)
}

func (s *store) writeList(w http.ResponseWriter, page []*entry, total, matching, start int) {
	list := messagesSummary{
		Total: total, Unread: total, Count: len(page), MessagesCount: matching, MessagesUnread: matching,
		Start: start, Tags: []string{}, Messages: []messageSummary{},
	}
	for _, e := range page {
		d := s.Details(e)
		list.Messages = append(list.Messages, messageSummary{
			ID: e.ID, MessageID: e.MessageID, From: e.From, To: some(e.To), Cc: some(e.Cc), Bcc: some(e.Bcc),
			ReplyTo: some(e.ReplyTo), Subject: e.Subject, Created: e.Created, Tags: []string{}, Size: e.Size,
			Attachments: d.Attachments, Snippet: d.Snippet,
		})
	}
	writeJSON(w, list)
}

// message is a whole message, less the bytes of its attachments.
type message struct {
	ID              string
	MessageID       string
	From            Address
	To              []Address
	Cc              []Address
	Bcc             []Address
	ReplyTo         []Address
	ReturnPath      string
	Subject         string
	ListUnsubscribe listUnsubscribe
	Date            time.Time
	Tags            []string
	Username        string
	Text            string
	HTML            string
	Size            int
	Inline          []attachment
	Attachments     []attachment
}

type attachment struct {
	PartID      string
	FileName    string
	ContentType string
	ContentID   string
	Size        int
}

type listUnsubscribe struct {
	Header     string
	Links      []string
	Errors     string
	HeaderPost string
}

func (s *store) getMessage(w http.ResponseWriter, r *http.Request) {
	e, env, ok := s.find(w, r)
	if ok {
		writeJSON(w, describe(e, env))
	}
}

func describe(e *entry, env *enmime.Envelope) message {
	date := e.Created
	if d, err := mail.ParseDate(env.GetHeader("Date")); err == nil {
		date = d
	}
	return message{
		ID: e.ID, MessageID: e.MessageID, From: e.From, To: some(e.To), Cc: some(e.Cc), Bcc: some(e.Bcc),
		ReplyTo: some(e.ReplyTo), ReturnPath: e.Sender, Subject: e.Subject, Date: date, Tags: []string{},
		Text: env.Text, HTML: env.HTML, Size: e.Size, ListUnsubscribe: unsubscribe(env),
		Inline: attachments(env.Inlines, env.OtherParts), Attachments: attachments(env.Attachments),
	}
}

func unsubscribe(env *enmime.Envelope) listUnsubscribe {
	u := listUnsubscribe{
		Header: env.GetHeader("List-Unsubscribe"), HeaderPost: env.GetHeader("List-Unsubscribe-Post"), Links: []string{},
	}
	for _, part := range strings.Split(u.Header, ",") {
		part = strings.TrimSpace(part)
		if strings.HasPrefix(part, "<") && strings.HasSuffix(part, ">") {
			u.Links = append(u.Links, part[1:len(part)-1])
		}
	}
	return u
}

func attachments(groups ...[]*enmime.Part) []attachment {
	all := []attachment{}
	for _, group := range groups {
		for _, p := range group {
			all = append(all, attachment{
				PartID: p.PartID, FileName: p.FileName, ContentType: p.ContentType, ContentID: p.ContentID,
				Size: len(p.Content),
			})
		}
	}
	return all
}

func (s *store) getRaw(w http.ResponseWriter, r *http.Request) {
	e, ok := s.Get(r.PathValue("id"))
	if !ok {
		notFound(w)
		return
	}
	raw, err := s.Raw(e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(raw)
}

func (s *store) getHeaders(w http.ResponseWriter, r *http.Request) {
	_, env, ok := s.find(w, r)
	if !ok {
		return
	}
	headers := map[string][]string{}
	for _, key := range env.GetHeaderKeys() {
		headers[key] = env.GetHeaderValues(key)
	}
	writeJSON(w, headers)
}

// getPart serves an attachment as a download; images may be shown, scripts and pages must not run here.
func (s *store) getPart(w http.ResponseWriter, r *http.Request) {
	_, env, ok := s.find(w, r)
	if !ok {
		return
	}
	part := env.Root.DepthMatchFirst(func(p *enmime.Part) bool { return p.PartID == r.PathValue("part") })
	if part == nil {
		notFound(w)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Type", part.ContentType)
	if !strings.HasPrefix(part.ContentType, "image/") {
		w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(part.FileName))
	}
	_, _ = w.Write(part.Content)
}

// deleteMessages removes the messages named in the body, or all of them when it names none: Mailpit's rule.
func (s *store) deleteMessages(w http.ResponseWriter, r *http.Request) {
	var wish struct{ IDs []string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<20)).Decode(&wish)
	if err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, `the body must be empty or {"IDs": ["…"]}`, http.StatusBadRequest)
		return
	}
	if len(wish.IDs) == 0 {
		s.answerOK(w, s.DeleteAll())
		return
	}
	s.answerOK(w, s.Delete(wish.IDs))
}

func (s *store) deleteSearch(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("query"))
	if query == "" {
		http.Error(w, "query is missing", http.StatusBadRequest)
		return
	}
	var ids []string
	page, _ := s.Search(query, 0, s.limit)
	for _, e := range page {
		ids = append(ids, e.ID)
	}
	s.answerOK(w, s.Delete(ids))
}

func (s *store) answerOK(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "ok")
}

func (s *store) getInfo(w http.ResponseWriter, _ *http.Request) {
	_, total := s.List(0, 0)
	var size int64
	s.mu.RLock()
	for _, seg := range s.segments {
		size += seg.size
	}
	s.mu.RUnlock()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	writeJSON(w, map[string]any{
		"Version": "perennial-engine", "LatestVersion": "", "Database": s.dir, "DatabaseSize": size,
		"Messages": total, "Unread": total, "Tags": map[string]int{},
		"RuntimeStats": map[string]any{"Memory": memory.Sys},
	})
}

// find answers 404 itself when there is no such message.
func (s *store) find(w http.ResponseWriter, r *http.Request) (*entry, *enmime.Envelope, bool) {
	e, ok := s.Get(r.PathValue("id"))
	if !ok {
		notFound(w)
		return nil, nil, false
	}
	env, err := s.read(e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil, nil, false
	}
	return e, env, true
}

func notFound(w http.ResponseWriter) { http.Error(w, "message not found", http.StatusNotFound) }

// window reads start and limit; what cannot be read counts as not given, as with Mailpit.
func window(r *http.Request) (start, limit int) {
	start, err := strconv.Atoi(r.URL.Query().Get("start"))
	if err != nil || start < 0 {
		start = 0
	}
	limit, err = strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 0 {
		limit = 50
	}
	return start, limit
}

// some is the list itself, but never null in JSON.
func some(list []Address) []Address {
	if list == nil {
		return []Address{}
	}
	return list
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
