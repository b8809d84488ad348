package store

import (
	"context"
	"maps"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// stageDue is when time alone brings her into another stage of the lifecycle: at once, where what was derived is of the past already;
// nil: it never does.
func stageDue(c journey.Customer, now time.Time) *time.Time {
	stage, until := journey.Lifecycle(c.Attributes, now)
	switch is, _ := c.Attributes[journey.AttributeLifecycle].(string); {
	case is != stage:
		return &now
	case until.IsZero():
		return nil
	}
	return &until
}

// tendStages brings those into their next stage of the lifecycle whose time has come. Journeys that wait for the stage let them in, as
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
	if err := lockCustomers(ctx, tx, ids); err != nil {
		return 0, err
	}
	a, err := s.begin(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if p := a.people[id]; p != nil && p.MergedInto == "" {
			if err := a.grow(ctx, p); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), a.flush(ctx)
}

// grow is what time makes of a customer.
func (a *application) grow(ctx context.Context, p *person) error {
	var o outcome
	before := p.Customer
	p.Attributes = maps.Clone(before.Attributes)
	journey.Derive(p.Attributes, a.now)
	a.touched[p.ID] = true
	var changed []string
	for _, name := range []string{journey.AttributeAverageOrder, journey.AttributeLifecycle} {
		if !reflect.DeepEqual(before.Attributes[name], p.Attributes[name]) {
			changed = append(changed, journey.ListenAttribute+name)
		}
	}
	_, known := before.Attributes[journey.AttributeLifecycle]
	crossed, err := a.reconsider(ctx, p, look{heard: changed, silent: !known}, &o)
	if err != nil {
		return err
	}
	for _, l := range a.live {
		if l.Def.Enter.Attribute != journey.AttributeLifecycle || !known {
			continue
		}
		entry := journey.Entry{Via: journey.ViaAttribute, Was: before.Attributes[journey.AttributeLifecycle]}
		if err := a.admit(ctx, l, p, entry, &o); err != nil {
			return err
		}
	}
	a.wakeThose(p.ID, append(changed, crossed...), &o)
	return nil
}
