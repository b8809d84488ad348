package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Reasons why an enrollment is held until a person releases it.
const (
	heldSeqAhead = "seq ahead" // the driver has done more than is stored: a backup was restored
	heldPoison   = "poison"    // deciding panicked
)

// enrollment is the row, under its lock.
type enrollment struct {
	ID         string
	JourneyKey string
	Version    int
	CustomerID string
	Status     journey.Status
	Held       string
	Released   bool // a driver that is ahead is believed to be behind, once
	Seq        int64
	State      journey.State
	Plan       *journey.Plan
	DueAt      *time.Time
	EnteredAt  time.Time
	wake       *int64            // version of the wake-up that was read; nil: none
	asked      []crossing        // by migrations
	requests   []journey.Request // of everybody else
	carried    []int64           // ids of both, which the decision carries out
}

// Advance is the one transaction of a decision (design, section 4). Seq is the number of the decision that the driver asks
// for; one that is applied already is answered with the plan that it made, one that is more than one ahead holds the
// enrollment. The directive holds ids and codes only. It is safe to call twice, or side by side.
func (s *Store) Advance(ctx context.Context, id string, seq int64, cause journey.Cause) (d journey.Directive, err error) {
	defer wrap(&err, "advancing enrollment %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var err error
		d, err = s.advance(ctx, tx, id, seq, cause)
		return err
	})
	var p *poison
	if errors.As(err, &p) {
		return s.park(ctx, id)
	}
	return d, err
}

func (s *Store) advance(ctx context.Context, tx pgx.Tx, id string, seq int64, cause journey.Cause) (journey.Directive, error) {
	e, err := s.lockEnrollment(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) { // erased with her customer
		return journey.Directive{Kind: journey.PlanDone, Seq: seq}, nil
	}
	if err != nil {
		return journey.Directive{}, err
	}
	switch {
	case e.Status == journey.StatusEnded:
		return journey.Directive{Kind: journey.PlanDone, Seq: e.Seq}, e.takeWake(ctx, tx)
	case e.Held != "":
		return e.holding(e.Held), e.takeWake(ctx, tx)
	case seq <= e.Seq && e.Plan != nil:
		return s.directive(*e.Plan, e.Seq), nil
	case seq > e.Seq+1 && !e.Released:
		if err := s.holdRestored(ctx, tx, e.ID); err != nil {
			return journey.Directive{}, err
		}
		return e.holding(heldSeqAhead), e.hold(ctx, tx, heldSeqAhead)
	}
	return s.decide(ctx, tx, e, s.moment(e, cause), cause)
}

// punctual is how late, in wall time, a timer may come and still count as on time: the road from the timer through Temporal to
// here takes a moment. And early is how much too soon it may come: the clocks of two machines differ a little. One that comes
// sooner still was set before product time stood still, and its moment has not come yet.
const (
	punctual = 3 * time.Second
	early    = 100 * time.Millisecond
)

// moment is the product time of a decision, read under the lock. A timer that is on time, or fired by a clock ahead of ours,
// decides at the moment that was promised: so a wait of five days is five days, and not a little more each time. One that is
// late (nobody was there to hear it) decides now.
func (s *Store) moment(e *enrollment, cause journey.Cause) time.Time {
	now := s.clock.Now()
	if cause != journey.CauseTimer || e.DueAt == nil {
		return now
	}
	if late := s.clock.Wall().Sub(s.clock.ToWall(*e.DueAt)); -early < late && late < punctual {
		return *e.DueAt
	}
	return now
}

// lockEnrollment locks the customer, then the enrollment, each in a statement of its own, and reads the enrollment and the
// version of its wake-up: what is read from here on is no older than the wake-up.
func (s *Store) lockEnrollment(ctx context.Context, tx pgx.Tx, id string) (*enrollment, error) {
	var locked string
	var e enrollment
	b := &pgx.Batch{}
	b.Queue(`SELECT id FROM customers WHERE id = (SELECT customer_id FROM enrollments WHERE id = $1) FOR NO KEY UPDATE`, id).
		QueryRow(func(row pgx.Row) error { return row.Scan(&locked) })
	b.Queue(`
		SELECT id, journey_key, version, customer_id, status, held, released, seq, state, plan, due_at, entered_at
		FROM enrollments WHERE id = $1 FOR NO KEY UPDATE`, id).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&e.ID, &e.JourneyKey, &e.Version, &e.CustomerID, &e.Status, &e.Held, &e.Released, &e.Seq, &e.State, &e.Plan,
				&e.DueAt, &e.EnteredAt)
		})
	b.Queue(`SELECT max(version) FROM wakeups WHERE enrollment_id = $1`, id).
		QueryRow(func(row pgx.Row) error { return row.Scan(&e.wake) })
	queueRequests(b, id, &e)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if e.CustomerID != locked {
		return nil, errAgain // she was merged while we waited for the lock
	}
	return &e, nil
}

