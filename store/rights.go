package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// closeGate stores what a decision forbids from now on: a suppression, pauses. It comes before everything else that the
// decision writes: these rows take the gate before the dot (migration 1), and a sender that waits for a message holds it.
func (s *Store) closeGate(ctx context.Context, tx pgx.Tx, e *enrollment, g *ground, effects journey.Effects) error {
	if effects.Suppress != "" && g.Facts.Customer.Email != "" {
		err := s.suppress(ctx, tx, []string{g.Facts.Customer.Email}, journey.SuppressMarketing, effects.Suppress)
		if err != nil {
			return err
		}
	}
	for _, p := range effects.Pauses {
		_, err := tx.Exec(ctx, `
			INSERT INTO pauses (id, scope, target, reason, by, since_at, until_at, on_resume) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, string(p.Scope), p.Target, p.Reason, p.By, p.Since, p.Until, string(p.OnResume))
		if err != nil {
			return err
		}
	}
	if len(effects.Pauses) == 0 {
		return nil
	}
	if err := s.tellOf(ctx, tx, e.CustomerID, stepPaused(effects.Pauses)); err != nil {
		return err
	}
	return s.wakeOthers(ctx, tx, e)
}

// stepPaused tells of the pauses of one step: they differ in their topic alone.
func stepPaused(pauses []journey.Pause) *journey.Event {
	p := pauses[0]
	properties := map[string]any{"reason": p.Reason, "by": p.By, "on_resume": string(p.OnResume), "scope": string(p.Scope)}
	if p.Until != nil {
		properties["until"] = p.Until.Format(time.RFC3339)
	}
	var topics []string
	for _, p := range pauses {
		if _, topic := journey.SplitTopic(p.Target); topic != "" {
			topics = append(topics, topic)
		}
	}
	if len(topics) > 0 {
		properties["topics"] = topics
	}
	return &journey.Event{Name: journey.EventCustomerPaused, At: p.Since, Properties: properties}
}

// wakeOthers lets the customer's other enrollments look again: something of hers has changed that they may stand on.
func (s *Store) wakeOthers(ctx context.Context, tx pgx.Tx, e *enrollment) error {
	rows, err := tx.Query(ctx, `SELECT id FROM enrollments WHERE customer_id = $1 AND status = 'active' AND id <> $2 ORDER BY id`,
		e.CustomerID, e.ID)
	if err != nil {
		return err
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, others)
}

// changeRights stores the consents that a decision changed, each with its proof and its event, and asks the enrollments to
// exit that it ends. Those are other enrollments of the same customer: her lock is held.
func (s *Store) changeRights(ctx context.Context, tx pgx.Tx, e *enrollment, effects journey.Effects) error {
	changed := false
	for _, c := range effects.Consents {
		did, err := s.changeConsent(ctx, tx, c)
		if err != nil {
			return err
		}
		changed = changed || did
	}
	if changed {
		if err := s.wakeOthers(ctx, tx, e); err != nil {
			return err
		}
	}
	if len(effects.Leaves) == 0 {
		return nil
	}
	return s.askToExit(ctx, tx, e, effects.Leaves)
}

// askToExit asks every active enrollment of the customer in these journeys to exit, her own in the same journey aside.
func (s *Store) askToExit(ctx context.Context, tx pgx.Tx, e *enrollment, journeys []string) error {
	rows, err := tx.Query(ctx, `
		INSERT INTO requests (enrollment_id, verb, reason, by, at)
		SELECT id, 'exit', $4, $5, $6 FROM enrollments
		WHERE customer_id = $1 AND journey_key = ANY($2) AND status = 'active' AND id <> $3 ORDER BY id
		RETURNING enrollment_id`,
		e.CustomerID, journeys, e.ID, journey.ReasonLeft, "journey "+e.JourneyKey, s.clock.Now())
	if err != nil {
		return err
	}
	asked, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, asked)
}
