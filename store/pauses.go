package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// StartPause stores a pause, with its audit entry and, where told is given, an event in the stream of the customer whom it
// is about. It takes the lock that stands for its scope, so that no decision is half before and half after it. A pause of a
// customer or an enrollment wakes at once, so that what she stands at is seen to stand still; those of wider scopes are met
// when the next timer fires.
func (s *Store) StartPause(ctx context.Context, p journey.Pause, by journey.Actor, told *journey.Event) (err error) {
	defer wrap(&err, "pausing %s %s", p.Scope, p.Target)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		subject, woken, err := s.lockScope(ctx, tx, p.Scope, p.Target)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO pauses (id, scope, target, reason, by, since_at, until_at, on_resume) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, string(p.Scope), p.Target, p.Reason, p.By, p.Since, p.Until, string(p.OnResume))
		if err != nil {
			return err
		}
		if err := s.wake(ctx, tx, woken); err != nil {
			return err
		}
		if err := s.tellOf(ctx, tx, subject, told); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: string(p.Scope) + ".pause", target: p.Target,
			detail: map[string]any{"pause": p.ID, "reason": p.Reason, "until": p.Until, "on_resume": p.OnResume}})
	})
}

// EndPauses ends every pause of exactly that scope and target that holds, and wakes those whom it held. It returns the pauses
// that it ended; none is a fault of CodeConflict.
func (s *Store) EndPauses(ctx context.Context, scope journey.Scope, target string, by journey.Actor, told *journey.Event) (ended []journey.Pause, err error) {
	defer wrap(&err, "resuming %s %s", scope, target)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		subject, woken, err := s.lockScope(ctx, tx, scope, target)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			UPDATE pauses SET ended_at = $3, ended_by = $4
			WHERE scope = $1 AND target = $2 AND ended_at IS NULL AND (until_at IS NULL OR until_at > $3)
			RETURNING id, scope, target, reason, by, since_at, until_at, ended_at, on_resume`,
			string(scope), target, s.clock.Now(), by.Name)
		if err != nil {
			return err
		}
		if ended, err = pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Pause]); err != nil {
			return err
		}
		if len(ended) == 0 {
			return journey.Faultf(journey.CodeConflict, "there is no pause to end here")
		}
		if err := s.wakeResumed(ctx, tx, scope, target, woken); err != nil {
			return err
		}
		if err := s.tellOf(ctx, tx, subject, told); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: string(scope) + ".resume", target: target, detail: map[string]any{"ended": len(ended)}})
	})
	if err != nil || !isWide(scope) {
		return ended, err
	}
	return ended, s.wakeLatecomers(ctx, scope, target)
}

func isWide(scope journey.Scope) bool {
	return scope != journey.ScopeCustomer && scope != journey.ScopeEnrollment && scope != journey.ScopeCustomerTopic
}

// lockScope takes the lock of a scope, in the order of the design (customers before enrollments), and returns the customer
// whom it is about and the enrollments to wake. The wider scopes lock one row and wake nobody here.
func (s *Store) lockScope(ctx context.Context, tx pgx.Tx, scope journey.Scope, target string) (customer string, woken []string, err error) {
	switch scope {
	case journey.ScopeCustomer:
		if err := lockCustomerRow(ctx, tx, target); err != nil {
			return "", nil, err
		}
		woken, err = activeOf(ctx, tx, target)
		return target, woken, err
	case journey.ScopeCustomerTopic:
		customer, _, _ = strings.Cut(target, "/")
		return s.lockScope(ctx, tx, journey.ScopeCustomer, customer)
	case journey.ScopeEnrollment:
		customer, err = lockEnrollmentRow(ctx, tx, target)
		return customer, []string{target}, err
	case journey.ScopeJourney:
		tag, err := tx.Exec(ctx, `SELECT FROM journeys WHERE key = $1 FOR NO KEY UPDATE`, target)
		if err == nil && tag.RowsAffected() == 0 {
			err = journey.Faultf(journey.CodeNotFound, "there is no journey %q", target)
		}
		return "", nil, err
	case journey.ScopeEverything, journey.ScopeTopic:
		_, err := tx.Exec(ctx, `SELECT FROM settings FOR NO KEY UPDATE`)
		return "", nil, err
	}
	return "", nil, journey.Faultf(journey.CodeInvalid, "there is no scope %q", scope)
}

// lockCustomerRow locks one customer; one that was merged away is a conflict that names where she went.
func lockCustomerRow(ctx context.Context, tx pgx.Tx, id string) error {
	var into *string
	err := tx.QueryRow(ctx, `SELECT merged_into FROM customers WHERE id = $1 FOR NO KEY UPDATE`, id).Scan(&into)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return journey.Faultf(journey.CodeNotFound, "there is no customer %s", id)
	case err != nil:
		return err
	case into != nil:
		return errAgainMerged(*into)
	}
	return nil
}

func errAgainMerged(into string) error {
	return journey.Faultf(journey.CodeConflict, "this customer has just been merged into %s; ask for her again", into)
}

// lockEnrollmentRow locks the customer of an enrollment, then the enrollment, which must be active; it returns the customer.
func lockEnrollmentRow(ctx context.Context, tx pgx.Tx, id string) (string, error) {
	var customer, now, status string
	err := tx.QueryRow(ctx, `SELECT customer_id FROM enrollments WHERE id = $1`, id).Scan(&customer)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", journey.Faultf(journey.CodeNotFound, "there is no enrollment %s", id)
	}
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE`, customer); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `SELECT customer_id, status FROM enrollments WHERE id = $1 FOR NO KEY UPDATE`, id).Scan(&now, &status)
	switch {
	case err != nil:
		return "", err
	case now != customer:
		return "", errAgain
	case status != string(journey.StatusActive):
		return "", journey.Faultf(journey.CodeConflict, "enrollment %s has ended", id)
	}
	return customer, nil
}

