package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Report counts what a journey has done, over all its versions. The counts are read one after another, not at one moment: while
// the journey runs, sums may differ by those who moved in between.
func (s *Store) Report(ctx context.Context, key string) (r journey.Report, err error) {
	defer wrap(&err, "reporting on journey %q", key)
	if _, err := draft(ctx, s.pool, key); err != nil {
		return r, err
	}
	r = journey.Report{Journey: key, Exits: map[string]int{}}
	err = s.pool.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE reason = 'finished'),
			count(*) FILTER (WHERE held <> ''), count(*) FILTER (WHERE holdout),
			count(goal_at) FILTER (WHERE NOT holdout), coalesce(sum(goal_value) FILTER (WHERE NOT holdout AND goal_at IS NOT NULL), 0),
			count(goal_at) FILTER (WHERE holdout), coalesce(sum(goal_value) FILTER (WHERE holdout AND goal_at IS NOT NULL), 0)
		FROM enrollments WHERE journey_key = $1`, key).
		Scan(&r.Entered, &r.Active, &r.Finished, &r.Held, &r.Holdout,
			&r.Goal.Reached, &r.Goal.Value, &r.Goal.HoldoutReached, &r.Goal.HoldoutValue)
	for _, read := range []func(context.Context, *journey.Report) error{
		s.reportSteps, s.reportExits, s.reportMessages, s.reportSurveys, s.reportVersions, s.reportContests,
	} {
		if err != nil {
			return r, err
		}
		err = read(ctx, &r)
	}
	return r, err
}

func (s *Store) reportSteps(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT step, count(*)::int FROM enrollments WHERE journey_key = $1 AND status = 'active' GROUP BY step ORDER BY count(*) DESC, step`,
		r.Journey)
	if err != nil {
		return err
	}
	where, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.StepCount])
	r.Where = nonNil(where)
	return err
}

func (s *Store) reportExits(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT reason, count(*)::int FROM enrollments
		WHERE journey_key = $1 AND status = 'ended' AND reason <> 'finished' GROUP BY reason`, r.Journey)
	if err != nil {
		return err
	}
	var reason string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&reason, &n}, func() error {
		r.Exits[reason] = n
		return nil
	})
	return err
}

func (s *Store) reportMessages(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT template, state, reason, count(*)::int
		FROM messages WHERE journey_key = $1 AND customer_id <> 'cus_test' GROUP BY template, state, reason ORDER BY template`, r.Journey)
	if err != nil {
		return err
	}
	var template, state, reason string
	var n int
	r.Messages = []journey.MessageCount{}
	_, err = pgx.ForEachRow(rows, []any{&template, &state, &reason, &n}, func() error {
		if last := len(r.Messages) - 1; last < 0 || r.Messages[last].Message != template {
			r.Messages = append(r.Messages, journey.MessageCount{Message: template, NotSent: map[string]int{}})
		}
		count := &r.Messages[len(r.Messages)-1]
		switch journey.MessageState(state) {
		case journey.MessageAccepted:
			count.Sent += n
		case journey.MessageUnknown:
			count.Unknown += n
		case journey.MessageFailed, journey.MessageDropped:
			count.NotSent[reason] += n
		default:
			count.Waiting += n
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.reportClicks(ctx, r)
}

// reportClicks counts the messages on which a person clicked: from the clicks, of which there are few, to their messages.
func (s *Store) reportClicks(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT m.template, count(DISTINCT m.id)::int FROM observations o JOIN messages m ON m.id = o.message_id
		WHERE o.kind = 'click' AND NOT o.machine AND m.journey_key = $1 AND m.customer_id <> 'cus_test' GROUP BY m.template`, r.Journey)
	if err != nil {
		return err
	}
	var template string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&template, &n}, func() error {
		for i := range r.Messages {
			if r.Messages[i].Message == template {
				r.Messages[i].Clicked = n
			}
		}
		return nil
	})
	return err
}

func (s *Store) reportSurveys(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT ask, sum(asked)::int, sum(answered)::int, (sum(total) / nullif(sum(scored), 0))::float8
		FROM survey_counts WHERE journey_key = $1 GROUP BY ask ORDER BY ask`,
		r.Journey)
	if err != nil {
		return err
	}
	answers, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.SurveyCount])
	r.Answers = nonNil(answers)
	return err
}

func (s *Store) reportVersions(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT version, count(*)::int, count(*) FILTER (WHERE status = 'active')::int
		FROM enrollments WHERE journey_key = $1 GROUP BY version ORDER BY version DESC`, r.Journey)
	if err != nil {
		return err
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.VersionEntered])
	r.Versions = nonNil(versions)
	return err
}
