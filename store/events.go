package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// writtenEvent is an event with its JSON, which is stored and hashed.
type writtenEvent struct {
	journey.Event
	properties, context string
}

func writeDown(events []journey.Event) ([]writtenEvent, error) {
	out := make([]writtenEvent, len(events))
	for i, e := range events {
		properties, err := jsonObject(e.Properties)
		if err != nil {
			return nil, err
		}
		context, err := jsonObject(e.Context)
		if err != nil {
			return nil, err
		}
		out[i] = writtenEvent{e, properties, context}
	}
	return out, nil
}

// claimIDs notes the callers' ids and says which events are new. Ids are claimed in sorted order, so that two batches with
// the same ids wait for each other instead of deadlocking.
func (s *Store) claimIDs(ctx context.Context, tx pgx.Tx, events []writtenEvent) ([]journey.Acceptance, []writtenEvent, error) {
	var claims []claim
	first := map[string]claim{} // by message id
	for _, e := range events {
		if e.MessageID == "" {
			continue
		}
		if _, twice := first[e.MessageID]; twice {
			continue
		}
		c := claim{MessageID: e.MessageID, EventID: eventID(e.Event), Hash: e.hash()}
		first[e.MessageID], claims = c, append(claims, c)
	}
	known, err := s.insertClaims(ctx, tx, claims)
	if err != nil {
		return nil, nil, err
	}
	out := make([]journey.Acceptance, len(events))
	var fresh []writtenEvent
	taken := map[string]bool{}
	for i, e := range events {
		if e.MessageID == "" {
			e.ID = eventID(e.Event)
			out[i], fresh = journey.Acceptance{EventID: e.ID}, append(fresh, e)
			continue
		}
		mine := first[e.MessageID]
		held, before := known[e.MessageID]
		if !before {
			held = mine
		}
		if !before && !taken[e.MessageID] {
			taken[e.MessageID] = true
			e.ID = mine.EventID
			out[i], fresh = journey.Acceptance{EventID: e.ID}, append(fresh, e)
			continue
		}
		same := slices.Equal(e.hash(), held.Hash)
		out[i] = journey.Acceptance{EventID: held.EventID, Duplicate: same, Conflict: !same}
	}
	return out, fresh, nil
}

// claim is one row of event_ids.
type claim struct {
	MessageID string
	EventID   string
	Hash      []byte
}

// insertClaims inserts the ids that are new and returns the rows of those that were there.
func (s *Store) insertClaims(ctx context.Context, tx pgx.Tx, claims []claim) (map[string]claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.MessageID, b.MessageID) })
	ids, events, hashes := make([]string, len(claims)), make([]string, len(claims)), make([][]byte, len(claims))
	for i, c := range claims {
		ids[i], events[i], hashes[i] = c.MessageID, c.EventID, c.Hash
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO event_ids (message_id, event_id, body_hash, received_at)
		SELECT m, e, h, $4 FROM unnest($1::text[], $2::text[], $3::bytea[]) AS t (m, e, h)
		ON CONFLICT DO NOTHING RETURNING message_id`, ids, events, hashes, s.clock.Now())
	if err != nil {
		return nil, err
	}
	inserted, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(inserted) == len(claims) {
		return nil, err
	}
	rows, err = tx.Query(ctx, `
		SELECT message_id, event_id, body_hash AS hash FROM event_ids
		WHERE message_id = ANY($1) AND NOT message_id = ANY($2)`, ids, inserted)
	if err != nil {
		return nil, err
	}
	there, err := pgx.CollectRows(rows, pgx.RowToStructByName[claim])
	known := map[string]claim{}
	for _, c := range there {
		known[c.MessageID] = c
	}
	return known, err
}

// hash is of what the caller said. The times are left out: a client that sends an event again sends it later, and its
// clock is corrected by the time of sending.
func (e writtenEvent) hash() []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Kind, e.UserID, e.AnonymousID, e.Name, e.properties, e.context}, "\x00")))
	return sum[:]
}

func eventID(e journey.Event) string {
	if e.ID != "" {
		return e.ID
	}
	return journey.NewID(journey.PrefixEvent)
}

// insertEvents writes events into the inbox, in their order.
func (s *Store) insertEvents(ctx context.Context, q querier, events []journey.Event) error {
	b := &pgx.Batch{}
	if err := s.queueEvents(b, events); err != nil {
		return err
	}
	return q.SendBatch(ctx, b).Close()
}

// queueEvents adds the statement that writes events into the inbox.
func (s *Store) queueEvents(b *pgx.Batch, events []journey.Event) error {
	written, err := writeDown(events)
	if err == nil {
		s.queueWritten(b, written)
	}
	return err
}

func (s *Store) queueWritten(b *pgx.Batch, events []writtenEvent) {
	n := len(events)
	ids, kinds, customers := make([]string, n), make([]string, n), make([]string, n)
	users, anonymous, names := make([]string, n), make([]string, n), make([]string, n)
	properties, contexts := make([]string, n), make([]string, n)
	at, received, historical := make([]time.Time, n), make([]time.Time, n), make([]bool, n)
	now := s.clock.Now()
	for i, e := range events {
		if e.ReceivedAt.IsZero() {
			e.ReceivedAt = now
		}
		if e.At.IsZero() {
			e.At = e.ReceivedAt
		}
		ids[i], kinds[i], customers[i] = eventID(e.Event), e.Kind, e.CustomerID
		users[i], anonymous[i], names[i] = e.UserID, e.AnonymousID, e.Name
		properties[i], contexts[i] = e.properties, e.context
		at[i], received[i], historical[i] = e.At, e.ReceivedAt, e.IsHistorical()
	}
	b.Queue(`
		INSERT INTO events (id, kind, customer_id, user_id, anonymous_id, name, properties, context, happened_at, received_at,
		                    historical)
		SELECT id, kind, nullif(customer, ''), usr, anonymous, name, properties, context, happened, received, historical
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[],
		            $9::timestamptz[], $10::timestamptz[], $11::bool[])
		     WITH ORDINALITY AS t (id, kind, customer, usr, anonymous, name, properties, context, happened, received,
		                           historical, n)
		ORDER BY n`,
		ids, kinds, customers, users, anonymous, names, properties, contexts, at, received, historical)
}

// jsonObject is the text of a JSON object; nil is {}.
func jsonObject(m map[string]any) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	raw, err := json.Marshal(m)
	return string(raw), err
}
