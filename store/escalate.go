package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// escalateMost is how many tasks one transaction tells of.
const escalateMost = 100

// EscalateTasks tells the teams of tasks that have become overdue, each once: the task's own team, or the default one where it has none,
// and the team that looks after what that one leaves. Say puts a task into words. It returns how many tasks it told of.
func (s *Store) EscalateTasks(ctx context.Context, say func(journey.TaskView) string) (n int, err error) {
	defer wrap(&err, "telling of overdue tasks")
	for {
		some, err := s.escalateSome(ctx, say)
		if n += some; err != nil || some < escalateMost {
			return n, err
		}
	}
}

func (s *Store) escalateSome(ctx context.Context, say func(journey.TaskView) string) (n int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		now := s.clock.Now()
		ids, err := takeOverdue(ctx, tx, now)
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		rows, err := tx.Query(ctx, taskSQL+`WHERE t.id = ANY($2) ORDER BY t.due_at, t.id`, now, ids)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, taskRow)
		if err != nil {
			return err
		}
		otherwise, err := escalateOtherwise(ctx, tx)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, t := range list {
			text := say(t)
			for _, team := range otherwise.teamsOf(t) {
				s.queueNotices(b, t.Customer, []journey.Notice{{Team: team, Text: text}}, now)
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return n, err
}

// takeOverdue marks overdue tasks as told of, once their customers are locked, and returns their ids. What another process has taken
// meanwhile is not among them.
func takeOverdue(ctx context.Context, tx pgx.Tx, now time.Time) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT id FROM tasks WHERE done_at IS NULL AND escalated_at IS NULL AND due_at < $1 ORDER BY due_at LIMIT $2`, now, escalateMost)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err = tx.Exec(ctx, `
		SELECT FROM customers WHERE id IN (SELECT customer_id FROM tasks WHERE id = ANY($1)) ORDER BY id FOR KEY SHARE`, ids)
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `
		UPDATE tasks SET escalated_at = $2 WHERE id = ANY($1) AND done_at IS NULL AND escalated_at IS NULL RETURNING id`, ids, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// fallback is the team that is told of tasks without one.
type fallback struct{ team, escalateTo string }

func escalateOtherwise(ctx context.Context, tx pgx.Tx) (f fallback, err error) {
	err = tx.QueryRow(ctx, `
		SELECT coalesce(max(key), ''), coalesce(max(escalate_to), '') FROM teams WHERE is_default`).Scan(&f.team, &f.escalateTo)
	return f, err
}

// teamsOf are those who are told of a task.
func (f fallback) teamsOf(t journey.TaskView) (out []string) {
	first, second := t.Team, t.EscalateTo
	if first == "" {
		first, second = f.team, f.escalateTo
	}
	for _, team := range []string{first, second} {
		if team != "" {
			out = append(out, team)
		}
	}
	return out
}
