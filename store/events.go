package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

func writeDown(events []journey.Event) ([]journey.WrittenEvent, error) {
	out := make([]journey.WrittenEvent, len(events))
	for i, e := range events {
		var err error
		if out[i], err = e.Written(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// claim is one row of event_ids, of the event at that place.
type claim struct {
	MessageID string
	EventID   string
	place     int
}

// claimIDs notes the callers' ids and says which events are new; of the others it says Duplicate, whatever their bodies say. Ids are
// claimed in sorted order, so that two batches with the same ids wait for each other instead of deadlocking.
func (s *Store) claimIDs(ctx context.Context, tx pgx.Tx, events []journey.WrittenEvent) (out []journey.Acceptance, fresh []journey.WrittenEvent, err error) {
	out = make([]journey.Acceptance, len(events))
	claims := make([]claim, 0, len(events))
	for i := range events {
		events[i].ID = eventID(events[i].Event)
		out[i].EventID = events[i].ID
		if id := events[i].MessageID; id != "" {
			claims = append(claims, claim{MessageID: id, EventID: events[i].ID, place: i})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.MessageID, b.MessageID), cmp.Compare(a.place, b.place))
	})
	known, err := s.insertClaims(ctx, tx, claims)
	if err != nil {
		return nil, nil, err
	}
	all := true
	for n, c := range claims {
		id, there := known[c.MessageID]
		if twin := n > 0 && claims[n-1].MessageID == c.MessageID; twin && !there { // it has come before in this batch
			id, there = out[claims[n-1].place].EventID, true
		}
		if there {
			out[c.place], all = journey.Acceptance{EventID: id, Duplicate: true}, false
		}
	}
	if all {
		return out, events, nil
	}
	for i, e := range events {
		if !out[i].Duplicate {
			fresh = append(fresh, e)
		}
	}
	return out, fresh, nil
}

// insertClaims inserts the ids that are new and returns which events those are that were there, by message id. Claims are sorted, and may name
// one twice: the first holds.
func (s *Store) insertClaims(ctx context.Context, tx pgx.Tx, claims []claim) (map[string]string, error) {
	ids, events := make([]string, 0, len(claims)), make([]string, 0, len(claims))
	for n, c := range claims {
		if n == 0 || claims[n-1].MessageID != c.MessageID {
			ids, events = append(ids, c.MessageID), append(events, c.EventID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO event_ids (message_id, event_id, received_at)
		SELECT m, e, $3 FROM unnest($1::text[], $2::text[]) AS t (m, e)
		ON CONFLICT DO NOTHING`, ids, events, s.clock.Now())
	if err != nil || int(tag.RowsAffected()) == len(ids) {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		SELECT message_id, event_id FROM event_ids
		WHERE message_id = ANY($1) AND NOT event_id = ANY($2)`, ids, events)
	if err != nil {
		return nil, err
	}
	there, err := pgx.CollectRows(rows, pgx.RowToStructByPos[claim])
	known := make(map[string]string, len(there))
	for _, c := range there {
		known[c.MessageID] = c.EventID
	}
	return known, err
}

// markConflicts finds those of the duplicates that say something else than the event that came first. The times are left out: a client
// that sends an event again sends it later, and its clock is corrected by the time of sending.
func markConflicts(ctx context.Context, tx pgx.Tx, events []journey.WrittenEvent, out []journey.Acceptance) error {
	var places []int
	var ids, kinds, users, anonymous, names, properties, contexts []string
	for i, e := range events {
		if !out[i].Duplicate {
			continue
		}
		places, ids, kinds, users = append(places, i), append(ids, out[i].EventID), append(kinds, e.Kind), append(users, e.UserID)
		anonymous, names = append(anonymous, e.AnonymousID), append(names, e.Name)
		properties, contexts = append(properties, e.PropertiesJSON), append(contexts, e.ContextJSON)
	}
	if len(places) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT n FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[])
		     AS t (n, id, kind, usr, anonymous, name, properties, context)
		JOIN events e ON e.id = t.id
		WHERE (e.kind, e.user_id, e.anonymous_id, e.name, e.properties, e.context) <> (t.kind, t.usr, t.anonymous, t.name, t.properties, t.context)`,
		places, ids, kinds, users, anonymous, names, properties, contexts)
	if err != nil {
		return err
	}
	differ, err := pgx.CollectRows(rows, pgx.RowTo[int])
	for _, i := range differ {
		out[i].Duplicate, out[i].Conflict = false, true
	}
	return err
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

// inboxRow fills in what an event leaves open.
func inboxRow(e journey.WrittenEvent, now time.Time) journey.WrittenEvent {
	e.ID = eventID(e.Event)
	if e.ReceivedAt.IsZero() {
		e.ReceivedAt = now
	}
	if e.At.IsZero() {
		e.At = e.ReceivedAt
	}
	return e
}

func (s *Store) queueWritten(b *pgx.Batch, events []journey.WrittenEvent) {
	n := len(events)
	ids, kinds, customers := make([]string, n), make([]string, n), make([]string, n)
	users, anonymous, names := make([]string, n), make([]string, n), make([]string, n)
	properties, contexts := make([]string, n), make([]string, n)
	at, received, historical := make([]time.Time, n), make([]time.Time, n), make([]bool, n)
	now := s.clock.Now()
	for i, e := range events {
		e = inboxRow(e, now)
		ids[i], kinds[i], customers[i] = e.ID, e.Kind, e.CustomerID
		users[i], anonymous[i], names[i] = e.UserID, e.AnonymousID, e.Name
		properties[i], contexts[i] = e.PropertiesJSON, e.ContextJSON
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
