package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// What counts as worth a word on the page of today.
const (
	todayDays   = 14        // that are shown beside one another
	lowCodes    = 20        // of a pool that names no low water of its own
	lateAfter   = time.Hour // a message that is due and not on its way
	silentAfter = 2 * 24 * time.Hour
	usualWindow = 7 * 24 * time.Hour
)

// Today says how the last 24 hours were, and what is wrong now. The figures are read one after another, not at one moment.
func (s *Store) Today(ctx context.Context) (d journey.Today, err error) {
	defer wrap(&err, "looking at today")
	now := s.clock.Now()
	d = journey.Today{Since: now.Add(-24 * time.Hour)}
	for _, read := range []func(context.Context, *journey.Today, time.Time) error{
		s.todayEnrollments, s.todayMessages, s.todayDays, s.todayTasks, s.todayPools, s.todaySilences, s.todayPauses,
	} {
		if err := read(ctx, &d, now); err != nil {
			return d, err
		}
	}
	if d.Stops, err = s.Stops(ctx); err != nil {
		return d, err
	}
	if d.Breakers, err = s.Breakers(ctx); err != nil {
		return d, err
	}
	all, err := s.Audiences(ctx)
	d.Asked = []journey.Approval{}
	for _, a := range all {
		if a.State == journey.AudienceAsked || a.State == journey.AudienceStopped {
			d.Asked = append(d.Asked, a)
		}
	}
	return d, err
}

func (s *Store) todayEnrollments(ctx context.Context, d *journey.Today, _ time.Time) error {
	d.Entered = map[string]int{}
	rows, err := s.pool.Query(ctx, `SELECT journey_key, count(*)::int FROM enrollments WHERE entered_at > $1 GROUP BY journey_key`, d.Since)
	if err != nil {
		return err
	}
	var key string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error { d.Entered[key] = n; return nil }); err != nil {
		return err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM enrollments WHERE ended_at > $1)::int,
			(SELECT count(*) FROM enrollments WHERE status = 'active' AND held <> '')::int`, d.Since).Scan(&d.Ended, &d.Held)
	if d.HeldPeople = []journey.Inside{}; err != nil || d.Held == 0 {
		return err
	}
	rows, err = s.pool.Query(ctx, `
		SELECT `+insideColumns+` FROM enrollments e JOIN customers c ON c.id = e.customer_id
		WHERE e.status = 'active' AND e.held <> '' ORDER BY e.id DESC LIMIT 5`)
	if err != nil {
		return err
	}
	d.HeldPeople, err = pgx.CollectRows(rows, insideRow)
	return err
}

func (s *Store) todayMessages(ctx context.Context, d *journey.Today, now time.Time) error {
	d.NotSent = map[string]int{}
	rows, err := s.pool.Query(ctx, `
		SELECT reason, count(*)::int FROM (
			SELECT reason FROM messages WHERE state IN ('dropped', 'failed', 'unknown') AND not_before_at > $1 AND not_before_at <= $2
			UNION ALL SELECT coalesce(detail->>'reason', '') FROM step_log WHERE what = 'not_sent' AND at > $1) missed
		GROUP BY reason`, d.Since, now)
	if err != nil {
		return err
	}
	var reason string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&reason, &n}, func() error { d.NotSent[reason] = n; return nil }); err != nil {
		return err
	}
	return s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM messages WHERE sent_at > $1 AND state = 'accepted')::int,
			(SELECT count(*) FROM bounces WHERE at > $1)::int,
			(SELECT count(*) FROM messages WHERE state IN ('queued', 'deferred'))::int,
			(SELECT count(*) FROM messages WHERE state IN ('queued', 'deferred') AND not_before_at < $2)::int,
			(SELECT count(*) FROM messages WHERE state = 'deferred' AND reason = 'sender_fault')::int`,
		d.Since, s.lateBefore(now)).Scan(&d.Sent, &d.Bounced, &d.Waiting, &d.Late, &d.Refused)
}

