package store

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// stageDue is when time alone brings her into another stage of the lifecycle, or lowers a score: at once, where what was derived is of the
// past already; nil: it never does.
func stageDue(c journey.Customer, now time.Time, bounds journey.ScoreBounds) *time.Time {
	stage, until := journey.Lifecycle(c.Attributes, now)
	_, lower := bounds.Score(c.Attributes, now)
	until = earlier(until, lower)
	switch is, _ := c.Attributes[journey.AttributeLifecycle].(string); {
	case is != stage, bounds.Due(c.Attributes, now):
		return &now
	case until.IsZero():
		return nil
	}
	return &until
}

// tendStages brings those into their next stage of the lifecycle, or to their next score, whose time has come. Journeys that wait for the stage let them in, as
// for any change of an attribute; who never had a stage has not come into one now.
func (s *Store) tendStages(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM customers WHERE stage_due_at <= $1 AND merged_into IS NULL ORDER BY stage_due_at LIMIT $2`, s.clock.Now(), limit)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), s.growThese(ctx, tx, ids, false)
}

// growThese derives anew what follows from time and from the bounds of scores. Silently nobody enters a journey by it.
func (s *Store) growThese(ctx context.Context, tx pgx.Tx, ids []string, silent bool) error {
	if err := lockCustomers(ctx, tx, ids); err != nil {
		return err
	}
	a, err := s.begin(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if p := a.people[id]; p != nil && p.MergedInto == "" {
			if err := a.grow(ctx, p, silent); err != nil {
				return err
			}
		}
	}
	return a.flush(ctx)
}

// grow is what time makes of a customer.
func (a *application) grow(ctx context.Context, p *person, silent bool) error {
	var o outcome
	before := p.Customer
	p.Attributes = maps.Clone(before.Attributes)
	journey.Derive(p.Attributes, a.now)
	changed := a.bounds.Apply(p.Attributes, a.now)
	for _, name := range []string{journey.AttributeAverageOrder, journey.AttributeLifecycle} {
		if !reflect.DeepEqual(before.Attributes[name], p.Attributes[name]) {
			changed = append(changed, name)
		}
	}
	a.touched[p.ID] = true
	var heard []string
	for _, name := range changed {
		heard = append(heard, journey.ListenAttribute+name)
	}
	_, known := before.Attributes[journey.AttributeLifecycle]
	crossed, err := a.reconsider(ctx, p, look{heard: heard, silent: silent || !known}, &o)
	if err != nil {
		return err
	}
	for _, l := range a.live {
		was, known := before.Attributes[l.Def.Enter.Attribute]
		if silent || !known || !slices.Contains(changed, l.Def.Enter.Attribute) {
			continue
		}
		if err := a.admit(ctx, l, p, journey.Entry{Via: journey.ViaAttribute, Was: was}, &o); err != nil {
			return err
		}
	}
	a.wakeThose(p.ID, append(heard, crossed...), &o)
	return nil
}
