package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// taskSQL reads tasks as taskRow scans them; $1 is now.
const taskSQL = `
	SELECT t.id, coalesce(t.customer_id, ''), coalesce(nullif(trim(c.first_name || ' ' || c.last_name), ''), c.email, ''), coalesce(t.enrollment_id, ''),
		coalesce(e.journey_key, ''), coalesce(e.version, 0), t.step, t.source, t.title, t.team, t.assignee, t.created_at, t.due_at,
		t.done_at IS NULL AND t.due_at IS NOT NULL AND t.due_at < $1, t.escalated_at, t.claimed_at, t.done_at, t.done_by, t.outcome, t.note,
		t.sender, t.text, t.answers, t.pass_on_at, t.passed_on_at, coalesce(tm.hours->>'zone', '')
	FROM tasks t LEFT JOIN enrollments e ON e.id = t.enrollment_id LEFT JOIN customers c ON c.id = t.customer_id LEFT JOIN teams tm ON tm.key = t.team `

func taskRow(row pgx.CollectableRow) (t journey.TaskView, err error) {
	err = row.Scan(&t.ID, &t.Customer, &t.Name, &t.Enrollment, &t.Journey, &t.Version, &t.Step, &t.Source, &t.Title, &t.Team, &t.Assignee, &t.CreatedAt,
		&t.DueAt, &t.Overdue, &t.EscalatedAt, &t.ClaimedAt, &t.DoneAt, &t.DoneBy, &t.Outcome, &t.Note, &t.Sender, &t.Text, &t.Message, &t.PassOnAt, &t.PassedOnAt, &t.Zone)
	return t, err
}

// Tasks lists what people have to do: open ones, those first that are due first and those without a due time last; or done ones, the
// latest first. The fault is malformed for a cursor of another list.
func (s *Store) Tasks(ctx context.Context, f journey.TaskFilter, r journey.PageRequest) (_ journey.Page[journey.TaskView], err error) {
	defer wrap(&err, "listing tasks")
	var none journey.Page[journey.TaskView]
	done := f.State == journey.TaskDone
	after, id, err := taskCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	var rows pgx.Rows
	const narrowed = ` AND ($2 = '' OR t.team = $2) AND ($3 = '' OR t.assignee = CASE $3 WHEN '-' THEN '' ELSE $3 END) AND ($4 = '' OR t.customer_id = $4)
		AND ($5 = '' OR e.journey_key = $5) AND ($6::timestamptz IS NULL OR t.due_at >= $6) AND ($7::timestamptz IS NULL OR t.due_at < $7)
		AND ($11 = '' OR t.outcome = $11)`
	args := []any{s.clock.Now(), f.Team, f.Assignee, f.Customer, f.Journey, f.DueAfter, f.DueBefore, after, id, r.Limit + 1, f.Outcome}
	if done {
		rows, err = s.pool.Query(ctx, taskSQL+`WHERE t.done_at IS NOT NULL`+narrowed+`
			AND ($9 = '' OR (t.done_at, t.id) < ($8::timestamptz, $9)) ORDER BY t.done_at DESC, t.id DESC LIMIT $10`, args...)
	} else {
		rows, err = s.pool.Query(ctx, taskSQL+`WHERE t.done_at IS NULL`+narrowed+` AND (NOT $12 OR t.due_at < $1)
			AND ($9 = '' OR (coalesce(t.due_at, 'infinity'), t.id) > (coalesce($8::timestamptz, 'infinity'), $9))
			ORDER BY coalesce(t.due_at, 'infinity'), t.id LIMIT $10`, append(args, f.State == journey.TaskOverdue)...)
	}
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, taskRow)
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(t journey.TaskView) string {
		at := t.DueAt
		if done {
			at = t.DoneAt
		}
		if at == nil {
			return cursor("", t.ID)
		}
		return cursor(at.UTC().Format(time.RFC3339Nano), t.ID)
	}), nil
}

// taskCursor reads where the last page ended: a moment, nil where that task had no due time, and the id of a task; "" at the beginning.
func taskCursor(text string) (at *time.Time, id string, err error) {
	parts, err := openCursor(text, 2)
	if err != nil || parts == nil {
		return nil, "", err
	}
	if id, err = plain(parts[1]); err != nil || parts[0] == "" {
		return nil, id, err
	}
	t, err := time.Parse(time.RFC3339Nano, parts[0])
	if err != nil {
		return nil, "", badCursor()
	}
	return &t, id, nil
}

