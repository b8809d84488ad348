package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// ReportView returns a report of the counters that CountReports keeps. CodeNotFound where there is no such report, CodeMalformed
// for periods that cannot be.
func (s *Store) ReportView(ctx context.Context, r journey.ReportRequest) (v journey.ReportView, err error) {
	defer wrap(&err, "making a report")
	st, err := reportSettings(ctx, s.pool)
	if err != nil {
		return v, err
	}
	now := s.clock.Now()
	if r, err = r.Settle(journey.DayIn(now, st.Location())); err != nil {
		return v, err
	}
	counts, err := s.readCounts(ctx, r)
	if err != nil {
		return v, err
	}
	of, zone := journey.Reported{Counts: counts}, st.Location()
	switch r.Report {
	case journey.ReportLoss:
		err = s.takeOffAhead(ctx, counts, now, zone)
	case journey.ReportJourneys:
		of.Journeys, err = s.newestVersions(ctx, counts.Journeys())
	case journey.ReportTasks:
		from, to := startOf(r.From, zone), startOf(r.By.Next(r.Until), zone)
		of.Times, err = s.serviceTimes(ctx, r.By, zone.String(), from, to)
	}
	if err != nil {
		return v, err
	}
	return journey.ViewReport(st, r, now, of), nil
}

func (s *Store) readCounts(ctx context.Context, r journey.ReportRequest) (journey.Counts, error) {
	if r.Spanned() {
		return s.spanCounts(ctx, r)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT what, grain, starts, age, label, n, least(greatest(total, -9e18), 9e18)::bigint FROM report_counts
		WHERE what = ANY($1) AND (n <> 0 OR total <> 0)`, r.Counted())
	if err != nil {
		return nil, err
	}
	counts := journey.Counts{}
	var k journey.CountKey
	var c journey.Count
	_, err = pgx.ForEachRow(rows, []any{&k.What, &k.Grain, &k.Starts, &k.Age, &k.Label, &c.N, &c.Total}, func() error {
		counts[k] = c
		return nil
	})
	return counts, err
}

// spanCounts adds up counters over the span that was asked for, as if all had been counted in its first month.
func (s *Store) spanCounts(ctx context.Context, r journey.ReportRequest) (journey.Counts, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT what, label, sum(n)::bigint, least(greatest(sum(total), -9e18), 9e18)::bigint FROM report_counts
		WHERE what = ANY($1) AND grain = 'month' AND starts >= $2 AND starts < $3 AND ($4 = '' OR starts_with(label, $4 || '/'))
		GROUP BY what, label HAVING sum(n) <> 0 OR sum(total) <> 0`, r.Counted(), r.From, r.By.Next(r.Until), r.Journey)
	if err != nil {
		return nil, err
	}
	counts := journey.Counts{}
	k := journey.CountKey{Grain: journey.ByMonth, Starts: r.From}
	var c journey.Count
	_, err = pgx.ForEachRow(rows, []any{&k.What, &k.Label, &c.N, &c.Total}, func() error {
		counts[k] = c
		return nil
	})
	return counts, err
}

// newestVersions returns the newest version of each of these journeys. One that this program cannot read is left out.
func (s *Store) newestVersions(ctx context.Context, keys []string) (map[string]*journey.Definition, error) {
	rows, err := s.pool.Query(ctx, `SELECT journey_key, max(number) FROM versions WHERE journey_key = ANY($1) GROUP BY journey_key`, keys)
	if err != nil {
		return nil, err
	}
	newest, out := map[string]int{}, map[string]*journey.Definition{}
	var key string
	var number int
	if _, err := pgx.ForEachRow(rows, []any{&key, &number}, func() error { newest[key] = number; return nil }); err != nil {
		return nil, err
	}
	for key, number := range newest {
		var problems journey.Problems
		def, err := s.definition(ctx, s.pool, key, number)
		switch {
		case errors.As(err, &problems):
		case err != nil:
			return nil, err
		default:
			out[key] = def
		}
	}
	return out, nil
}

// takeOffAhead takes the losses off the present month that have not happened: she may still order.
func (s *Store) takeOffAhead(ctx context.Context, counts journey.Counts, now time.Time, zone *time.Location) error {
	month := journey.ByMonth.Begin(now.In(zone))
	rows, err := s.pool.Query(ctx, `
		SELECT reason, count(*) FROM report_spells WHERE lost AND ended_at > $1 AND ended_at < $2 GROUP BY reason`,
		now, startOf(journey.ByMonth.Next(month), zone))
	if err != nil {
		return err
	}
	var reason string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&reason, &n}, func() error {
		k := journey.CountKey{What: journey.CountLost, Grain: journey.ByMonth, Starts: month, Label: reason}
		c := counts[k]
		c.N -= n
		counts[k] = c
		return nil
	})
	return err
}

// startOf is the moment at which a day begins in a zone.
func startOf(day time.Time, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
}