// queueRequests adds what was asked of the enrollment, in its order.
func queueRequests(b *pgx.Batch, id string, e *enrollment) {
	b.Queue(`
		SELECT r.id, r.verb, r.to_step, r.reason, r.by, r.data, coalesce(m.version, 0), coalesce(m.map, '{}'), coalesce(m.waits, '')
		FROM requests r LEFT JOIN migrations m ON m.id = r.migration WHERE r.enrollment_id = $1 ORDER BY r.id`, id).
		Query(func(rows pgx.Rows) error {
			e.asked, e.requests, e.carried = nil, nil, nil
			for rows.Next() {
				var id int64
				var r journey.Request
				var data requestData
				var c crossing
				if err := rows.Scan(&id, &r.Verb, &r.To, &r.Reason, &r.By, &data, &c.Version, &c.Map, &c.Waits); err != nil {
					return err
				}
				e.carried = append(e.carried, id)
				if r.Verb == journey.VerbMigrate {
					e.asked = append(e.asked, c)
					continue
				}
				r.Trigger, r.Vars = data.Trigger, data.Vars
				e.requests = append(e.requests, r)
			}
			return rows.Err()
		})
}

// decide loads the facts, asks journey.Advance, as often as it wants a coupon, and writes what it decided.
func (s *Store) decide(ctx context.Context, tx pgx.Tx, e *enrollment, now time.Time, cause journey.Cause) (journey.Directive, error) {
	crossings, err := s.cross(ctx, tx, e)
	if err != nil {
		return journey.Directive{}, err
	}
	def, err := s.definition(ctx, tx, e.JourneyKey, e.Version)
	if err != nil {
		return journey.Directive{}, err
	}
	g, err := s.loadGround(ctx, tx, e, def)
	if err != nil {
		return journey.Directive{}, err
	}
	in := journey.Input{State: e.State, Facts: g.Facts, Now: now, Cause: cause, NewID: journey.NewID, Crossings: crossings}
	var out journey.Output
	for {
		if out, err = safely(func() journey.Output { return journey.Advance(def, in) }); err != nil {
			return journey.Directive{}, err
		}
		if out.Take == nil {
			break
		}
		coupon, err := s.takeCoupon(ctx, tx, *e, *out.Take, now)
		switch {
		case err != nil:
			return journey.Directive{}, err
		case coupon == nil:
			in.Facts.Empty[out.Take.Pool] = true
		default:
			in.Facts.Coupons[out.Take.As] = *coupon
		}
	}
	if err := s.write(ctx, tx, e, def, g, out, now); err != nil {
		return journey.Directive{}, err
	}
	return s.directive(out.Plan, e.Seq+1), nil
}

// directive is a plan as the driver gets it: in wall time.
func (s *Store) directive(p journey.Plan, seq int64) journey.Directive {
	d := journey.Directive{Kind: p.Kind, Step: p.Step, Summary: p.Summary, Call: p.Call, Seq: seq}
	if p.At != nil {
		at := s.clock.ToWall(*p.At)
		d.At = &at
	}
	return d
}

func (e *enrollment) holding(reason string) journey.Directive {
	return journey.Directive{Kind: journey.PlanHold, Step: e.State.Step, Summary: "held: " + reason, Seq: e.Seq}
}

// hold stops an enrollment until Release.
func (e *enrollment) hold(ctx context.Context, tx pgx.Tx, reason string) error {
	if _, err := tx.Exec(ctx, `UPDATE enrollments SET held = $2 WHERE id = $1`, e.ID, reason); err != nil {
		return err
	}
	return e.takeWake(ctx, tx)
}

// takeWake deletes the wake-up that was read, unless it was raised meanwhile.
func (e *enrollment) takeWake(ctx context.Context, tx pgx.Tx) error {
	if e.wake == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM wakeups WHERE enrollment_id = $1 AND version = $2`, e.ID, *e.wake)
	return err
}

// park holds an enrollment whose decision panics: she stands still, everybody else goes on, and a person is asked.
func (s *Store) park(ctx context.Context, id string) (d journey.Directive, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		e, err := s.lockEnrollment(ctx, tx, id)
		if err != nil {
			return err
		}
		d = e.holding(heldPoison)
		return e.hold(ctx, tx, heldPoison)
	})
	return d, err
}

// poison is a panic of pure code over the data of one customer.
type poison struct{ value any }

func (p *poison) Error() string { return fmt.Sprintf("deciding: %v", p.value) }

// safely calls pure code and turns a panic into an error.
func safely[T any](f func() T) (out T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &poison{v}
		}
	}()
	return f(), nil
}
