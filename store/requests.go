package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Request stores what support asks of an enrollment and wakes it; the next decision carries it out. An enrollment that has
// ended is a fault of CodeConflict.
func (s *Store) Request(ctx context.Context, enrollment string, r journey.Request, by journey.Actor) (err error) {
	defer wrap(&err, "asking for %s of enrollment %s", r.Verb, enrollment)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := lockEnrollmentRow(ctx, tx, enrollment); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO requests (enrollment_id, verb, to_step, reason, by, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			enrollment, r.Verb, r.To, r.Reason, r.By, s.clock.Now())
		if err != nil {
			return err
		}
		if err := s.wake(ctx, tx, []string{enrollment}); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "enrollment." + r.Verb, target: enrollment,
			detail: map[string]any{"to": r.To, "reason": r.Reason}})
	})
}
