package store

import (
	"context"
	"errors"
	"slices"
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
			INSERT INTO pauses (id, scope, target, reason, by, since_at, until_at, on_resume, spread)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, string(p.Scope), p.Target, p.Reason, p.By, p.Since, p.Until, string(p.OnResume), p.Spread)
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
// that it ended; none is a fault of CodeConflict. How, where it is not "", becomes the way in which they end; spread is that of
// those that catch up.
func (s *Store) EndPauses(ctx context.Context, scope journey.Scope, target string, how journey.OnResume, spread time.Duration, by journey.Actor, told *journey.Event) (ended []journey.Pause, err error) {
	defer wrap(&err, "resuming %s %s", scope, target)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		subject, woken, err := s.lockScope(ctx, tx, scope, target)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			UPDATE pauses SET ended_at = $3, ended_by = $4, on_resume = coalesce(nullif($5, ''), on_resume),
				spread = CASE coalesce(nullif($5, ''), on_resume) WHEN 'catch_up' THEN $6 ELSE '0'::interval END
			WHERE scope = $1 AND target = $2 AND ended_at IS NULL AND (until_at IS NULL OR until_at > $3)
			RETURNING `+pauseColumns, string(scope), target, s.clock.Now(), by.Name, string(how), spread)
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
		return s.audit(ctx, tx, deed{by: by, verb: string(scope) + ".resume", target: target, detail: map[string]any{"ended": len(ended), "on_resume": how}})
	})
	if err != nil || !scope.IsWide() {
		return ended, err
	}
	patient, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	if err := s.FinishResumes(patient); err != nil && patient.Err() == nil {
		return ended, err
	}
	return ended, nil
}

// pauseColumns are those of journey.Pause, in its order.
const pauseColumns = `id, scope, target, reason, by, since_at, until_at, ended_at, on_resume, spread`

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
	case journey.ScopeTopic:
		if err := s.hasTopic(ctx, tx, target); err != nil {
			return "", nil, err
		}
		return s.lockScope(ctx, tx, journey.ScopeEverything, "")
	case journey.ScopeEverything:
		_, err := tx.Exec(ctx, `SELECT FROM settings FOR NO KEY UPDATE`)
		return "", nil, err
	}
	return "", nil, journey.Faultf(journey.CodeInvalid, "there is no scope %q", scope)
}

// hasTopic refuses a topic that nobody has heard of: a typing error must not look like a pause. Topics come into being with a
// journey's declaration, or with the mail of one that is live.
func (s *Store) hasTopic(ctx context.Context, tx pgx.Tx, key string) error {
	var known bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM topics WHERE key = $1)`, key).Scan(&known); err != nil || known {
		return err
	}
	lives, _, err := s.liveJourneys(ctx, tx)
	if err != nil {
		return err
	}
	for _, l := range lives {
		if l.Def.Topic == key || slices.Contains(l.Def.Needs().Topics, key) {
			return nil
		}
	}
	return journey.Faultf(journey.CodeNotFound, "there is no topic %q", key)
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

// wakeResumed wakes those whom the pause held. Those of a wide one may be many: they are noted here, and woken in batches.
func (s *Store) wakeResumed(ctx context.Context, tx pgx.Tx, scope journey.Scope, target string, woken []string) error {
	if scope.IsWide() {
		if scope != journey.ScopeJourney {
			target = ""
		}
		_, err := tx.Exec(ctx, `INSERT INTO resumes (journey) VALUES ($1)`, target)
		if err != nil {
			return err
		}
	}
	if err := s.wake(ctx, tx, woken); err != nil {
		return err
	}
	return notify(ctx, tx, channelMessages)
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

// Pauses lists the pauses that hold now, the oldest first: all of them, or those of exactly that scope and target where one is given.
func (s *Store) Pauses(ctx context.Context, scope journey.Scope, target string) (_ []journey.Pause, err error) {
	defer wrap(&err, "listing pauses")
	rows, err := s.pool.Query(ctx, `
		SELECT `+pauseColumns+` FROM pauses
		WHERE ended_at IS NULL AND (until_at IS NULL OR until_at > $1) AND ($2 = '' OR scope = $2 AND target = $3) ORDER BY id`,
		s.clock.Now(), string(scope), target)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Pause])
	return nonNil(list), err
}

// PausesOf returns the pauses that hold at the moment and cover the customer: her own, those of everything, those of topics, and
// those of the given journeys and enrollments.
func (s *Store) PausesOf(ctx context.Context, customer string, journeys, enrollments []string, at time.Time) (_ []journey.Pause, err error) {
	defer wrap(&err, "reading the pauses of customer %s", customer)
	rows, err := s.pool.Query(ctx, `
		SELECT `+pauseColumns+` FROM pauses
		WHERE ended_at IS NULL AND (until_at IS NULL OR until_at > $4) AND (scope IN ('everything', 'topic')
			OR scope = 'customer_topic' AND starts_with(target, $1 || '/') OR scope = 'customer' AND target = $1 OR scope = 'journey' AND target = ANY($2) OR scope = 'enrollment' AND target = ANY($3))
		ORDER BY id`, customer, journeys, enrollments, at)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Pause])
}
