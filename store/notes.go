package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// AddNote writes down what a person says of a customer, named as in Customer. The audit says that there is a note and not what it
// says. The fault is not_found.
func (s *Store) AddNote(ctx context.Context, ref, text string, by journey.Actor) (n journey.Note, err error) {
	defer wrap(&err, "noting something of a customer")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		id, err := lockCustomerNamed(ctx, tx, ref)
		if err != nil {
			return err
		}
		if n, err = s.addNote(ctx, tx, journey.Note{Customer: id, Text: text, By: by.Name}); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "customer.note", target: id, detail: map[string]any{"note": n.ID}})
	})
	return n, err
}

// addNote writes a note down, about a customer, a task, or both.
func (s *Store) addNote(ctx context.Context, tx pgx.Tx, n journey.Note) (journey.Note, error) {
	n.ID, n.At = journey.NewID(journey.PrefixNote), s.clock.Now()
	_, err := tx.Exec(ctx, `INSERT INTO notes (id, customer_id, task_id, text, by, at) VALUES ($1, nullif($2, ''), nullif($3, ''), $4, $5, $6)`,
		n.ID, n.Customer, n.Task, n.Text, n.By, n.At)
	return n, err
}

// notesOf lists what was noted of a customer, the newest first; older ones stand in her timeline.
func notesOf(ctx context.Context, q querier, customer string) ([]journey.Note, error) {
	rows, err := q.Query(ctx, `SELECT id, customer_id, text, by, at, coalesce(task_id, '') FROM notes WHERE customer_id = $1 ORDER BY id DESC LIMIT 100`, customer)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Note])
	return nonNil(list), err
}