// Task returns a task with its notes, the oldest first. The fault is not_found.
func (s *Store) Task(ctx context.Context, id string) (t journey.TaskView, err error) {
	defer wrap(&err, "reading task %s", id)
	if t, err = s.taskOf(ctx, s.pool, id); err != nil {
		return t, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, coalesce(customer_id, ''), text, by, at, coalesce(task_id, '') FROM notes WHERE task_id = $1 ORDER BY id LIMIT 200`, id)
	if err != nil {
		return t, err
	}
	t.Notes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Note])
	return t, err
}

func (s *Store) taskOf(ctx context.Context, q querier, id string) (journey.TaskView, error) {
	rows, err := q.Query(ctx, taskSQL+`WHERE t.id = $2`, s.clock.Now(), id)
	if err != nil {
		return journey.TaskView{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, taskRow)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, journey.Faultf(journey.CodeNotFound, "there is no task %s", id)
	}
	return t, err
}

// TaskFigures counts the open tasks of a team, a customer and a journey, each where the filter names it: all of them, those that are
// overdue, those of one person, by name, those that are nobody's yet, and those that are due on a day and in a week.
func (s *Store) TaskFigures(ctx context.Context, f journey.TaskFilter, mine string, day, week journey.DueSpan) (out journey.TaskFigures, err error) {
	defer wrap(&err, "counting tasks")
	err = s.pool.QueryRow(ctx, `
		SELECT count(*)::int, (count(*) FILTER (WHERE due_at < $1))::int, (count(*) FILTER (WHERE assignee = $2))::int,
			(count(*) FILTER (WHERE assignee = ''))::int, (count(*) FILTER (WHERE due_at >= $6 AND due_at < $7))::int,
			(count(*) FILTER (WHERE due_at >= $8 AND due_at < $9))::int
		FROM tasks t WHERE done_at IS NULL AND ($3 = '' OR team = $3) AND ($4 = '' OR customer_id = $4)
			AND ($5 = '' OR EXISTS (SELECT FROM enrollments e WHERE e.id = t.enrollment_id AND e.journey_key = $5))`,
		s.clock.Now(), mine, f.Team, f.Customer, f.Journey, day.From, day.To, week.From, week.To).
		Scan(&out.Open, &out.Overdue, &out.Mine, &out.Unclaimed, &out.Today, &out.Week)
	return out, err
}

// openTasksOf lists the open tasks for one customer.
func (s *Store) openTasksOf(ctx context.Context, q querier, customer string) ([]journey.TaskView, error) {
	rows, err := q.Query(ctx, taskSQL+`WHERE t.customer_id = $2 AND t.done_at IS NULL ORDER BY coalesce(t.due_at, 'infinity'), t.id`,
		s.clock.Now(), customer)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, taskRow)
	return nonNil(list), err
}

// FinishTask marks a task as done and appends Task Done to the customer's stream, where it is about one. The same outcome again has no
// effect; another one is a fault of CodeConflict.
func (s *Store) FinishTask(ctx context.Context, id, outcome, note string, by journey.Actor) (t journey.TaskView, err error) {
	defer wrap(&err, "finishing task %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if t, err = s.lockTask(ctx, tx, id); err != nil {
			return err
		}
		if t.DoneAt != nil {
			if t.Outcome == outcome {
				return nil
			}
			return doneAlready(t)
		}
		now := s.clock.Now()
		t.DoneAt, t.DoneBy, t.Outcome, t.Note, t.Overdue = &now, by.Name, outcome, note, false
		_, err := tx.Exec(ctx, `UPDATE tasks SET done_at = $2, done_by = $3, outcome = $4, note = $5 WHERE id = $1`,
			id, now, by.Name, outcome, note)
		if err != nil {
			return err
		}
		if t.Customer != "" {
			told := &journey.Event{Name: journey.EventTaskDone, Properties: map[string]any{
				"task": id, "title": t.Title, "team": t.Team, "outcome": outcome, "note": note, "enrollment": t.Enrollment}}
			if err := s.tellOf(ctx, tx, t.Customer, told); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, deed{by: by, verb: "task.done", target: id, detail: map[string]any{"outcome": outcome}})
	})
	return t, err
}

func doneAlready(t journey.TaskView) error {
	return journey.Faultf(journey.CodeConflict, "%s has finished this task already, with the outcome %q", t.DoneBy, t.Outcome)
}

// lockTask locks the customer of the task, where it is about one, then the task, and reads it.
func (s *Store) lockTask(ctx context.Context, tx pgx.Tx, id string) (journey.TaskView, error) {
	_, err := tx.Exec(ctx, `
		SELECT FROM customers WHERE id = (SELECT customer_id FROM tasks WHERE id = $1) FOR NO KEY UPDATE`, id)
	if err != nil {
		return journey.TaskView{}, err
	}
	if _, err := tx.Exec(ctx, `SELECT FROM tasks WHERE id = $1 FOR NO KEY UPDATE`, id); err != nil {
		return journey.TaskView{}, err
	}
	return s.taskOf(ctx, tx, id)
}
