package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// importing is an import on its way: the lines that are applied in one transaction, behind what waited in the inbox.
type importing struct {
	id, source, wording string
	to                  int64 // line up to which it was applied before

	waiting   int                  // events of the batch that are none of its lines
	lines     []journey.ImportLine // that became events, in their order
	events    []journey.Event      // of them
	last      int64                // line up to which it has come when all of them are applied
	ambiguous []int64              // lines whose address several customers have
}

// ApplyImport applies up to limit lines of the oldest import that is being applied, in one transaction with the note of how far it has
// come. What waits in the inbox comes before them, in the same transaction. It returns how many lines; busy says that the import has not
// come to its end. A line that cannot be applied is refused, and the others go on.
func (s *Store) ApplyImport(ctx context.Context, profile Profiler, limit int) (applied int, busy bool, err error) {
	defer wrap(&err, "applying an import")
	applied, busy, err = s.applyLines(ctx, profile, limit)
	if err == nil || passing(ctx, err) {
		return applied, busy, err
	}
	if _, err := s.ApplyInbox(ctx, profile, limit); err != nil { // it may be one of these
		return 0, true, err
	}
	for range limit {
		n, busy, err := s.applyLines(ctx, profile, 1)
		if err != nil && !passing(ctx, err) {
			return applied, true, s.refuseLine(ctx, err)
		}
		if err != nil || !busy {
			return applied, busy, err
		}
		applied += n
	}
	return applied, true, nil
}

func (s *Store) applyLines(ctx context.Context, profile Profiler, limit int) (applied int, busy bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		applied, busy = 0, false
		i, batch, err := s.openImport(ctx, tx, limit)
		if i == nil || err != nil {
			return err
		}
		busy = i.waiting == limit || i.last > i.to
		if len(batch) > 0 {
			if err := s.applyEvents(ctx, tx, profile, &batch, i); err != nil {
				return err
			}
		}
		applied = max(0, len(batch)-i.waiting)
		return s.noteImport(ctx, tx, i, applied, !busy)
	})
	return applied, busy, err
}

// openImport locks the inbox and the oldest import that is being applied, and returns what comes next of both, limit at most; nil: there
// is no import, or another process is at it.
func (s *Store) openImport(ctx context.Context, tx pgx.Tx, limit int) (*importing, []journey.Event, error) {
	i := &importing{}
	err := tx.QueryRow(ctx, `
		SELECT id, source, wording, applied_to FROM imports WHERE state = 'applying'
		ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED`).Scan(&i.id, &i.source, &i.wording, &i.to)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, inboxLock); err != nil {
		return nil, nil, err
	}
	batch, err := pendingEvents(ctx, tx, limit)
	if err != nil {
		return nil, nil, err
	}
	i.waiting, i.last = len(batch), i.to
	if i.waiting == limit {
		return i, batch, nil
	}
	if err := i.take(ctx, tx, limit-i.waiting, s.clock.Now()); err != nil {
		return nil, nil, err
	}
	return i, append(batch, i.events...), nil
}

// take reads the next lines in their order, and says whose each is: a line with an address alone is about the customer who has it; about a
// new one where nobody has; and is refused where several have.
func (i *importing) take(ctx context.Context, q querier, limit int, now time.Time) error {
	lines, err := i.read(ctx, q, limit)
	if err != nil || len(lines) == 0 {
		return err
	}
	lines = untilAddressMoves(lines)
	i.last = lines[len(lines)-1].Line
	holders, err := holdersOf(ctx, q, lines)
	if err != nil {
		return err
	}
	said := map[string]any{journey.ContextImport: i.id, "source": i.source, "historical": true}
	for _, l := range lines {
		e := journey.Event{ID: journey.NewID(journey.PrefixEvent), Kind: journey.KindIdentify, UserID: l.UserID, Properties: l.Traits,
			Context: said, At: now, ReceivedAt: now, Historical: true}
		if l.UserID == "" {
			switch her := holders[l.Address]; len(her) {
			case 0:
				e.AnonymousID = importedID(e)
			case 1:
				e.CustomerID = her[0]
			default:
				i.ambiguous = append(i.ambiguous, l.Line)
				continue
			}
		}
		i.lines, i.events = append(i.lines, l), append(i.events, e)
	}
	return nil
}

// takenBytes bounds what lines say that are applied in one transaction: a thousand long ones would fill the memory.
const takenBytes = 4 << 20

