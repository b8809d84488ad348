package store

import (
	"context"
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
	counts, err := s.readCounts(ctx, r.Counted())
	if err != nil {
		return v, err
	}
	of, zone := journey.Reported{Counts: counts}, st.Location()
	from, to := startOf(r.From, zone), startOf(r.By.Next(r.Until), zone)
	switch r.Report {
	case journey.ReportLoss:
		err = s.takeOffAhead(ctx, counts, now, zone)
	case journey.ReportCoupons:
		of.Pools, err = s.poolSums(ctx, from, to)
	case journey.ReportTasks:
		of.Times, err = s.serviceTimes(ctx, r.By, zone.String(), from, to)
	}
	if err != nil {
		return v, err
	}
	return journey.ViewReport(st, r, now, of), nil
}

func (s *Store) readCounts(ctx context.Context, what []string) (journey.Counts, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT what, grain, starts, age, label, n, least(greatest(total, -9e18), 9e18)::bigint FROM report_counts
		WHERE what = ANY($1) AND (n <> 0 OR total <> 0)`, what)
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
