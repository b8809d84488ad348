package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// quiet is a customer whose last event of a name lies long back.
type quiet struct {
	CustomerID string
	EventID    string
	LastAt     time.Time
}

// ScanInactive lets customers into the live journeys whose trigger is inactivity: those whose last event of the name is old
// enough, once per such event. It works through all of them, limit customers per transaction (at most 200), and returns how
// many entered. Who is refused by enter.if is asked again at the next scan, since it may hold by then. It
// also decides which variants have won, where it is time, and tells of clicks.
func (s *Store) ScanInactive(ctx context.Context, limit int) (entered int, err error) {
	defer wrap(&err, "scanning for inactive customers")
	if limit <= 0 || limit > customersMax {
		limit = customersMax
	}
	if err := s.tellOfClicks(ctx); err != nil {
		return 0, err
	}
	lives, _, err := s.liveJourneys(ctx, s.pool)
	if err != nil {
		return 0, err
	}
	for _, l := range lives {
		if err := s.decideWinners(ctx, l); err != nil {
			return entered, err
		}
		scan := s.scanJourney
		switch {
		case l.Def.Enter.ByCalendar():
			scan = s.scanCalendar
		case l.Def.Enter.Inactive == nil:
			continue
		}
		n, err := scan(ctx, l, limit)
		entered += n
		if err != nil {
			return entered, err
		}
	}
	return entered, nil
}

// scanJourney goes page by page through the customers who are quiet enough, the longest quiet first.
func (s *Store) scanJourney(ctx context.Context, l live, limit int) (entered int, err error) {
	yes, err := s.admitsQuiet(ctx, l, limit)
	if err != nil || !yes {
		return 0, err
	}
	var after quiet
	for {
		page, err := s.quietCustomers(ctx, l, after, limit)
		if err != nil || len(page) == 0 {
			return entered, err
		}
		n, err := s.enterQuiet(ctx, l, page, false)
		entered += n
		if err != nil {
			return entered, err
		}
		after = page[len(page)-1]
	}
}

// quietCustomers returns the next page. Customers who are in the journey, have entered for that event, or may not come back
// are left out here already, so that a scan costs what is new and not what has been.
func (s *Store) quietCustomers(ctx context.Context, l live, after quiet, limit int) ([]quiet, error) {
	var comeback *time.Duration
	never := false
	if r := l.Def.Reentry; r != nil {
		never = r.Never
		if r.After > 0 {
			comeback = &r.After
		}
	}
	now := s.clock.Now()
	filter, err := s.filter(l, l.Def.Enter.Inactive.Event, now.Add(-l.Def.Enter.Inactive.For), after.LastAt, after.CustomerID, l.Key, never,
		now, comeback, limit)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
		SELECT t.customer_id, t.last_event_id AS event_id, t.last_at
		FROM event_totals t JOIN customers c ON c.id = t.customer_id %s
		WHERE t.name = $1 AND t.last_at <= $2 AND (t.last_at, t.customer_id) > ($3, $4)
		  AND NOT EXISTS (SELECT FROM enrollments e WHERE e.customer_id = t.customer_id AND e.journey_key = $5
		                  AND (e.status = 'active' OR e.entry_key = 'inactive:' || t.last_event_id OR $6
		                       OR e.ended_at > $7::timestamptz - $8::interval))
		  AND %s
		ORDER BY t.last_at, t.customer_id LIMIT $9`, filter.Joins, filter.Where), filter.Args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[quiet])
}

// filter is what the journey asks of those whom it lets in, for the statement that finds them; args are those that the statement
// has already. Whoever is found is asked again under her lock. What only an enrollment has is not asked before.
func (s *Store) filter(l live, args ...any) (conditionSQL, error) {
	wanted := &journey.Cond{All: []*journey.Cond{}}
	if segment := l.Def.Enter.Segment(); segment != "" {
		wanted.All = append(wanted.All, &journey.Cond{Segment: segment})
	}
	if l.Def.Enter.If != nil {
		wanted.All = append(wanted.All, l.Def.Enter.If)
	}
	found, err := s.condition(wanted, l.Def.Declares.Segments, false, args...)
	if journey.CodeOf(err) == journey.CodeInvalid {
		return conditionSQL{Where: "true", Args: args}, nil
	}
	return found, err
}

// admitsQuiet counts who is about to enter, where that is more than nobody asks about.
func (s *Store) admitsQuiet(ctx context.Context, l live, limit int) (bool, error) {
	return s.admitsCounted(ctx, l, func(most int64) (n int64, err error) {
		for after := (quiet{}); n <= most; {
			page, err := s.quietCustomers(ctx, l, after, limit)
			if err != nil || len(page) == 0 {
				return n, err
			}
			n += int64(len(page))
			after = page[len(page)-1]
		}
		n = 0
		for after := (quiet{}); ; {
			page, err := s.quietCustomers(ctx, l, after, limit)
			if err != nil || len(page) == 0 {
				return n, err
			}
			would, err := s.enterQuiet(ctx, l, page, true)
			if err != nil {
				return n, err
			}
			n += int64(would)
			after = page[len(page)-1]
		}
	})
}

// enterQuiet locks a page of customers and lets in those who are still quiet; or counts them, where it is only to count.
func (s *Store) enterQuiet(ctx context.Context, l live, page []quiet, count bool) (entered int, err error) {
	ids := make([]string, len(page))
	for i, q := range page {
		ids[i] = q.CustomerID
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		entered = 0
		if err := lockCustomers(ctx, tx, ids); err != nil {
			return err
		}
		people, err := loadPeople(ctx, tx, ids)
		if err != nil {
			return err
		}
		last, err := lastEvents(ctx, tx, ids, l.Def.Enter.Inactive.Event)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p, e := people[id], last[id]
			if p == nil || p.MergedInto != "" || e == nil {
				continue
			}
			in, err := s.enter(ctx, tx, l, p, journey.Entry{Via: journey.ViaInactive, Event: e})
			if err != nil {
				return err
			}
			if in.Reason == "" {
				entered++
			}
		}
		return counted(count)
	})
	return entered, uncounted(err)
}

// errCounted takes back what a transaction did that was only to count.
var errCounted = errors.New("it was only to count")

func counted(only bool) error {
	if only {
		return errCounted
	}
	return nil
}

func uncounted(err error) error {
	if errors.Is(err, errCounted) {
		return nil
	}
	return err
}

// lastEvents returns of each customer the last event of a name, read under her lock.
func lastEvents(ctx context.Context, q querier, customers []string, name string) (map[string]*journey.Event, error) {
	rows, err := q.Query(ctx, `
		SELECT e.id, e.kind, coalesce(e.customer_id, ''), e.user_id, e.anonymous_id, e.name, e.properties, e.context,
		       e.happened_at, e.received_at, coalesce(e.number, 0), e.historical
		FROM event_totals t JOIN events e ON e.id = t.last_event_id
		WHERE t.customer_id = ANY($1) AND t.name = $2`, customers, name)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanEvent)
	last := map[string]*journey.Event{}
	for i := range all {
		last[all[i].CustomerID] = &all[i]
	}
	return last, err
}