// lateBefore is the moment before which what was due is late: an hour ago, and never less than a minute by the clock on the wall,
// which at the speed of a demo is many hours.
func (s *Store) lateBefore(now time.Time) time.Time {
	hour, minute := now.Add(-lateAfter), s.clock.ToProduct(s.clock.Wall().Add(-time.Minute))
	if minute.Before(hour) {
		return minute
	}
	return hour
}

func (s *Store) todayDays(ctx context.Context, d *journey.Today, now time.Time) error {
	rows, err := s.pool.Query(ctx, `
		SELECT d.ends, (SELECT count(*) FROM enrollments WHERE entered_at > d.ends - interval '1 day' AND entered_at <= d.ends)::int,
			(SELECT count(*) FROM messages WHERE sent_at > d.ends - interval '1 day' AND sent_at <= d.ends AND state = 'accepted')::int
		FROM generate_series($1::timestamptz - make_interval(days => $2::int - 1), $1, interval '1 day') d (ends) ORDER BY 1`, now, todayDays)
	if err != nil {
		return err
	}
	d.Days, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.DayCount])
	return err
}

func (s *Store) todayTasks(ctx context.Context, d *journey.Today, now time.Time) error {
	err := s.pool.QueryRow(ctx, `
		SELECT count(*)::int, (count(*) FILTER (WHERE due_at < $1))::int FROM tasks WHERE done_at IS NULL`, now).Scan(&d.Open, &d.Overdue)
	if err != nil {
		return err
	}
	rows, err := s.pool.Query(ctx, taskSQL+`WHERE t.done_at IS NULL AND t.due_at < $1 ORDER BY coalesce(t.due_at, 'infinity'), t.id LIMIT 5`, now)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, taskRow)
	d.OverdueTasks = nonNil(list)
	return err
}

func (s *Store) todayPools(ctx context.Context, d *journey.Today, _ time.Time) error {
	rows, err := s.pool.Query(ctx, `
		SELECT p.key, f.free, greatest(p.low_water, $1::int) FROM pools p CROSS JOIN LATERAL (
			SELECT count(*)::int AS free FROM (SELECT FROM coupons c WHERE c.pool = p.key AND c.state = 'free' LIMIT greatest(p.low_water, $1) + 1) few) f
		WHERE p.length = 0 AND f.free <= greatest(p.low_water, $1) ORDER BY p.key`, lowCodes)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.PoolLevel])
	d.Low = nonNil(list)
	return err
}

// todaySilences finds what at least four customers used to do within a week and nobody does any more. It reads the totals per customer
// by their index on name and time, not the events.
func (s *Store) todaySilences(ctx context.Context, d *journey.Today, now time.Time) error {
	rows, err := s.pool.Query(ctx, `
		WITH RECURSIVE names AS (
			(SELECT name FROM event_totals ORDER BY name LIMIT 1)
			UNION ALL
			SELECT (SELECT t.name FROM event_totals t WHERE t.name > n.name ORDER BY t.name LIMIT 1) FROM names n WHERE n.name IS NOT NULL
		), last AS (
			SELECT n.name, (SELECT max(last_at) FROM event_totals t WHERE t.name = n.name) AS at FROM names n WHERE n.name IS NOT NULL
		)
		SELECT l.name, l.at, u.n / 7.0 FROM last l CROSS JOIN LATERAL (
			SELECT count(*)::float8 AS n FROM event_totals t WHERE t.name = l.name AND t.last_at > l.at - $2::interval) u
		WHERE l.at < $1 AND u.n >= 4 AND NOT l.name = ANY($3) ORDER BY l.at DESC LIMIT 5`, now.Add(-silentAfter), usualWindow, journey.OwnEvents())
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Silence])
	d.Silences = nonNil(list)
	return err
}

func (s *Store) todayPauses(ctx context.Context, d *journey.Today, _ time.Time) error {
	held, err := s.Pauses(ctx, "", "")
	d.Pauses = []journey.PauseView{}
	for _, p := range held {
		if p.Scope.IsWide() {
			d.Pauses = append(d.Pauses, journey.ViewPause(p))
		}
	}
	return err
}
