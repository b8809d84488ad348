package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Sending says how each lane does, what is left alone for a while, and what came back within a day. Sender is left to the caller.
func (s *Store) Sending(ctx context.Context) (d journey.Sending, err error) {
	defer wrap(&err, "looking at sending")
	now := s.clock.Now()
	rows, err := s.pool.Query(ctx, `
		SELECT l.lane, w.due, w.later, w.deferred, w.under_way, w.oldest, h.sent
		FROM unnest($1::text[]) WITH ORDINALITY l (lane, n)
		CROSS JOIN LATERAL (
			SELECT (count(*) FILTER (WHERE state IN ('queued', 'deferred') AND not_before_at <= $2))::int,
			       (count(*) FILTER (WHERE state IN ('queued', 'deferred') AND not_before_at > $2))::int,
			       (count(*) FILTER (WHERE state = 'deferred'))::int, (count(*) FILTER (WHERE state IN ('claimed', 'at_dot')))::int,
			       min(not_before_at) FILTER (WHERE state IN ('queued', 'deferred') AND not_before_at <= $2)
			FROM messages m WHERE m.lane = l.lane AND state IN ('queued', 'deferred', 'claimed', 'at_dot')) w (due, later, deferred, under_way, oldest)
		CROSS JOIN LATERAL (SELECT count(*)::int AS sent FROM messages m WHERE m.sent_at > $3 AND m.lane = l.lane AND m.state = 'accepted') h
		ORDER BY l.n`, journey.Lanes(), now, now.Add(-time.Hour))
	if err != nil {
		return d, err
	}
	if d.Lanes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.LaneState]); err != nil {
		return d, err
	}
	if d.Breakers, err = s.Breakers(ctx); err != nil {
		return d, err
	}
	rows, err = s.pool.Query(ctx, `
		SELECT lower(split_part(m.address, '@', 2)) AS domain, (count(*) FILTER (WHERE b.kind = 'hard'))::int,
		       (count(*) FILTER (WHERE b.kind = 'soft'))::int, (count(*) FILTER (WHERE b.kind = 'complaint'))::int
		FROM bounces b JOIN messages m ON m.id = b.message_id WHERE b.at > $1 AND m.address LIKE '%@%'
		GROUP BY domain ORDER BY count(*) DESC, domain LIMIT 20`, now.Add(-24*time.Hour))
	if err != nil {
		return d, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.BounceCount])
	d.Bounces = nonNil(list)
	return d, err
}
