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

// calendarGrace is how late a journey of the calendar still lets people in: after a longer outage their day is over.
const calendarGrace = 3 * journey.Day

// scanCalendar lets in those whose moment has come since the last scan: date, schedule, once. It works through them page by
// page, limit customers per transaction. Cut off in the middle it begins again where it began, and entry keys see to it that
// nobody enters twice.
func (s *Store) scanCalendar(ctx context.Context, l live, limit int) (entered int, err error) {
	from, to, err := s.scanned(ctx, l)
	if err != nil || !from.Before(to) {
		return 0, err
	}
	zones, err := s.zonesDue(ctx, l, from, to)
	if err != nil {
		return 0, err
	}
	if len(zones) > 0 {
		yes, err := s.admitsCounted(ctx, l, func(int64) (int64, error) {
			n, err := s.enterPages(ctx, l, zones, from, to, limit, true)
			return int64(n), err
		})
		if err != nil || !yes {
			return 0, err
		}
		if entered, err = s.enterPages(ctx, l, zones, from, to, limit, false); err != nil {
			return entered, err
		}
	}
	_, err = s.pool.Exec(ctx, `
		INSERT INTO calendar_scans (journey_key, until_at) VALUES ($1, $2)
		ON CONFLICT (journey_key) DO UPDATE SET until_at = greatest(calendar_scans.until_at, excluded.until_at)`, l.Key, to)
	return entered, err
}

// enterPages lets in, or counts, everybody who is due, page by page.
func (s *Store) enterPages(ctx context.Context, l live, zones []string, from, to time.Time, limit int, count bool) (entered int, err error) {
	for after := ""; ; {
		page, err := s.calendarPage(ctx, l, zones, after, from, to, limit)
		if err != nil || len(page) == 0 {
			return entered, err
		}
		n, err := s.enterByCalendar(ctx, l, page, from, to, count)
		entered += n
		if err != nil {
			return entered, err
		}
		after = page[len(page)-1]
	}
}

// scanned returns the span that has not been looked at: since the last scan, or since the version was published.
func (s *Store) scanned(ctx context.Context, l live) (from, to time.Time, err error) {
	to = s.clock.Now()
	err = s.pool.QueryRow(ctx, `
		SELECT greatest(coalesce((SELECT until_at FROM calendar_scans WHERE journey_key = $1), v.published_at), $3)
		FROM versions v WHERE v.journey_key = $1 AND v.number = $2`, l.Key, l.Version, to.Add(-calendarGrace)).Scan(&from)
	if errors.Is(err, pgx.ErrNoRows) {
		return to, to, nil
	}
	return from, to, err
}

// zonesDue returns the time zones, as customers have them, in which something falls due; of a date it is not known before
// each is looked at.
func (s *Store) zonesDue(ctx context.Context, l live, from, to time.Time) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT timezone FROM customers WHERE merged_into IS NULL`)
	if err != nil {
		return nil, err
	}
	zones, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return slices.DeleteFunc(zones, func(name string) bool {
		c := journey.Customer{Timezone: name}
		return l.Def.Enter.Date == nil && len(l.Def.Enter.Occasions(&c, s.zoneOf(c), from, to)) == 0
	}), err
}

// calendarPage returns the next customers who may be due.
func (s *Store) calendarPage(ctx context.Context, l live, zones []string, after string, from, to time.Time, limit int) ([]string, error) {
	var days []string
	var attribute string
	first, most := 1, 10
	if d := l.Def.Enter.Date; d != nil {
		attribute, days = d.Attribute, d.Days(from, to)
		if d.Yearly {
			first, most = 6, 5
		}
	}
	filter, err := s.filter(l, zones, after, days, attribute, first, most, limit)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
		SELECT c.id FROM customers c %s
		WHERE c.merged_into IS NULL AND c.timezone = ANY($1) AND c.id > $2 AND ($3::text[] IS NULL OR substr(
		      coalesce(c.attributes->>$4, c.attributes #>> string_to_array($4, '.'),
		               CASE $4 WHEN 'created_at' THEN to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') END), $5, $6) = ANY($3)) AND %s
		ORDER BY c.id LIMIT $7`, filter.Joins, filter.Where), filter.Args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// enterByCalendar locks a page of customers and lets in those who are due.
func (s *Store) enterByCalendar(ctx context.Context, l live, ids []string, from, to time.Time, count bool) (entered int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		entered = 0
		if err := lockCustomers(ctx, tx, ids); err != nil {
			return err
		}
		people, err := loadPeople(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p := people[id]
			if p == nil || p.MergedInto != "" {
				continue
			}
			for _, o := range l.Def.Enter.Occasions(&p.Customer, s.zoneOf(p.Customer), from, to) {
				in, err := s.enter(ctx, tx, l, p, journey.Entry{Via: journey.ViaCalendar, Occasion: &o})
				if err != nil {
					return err
				}
				if in.Reason == "" {
					entered++
				}
			}
		}
		return counted(count)
	})
	return entered, uncounted(err)
}
