package journey

import (
	"errors"
	"io"
)

// ErrLongLine is why a LineReader reads no further.
var ErrLongLine = errors.New("the line is too long")

// LineReader stands between a file of somebody's and what reads it record by record: a quote that is never closed makes one record
// of the rest of the file, which then may not fill the memory.
type LineReader struct {
	From io.Reader
	Most int // bytes that may be read for one record
	left int
}

// Next is called before each record.
func (l *LineReader) Next() { l.left = l.Most }

func (l *LineReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrLongLine
	}
	n, err := l.From.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
