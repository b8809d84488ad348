package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"perennial/intake"
	"perennial/journey"
)

// upload is a path that takes a body of any length, and reads it as it comes.
type upload struct {
	route
	take func(ctx context.Context, s *server, r *request, body io.Reader) (any, error)
}

func uploads() []upload {
	return []upload{{route{method: http.MethodPost, path: "/api/imports", who: marketers}, importCustomers},
		{route{method: http.MethodPost, path: "/api/coupon-pools/:key/codes.csv", who: marketers}, uploadCodes}}
}

// adaptUpload is adapt for uploads: the body is not read before, and the time for it is counted per read.
func (s *server) adaptUpload(u upload) gin.HandlerFunc {
	return func(c *gin.Context) {
		a, err := s.serveUpload(c, u)
		if err != nil {
			s.refuse(c, err)
			return
		}
		s.reply(c, a)
	}
}

func (s *server) serveUpload(c *gin.Context, u upload) (answer, error) {
	ctx := c.Request.Context()
	by, err := s.admit(c, u.route)
	if err != nil {
		return answer{}, err
	}
	from := &patientBody{server: s, from: c.Request.Body, deadline: http.NewResponseController(c.Writer)}
	body, err := unpacked(from, c.Request.Header.Get("Content-Encoding"))
	if err != nil {
		return answer{}, err
	}
	req := &request{By: by, http: c.Request, path: c.Param}
	out, err := u.take(ctx, s, req, body)
	if a, whole := out.(answer); whole {
		return a, err
	}
	return answer{status: http.StatusAccepted, body: out}, err
}

// patientBody gives each read its own time, and the answer as much after the last.
type patientBody struct {
	server   *server
	from     io.Reader
	deadline *http.ResponseController
}

func (p *patientBody) Read(b []byte) (int, error) {
	until := p.server.Clock.Wall().Add(pourTime)
	_ = p.deadline.SetReadDeadline(until) // a recorder in a test has none
	_ = p.deadline.SetWriteDeadline(until.Add(pourTime))
	return p.from.Read(b)
}

// importCustomers takes a CSV. The same file under the same Idempotency-Key goes on where it broke off.
func importCustomers(ctx context.Context, s *server, r *request, body io.Reader) (any, error) {
	q := r.http.URL.Query()
	u := journey.ImportUpload{Key: r.header("Idempotency-Key"), Name: q.Get("name"), Map: q["map"], Source: q.Get("source"), Wording: q.Get("wording"),
		DryRun: q.Get("dry_run") == "true"}
	if len(u.Key) > 200 || len(u.Name) > 200 || len(u.Source) > 1000 || len(u.Wording) > 5000 {
		return nil, journey.Faultf(journey.CodeMalformed, "Idempotency-Key and name have at most 200 bytes, source 1,000, wording 5,000")
	}
	if u.Key == "" {
		u.Key = rand.Text()
	}
	return intake.Take(ctx, s.Read, r.By, u, body)
}

func listImports(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.Imports(ctx, p)
}

func getImport(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Import(ctx, r.param("id"))
}

func startImport(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	return s.Control.StartImport(ctx, r.By, r.param("id"))
}

func stopImport(ctx context.Context, s *server, r *request) (any, error) {
	return s.Control.StopImport(ctx, r.By, r.param("id"))
}

// getRefused gives out the lines that were refused, each with its number and why before it, so that they can be mended and sent again.
func getRefused(ctx context.Context, s *server, r *request) (any, error) {
	i, err := s.Read.Import(ctx, r.param("id"))
	return answer{status: http.StatusOK, header: csvHeader("refused.csv"),
		stream: func(to io.Writer) error { return s.Control.WriteRefused(ctx, i, to) }}, err
}

// exportCustomers gives out customers, one line each, in the shape in which an import takes them.
func exportCustomers(ctx context.Context, s *server, r *request) (any, error) {
	q := r.http.URL.Query()
	f := journey.CustomerFilter{Topic: q.Get("topic"), Segment: q.Get("segment"), Account: q.Get("account"), Attributes: q["attribute"]}
	if f.Segment != "" {
		if _, err := s.Read.Segment(ctx, f.Segment); err != nil {
			return nil, err
		}
	}
	topics, err := s.Read.TopicKeys(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.Read.CustomerRows(ctx, f, r.By)
	if err != nil {
		return nil, err
	}
	return csvAnswer("customers.csv", func(w *journey.SheetWriter) error {
		if err := w.Write(exportHead(f, topics)...); err != nil {
			return err
		}
		for c, err := range rows {
			if err != nil {
				return err
			}
			cells, err := exportCells(f, topics, c)
			if err != nil {
				return err
			}
			if err := w.Write(cells...); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

func exportHead(f journey.CustomerFilter, topics []string) []string {
	head := []string{"customer", "user_id", "email", "first_name", "last_name", "locale", "timezone", "account", "created_at"}
	for _, t := range topics {
		head = append(head, "topic:"+t)
	}
	if len(f.Attributes) == 0 {
		return append(head, "attributes")
	}
	return append(head, f.Attributes...)
}

func exportCells(f journey.CustomerFilter, topics []string, c journey.CustomerRow) ([]string, error) {
	cells := []string{c.ID, c.UserID, c.Email, c.FirstName, c.LastName, c.Locale, c.Timezone, c.Account, c.CreatedAt.Format(time.RFC3339)}
	for _, t := range topics {
		cells = append(cells, c.Consents[t])
	}
	if len(f.Attributes) == 0 {
		raw, err := json.Marshal(c.Attributes)
		return append(cells, string(raw)), err
	}
	for _, name := range f.Attributes {
		switch v := c.Attributes[name].(type) {
		case nil:
			cells = append(cells, "")
		case string:
			cells = append(cells, v)
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			cells = append(cells, string(raw))
		}
	}
	return cells, nil
}

func csvHeader(name string) http.Header {
	return http.Header{"Content-Type": {"text/csv; charset=utf-8"}, "Content-Disposition": {`attachment; filename="` + name + `"`}}
}

// csvAnswer streams a CSV for spreadsheets.
func csvAnswer(name string, write func(*journey.SheetWriter) error) answer {
	return answer{status: http.StatusOK,
		header: csvHeader(name),
		stream: func(to io.Writer) error {
			w := journey.NewSheetWriter(to)
			if err := write(w); err != nil {
				return err
			}
			return w.Flush()
		}}
}
