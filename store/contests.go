package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueWinners adds the variants that have been chosen for good, of those contests.
func queueWinners(b *pgx.Batch, key string, contests []journey.Contest, into *journey.Facts) {
	if len(contests) == 0 {
		return
	}
	steps, hashes := make([]string, len(contests)), make([]string, len(contests))
	for i, c := range contests {
		steps[i], hashes[i] = c.Step, c.Hash
	}
	b.Queue(`
		SELECT w.step, w.variant FROM winners w JOIN unnest($2::text[], $3::text[]) AS c (step, hash) ON c.step = w.step AND c.hash = w.contest
		WHERE w.journey_key = $1`, key, steps, hashes).Query(func(rows pgx.Rows) error {
		into.Winners = map[string]string{}
		var step, variant string
		_, err := pgx.ForEachRow(rows, []any{&step, &variant}, func() error { into.Winners[step] = variant; return nil })
		return err
	})
}

// queueDraws counts that she was drawn.
func queueDraws(b *pgx.Batch, e *enrollment, draws []journey.Draw) {
	for _, d := range draws {
		b.Queue(`
			INSERT INTO draws (enrollment_id, step, contest, journey_key, variant, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (enrollment_id, step, contest) DO NOTHING`, e.ID, d.Step, d.Contest, e.JourneyKey, d.Variant, d.At)
	}
}

// decideWinners looks at the contests of a live version that are open, and stores what is decided. Doing it again, or twice at
// once, has no effect: the first word holds.
func (s *Store) decideWinners(ctx context.Context, l live) error {
	for _, c := range l.Def.Needs().Contests {
		if err := s.decideWinner(ctx, l.Key, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) decideWinner(ctx context.Context, key string, c journey.Contest) error {
	now := s.clock.Now()
	var first *time.Time
	err := s.pool.QueryRow(ctx, `
		SELECT least((SELECT min(at) FROM draws WHERE journey_key = $1 AND step = $2 AND contest = $3),
		             (SELECT min(queued_at) FROM messages WHERE journey_key = $1 AND step = $2 AND contest = $3 AND contest <> ''))
		WHERE NOT EXISTS (SELECT FROM winners WHERE journey_key = $1 AND step = $2 AND contest = $3)`, key, c.Step, c.Hash).Scan(&first)
	if errors.Is(err, pgx.ErrNoRows) { // decided
		return nil
	}
	if err != nil || first == nil || now.Before(first.Add(c.Winner.After)) {
		return err
	}
	tallies, err := s.tallies(ctx, key, c)
	if err != nil {
		return err
	}
	won, decided := c.Decide(tallies, *first, now)
	if !decided {
		return nil
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO winners (journey_key, step, contest, variant, tallies, decided_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (journey_key, step, contest) DO NOTHING`, key, c.Step, c.Hash, won, tallies, now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return s.audit(ctx, tx, deed{by: journey.Actor{ID: "scan"}, verb: "journey.winner", target: key,
			detail: map[string]any{"step": c.Step, "variant": won, "by": c.Winner.By}})
	})
}

// tallies counts what became of those who were drawn. Who is held out gets nothing and is left out; of messages only those count
// that went out.
func (s *Store) tallies(ctx context.Context, key string, c journey.Contest) ([]journey.Tally, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT d.variant, count(*)::int AS drawn, count(*) FILTER (WHERE e.goal_at >= d.at)::int AS goals,
			count(*) FILTER (WHERE EXISTS (
				SELECT FROM messages m JOIN observations o ON o.message_id = m.id AND o.kind = 'click' AND NOT o.machine
				WHERE m.enrollment_id = d.enrollment_id AND o.at >= d.at))::int AS clicked
		FROM draws d JOIN enrollments e ON e.id = d.enrollment_id
		WHERE d.journey_key = $1 AND d.step = $2 AND d.contest = $3 AND NOT e.holdout AND $4 = '' GROUP BY d.variant
		UNION ALL
		SELECT m.variant, count(*)::int, count(*) FILTER (WHERE e.goal_at >= m.queued_at)::int,
			count(*) FILTER (WHERE EXISTS (
				SELECT FROM observations o WHERE o.message_id = m.id AND o.kind = 'click' AND NOT o.machine))::int
		FROM messages m JOIN enrollments e ON e.id = m.enrollment_id
		WHERE m.journey_key = $1 AND m.step = $2 AND m.contest = $3 AND m.contest <> '' AND m.state IN ('accepted', 'unknown') AND $4 <> ''
		GROUP BY m.variant`, key, c.Step, c.Hash, c.Message)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.Tally])
	if err != nil {
		return nil, err
	}
	out := make([]journey.Tally, len(c.Variants)) // in the order of the file, those without any included
	for i, name := range c.Variants {
		out[i].Variant = name
		for _, t := range found {
			if t.Variant == name {
				out[i] = t
			}
		}
	}
	return out, nil
}

// reportContests adds what the live version draws, and what has won.
func (s *Store) reportContests(ctx context.Context, r *journey.Report) error {
	r.Contests = []journey.ContestReport{}
	var version *int
	err := s.pool.QueryRow(ctx, `SELECT live_version FROM journeys WHERE key = $1`, r.Journey).Scan(&version)
	if err != nil || version == nil {
		return err
	}
	def, err := s.definition(ctx, s.pool, r.Journey, *version)
	if err != nil {
		return err
	}
	for _, c := range def.Contests() {
		report := journey.ContestReport{Step: c.Step, Message: c.Message}
		if c.Winner != nil {
			report.By, report.Min = c.Winner.By, c.Winner.Min
		}
		if report.Variants, err = s.tallies(ctx, r.Journey, c); err != nil {
			return err
		}
		err := s.pool.QueryRow(ctx, `SELECT variant, decided_at, tallies FROM winners WHERE journey_key = $1 AND step = $2 AND contest = $3`,
			r.Journey, c.Step, c.Hash).Scan(&report.Winner, &report.DecidedAt, &report.DecidedOn)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		r.Contests = append(r.Contests, report)
	}
	return nil
}
