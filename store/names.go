package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueNames notes the names of what callers sent in this batch: one row per name, written in the order of names.
func (a *application) queueNames(b *pgx.Batch) {
	type tally struct {
		count       int64
		first, last time.Time
	}
	names := map[string]*tally{}
	for _, events := range a.recent {
		for _, e := range events {
			if e.Name == "" || e.Kind == journey.KindOwn {
				continue
			}
			t := names[e.Name]
			if t == nil {
				t = &tally{first: e.ReceivedAt, last: e.ReceivedAt}
				names[e.Name] = t
			}
			t.count++
			if e.ReceivedAt.Before(t.first) {
				t.first = e.ReceivedAt
			}
			if e.ReceivedAt.After(t.last) {
				t.last = e.ReceivedAt
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t := names[name]
		b.Queue(`
			INSERT INTO event_names AS n (name, first_at, last_at, count) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET first_at = least(n.first_at, excluded.first_at), last_at = greatest(n.last_at, excluded.last_at),
			    count = n.count + excluded.count`, name, t.first, t.last, t.count)
	}
}

// EventNames lists the names under which callers' events have come in, those that came up last first, with the live journeys that
// look at each.
func (s *Store) EventNames(ctx context.Context, r journey.PageRequest) (_ journey.Page[journey.EventName], err error) {
	defer wrap(&err, "listing the names of events")
	var none journey.Page[journey.EventName]
	before, err := openCursor(r.Cursor, 1)
	if err != nil {
		return none, err
	}
	if before == nil {
		before = []string{""}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT name, first_at, last_at, count, '{}'::text[] FROM event_names n
		WHERE $1 = '' OR (first_at, name) < (SELECT first_at, name FROM event_names WHERE name = $1)
		ORDER BY first_at DESC, name DESC LIMIT $2`, before[0], r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.EventName])
	if err != nil {
		return none, err
	}
	used, err := s.namesInUse(ctx)
	for i := range list {
		list[i].UsedBy = nonNil(used[list[i].Name])
	}
	return page(list, r.Limit, func(n journey.EventName) string { return cursor(n.Name) }), err
}

// namesInUse says by name of event which live journeys look at it.
func (s *Store) namesInUse(ctx context.Context) (map[string][]string, error) {
	journeys, _, err := s.liveJourneys(ctx, s.pool)
	if err != nil {
		return nil, err
	}
	used := map[string][]string{}
	for _, l := range journeys {
		names, err := safely(l.Def.EventNames)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			used[name] = append(used[name], l.Key)
		}
	}
	return used, nil
}

// eventWords puts the outcome of an event into sentences.
func (s *Store) eventWords(ctx context.Context, e journey.EventView) ([]string, error) {
	o := journey.ReadOutcome(e.Outcome)
	rows, err := s.pool.Query(ctx, `SELECT id, journey_key FROM enrollments WHERE id = ANY($1)`, slices.Concat(o.Entered, o.Woke))
	if err != nil {
		return nil, err
	}
	of := map[string]string{}
	var id, key string
	if _, err := pgx.ForEachRow(rows, []any{&id, &key}, func() error { of[id] = key; return nil }); err != nil {
		return nil, err
	}
	return journey.OutcomeWords(e, o, of), nil
}

// NamesKept are the keys of what the server keeps and journeys can name, beside topics, segments and journeys.
func (s *Store) NamesKept(ctx context.Context) (names journey.References, err error) {
	defer wrap(&err, "listing what journeys can name")
	err = s.pool.QueryRow(ctx, `
		SELECT ARRAY(SELECT key FROM pools), ARRAY(SELECT key FROM surveys), ARRAY(SELECT key FROM teams), ARRAY(SELECT key FROM endpoints)`).
		Scan(&names.Pools, &names.Surveys, &names.Teams, &names.Webhooks)
	return names, err
}
