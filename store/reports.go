package store

import (
	"cmp"
	"context"
	"slices"

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
	r = journey.Report{Journey: key, Exits: map[string]int{}, Where: []journey.StepCount{}, Versions: []journey.VersionEntered{}}
	for _, read := range []func(context.Context, *journey.Report) error{
		s.reportEnrollments, s.reportMessages, s.reportSurveys, s.reportContests,
	} {
		if err := read(ctx, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// alike are enrollments of which the same is to be said.
type alike struct {
	Version       int
	Active        bool
	Step, Reason  string // where those stand that are active, and why the others ended
	Held, Holdout bool
	N, Reached    int
	Value         float64
}

// reportEnrollments reads them once, for everything that is said of them.
func (s *Store) reportEnrollments(ctx context.Context, r *journey.Report) error {
	rows, err := s.pool.Query(ctx, `
		SELECT version, status = 'active', CASE WHEN status = 'active' THEN step ELSE '' END, CASE WHEN status = 'active' THEN '' ELSE reason END,
			held <> '', holdout, count(*)::int, count(goal_at)::int, coalesce(sum(goal_value) FILTER (WHERE goal_at IS NOT NULL), 0)
		FROM enrollments WHERE journey_key = $1 GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY version DESC`, r.Journey)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[alike])
	if err != nil {
		return err
	}
	where := map[string]int{}
	for _, e := range all {
		r.Entered += e.N
		if e.Held {
			r.Held += e.N
		}
		if e.Holdout {
			r.Holdout, r.Goal.HoldoutReached, r.Goal.HoldoutValue = r.Holdout+e.N, r.Goal.HoldoutReached+e.Reached, r.Goal.HoldoutValue+e.Value
		} else {
			r.Goal.Reached, r.Goal.Value = r.Goal.Reached+e.Reached, r.Goal.Value+e.Value
		}
		if last := len(r.Versions) - 1; last < 0 || r.Versions[last].Version != e.Version {
			r.Versions = append(r.Versions, journey.VersionEntered{Version: e.Version})
		}
		version := &r.Versions[len(r.Versions)-1]
		version.Entered += e.N
		switch {
		case e.Active:
			r.Active, version.Active, where[e.Step] = r.Active+e.N, version.Active+e.N, where[e.Step]+e.N
		case e.Reason == "finished":
			r.Finished += e.N
		default:
			r.Exits[e.Reason] += e.N
		}
	}
	for step, n := range where {
		r.Where = append(r.Where, journey.StepCount{Step: step, Customers: n})
	}
	slices.SortFunc(r.Where, func(a, b journey.StepCount) int { return cmp.Or(b.Customers-a.Customers, cmp.Compare(a.Step, b.Step)) })
	return nil
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
