package console

import (
	"cmp"
	"context"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"perennial/control"
	"perennial/journey"
)

// writingData is one file of a message while it is being written: its text, and how it reads.
type writingData struct {
	journey.Draft
	File    string
	Message string
	Kind    string    // html or txt
	Text    string    // as it stands in the form
	Was     string    // tells the text that was read from another
	Saved   bool      // the file is there
	Kept    time.Time // when the text was kept for her that is not in the draft; zero: it is
	Stale   bool      // somebody else has saved the message since that text was begun
	Files   []writtenFile
	Uses    []journey.MessageUse
	Look    journey.Look
	For     string                    // whose data it shows, as typed; "" the sample customer's
	Unknown bool                      // nobody is called that, or several are: the sample's is shown
	People  []journey.CustomerSummary // who begin like that
	View    string                    // wide, phone, dark or text
	Images  []journey.Image           // the newest

	Converted *conversion // what has just been made of Liquid
}

// Tag is what stands in a message for a picture.
func (d writingData) Tag(i journey.Image) string { return Tag(i) }

// Thumb is where the console finds a picture.
func (d writingData) Thumb(i journey.Image) string { return journey.ImagePath + i.Name }

// writtenFile is one file of the message.
type writtenFile struct {
	Name, Locale string
	Plain, Here  bool
}

func (d writingData) title() string { return d.Message }
func (d writingData) place() string { return "messages" }

// Path is where the file is written.
func (d writingData) Path() string { return "/journeys/" + d.Key + "/messages/" + d.File }

// Changed says whether the form holds another text than the draft.
func (d writingData) Changed() bool { return control.Mark(d.Text) != d.Was }

// Differs says whether the form holds another text than the draft as it is now.
func (d writingData) Differs() bool { return d.Text != d.Draft.Files[d.File] }

// Faults are the problems that keep the message from being saved.
func (d writingData) Faults() journey.Problems { return d.Look.Problems.Errors() }

// HasText says whether the message has a text part of its own beside this file.
func (d writingData) HasText() bool {
	return slices.ContainsFunc(d.Files, func(f writtenFile) bool { return f.Plain && f.Name == d.textFile() })
}

func (d writingData) textFile() string { return strings.TrimSuffix(d.File, d.Kind) + "txt" }

// TextFile is where its text part is written.
func (d writingData) TextFile() string { return "/journeys/" + d.Key + "/messages/" + d.textFile() }

// Query keeps whose data is shown, and how.
func (d writingData) Query() string {
	q := url.Values{}
	if d.For != "" {
		q.Set("customer", d.For)
	}
	if d.View != "wide" {
		q.Set("view", d.View)
	}
	return q.Encode()
}

// To is the address that a test goes to, unless the writer says another.
func (d writingData) To(f frame) string { return cmp.Or(f.Form.Get("to"), f.User.Email) }

// writingPage is the editor, before and after its text was sent to be looked at.
func writingPage(ctx context.Context, r *request) (reply, error) {
	if locale := strings.TrimSpace(r.query("locale")); locale != "" && r.form == nil {
		name, _, _ := readFileName(r.path("file"))
		return reply{to: "/journeys/" + url.PathEscape(r.path("key")) + "/messages/" + url.PathEscape(name+"."+locale+".html")}, nil
	}
	d, err := r.written(ctx)
	if err != nil {
		return reply{}, err
	}
	switch r.http.Header.Get("HX-Target") {
	case "people":
		d.People, err = r.people(ctx, d.For)
	case "":
		var newest journey.Page[journey.Image]
		newest, err = r.Control.Images(ctx, journey.PageRequest{Limit: 8})
		d.Images = newest.Data
	}
	if err != nil {
		return reply{}, err
	}
	return show("writing", d)
}

// lookAtMessage looks at the text while it is typed, and keeps it for whoever may save it.
func lookAtMessage(ctx context.Context, r *request) (reply, error) {
	if err := r.keep(ctx); err != nil {
		return reply{}, err
	}
	return writingPage(ctx, r)
}

// keep keeps the text of the form on the desk of whoever writes it.
func (r *request) keep(ctx context.Context) error {
	if !slices.Contains(marketers, r.user.Role) || !r.form.Has("text") {
		return nil
	}
	return r.Control.KeepMessage(ctx, r.by(), r.messageEdit())
}

