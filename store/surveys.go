package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Invitation returns the question that was put to a customer, with the answer that she has given so far. CodeNotFound when
// there is none.
func (s *Store) Invitation(ctx context.Context, id string) (i journey.Invitation, err error) {
	defer wrap(&err, "reading survey invitation %s", id)
	return invitation(ctx, s.pool, id)
}

// InvitationOfMessage returns the question that a message carries.
func (s *Store) InvitationOfMessage(ctx context.Context, message string) (i journey.Invitation, err error) {
	defer wrap(&err, "reading the survey of message %s", message)
	var id string
	var sent *time.Time
	err = s.pool.QueryRow(ctx, `SELECT survey_id, dot_wall FROM messages WHERE id = $1 AND survey_id <> ''`, message).Scan(&id, &sent)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, journey.Faultf(journey.CodeNotFound, "this message asks nothing")
	}
	if err != nil {
		return i, err
	}
	i, err = invitation(ctx, s.pool, id)
	i.SentWall = sent
	return i, err
}

func invitation(ctx context.Context, q querier, id string) (i journey.Invitation, err error) {
	err = q.QueryRow(ctx, `
		SELECT i.id, i.ask, i.form, i.customer_id, i.enrollment_id, e.journey_key, i.step, i.opened_at, i.expires_at, i.answered_at,
			i.score, i.choice, i.comment, i.locale
		FROM survey_invites i JOIN enrollments e ON e.id = i.enrollment_id WHERE i.id = $1 AND i.customer_id <> 'cus_erased'`, id).
		Scan(&i.ID, &i.Ask, &i.Form, &i.CustomerID, &i.Enrollment, &i.Journey, &i.Step, &i.OpenedAt, &i.ExpiresAt, &i.AnsweredAt,
			&i.Score, &i.Choice, &i.Comment, &i.Locale)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, journey.Faultf(journey.CodeNotFound, "there is no such survey")
	}
	return i, err
}

// Answer stores what a customer answered and appends Survey Answered to her stream. The same answer again has no effect; a
// changed one replaces it until the survey expires, which is CodeGone.
func (s *Store) Answer(ctx context.Context, id string, a journey.SurveyAnswer) (i journey.Invitation, err error) {
	defer wrap(&err, "answering survey invitation %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockInvited(ctx, tx, id); err != nil {
			return err
		}
		if i, err = invitation(ctx, tx, id); err != nil {
			return err
		}
		now := s.clock.Now()
		if !now.Before(i.ExpiresAt) {
			return journey.Faultf(journey.CodeGone, "this survey has closed; thank you all the same")
		}
		if i.AnsweredAt != nil && sameScore(i.Score, a.Score) && i.Choice == a.Choice && i.Comment == a.Comment {
			return nil
		}
		i.AnsweredAt, i.Score, i.Choice, i.Comment, i.Locale = &now, a.Score, a.Choice, a.Comment, a.Locale
		_, err := tx.Exec(ctx, `UPDATE survey_invites SET answered_at = $2, score = $3, choice = $4, comment = $5, locale = $6 WHERE id = $1`,
			id, now, a.Score, a.Choice, a.Comment, a.Locale)
		if err != nil {
			return err
		}
		return s.tellOf(ctx, tx, i.CustomerID, answeredEvent(i, now))
	})
	return i, err
}

func lockInvited(ctx context.Context, tx pgx.Tx, id string) error {
	_, err := tx.Exec(ctx, `
		SELECT FROM customers WHERE id = (SELECT customer_id FROM survey_invites WHERE id = $1) FOR NO KEY UPDATE`, id)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT FROM survey_invites WHERE id = $1 FOR NO KEY UPDATE`, id)
	return err
}

func sameScore(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func answeredEvent(i journey.Invitation, at time.Time) *journey.Event {
	properties := map[string]any{"survey": i.Ask, "kind": i.Form.Kind, "invitation": i.ID, "step": i.Step, "enrollment": i.Enrollment}
	if i.Score != nil {
		properties["score"] = *i.Score
	}
	if i.Choice != "" {
		properties["choice"] = i.Choice
	}
	if i.Comment != "" {
		properties["comment"] = i.Comment
	}
	if i.Locale != "" {
		properties["locale"] = i.Locale
	}
	return &journey.Event{Name: journey.EventSurveyAnswered, Properties: properties, At: at}
}
