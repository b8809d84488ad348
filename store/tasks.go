package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// taskColumns are those of journey.TaskView, in its order.
const taskColumns = `t.id, t.customer_id, t.enrollment_id, e.journey_key, t.title, t.team, t.assignee, t.created_at, t.due_at, t.done_at,
	t.done_by, t.outcome, t.note`

// Tasks lists what people have to do, the newest first: open ones, or done ones; of one team where it is named.
func (s *Store) Tasks(ctx context.Context, done bool, team string, r journey.PageRequest) (_ journey.Page[journey.TaskView], err error) {
	defer wrap(&err, "listing tasks")
	var none journey.Page[journey.TaskView]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+taskColumns+` FROM tasks t JOIN enrollments e ON e.id = t.enrollment_id
		WHERE (t.done_at IS NOT NULL) = $1 AND ($2 = '' OR t.team = $2) AND ($3 = '' OR t.id < $3)
		ORDER BY t.id DESC LIMIT $4`, done, team, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.TaskView])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(t journey.TaskView) string { return cursor(t.ID) }), nil
}

// openTasksOf lists the open tasks for one customer.
func openTasksOf(ctx context.Context, q querier, customer string) ([]journey.TaskView, error) {
	rows, err := q.Query(ctx, `
		SELECT `+taskColumns+` FROM tasks t JOIN enrollments e ON e.id = t.enrollment_id
		WHERE t.customer_id = $1 AND t.done_at IS NULL ORDER BY t.id`, customer)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.TaskView])
	return nonNil(list), err
}

// FinishTask marks a task as done and appends Task Done to the customer's stream. The same outcome again has no effect; another
// one is a fault of CodeConflict.
func (s *Store) FinishTask(ctx context.Context, id, outcome, note string, by journey.Actor) (t journey.TaskView, err error) {
	defer wrap(&err, "finishing task %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if t, err = lockTask(ctx, tx, id); err != nil {
			return err
		}
		if t.DoneAt != nil {
			if t.Outcome == outcome {
				return nil
			}
			return journey.Faultf(journey.CodeConflict, "%s has finished this task already, with the outcome %q", t.DoneBy, t.Outcome)
		}
		now := s.clock.Now()
		t.DoneAt, t.DoneBy, t.Outcome, t.Note = &now, by.Name, outcome, note
		_, err := tx.Exec(ctx, `UPDATE tasks SET done_at = $2, done_by = $3, outcome = $4, note = $5 WHERE id = $1`,
			id, now, by.Name, outcome, note)
		if err != nil {
			return err
		}
		told := &journey.Event{Name: journey.EventTaskDone, Properties: map[string]any{
			"task": id, "title": t.Title, "team": t.Team, "outcome": outcome, "note": note, "enrollment": t.Enrollment}}
		if err := s.tellOf(ctx, tx, t.Customer, told); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "task.done", target: id, detail: map[string]any{"outcome": outcome}})
	})
	return t, err
}

// lockTask locks the customer of the task, then the task, and reads it.
func lockTask(ctx context.Context, tx pgx.Tx, id string) (journey.TaskView, error) {
	_, err := tx.Exec(ctx, `
		SELECT FROM customers WHERE id = (SELECT customer_id FROM tasks WHERE id = $1) FOR NO KEY UPDATE`, id)
	if err != nil {
		return journey.TaskView{}, err
	}
	rows, err := tx.Query(ctx, `
		SELECT `+taskColumns+` FROM tasks t JOIN enrollments e ON e.id = t.enrollment_id WHERE t.id = $1 FOR NO KEY UPDATE OF t`, id)
	if err != nil {
		return journey.TaskView{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.TaskView])
	if errors.Is(err, pgx.ErrNoRows) {
		return t, journey.Faultf(journey.CodeNotFound, "there is no task %s", id)
	}
	return t, err
}