// read reads the next lines, limit at most, and fewer where they are long.
func (i *importing) read(ctx context.Context, q querier, limit int) (lines []journey.ImportLine, err error) {
	rows, err := q.Query(ctx, `
		SELECT line, address, user_id, traits FROM import_lines WHERE import_id = $1 AND line > $2 AND reason = '' ORDER BY line LIMIT $3`, i.id, i.to, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for size := 0; size < takenBytes && rows.Next(); size += len(rows.RawValues()[3]) {
		var l journey.ImportLine
		if err := rows.Scan(&l.Line, &l.Address, &l.UserID, &l.Traits); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// untilAddressMoves cuts the lines before one that names by her address alone somebody whom a line before it gives that address.
func untilAddressMoves(lines []journey.ImportLine) []journey.ImportLine {
	given := map[string]bool{}
	for n, l := range lines {
		switch {
		case l.UserID == "" && given[l.Address]:
			return lines[:n]
		case l.UserID != "" && l.Address != "":
			given[l.Address] = true
		}
	}
	return lines
}

// holdersOf returns, of the lines without an id, who has their addresses: two at most of each.
func holdersOf(ctx context.Context, q querier, lines []journey.ImportLine) (map[string][]string, error) {
	var addresses []string
	for _, l := range lines {
		if l.UserID == "" {
			addresses = append(addresses, l.Address)
		}
	}
	out := map[string][]string{}
	if len(addresses) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, `
		SELECT a, c.id FROM unnest($1::text[]) AS a CROSS JOIN LATERAL (
		    SELECT id FROM customers WHERE lower(email) = a AND email <> '' AND merged_into IS NULL LIMIT 2) c`, addresses)
	if err != nil {
		return nil, err
	}
	var address, id string
	_, err = pgx.ForEachRow(rows, []any{&address, &id}, func() error {
		if !slices.Contains(out[address], id) {
			out[address] = append(out[address], id)
		}
		return nil
	})
	return out, err
}

// queueEvents adds the statement that makes events of lines, as the inbox has them when they are applied. What the lines say goes from
// table to table.
func (i *importing) queueEvents(b *pgx.Batch, ids, customers []string, numbers []int64, outcomes []string, now time.Time) {
	lines, anonymous := make([]int64, len(ids)), make([]string, len(ids))
	for n := range ids {
		lines[n], anonymous[n] = i.lines[n].Line, i.events[n].AnonymousID
	}
	b.Queue(`
		INSERT INTO events (id, kind, customer_id, user_id, anonymous_id, properties, context, happened_at, received_at, historical, applied_at,
		                    number, outcome, turn)
		SELECT t.id, $9, nullif(t.customer, ''), l.user_id, t.anonymous, l.traits,
		       jsonb_build_object('import', l.import_id, 'line', l.line, 'source', $8::text, 'historical', true), $7, $7, true, $7,
		       nullif(t.number, 0), t.outcome, nextval('event_turns')
		FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $10::jsonb[]) AS t (line, id, customer, anonymous, number, outcome)
		JOIN import_lines l ON l.import_id = $1 AND l.line = t.line ORDER BY t.line`,
		i.id, lines, ids, customers, anonymous, numbers, now, i.source, journey.KindIdentify, outcomes)
}

// noteImport notes how far the import has come, with so many of its lines applied, and forgets those that need not be looked at again.
func (s *Store) noteImport(ctx context.Context, tx pgx.Tx, i *importing, applied int, ended bool) error {
	last := i.last
	if applied < len(i.lines) { // the batch was cut
		last = i.lines[applied].Line - 1
	}
	ambiguous := slices.DeleteFunc(i.ambiguous, func(line int64) bool { return line > last })
	b := &pgx.Batch{}
	if len(ambiguous) > 0 {
		b.Queue(`UPDATE import_lines SET reason = $3 WHERE import_id = $1 AND line = ANY($2)`, i.id, ambiguous,
			"several customers have this address: name her by user_id")
	}
	b.Queue(`DELETE FROM import_lines WHERE import_id = $1 AND line > $2 AND line <= $3 AND reason = ''`, i.id, i.to, last)
	b.Queue(`
		UPDATE imports SET applied = applied + $2, refused = refused + $3, applied_to = $4, state = CASE WHEN $5 THEN 'done' ELSE state END,
		    ended_at = CASE WHEN $5 THEN $6::timestamptz END WHERE id = $1`, i.id, applied, len(ambiguous), last, ended, s.clock.Now())
	b.Queue(`SELECT pg_notify($1, '')`, channelEvents) // what came in meanwhile found the inbox locked
	return tx.SendBatch(ctx, b).Close()
}

// refuseLine refuses the next line, which cannot be applied. Where something waits before it that may be the cause, it does nothing yet.
func (s *Store) refuseLine(ctx context.Context, cause error) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		i, _, err := s.openImport(ctx, tx, 1)
		if i == nil || err != nil || len(i.lines) == 0 {
			return err
		}
		reason := fmt.Sprintf("it could not be applied (%s)", codeOf(cause))
		if _, err := tx.Exec(ctx, `UPDATE import_lines SET reason = $3 WHERE import_id = $1 AND line = $2`, i.id, i.last, reason); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE imports SET refused = refused + 1, applied_to = $2 WHERE id = $1`, i.id, i.last)
		return err
	})
}