// messageEdit is the text of the form.
func (r *request) messageEdit() control.MessageEdit {
	return control.MessageEdit{Key: r.path("key"), File: r.path("file"), Text: fromForm(r.form.Get("text")), Was: r.form.Get("was")}
}

// dropMessage forgets the text that was kept; the draft stays.
func dropMessage(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DropDesk(ctx, r.by(), r.path("key"), r.path("file")); err != nil {
		return reply{}, err
	}
	return r.seeOther(r.writingAgain(), "writing.dropped")
}

// written reads the file of the path, with the text of the form where there is one, and looks at it.
func (r *request) written(ctx context.Context) (d writingData, err error) {
	d.File, d.For, d.View = r.path("file"), strings.TrimSpace(r.sent("customer")), cmp.Or(r.sent("view"), "wide")
	if d.Draft, err = r.Read.Draft(ctx, r.path("key")); err != nil {
		return d, err
	}
	if !isMessageFile(d.File) {
		return d, journey.Faultf(journey.CodeNotFound, "%s", r.text("writing.no_file"))
	}
	var locale string
	d.Message, locale, d.Kind = readFileName(d.File)
	if def, _ := journey.Parse("", []byte(d.Source)); def != nil {
		d.Uses = slices.DeleteFunc(def.MessageUses(), func(u journey.MessageUse) bool { return u.Message != d.Message })
	}
	d.list()
	if len(d.Uses) == 0 && len(d.Files) == 0 {
		return d, journey.Faultf(journey.CodeNotFound, "%s", r.text("writing.unknown", "message", d.Message))
	}
	text, saved := d.Draft.Files[d.File]
	d.Was, d.Saved = control.Mark(text), saved
	desk, err := r.Control.Desk(ctx, r.by(), d.Key, d.File)
	if err != nil {
		return d, err
	}
	if desk != nil {
		d.Kept, d.Stale = desk.At, desk.BaseETag != d.Was
	}
	switch {
	case r.form.Has("text"):
		d.Text = fromForm(r.form.Get("text"))
	case desk != nil:
		d.Text, d.Was = desk.Source, desk.BaseETag
	case saved:
		d.Text = text
	default:
		d.Text = d.beginning(r, locale)
	}
	return d, r.lookAt(ctx, &d)
}

// isMessageFile says whether a file of that name can be a message's; the layout is written elsewhere.
func isMessageFile(name string) bool {
	message, _, _ := readFileName(name)
	return control.IsTemplate(name) && message != "layout"
}

// sent is a field of the form, or of the query where there is none.
func (r *request) sent(name string) string {
	if r.form.Has(name) {
		return r.form.Get(name)
	}
	return r.query(name)
}