// activeOf returns her active enrollments, locked in the order of their ids.
func activeOf(ctx context.Context, tx pgx.Tx, customer string) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT id FROM enrollments WHERE customer_id = $1 AND status = 'active' ORDER BY id FOR NO KEY UPDATE`, customer)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// wakeResumed wakes those whom the pause held.
func (s *Store) wakeResumed(ctx context.Context, tx pgx.Tx, scope journey.Scope, target string, woken []string) error {
	if isWide(scope) {
		rows, err := tx.Query(ctx, `
			SELECT id FROM enrollments
			WHERE status = 'active' AND plan->>'kind' = 'hold' AND ($1 <> 'journey' OR journey_key = $2) ORDER BY id`,
			string(scope), target)
		if err != nil {
			return err
		}
		if woken, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
	}
	if err := s.wake(ctx, tx, woken); err != nil {
		return err
	}
	return notify(ctx, tx, channelMessages)
}

// wakeLatecomers wakes those who began to hold while the pause was being ended: their decision had read the pause before the
// end was committed, and was itself committed after we had looked for whom to wake. A wide pause locks no enrollment, so we
// wait until every transaction that was running at the end is over (they have timeouts), and look again.
func (s *Store) wakeLatecomers(ctx context.Context, scope journey.Scope, target string) error {
	var horizon string
	if err := s.pool.QueryRow(ctx, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`).Scan(&horizon); err != nil {
		return err
	}
	tick, patience := time.NewTicker(10*time.Millisecond), time.NewTimer(2*statementTimeout)
	defer tick.Stop()
	defer patience.Stop()
	for over := false; !over; {
		err := s.pool.QueryRow(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8`, horizon).Scan(&over)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C: // what outlives our timeouts is none of ours
			over = true
		case <-tick.C:
		}
	}
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.wakeResumed(ctx, tx, scope, target, nil) })
}

// tellOf appends an event of our own to the stream of the customer.
func (s *Store) tellOf(ctx context.Context, tx pgx.Tx, customer string, e *journey.Event) error {
	if e == nil || customer == "" {
		return nil
	}
	told := *e
	told.Kind, told.CustomerID = journey.KindOwn, customer
	if err := s.insertEvents(ctx, tx, []journey.Event{told}); err != nil {
		return err
	}
	return notify(ctx, tx, channelEvents)
}

// PausesOf returns the pauses that hold at the moment and cover the customer: her own, those of everything, and those of the
// given journeys and enrollments.
func (s *Store) PausesOf(ctx context.Context, customer string, journeys, enrollments []string, at time.Time) (_ []journey.Pause, err error) {
	defer wrap(&err, "reading the pauses of customer %s", customer)
	rows, err := s.pool.Query(ctx, `
		SELECT id, scope, target, reason, by, since_at, until_at, ended_at, on_resume FROM pauses
		WHERE ended_at IS NULL AND (until_at IS NULL OR until_at > $4) AND (scope = 'everything'
			OR scope = 'customer' AND target = $1 OR scope = 'journey' AND target = ANY($2) OR scope = 'enrollment' AND target = ANY($3))
		ORDER BY id`, customer, journeys, enrollments, at)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Pause])
}
