package console

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"perennial/journey"
)

// importsData is the files of customers that came in, the newest first, beside the form for another.
type importsData struct {
	List []importData
	More string
}

func (importsData) place() string { return "customers" }

func importsPage(ctx context.Context, r *request) (reply, error) {
	found, err := r.Read.Imports(ctx, r.page(pageSize))
	d := importsData{More: more(found)}
	for _, i := range found.Data {
		d.List = append(d.List, importData{Import: i})
	}
	return reply{page: "imports", data: d}, err
}

// importData is one file: what becomes of its columns, how far it is, and the first of the lines that were refused.
type importData struct {
	journey.Import
	Refusals []journey.ImportLine
}

func (importData) place() string   { return "customers" }
func (d importData) title() string { return d.Called() }

// Called is the name of the file, or the id of one that was sent without.
func (d importData) Called() string {
	if d.Name != "" {
		return d.Name
	}
	return d.ID
}

// Lines, Refused and Applied are figures as pages count; Taken is how many lines can be applied.
func (d importData) Lines() int   { return int(d.Import.Lines) }
func (d importData) Refused() int { return int(d.Import.Refused) }
func (d importData) Applied() int { return int(d.Import.Applied) }
func (d importData) Taken() int   { return d.Lines() - d.Refused() }

// Number is that of a line.
func (d importData) Number(l journey.ImportLine) int { return int(l.Line) }

// figure is one of the page's figures, with the key of its text.
type figure struct {
	Key string
	N   int
}

// Figures are what is known of the lines; how many were applied is one of them once some could be.
func (d importData) Figures() []figure {
	known := int(d.Known)
	all := []figure{{"lines", d.Lines()}, {"fresh", max(0, d.Taken()-known)}, {"known", known}, {"suppressed", int(d.Suppressed)}, {"refused", d.Refused()}}
	if d.State == journey.ImportApplying || d.Applied() > 0 {
		all = append(all, figure{"applied", d.Applied()})
	}
	return all
}

// Moving says whether the page changes by itself.
func (d importData) Moving() bool {
	return d.State == journey.ImportUploading || d.State == journey.ImportApplying
}

// Open says whether it can still be stopped.
func (d importData) Open() bool { return d.Moving() || d.State == journey.ImportChecked }

// Topic is the key of the topic that a column holds consents to; "": it holds none.
func (d importData) Topic(c journey.ImportColumn) string {
	topic, is := strings.CutPrefix(c.To, journey.ImportTopic)
	if !is {
		return ""
	}
	return topic
}

// Said is what stood in a refused line, in few words.
func (d importData) Said(l journey.ImportLine) string {
	const most = 90
	text := []rune(strings.Join(d.Cells(l), " · "))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// refusalsShown is how many refused lines the page shows; the file has all of them.
const refusalsShown = 20

func importPage(ctx context.Context, r *request) (reply, error) {
	i, err := r.Read.Import(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	refusals, err := r.Read.RefusedLines(ctx, i.ID, 0, refusalsShown)
	return reply{page: "import", data: importData{i, refusals}}, err
}

func refusedFile(ctx context.Context, r *request) (reply, error) {
	i, err := r.Read.Import(ctx, r.path("id"))
	return reply{kind: "text/csv; charset=utf-8", file: "refused.csv", stream: func(w io.Writer) error {
		return r.Control.WriteRefused(ctx, i, w)
	}}, err
}

func startImport(ctx context.Context, r *request) (reply, error) {
	i, err := r.Control.StartImport(ctx, r.by(), r.path("id"))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/imports/"+url.PathEscape(i.ID), "imports.started")
}

func stopImport(ctx context.Context, r *request) (reply, error) {
	i, err := r.Control.StopImport(ctx, r.by(), r.path("id"))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/imports/"+url.PathEscape(i.ID), "imports.stopped_now")
}

// takeFile checks a file as it comes, and does nothing yet: whoever sent it sees what would become of it first.
func takeFile(ctx context.Context, r *request) (reply, error) {
	i, err := r.takeFile(ctx)
	if err != nil {
		_, _ = io.Copy(io.Discard, r.http.Body) // a browser does not look at the answer before it has sent everything
		return reply{}, err
	}
	return r.seeOther("/imports/"+url.PathEscape(i.ID), "")
}

func (r *request) takeFile(ctx context.Context) (journey.Import, error) {
	parts, err := r.http.MultipartReader()
	if err != nil {
		return journey.Import{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
	}
	r.form = url.Values{}
	file, err := r.readUntilFile(parts)
	if err != nil {
		return journey.Import{}, err
	}
	u := journey.ImportUpload{Key: rand.Text(), Name: file.FileName(), Source: r.form.Get("source"), Wording: r.form.Get("wording"), DryRun: true}
	for wish := range strings.Lines(r.form.Get("columns")) {
		if wish = strings.TrimSpace(wish); wish != "" {
			u.Map = append(u.Map, wish)
		}
	}
	i, err := r.Control.TakeFile(ctx, r.by(), u, file)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return i, journey.Faultf(journey.CodeMalformed, "%s", r.text("imports.broke_off"))
	}
	return i, err
}

// readUntilFile reads the fields of the form up to the file, which stands at its end.
func (r *request) readUntilFile(parts *multipart.Reader) (*multipart.Part, error) {
	for left := int64(maxStrangerForm); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) || err == nil && part.FormName() == "file" && part.FileName() == "" {
			return nil, &journey.Fault{Code: journey.CodeInvalid, Message: r.text("fault.form"), Problems: journey.Problems{
				{Path: "file", Message: r.text("imports.none_chosen"), Mend: r.text("imports.choose")}}}
		}
		if err != nil {
			return nil, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
		}
		if part.FormName() == "file" {
			return part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, left+1))
		if left -= int64(len(value)); err != nil || left < 0 || !areText([]string{string(value), part.FormName()}) {
			return nil, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_text"))
		}
		r.form.Add(part.FormName(), string(value))
	}
}

// patientBody gives each read its own time, and the answer as much after the last.
type patientBody struct {
	io.ReadCloser
	deadline *http.ResponseController
	clock    *journey.Clock
}

func (p *patientBody) Read(b []byte) (int, error) {
	until := p.clock.Wall().Add(pourTime)
	_ = p.deadline.SetReadDeadline(until) // a recorder in a test has none
	_ = p.deadline.SetWriteDeadline(until.Add(pourTime))
	return p.ReadCloser.Read(b)
}
