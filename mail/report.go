package mail

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/emersion/go-message"

	"perennial/journey"
)

// reportKind is the form of a report.
type reportKind int

const (
	reportNone reportKind = iota
	reportBounce
	reportComplaint
	reportPlain // words only; it may be none
)

// report is a mail taken apart as far as reports need it.
type report struct {
	kind     reportKind
	returned string   // the return address that it came to
	failed   string   // X-Failed-Recipients, of an old Exim
	status   []fields // groups of the machine's part
	text     string   // of a plain one, with LF
	original struct{ messageID, sender string }
}

// fields are header fields by their name in lower case; the first of each name counts.
type fields map[string]string

// Bounds of what is read of a report; the original that it encloses may be as large as mail can be.
const (
	mostReport = 1 << 20
	mostHead   = 64 << 10
	mostParts  = 20
)

// openReport takes a mail apart. It does not look into enclosed messages, their headers aside: a bounce that somebody forwards to
// us is no bounce of ours.
func openReport(raw []byte) (report, error) {
	if len(raw) > mostReport {
		raw = raw[:mostReport]
	}
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return report{}, err
	}
	r := report{failed: e.Header.Get("X-Failed-Recipients"), returned: returnedTo(e.Header)}
	r.original.messageID = idOf(e.Header.Get("In-Reply-To"))
	kind, params, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	switch {
	case strings.EqualFold(kind, "multipart/report"):
		return r, r.readParts(e, strings.ToLower(params["report-type"]))
	case strings.HasPrefix(strings.ToLower(kind), "text/plain"):
		r.kind = reportPlain
		text, err := io.ReadAll(e.Body)
		r.text = strings.ReplaceAll(string(text), "\r\n", "\n")
		return r, err
	}
	return r, nil
}

// returnedTo finds the return address among those that the mail came to.
func returnedTo(h message.Header) string {
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "To"} {
		values := h.FieldsByKey(name)
		for values.Next() {
			for _, word := range strings.FieldsFunc(values.Value(), func(r rune) bool { return strings.ContainsRune("<>, \t", r) }) {
				if journey.IsReturn(word) {
					return word
				}
			}
		}
	}
	return ""
}

func (r *report) readParts(e *message.Entity, kind string) error {
	parts := e.MultipartReader()
	if parts == nil {
		return errors.New("the report has no parts")
	}
	for range mostParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if part == nil {
			return r.torn(err)
		}
		if err := r.readPart(part, kind); err != nil {
			return err
		}
	}
	return nil
}

// torn says what the end of a mail in the middle of a part means: where the machine's part was read whole, nothing, for the
// original behind it may be larger than what is read.
func (r *report) torn(err error) error {
	if r.kind != reportNone {
		return nil
	}
	return err
}

func (r *report) readPart(part *message.Entity, reportType string) error {
	kind, _, err := part.Header.ContentType()
	if err != nil {
		return nil //nolint:nilerr // a part without a readable type is none of those that count
	}
	switch strings.ToLower(kind) {
	case "message/delivery-status", "message/global-delivery-status":
		if reportType == "" || reportType == "delivery-status" {
			return r.readStatus(part, reportBounce)
		}
	case "message/feedback-report":
		if reportType == "" || reportType == "feedback-report" {
			return r.readStatus(part, reportComplaint)
		}
	case "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers":
		text, err := io.ReadAll(io.LimitReader(part.Body, mostHead))
		head, _, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n")
		original := parseFields(head)
		r.original.messageID = firstText(idOf(original["message-id"]), r.original.messageID)
		if sender := strings.Trim(original["return-path"], "<> "); journey.IsReturn(sender) {
			r.original.sender = sender
		}
		return r.torn(err)
	}
	return nil
}

func (r *report) readStatus(part *message.Entity, kind reportKind) error {
	text, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	r.kind = kind
	for group := range strings.SplitSeq(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n") {
		if f := parseFields(group); len(f) > 0 {
			r.status = append(r.status, f)
		}
	}
	return nil
}

// parseFields reads lines "Name: value" with their folds, and passes over what is none.
func parseFields(text string) fields {
	out := fields{}
	last := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if last != "" {
				out[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, found := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		last = ""
		if _, before := out[name]; found && name != "" && !before {
			out[name], last = strings.TrimSpace(value), name
		}
	}
	return out
}

var bracketed = regexp.MustCompile(`<([^<>\s]+@[^<>\s]+)>`)

// idOf takes a Message-ID out of its brackets.
func idOf(value string) string {
	if m := bracketed.FindStringSubmatch(value); m != nil && len(m[1]) <= maxLine {
		return strings.ToValidUTF8(strings.ReplaceAll(m[1], "\x00", ""), "")
	}
	return ""
}
