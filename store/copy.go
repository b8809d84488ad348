package store

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// copyFrom is how many events are worth a COPY: with fewer, one INSERT in the same round trip as the rest is cheaper.
const copyFrom = 40

// copyWritten writes events into the inbox, in their order, by COPY: it costs the server half of an INSERT from arrays, which are taken
// apart, put into rows, sorted, and then written one by one.
func (s *Store) copyWritten(ctx context.Context, tx pgx.Tx, events []journey.WrittenEvent) error {
	rows := &eventRows{events: events, now: s.clock.Now(), row: []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")}
	rows.rest = rows.row
	_, err := tx.Conn().PgConn().CopyFrom(ctx, rows, `
		COPY events (id, kind, customer_id, user_id, anonymous_id, name, properties, context, happened_at, received_at, historical)
		FROM STDIN (FORMAT binary)`)
	return err
}

// eventRows reads as the rows of events in the binary format of COPY. One row is held at a time.
type eventRows struct {
	events    []journey.WrittenEvent // that are still to be written
	now       time.Time
	row, rest []byte // the row, or what comes before and after all of them; and what of it was not read yet
	ended     bool
}

func (r *eventRows) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.rest) == 0 && !r.next() {
			return n, io.EOF
		}
		m := copy(p[n:], r.rest)
		n, r.rest = n+m, r.rest[m:]
	}
	return n, nil
}

// next makes the next row; false: there is nothing more.
func (r *eventRows) next() bool {
	switch {
	case r.ended:
		return false
	case len(r.events) == 0:
		r.row, r.ended = append(r.row[:0], 0xff, 0xff), true
	default:
		r.row = appendEventRow(r.row[:0], inboxRow(r.events[0], r.now))
		r.events = r.events[1:]
	}
	r.rest = r.row
	return true
}

func appendEventRow(b []byte, e journey.WrittenEvent) []byte {
	b = binary.BigEndian.AppendUint16(b, 11)
	b = appendText(b, e.ID)
	b = appendText(b, e.Kind)
	if e.CustomerID == "" {
		b = binary.BigEndian.AppendUint32(b, 0xffffffff) // NULL
	} else {
		b = appendText(b, e.CustomerID)
	}
	b = appendText(b, e.UserID)
	b = appendText(b, e.AnonymousID)
	b = appendText(b, e.Name)
	b = appendJSON(b, e.PropertiesJSON)
	b = appendJSON(b, e.ContextJSON)
	b = appendTime(b, e.At)
	b = appendTime(b, e.ReceivedAt)
	b = binary.BigEndian.AppendUint32(b, 1)
	if e.IsHistorical() {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text))) //nolint:gosec // far below 4 GiB
	return append(b, text...)
}

// appendJSON writes a jsonb: its text behind a version.
func appendJSON(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)+1)) //nolint:gosec // far below 4 GiB
	b = append(b, 1)
	return append(b, text...)
}

// epoch is that of Postgres, 2000-01-01, in microseconds since that of Unix.
const epoch = 946_684_800_000_000

// appendTime writes a timestamptz: microseconds since 2000.
func appendTime(b []byte, at time.Time) []byte {
	b = binary.BigEndian.AppendUint32(b, 8)
	return binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()-epoch)) //nolint:gosec // the bits of a signed number
}
