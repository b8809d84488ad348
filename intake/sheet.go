package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"perennial/journey"
)

// Bounds of a file of customers: of one line in bytes, of the header in columns, of the whole in lines.
const (
	maxLine    = 64 << 10
	maxColumns = 300
	maxLines   = 20_000_000
)

// Sheet reads a CSV file line by line, in memory that does not grow with the file: separated by comma, semicolon or tab, in UTF-8,
// with or without a byte order mark, the first line its header.
type Sheet struct {
	Header []string

	csv   *csv.Reader
	lines *journey.LineReader
	begun int64 // line at which the last record began
	most  int64 // lines
}

// Row is one line of a Sheet.
type Row struct {
	Line   int64    // of the file, from 1
	Fields []string // as many as the header has, unless Reason is set
	Reason string   // why the line cannot be taken; "" when it can
}

// OpenSheet reads the header. A file that is no such CSV is a fault: of CodeUnsupported where it is of another kind.
func OpenSheet(r io.Reader) (*Sheet, error) {
	from := bufio.NewReaderSize(r, 64<<10)
	head, err := from.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := kindOf(head); err != nil {
		return nil, err
	}
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(head, mark) {
		if _, err := from.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	s := &Sheet{lines: &journey.LineReader{From: from, Most: 2 * maxLine}, most: maxLines}
	s.csv = csv.NewReader(s.lines)
	s.csv.Comma, s.csv.FieldsPerRecord = separator(head), -1
	first, err := s.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, journey.Faultf(journey.CodeInvalid, "the file is empty; its first line must name the columns")
	case err != nil:
		return nil, err
	case first.Reason != "":
		return nil, journey.Faultf(journey.CodeInvalid, "the header cannot be read: %s", first.Reason)
	}
	for _, name := range first.Fields {
		s.Header = append(s.Header, strings.TrimSpace(name))
	}
	return s, s.headerFaults()
}

// kindOf refuses files that are no CSV in UTF-8, by their first bytes.
func kindOf(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return journey.Faultf(journey.CodeUnsupported, "this is a spreadsheet, not a CSV: save it as “CSV UTF-8”")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head, 0) >= 0:
		return journey.Faultf(journey.CodeUnsupported, "this is UTF-16 or no text at all: save it as “CSV UTF-8”")
	}
	return nil
}

// separator is what most often stands in the first line, outside of quotes.
func separator(head []byte) rune {
	best, most := ',', 0
	for _, mark := range []rune{',', ';', '\t'} {
		n, quoted := 0, false
		for _, c := range string(head) {
			if c == '"' {
				quoted = !quoted
			}
			if c == '\n' && !quoted {
				break
			}
			if c == mark && !quoted {
				n++
			}
		}
		if n > most {
			best, most = mark, n
		}
	}
	return best
}

func (s *Sheet) headerFaults() error {
	var all journey.Problems
	seen := map[string]bool{}
	for i, name := range s.Header {
		switch {
		case name == "":
			all = append(all, journey.Problem{Line: 1, Message: fmt.Sprintf("column %d has no name", i+1), Mend: "name every column in the first line"})
		case seen[name]:
			all = append(all, journey.Problem{Line: 1, Message: "two columns are named " + name, Mend: "give each a name of its own"})
		}
		seen[name] = true
	}
	if len(s.Header) > maxColumns {
		all = append(all, journey.Problem{Line: 1, Message: fmt.Sprintf("there are over %d columns", maxColumns), Mend: "leave out what is not about customers"})
	}
	if len(all) > 0 {
		return &journey.Fault{Code: journey.CodeInvalid, Message: "the header cannot be used", Problems: all}
	}
	return nil
}

// Next returns the next line, also one that cannot be taken; io.EOF after the last. A line in which nothing stands is none. What comes after
// a quote that is never closed cannot be told apart, and is a fault; so is a file that has too many lines.
func (s *Sheet) Next() (Row, error) {
	for {
		row, err := s.record()
		if err != nil || s.Header == nil || !slices.EqualFunc(row.Fields, s.Header, func(cell, _ string) bool { return cell == "" }) {
			return row, err
		}
	}
}

func (s *Sheet) record() (Row, error) {
	s.lines.Next()
	fields, err := s.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, journey.ErrLongLine):
		return Row{}, cannotGoOn(journey.CodeInvalid, s.begun+1, fmt.Sprintf("the line after line %d does not end within %d KiB", s.begun, maxLine>>10),
			"close the quote that was left open there, or shorten the line")
	case errors.As(err, &syntax):
		s.begun = int64(syntax.StartLine)
		return Row{Line: s.begun, Fields: []string{}, Reason: fmt.Sprintf("a quote is wrong at column %d of the line: %s", syntax.Column, syntax.Err)}, nil
	case err != nil:
		return Row{}, err
	}
	line, _ := s.csv.FieldPos(0)
	if s.begun = int64(line); s.begun > s.most {
		return Row{}, cannotGoOn(journey.CodeTooLarge, s.begun, fmt.Sprintf("the file has over %d lines", s.most), "split it, each part with the first line")
	}
	row := Row{Line: s.begun, Fields: fields}
	size := 0
	for i, text := range fields {
		size += len(text)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			fields[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
			row.Reason = "it is not UTF-8; save the file as “CSV UTF-8”"
		}
	}
	switch {
	case size > maxLine:
		row.Fields, row.Reason = []string{}, fmt.Sprintf("it is over %d KiB", maxLine>>10)
	case s.Header == nil:
	case len(fields) != len(s.Header):
		row.Reason = fmt.Sprintf("it has %d fields, and the header %d", len(fields), len(s.Header))
	case slices.EqualFunc(fields, s.Header, func(cell, name string) bool { return strings.TrimSpace(cell) == name }):
		row.Reason = "it is the first line once more"
	}
	return row, nil
}

// cannotGoOn is the fault of a file that cannot be read further. The lines above stay as they were taken.
func cannotGoOn(code journey.Code, line int64, message, mend string) error {
	return &journey.Fault{Code: code, Message: "the file cannot be read to its end",
		Problems: journey.Problems{{Line: int(line), Message: message, Mend: mend}}}
}
