package store

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// escalateMost is how many tasks one transaction tells of.
const escalateMost = 100

// EscalateTasks tells teams of tasks that are overdue, each once, and in the team's working hours: the task's own team, or the default one
// where it has none. What is not done within the working time that it has then
// (escalate_after) is told to the team that this one escalates to, once. Say puts a
// task into words; passedOn says that its own team was told before. It returns how many it told of, and when the next is to be told of, in
// wall time; zero: nobody knows of any.
func (s *Store) EscalateTasks(ctx context.Context, say func(t journey.TaskView, passedOn bool) string) (n int, next time.Time, err error) {
	defer wrap(&err, "telling of overdue tasks")
	teams, err := s.escalation(ctx)
	if err != nil {
		return 0, next, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		told, err := s.tellOverdue(ctx, tx, teams, say)
		if err != nil {
			return err
		}
		passed, err := s.passOn(ctx, tx, teams, say)
		n = told + passed
		return err
	})
	if err != nil {
		return n, next, err
	}
	var due *time.Time
	err = s.pool.QueryRow(ctx, `
		SELECT least((SELECT min(due_at) FROM tasks WHERE done_at IS NULL AND escalated_at IS NULL AND due_at > $1),
			(SELECT min(pass_on_at) FROM tasks WHERE done_at IS NULL AND pass_on_at > $1))`, teams.now).Scan(&due)
	if opens, closed := teams.opens(); closed && (due == nil || opens.Before(*due)) {
		due = &opens
	}
	if err != nil || due == nil {
		return n, next, err
	}
	return n, s.clock.ToWall(*due), nil
}

// escalation is who is told of what at a moment.
type escalation struct {
	now    time.Time
	teams  map[string]escalatingTeam
	main   string   // key of the default team; "" there is none
	closed []string // teams that do not work now
}

type escalatingTeam struct {
	Key, EscalateTo string
	Hours           *journey.Hours
	Default         bool
	After           time.Duration // the working time that it has, once it was told
	Opens           time.Time     // when it works next: now, where it does
}

func (s *Store) escalation(ctx context.Context) (e escalation, err error) {
	e.now, e.teams = s.clock.Now(), map[string]escalatingTeam{}
	rows, err := s.pool.Query(ctx, `SELECT key, coalesce(escalate_to, ''), hours, is_default, escalate_after FROM teams ORDER BY key`)
	if err != nil {
		return e, err
	}
	var t escalatingTeam
	var after string
	_, err = pgx.ForEachRow(rows, []any{&t.Key, &t.EscalateTo, &t.Hours, &t.Default, &after}, func() (err error) {
		if t.After, err = journey.ParseDuration(after); err != nil {
			return err
		}
		t.Opens = t.Hours.After(e.now, 0)
		e.teams[t.Key] = t
		if t.Default {
			e.main = t.Key
		}
		if t.Opens.After(e.now) {
			e.closed = append(e.closed, t.Key)
		}
		t.Hours = nil
		return nil
	})
	return e, err
}

// of is the team of a task, or the default one where it has none.
func (e escalation) of(t journey.TaskView) escalatingTeam { return e.teams[cmp.Or(t.Team, e.main)] }

// opens is when the next of the teams begins to work that do not now.
func (e escalation) opens() (at time.Time, closed bool) {
	for _, key := range e.closed {
		if opens := e.teams[key].Opens; !closed || opens.Before(at) {
			at, closed = opens, true
		}
	}
	return at, closed
}

// tellOverdue tells the teams of tasks whose time has passed, and notes when what they leave is passed on. What another process has told of
// is left out.
func (s *Store) tellOverdue(ctx context.Context, tx pgx.Tx, e escalation, say func(journey.TaskView, bool) string) (int, error) {
	list, err := lockTasks(ctx, tx, e, `
		SELECT id FROM tasks WHERE done_at IS NULL AND escalated_at IS NULL AND due_at < $1 AND coalesce(nullif(team, ''), $2) <> ALL($3)
		ORDER BY due_at LIMIT $4`)
	if err != nil {
		return 0, err
	}
	b, n := &pgx.Batch{}, 0
	for _, t := range list {
		if t.EscalatedAt != nil {
			continue
		}
		team, passOn := e.of(t), (*time.Time)(nil)
		if team.EscalateTo != "" {
			at := team.Hours.After(e.now, team.After)
			passOn = &at
		}
		b.Queue(`UPDATE tasks SET escalated_at = $2, pass_on_at = $3 WHERE id = $1`, t.ID, e.now, passOn)
		if team.Key != "" {
			s.queueNotices(b, t.Customer, []journey.Notice{{Team: team.Key, Text: say(t, false)}}, e.now)
		}
		n++
	}
	return n, tx.SendBatch(ctx, b).Close()
}

// passOn tells the teams that look after what others have not done.
func (s *Store) passOn(ctx context.Context, tx pgx.Tx, e escalation, say func(journey.TaskView, bool) string) (int, error) {
	list, err := lockTasks(ctx, tx, e, `
		SELECT id FROM tasks WHERE done_at IS NULL AND pass_on_at <= $1 AND coalesce((
			SELECT escalate_to FROM teams WHERE key = coalesce(nullif(tasks.team, ''), $2)), '') <> ALL($3)
		ORDER BY pass_on_at LIMIT $4`)
	if err != nil {
		return 0, err
	}
	b, n := &pgx.Batch{}, 0
	for _, t := range list {
		if t.PassOnAt == nil {
			continue
		}
		team, told := e.of(t).EscalateTo, (*time.Time)(nil)
		if team != "" {
			told = &e.now
			s.queueNotices(b, t.Customer, []journey.Notice{{Team: team, Text: say(t, true)}}, e.now)
		}
		b.Queue(`UPDATE tasks SET passed_on_at = $2, pass_on_at = NULL WHERE id = $1`, t.ID, told)
		n++
	}
	return n, tx.SendBatch(ctx, b).Close()
}

// lockTasks reads the open ones among the tasks that a statement finds, once their customers and they themselves are locked.
func lockTasks(ctx context.Context, tx pgx.Tx, e escalation, find string) ([]journey.TaskView, error) {
	rows, err := tx.Query(ctx, find, e.now, e.main, nonNil(e.closed), escalateMost)
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
	if _, err := tx.Exec(ctx, `SELECT FROM tasks WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, ids); err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, taskSQL+`WHERE t.id = ANY($2) AND t.done_at IS NULL ORDER BY t.due_at, t.id`, e.now, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, taskRow)
}
