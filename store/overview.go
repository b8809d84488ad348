package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Overview returns what support sees of a customer, named as in Customer.
func (s *Store) Overview(ctx context.Context, ref string) (o journey.CustomerOverview, err error) {
	defer wrap(&err, "looking a customer up")
	c, err := s.Customer(ctx, ref)
	if err != nil {
		return o, err
	}
	o = journey.CustomerOverview{
		CustomerSummary: journey.CustomerSummary{ID: c.ID, ExternalID: c.ExternalID, Email: c.Email,
			FirstName: c.FirstName, LastName: c.LastName, CreatedAt: c.CreatedAt},
		Locale: c.Locale, Timezone: c.Timezone, Attributes: c.Attributes, Pauses: []journey.PauseView{},
	}
	if o.Consents, err = s.ConsentsOf(ctx, c.ID); err != nil {
		return o, err
	}
	if o.Coupons, err = couponsOf(ctx, s.pool, c.ID); err != nil {
		return o, err
	}
	if o.Tasks, err = s.openTasksOf(ctx, s.pool, c.ID); err != nil {
		return o, err
	}
	if o.Notes, err = notesOf(ctx, s.pool, c.ID); err != nil {
		return o, err
	}
	if o.Suppressed, err = s.suppressionOf(ctx, c.Email); err != nil {
		return o, err
	}
	if o.Enrollments, err = s.enrollmentsOf(ctx, c, ""); err != nil {
		return o, err
	}
	held, err := s.PausesOf(ctx, c.ID, nil, nil, s.clock.Now())
	for _, p := range held {
		o.Pauses = append(o.Pauses, journey.ViewPause(p))
	}
	return o, err
}

func (s *Store) suppressionOf(ctx context.Context, address string) (reason string, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT s.scope || ': ' || s.reason FROM suppressions s CROSS JOIN settings st
		WHERE s.address IN ($1, `+sealedSQL(`$1`)+`) AND `+forbidsSQL(`true`, `$2`)+` ORDER BY s.scope LIMIT 1`, strings.ToLower(address), s.clock.Now()).Scan(&reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return reason, err
}

// Enrollment returns one enrollment: where she stands, what is next and when, and why. CodeNotFound when there is none.
func (s *Store) Enrollment(ctx context.Context, id string) (e journey.EnrollmentView, err error) {
	defer wrap(&err, "reading enrollment %s", id)
	var customer string
	err = s.pool.QueryRow(ctx, `SELECT customer_id FROM enrollments WHERE id = $1 AND customer_id <> 'cus_erased'`, id).Scan(&customer)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, journey.Faultf(journey.CodeNotFound, "there is no enrollment %s", id)
	}
	if err != nil {
		return e, err
	}
	c, err := s.Customer(ctx, customer)
	if err != nil {
		return e, err
	}
	list, err := s.enrollmentsOf(ctx, c, id)
	if err != nil || len(list) != 1 {
		return e, err
	}
	return list[0], nil
}

// enrollmentRow is an enrollment as it is stored, with its last decision.
type enrollmentRow struct {
	journey.EnrollmentView
	state journey.State
	plan  *journey.Plan
	last  *journey.LogEntry
	due   *time.Time
}

// enrollmentsOf lists her enrollments, active ones first, then the newest, 100 at most; or the one with that id.
func (s *Store) enrollmentsOf(ctx context.Context, c journey.Customer, only string) ([]journey.EnrollmentView, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT e.id, e.customer_id, e.journey_key, j.name, e.version, e.status, e.reason, e.held, e.holdout, e.entered_at, e.ended_at,
			e.goal_at, e.step, e.state, e.plan, e.due_at,
			(SELECT jsonb_build_object('at', l.at, 'step', l.step, 'what', l.what, 'detail', l.detail)
				FROM step_log l WHERE l.enrollment_id = e.id ORDER BY l.id DESC LIMIT 1),
			ARRAY(SELECT r.verb || CASE WHEN r.to_step = '' THEN '' ELSE ' to ' || r.to_step END || ', asked by ' || r.by
				FROM requests r WHERE r.enrollment_id = e.id ORDER BY r.id)
		FROM enrollments e JOIN journeys j ON j.key = e.journey_key
		WHERE e.customer_id = $1 AND ($2 = '' OR e.id = $2)
		ORDER BY e.status = 'active' DESC, e.id DESC LIMIT 100`, c.ID, only)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r enrollmentRow, err error) {
		err = row.Scan(&r.ID, &r.Customer, &r.Journey, &r.Name, &r.Version, &r.Status, &r.Reason, &r.Held, &r.Holdout, &r.Entered,
			&r.Ended, &r.GoalAt, &r.Step, &r.state, &r.plan, &r.due, &r.last, &r.Asked)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return s.explain(ctx, c, list)
}

// explain adds to each enrollment the pauses that hold it, and says what is next and why.
func (s *Store) explain(ctx context.Context, c journey.Customer, list []enrollmentRow) ([]journey.EnrollmentView, error) {
	var journeys, ids []string
	for _, r := range list {
		journeys, ids = append(journeys, r.Journey), append(ids, r.ID)
	}
	pauses, err := s.PausesOf(ctx, c.ID, journeys, ids, s.clock.Now())
	if err != nil {
		return nil, err
	}
	zone := s.zoneOf(c)
	out := make([]journey.EnrollmentView, len(list))
	for i, r := range list {
		r.Pauses = []journey.PauseView{}
		if r.Status == journey.StatusActive {
			topic := ""
			if def, err := s.definition(ctx, s.pool, r.Journey, r.Version); err == nil { // one that cannot be read has no topic to show
				topic = def.Topic
			}
			for _, p := range pauses {
				if p.Covers(r.Customer, r.ID, r.Journey, topic) {
					r.Pauses = append(r.Pauses, journey.ViewPause(p))
				}
			}
			r.stand(zone)
		}
		if r.last != nil {
			r.Why = journey.LogWords(*r.last, zone)
		}
		out[i] = r.EnrollmentView
	}
	return out, nil
}

// stand says where an active enrollment stands and what comes next. In a pause nothing does, until it is over.
func (r *enrollmentRow) stand(zone *time.Location) {
	r.Phase = r.state.Phase
	if !r.state.Since.IsZero() {
		r.Since = &r.state.Since
	}
	if r.plan == nil {
		r.Next = "begins as soon as it is its turn"
		return
	}
	r.Next, r.NextAt = journey.NextWords(*r.plan), r.due
	if r.NextAt == nil {
		r.NextAt = r.plan.At
	}
	if r.state.Paused {
		r.Next = "" // the plan says no more than that she stands still
	}
	if len(r.Pauses) > 0 {
		r.Next, r.NextAt = journey.PauseWords(r.Pauses, r.Next, zone), nil
	}
}
