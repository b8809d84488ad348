package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/faults/point"
	"perennial/journey"
)

// AppendEvents accepts events into the inbox, in their order, in one transaction: when it answers without error, they are
// committed and will be applied (law 6). An event whose MessageID is known has no effect (Duplicate), or is refused where its
// body differs (Conflict); the rest is taken. ID, ReceivedAt and At are filled in where they are empty.
func (s *Store) AppendEvents(ctx context.Context, events []journey.Event) (out []journey.Acceptance, err error) {
	defer wrap(&err, "accepting %d events", len(events))
	if len(events) == 0 {
		return nil, nil
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var fresh []journey.Event
		var err error
		out, fresh, err = s.claimIDs(ctx, tx, events)
		if err != nil || len(fresh) == 0 {
			return err
		}
		if err := s.insertEvents(ctx, tx, fresh); err != nil {
			return err
		}
		return notify(ctx, tx, channelEvents)
	})
	point.Hit(point.AfterAppend)
	return out, err
}

// claimIDs notes the callers' ids and says which events are new. Ids are claimed in sorted order, so that two batches with
// the same ids wait for each other instead of deadlocking.
func (s *Store) claimIDs(ctx context.Context, tx pgx.Tx, events []journey.Event) ([]journey.Acceptance, []journey.Event, error) {
	var claims []claim
	first := map[string]claim{} // by message id
	for _, e := range events {
		if e.MessageID == "" {
			continue
		}
		if _, twice := first[e.MessageID]; twice {
			continue
		}
		hash, err := bodyHash(e)
		if err != nil {
			return nil, nil, err
		}
		c := claim{MessageID: e.MessageID, EventID: eventID(e), Hash: hash}
		first[e.MessageID], claims = c, append(claims, c)
	}
	known, err := s.insertClaims(ctx, tx, claims)
	if err != nil {
		return nil, nil, err
	}
	out := make([]journey.Acceptance, len(events))
	var fresh []journey.Event
	taken := map[string]bool{}
	for i, e := range events {
		if e.MessageID == "" {
			e.ID = eventID(e)
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
		hash, err := bodyHash(e)
		if err != nil {
			return nil, nil, err
		}
		same := slices.Equal(hash, held.Hash)
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

// bodyHash is of what the caller said. The times are left out: a client that sends an event again sends it later, and its
// clock is corrected by the time of sending.
func bodyHash(e journey.Event) ([]byte, error) {
	raw, err := json.Marshal([]any{e.Kind, e.UserID, e.AnonymousID, e.Name, e.Properties, e.Context})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
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
	var ids, kinds, customers, users, anonymous, names, properties, contexts []string
	var at, received []time.Time
	var historical []bool
	now := s.clock.Now()
	for _, e := range events {
		ps, err := jsonObject(e.Properties)
		if err != nil {
			return err
		}
		cs, err := jsonObject(e.Context)
		if err != nil {
			return err
		}
		ids, kinds, customers = append(ids, eventID(e)), append(kinds, e.Kind), append(customers, e.CustomerID)
		users, anonymous, names = append(users, e.UserID), append(anonymous, e.AnonymousID), append(names, e.Name)
		properties, contexts = append(properties, ps), append(contexts, cs)
		if e.ReceivedAt.IsZero() {
			e.ReceivedAt = now
		}
		if e.At.IsZero() {
			e.At = e.ReceivedAt
		}
		at, received, historical = append(at, e.At), append(received, e.ReceivedAt), append(historical, e.IsHistorical())
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
	return nil
}

// jsonObject is the text of a JSON object; nil is {}.
func jsonObject(m map[string]any) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	raw, err := json.Marshal(m)
	return string(raw), err
}