// fromForm takes the line ends of forms away.
func fromForm(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// list finds the files of the message.
func (d *writingData) list() {
	for _, name := range slices.Sorted(maps.Keys(d.Draft.Files)) {
		message, locale, kind := readFileName(name)
		if message == d.Message {
			d.Files = append(d.Files, writtenFile{Name: name, Locale: locale, Plain: kind == "txt", Here: name == d.File})
		}
	}
}

// beginning is what a file that is not there begins with: another language with what everybody gets, anything else with a greeting.
func (d *writingData) beginning(r *request, locale string) string {
	if text, has := d.Draft.Files[d.Message+".html"]; has && locale != "" && d.Kind == "html" {
		return text
	}
	if d.Kind == "txt" {
		return r.text("writing.begin_text")
	}
	return "---\nsubject: \npreheader: \n---\n<p>" + r.text("writing.begin_text") + "</p>\n<p></p>\n"
}

// lookAt says how the text reads for the customer who was named; for the sample where nobody is called that.
func (r *request) lookAt(ctx context.Context, d *writingData) error {
	who, err := r.customerCalled(ctx, d.For)
	if err != nil {
		return err
	}
	d.Unknown = d.For != "" && who == ""
	d.Look, err = r.Control.Look(ctx, control.LookRequest{Journey: d.Key, File: d.File, Text: &d.Text, Customer: who})
	if who != "" && journey.CodeOf(err) == journey.CodeNotFound {
		d.Unknown = true
		d.Look, err = r.Control.Look(ctx, control.LookRequest{Journey: d.Key, File: d.File, Text: &d.Text})
	}
	return err
}

// customerCalled is the reference of the one customer whom a text names: an id, or all that search finds. "": nobody, or several.
func (r *request) customerCalled(ctx context.Context, text string) (string, error) {
	if text == "" || strings.HasPrefix(text, journey.PrefixCustomer) || strings.HasPrefix(text, "user:") {
		return text, nil
	}
	found, err := r.people(ctx, text)
	for _, c := range found {
		if len(found) == 1 || strings.EqualFold(c.Email, text) {
			return c.ID, nil
		}
	}
	return "", err
}

// people are the first customers who are found by a text.
func (r *request) people(ctx context.Context, text string) ([]journey.CustomerSummary, error) {
	found, err := r.Read.SearchCustomers(ctx, text, journey.PageRequest{Limit: 8})
	return found.Data, err
}

// writtenMail is the mail, for the frame beside the text: its HTML, as in the dark, or its text part.
func writtenMail(ctx context.Context, r *request) (reply, error) {
	d, err := r.written(ctx)
	if err != nil {
		return reply{}, err
	}
	var page []byte
	switch {
	case !d.Look.Written:
		page = note(r.text("writing.not_shown"))
	case d.View == "text":
		page = note(d.Look.Text)
	default:
		page = inert(inColours(d.Look.HTML, d.View == "dark"))
		if d.View == "inverted" {
			page = inert(inverted(inColours(d.Look.HTML, false)))
		}
	}
	return reply{raw: page, policy: mailPolicy, kind: "text/html; charset=utf-8"}, nil
}

// note is a page that holds nothing but a text.
func note(text string) []byte {
	return []byte(`<!doctype html><meta charset="utf-8"><title></title><style>body{margin:1.5rem;background:#fff;color:#1b231f;` +
		`font:15px/1.55 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}</style>` + html.EscapeString(text))
}

var colourScheme = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)`)

// inColours settles what a mail asks of its reader's screen, so that its dark side can be seen by day.
func inColours(mail string, dark bool) string {
	return colourScheme.ReplaceAllStringFunc(mail, func(asked string) string {
		if strings.Contains(strings.ToLower(asked), "dark") == dark {
			return "(min-width:0px)"
		}
		return "(max-width:0px)"
	})
}

// inverted shows a mail as programs do that turn light into dark by themselves, whatever it asks for: Gmail on iOS, Outlook on Windows. Hues
// stay as they are, and so do pictures.
func inverted(mail string) string {
	return mail + `<style>html{background:#fff!important;filter:invert(1) hue-rotate(180deg)}body{min-height:100vh}img,video{filter:invert(1) hue-rotate(180deg)}</style>`
}

// saveMessage puts the text into the draft.
func saveMessage(ctx context.Context, r *request) (reply, error) {
	if err := r.save(ctx); err != nil {
		return reply{}, err
	}
	return r.seeOther(r.writingAgain(), "writing.saved")
}

func (r *request) save(ctx context.Context) error {
	_, _, err := r.Control.SaveMessage(ctx, r.by(), r.messageEdit())
	return err
}

// writingAgain is the editor, with the same customer and view.
func (r *request) writingAgain() string {
	d := writingData{Draft: journey.Draft{Key: r.path("key")}, File: r.path("file"), For: r.form.Get("customer"), View: cmp.Or(r.form.Get("view"), "wide")}
	return strings.TrimSuffix(d.Path()+"?"+d.Query(), "?")
}

// testMessage saves the text and sends the message to colleagues, as a test.
func testMessage(ctx context.Context, r *request) (reply, error) {
	who, err := r.customerCalled(ctx, strings.TrimSpace(r.form.Get("customer")))
	if err != nil {
		return reply{}, err
	}
	if err := r.save(ctx); err != nil {
		return reply{}, err
	}
	message, _, _ := readFileName(r.path("file"))
	to := strings.FieldsFunc(r.form.Get("to"), func(c rune) bool { return strings.ContainsRune(" ,;\r\n\t", c) })
	posted, err := r.Control.SendTests(ctx, r.by(), control.TestMailsRequest{Key: r.path("key"), Message: message, To: to, Customer: who})
	if err != nil {
		return reply{}, err
	}
	return r.seeOther(r.writingAgain(), "writing.tested", "to", strings.Join(to, ", "), "n", len(posted.Data))
}

// removeMessage takes a file out of the draft.
func removeMessage(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.RemoveTemplate(ctx, r.by(), r.path("key"), r.path("file"), ""); err != nil {
		return reply{}, err
	}
	return r.seeOther("/messages", "writing.removed", "file", r.path("file"))
}
