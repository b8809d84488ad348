package control

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"perennial/journey"
)

const (
	codesAtOnce   = 5000 // lines that one transaction takes
	mostRefused   = 1000 // refused lines that an answer names
	mostCodeBytes = 100
	mostCodeLine  = 64 << 10 // bytes of a line: its first cell is a code, the others are anybody's
)

// UploadCodes reads codes from a CSV, the first cell of each line, and puts them into a pool as it goes; a first line that says code,
// codes or coupon is a heading. A line that cannot be taken is reported, and so is a code that stands twice or is there
// already; the rest is taken. The same file again adds what is missing and nothing else, so an upload that broke off is just sent again.
func (c *Control) UploadCodes(ctx context.Context, by journey.Actor, pool string, file io.Reader) (journey.CodeUpload, error) {
	u := upload{Control: c, by: by, pool: pool, seen: map[string]int{}, out: journey.CodeUpload{Pool: pool, Refused: []journey.RefusedCode{}}}
	start := make([]byte, 3)
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return u.out, fmt.Errorf("reading the file: %w", err)
	}
	start = start[:n]
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) || bytes.HasPrefix(start, []byte("PK")) {
		return u.out, journey.Faultf(journey.CodeUnsupported, "this is no CSV in UTF-8; save the sheet as CSV (UTF-8)")
	}
	lines := &journey.LineReader{From: io.MultiReader(bytes.NewReader(bytes.TrimPrefix(start, []byte("\ufeff"))), file), Most: mostCodeLine}
	r := csv.NewReader(lines)
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace, r.ReuseRecord = -1, true, true, true
	last := 0
	for {
		lines.Next()
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			err := u.flush(ctx)
			slices.SortFunc(u.out.Refused, func(a, b journey.RefusedCode) int { return a.Line - b.Line })
			return u.out, err
		}
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, journey.ErrLongLine):
			return u.out, errors.Join(journey.Faultf(journey.CodeInvalid, "the line after line %d does not end within %d KiB: is a quote left open?", last, mostCodeLine>>10),
				u.flush(ctx))
		case errors.As(err, &wrong):
			u.refuse(wrong.StartLine, "", "cannot be read as CSV")
			continue
		case err != nil:
			return u.out, errors.Join(u.flush(ctx), fmt.Errorf("reading the file: %w", err))
		}
		last, _ = r.FieldPos(0)
		if err := u.take(ctx, last, cells[0]); err != nil {
			return u.out, err
		}
	}
}

// upload is a file of codes that is being taken.
type upload struct {
	*Control
	by      journey.Actor
	pool    string
	seen    map[string]int // code → line
	waiting []string
	out     journey.CodeUpload
}

func (u *upload) take(ctx context.Context, line int, cell string) error {
	code := strings.ToUpper(strings.TrimSpace(cell))
	if u.out.Lines == 0 && slices.Contains([]string{"CODE", "CODES", "COUPON"}, code) {
		return nil
	}
	if code == "" {
		return nil
	}
	u.out.Lines++
	first, twice := u.seen[code]
	switch {
	case len(code) > mostCodeBytes:
		u.refuse(line, code[:20]+"…", "is over 100 bytes")
	case !utf8.ValidString(code) || strings.ContainsFunc(code, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		u.refuse(line, strings.ToValidUTF8(code, "?"), "holds a blank or a character that cannot be typed")
	case twice:
		u.refuse(line, code, fmt.Sprintf("stands in line %d already", first))
	default:
		u.seen[code] = line
		u.waiting = append(u.waiting, code)
	}
	if len(u.waiting) < codesAtOnce {
		return nil
	}
	return u.flush(ctx)
}

func (u *upload) refuse(line int, code, reason string) {
	u.out.RefusedCount++
	if len(u.out.Refused) < mostRefused {
		u.out.Refused = append(u.out.Refused, journey.RefusedCode{Line: line, Code: code, Reason: reason})
	}
}

// flush puts what waits into the pool. What is there already is told by the line that it stands in.
func (u *upload) flush(ctx context.Context) error {
	known, err := u.Store.KnownCodes(ctx, u.waiting)
	if err != nil {
		return err
	}
	fresh := make([]string, 0, len(u.waiting))
	for _, code := range u.waiting {
		switch pool, is := known[code]; {
		case !is:
			fresh = append(fresh, code)
		case pool == u.pool:
			u.out.Known++
		default:
			u.refuse(u.seen[code], code, "is a code of pool "+pool)
		}
	}
	u.waiting = u.waiting[:0]
	if len(fresh) == 0 && u.out.Added > 0 {
		return nil
	}
	added, err := u.Store.AddCodes(ctx, u.pool, fresh, u.by)
	u.out.Added += added
	return err
}
