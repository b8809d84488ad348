package journey

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// formulas are the characters with which a cell begins that a spreadsheet runs; those of full width are taken for the others by some.
const formulas = "=+-@\t\r\n＝＋－＠"

// EscapeCell keeps spreadsheets from running a text as a formula: one that begins as a formula gets an apostrophe before it.
// Numbers are left as they are.
func EscapeCell(text string) string {
	if !beginsAsFormula(text) || aDecimal.MatchString(text) {
		return text
	}
	return "'" + text
}

// UnescapeCell takes the apostrophe of EscapeCell away again.
func UnescapeCell(text string) string {
	if rest, has := strings.CutPrefix(text, "'"); has && beginsAsFormula(rest) {
		return rest
	}
	return text
}

func beginsAsFormula(text string) bool {
	first, size := utf8.DecodeRuneInString(text)
	return size > 0 && strings.ContainsRune(formulas, first)
}

var aDecimal = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,15})?$`)

// SheetWriter writes CSV for spreadsheets: with a byte order mark, for they take it for another encoding otherwise, and without a cell
// that they would run as a formula.
type SheetWriter struct {
	to    io.Writer
	csv   *csv.Writer
	begun bool
}

// NewSheetWriter writes to that. Nothing goes out before the first line.
func NewSheetWriter(to io.Writer) *SheetWriter { return &SheetWriter{to: to, csv: csv.NewWriter(to)} }

// Write writes one line.
func (w *SheetWriter) Write(cells ...string) error {
	if !w.begun {
		if _, err := io.WriteString(w.to, "\ufeff"); err != nil {
			return err
		}
		w.begun = true
	}
	safe := make([]string, len(cells))
	for i, text := range cells {
		safe[i] = EscapeCell(text)
	}
	return w.csv.Write(safe)
}

// Flush sees to it that every line is out.
func (w *SheetWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
