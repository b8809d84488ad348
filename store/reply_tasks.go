package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// replyDue is how soon a mail is to be answered, in working hours: a working day.
const replyDue = 8 * time.Hour

// TakeReply makes a task of the default team out of a mail that somebody wrote back to us, and says so in her stream. It is hers who got
// the message that it answers, else hers whose address it is from, where that is one customer's alone, else nobody's. The same mail again
// has no effect.
func (s *Store) TakeReply(ctx context.Context, r journey.ReplyMail) (out journey.ReplyTaken, err error) {
	defer wrap(&err, "taking a mail from %s", r.Source)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		m, err := answered(ctx, tx, r)
		if err != nil {
			return err
		}
		if err := stillHers(ctx, tx, m.Customer); err != nil {
			return err
		}
		team, err := defaultTeam(ctx, tx)
		if err != nil {
			return err
		}
		hours, err := teamHours(ctx, tx, team)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		out = journey.ReplyTaken{Task: journey.NewID(journey.PrefixTask), Customer: m.Customer, Effect: journey.ReplyTask}
		tag, err := tx.Exec(ctx, `
			INSERT INTO tasks (id, customer_id, source, title, team, created_at, due_at, sender, text, answers, reply_id)
			VALUES ($1, nullif($2, ''), 'reply', $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT DO NOTHING`,
			out.Task, m.Customer, r.Title(), team, now, hours.After(now, replyDue), r.From, r.Text, m.Message, r.Key())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			out = journey.ReplyTaken{Effect: journey.ReplyAgain}
			return nil
		}
		return s.tellOf(ctx, tx, m.Customer, &journey.Event{Name: journey.EventMessageReplied, Properties: map[string]any{
			"task": out.Task, "journey": m.Journey, "step": m.Step, "message": m.Template, "message_id": m.Message, "enrollment": m.Enrollment}})
	})
	return out, err
}

// answeredMessage is what a reply answers, and whose it is.
type answeredMessage struct{ Message, Customer, Journey, Step, Template, Enrollment string }

// answered finds the message that a reply answers, or at least her who wrote it.
func answered(ctx context.Context, tx pgx.Tx, r journey.ReplyMail) (m answeredMessage, err error) {
	err = tx.QueryRow(ctx, `
		SELECT id, customer_id, journey_key, step, template, enrollment_id FROM messages
		WHERE (id = $1 OR message_id = ANY($2)) AND dot_wall IS NOT NULL AND customer_id <> $3
		ORDER BY id <> $1, array_position($2, message_id) LIMIT 1`, r.Message, nonNil(r.Answers), erasedID).
		Scan(&m.Message, &m.Customer, &m.Journey, &m.Step, &m.Template, &m.Enrollment)
	if err == nil || !errors.Is(err, pgx.ErrNoRows) || r.From == "" {
		return m, ignoreNone(err)
	}
	err = tx.QueryRow(ctx, `
		SELECT CASE count(*) WHEN 1 THEN max(id) ELSE '' END FROM (
			SELECT id FROM customers WHERE lower(email) = lower($1) AND email <> '' AND merged_into IS NULL LIMIT 2) hers`, r.From).Scan(&m.Customer)
	return m, err
}

// stillHers locks whom a reply was found to be of, if anybody, and asks to look again when she was merged or erased meanwhile.
func stillHers(ctx context.Context, tx pgx.Tx, customer string) error {
	if customer == "" {
		return nil
	}
	var there bool
	err := tx.QueryRow(ctx, `SELECT merged_into IS NULL FROM customers WHERE id = $1 FOR NO KEY UPDATE`, customer).Scan(&there)
	if err := ignoreNone(err); err != nil || there {
		return err
	}
	return errAgain
}

func ignoreNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
