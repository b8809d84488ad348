package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Profiler says what an event does to the customer herself; intake has it.
type Profiler = func(journey.Customer, journey.Event) journey.Change

// inboxLock is the advisory lock under which the inbox is applied: one at a time, so that two that look at once do not do the
// same work twice. Right they would be without it: customers are locked, and what is applied is not applied again.
const inboxLock = 7243011

// customersMax bounds the customers whose locks one transaction holds.
const customersMax = 200

// ApplyInbox applies up to limit events, in the order in which they were accepted, in one transaction: profile, consents,
// totals, triggers, wake-ups, and a number per customer. It returns how many were applied; 0 when none wait or another
// process is at it. An event that cannot be applied is marked so and passed over: it blocks nobody.
func (s *Store) ApplyInbox(ctx context.Context, profile func(journey.Customer, journey.Event) journey.Change, limit int) (applied int, err error) {
	defer wrap(&err, "applying the inbox")
	batch, err := s.applyBatch(ctx, profile, limit)
	if err == nil || passing(ctx, err) {
		return len(batch), err
	}
	return s.applySingly(ctx, profile, limit)
}

// passing says whether the error is of the moment, and not of the event.
func passing(ctx context.Context, err error) bool { return ctx.Err() != nil || unavailable(err) }

// applySingly applies one event at a time until it meets the one that cannot be applied, and parks that one.
func (s *Store) applySingly(ctx context.Context, profile Profiler, limit int) (applied int, err error) {
	for range limit {
		batch, err := s.applyBatch(ctx, profile, 1)
		switch {
		case err == nil && len(batch) == 0:
			return applied, nil
		case err == nil:
			applied++
		case passing(ctx, err) || len(batch) == 0:
			return applied, err
		default:
			return applied + 1, s.parkEvent(ctx, batch[0].ID, err)
		}
	}
	return applied, nil
}

// parkEvent takes an event out of the inbox without an effect. The text of the error may quote the event, which is hers: it
// stays in the database, beside the event.
func (s *Store) parkEvent(ctx context.Context, id string, cause error) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE events SET applied_at = $2, outcome = jsonb_build_object('error', $3::text, 'detail', $4::text)
		WHERE id = $1 AND applied_at IS NULL`, id, s.clock.Now(), codeOf(cause), cause.Error())
	return err
}

// codeOf is the word for why an event cannot be applied.
func codeOf(cause error) string {
	var p *poison
	if errors.As(cause, &p) {
		return heldPoison
	}
	return string(journey.CodeOf(cause))
}

// applyBatch applies one batch and returns its events, also when applying them failed.
func (s *Store) applyBatch(ctx context.Context, profile Profiler, limit int) (batch []journey.Event, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var mine bool
		batch = nil
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, inboxLock).Scan(&mine); err != nil || !mine {
			return err
		}
		var err error
		if batch, err = pendingEvents(ctx, tx, limit); err != nil || len(batch) == 0 {
			return err
		}
		return s.applyEvents(ctx, tx, profile, &batch, nil)
	})
	return batch, err
}

// applyEvents applies what of a batch can be applied together, and cuts the batch behind it. From is the import whose lines stand at its
// end; nil: they all wait in the inbox.
func (s *Store) applyEvents(ctx context.Context, tx pgx.Tx, profile Profiler, batch *[]journey.Event, from *importing) error {
	who, err := s.identify(ctx, tx, batch)
	if err != nil {
		return err
	}
	a, err := s.prepare(ctx, tx, who)
	if err != nil {
		return err
	}
	a.profile, a.from = profile, from
	if err := a.loadOrders(ctx, *batch, who.of); err != nil {
		return err
	}
	for i := range *batch {
		if err := a.apply(ctx, &(*batch)[i], who.of[i]); err != nil {
			return err
		}
	}
	return a.flush(ctx)
}

func pendingEvents(ctx context.Context, q querier, limit int) ([]journey.Event, error) {
	rows, err := q.Query(ctx, `
		SELECT id, kind, coalesce(customer_id, ''), user_id, anonymous_id, name, properties, context, happened_at, received_at,
		       coalesce(number, 0), historical
		FROM events WHERE applied_at IS NULL ORDER BY seq LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanEvent)
}

// prepare locks the customers of a batch and reads what applying looks at.
func (s *Store) prepare(ctx context.Context, tx pgx.Tx, who *identified) (*application, error) {
	existing := who.existing()
	if err := lockCustomers(ctx, tx, existing); err != nil {
		return nil, err
	}
	a, err := s.begin(ctx, tx, existing)
	if err != nil {
		return nil, err
	}
	for _, p := range a.people {
		if p.MergedInto != "" {
			return nil, errAgain // between finding and locking her
		}
	}
	who.greet(a)
	return a, nil
}

// begin reads what applying looks at, of customers who are locked.
func (s *Store) begin(ctx context.Context, tx pgx.Tx, customers []string) (*application, error) {
	a := &application{
		s: s, tx: tx, now: s.clock.Now(), enrolled: map[string][]*enrolled{}, totals: map[totalKey]*total{},
		woken: map[string]bool{}, touched: map[string]bool{}, recent: map[string][]journey.Event{},
		accounts: map[string]bool{}, grouped: map[string]bool{},
	}
	var err error
	if a.bounds, err = readBounds(ctx, tx); err != nil {
		return nil, err
	}
	if a.people, err = loadPeople(ctx, tx, customers); err != nil {
		return nil, err
	}
	if a.live, a.broken, err = s.liveJourneys(ctx, tx); err != nil {
		return nil, err
	}
	if a.members, err = s.loadMembers(ctx, tx, customers); err != nil {
		return nil, err
	}
	return a, a.loadEnrolled(ctx, customers)
}

// enrolled is an enrollment, as far as intake looks at it.
type enrolled struct {
	ID         string
	CustomerID string
	JourneyKey string
	EntryKey   string
	Active     bool
	Listens    []string
	EnteredAt  time.Time
	EndedAt    *time.Time
	Grp        string // of its journey; "" none
	Priority   int
}

func (a *application) loadEnrolled(ctx context.Context, customers []string) error {
	all, err := loadEnrolled(ctx, a.tx, customers)
	for _, e := range all {
		a.enrolled[e.CustomerID] = append(a.enrolled[e.CustomerID], e)
	}
	return err
}

// loadEnrolled returns every enrollment of the customers, the oldest first.
func loadEnrolled(ctx context.Context, q querier, customers []string) ([]*enrolled, error) {
	rows, err := q.Query(ctx, `
		SELECT id, customer_id, journey_key, entry_key, status = 'active' AS active, listens, entered_at, ended_at, grp, priority
		FROM enrollments WHERE customer_id = ANY($1) ORDER BY entered_at, id`, customers)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[enrolled])
}
