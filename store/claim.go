package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// ClaimTask gives an open task to somebody, by name; what is hers already stays as it is. With take it is taken from whoever has it,
// else that is a fault of CodeConflict, and so is a task that is done.
func (s *Store) ClaimTask(ctx context.Context, id string, take bool, by journey.Actor) (t journey.TaskView, err error) {
	defer wrap(&err, "claiming task %s", id)
	return s.changeTask(ctx, id, func(tx pgx.Tx, t *journey.TaskView) error {
		switch {
		case t.Assignee == by.Name && t.ClaimedAt != nil:
			return nil
		case t.Assignee != "" && t.Assignee != by.Name && !take:
			return journey.Faultf(journey.CodeConflict, "%s has this task; claim it with take, or let it be released first", t.Assignee)
		}
		from, now := t.Assignee, s.clock.Now()
		t.Assignee, t.ClaimedAt = by.Name, &now
		if _, err := tx.Exec(ctx, `UPDATE tasks SET assignee = $2, claimed_at = $3 WHERE id = $1`, id, t.Assignee, now); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "task.claim", target: id, detail: map[string]any{"from": from}})
	})
}

// ReleaseTask gives an open task back to everybody of its team. One that is nobody's stays so.
func (s *Store) ReleaseTask(ctx context.Context, id string, by journey.Actor) (t journey.TaskView, err error) {
	defer wrap(&err, "releasing task %s", id)
	return s.changeTask(ctx, id, func(tx pgx.Tx, t *journey.TaskView) error {
		if t.Assignee == "" {
			return nil
		}
		from := t.Assignee
		t.Assignee, t.ClaimedAt = "", nil
		if _, err := tx.Exec(ctx, `UPDATE tasks SET assignee = '', claimed_at = NULL WHERE id = $1`, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "task.release", target: id, detail: map[string]any{"from": from}})
	})
}

// changeTask locks an open task and changes it; one that is done is a fault of CodeConflict.
func (s *Store) changeTask(ctx context.Context, id string, change func(pgx.Tx, *journey.TaskView) error) (t journey.TaskView, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if t, err = s.lockTask(ctx, tx, id); err != nil {
			return err
		}
		if t.DoneAt != nil {
			return doneAlready(t)
		}
		return change(tx, &t)
	})
	return t, err
}

// NoteTask writes down something about a task, open or done, and so about its customer. The fault is not_found.
func (s *Store) NoteTask(ctx context.Context, id, text string, by journey.Actor) (n journey.Note, err error) {
	defer wrap(&err, "noting something of task %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		t, err := s.lockTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if n, err = s.addNote(ctx, tx, journey.Note{Customer: t.Customer, Task: id, Text: text, By: by.Name}); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "task.note", target: id, detail: map[string]any{"note": n.ID}})
	})
	return n, err
}
