package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// ChangeConsents stores what a customer agreed to or withdrew, with the proof, in one transaction with the events that say so:
// once it has answered, no message of a withdrawn topic reaches the dot. What is as it was already is left alone; changed lists
// the rest. At and Address are filled in here.
func (s *Store) ChangeConsents(ctx context.Context, customer string, changes []journey.ConsentChange, by journey.Actor) (changed []journey.ConsentChange, err error) {
	defer wrap(&err, "changing the consents of customer %s", customer)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		changed = nil
		if err := lockCustomerRow(ctx, tx, customer); err != nil {
			return err
		}
		var address string
		if err := tx.QueryRow(ctx, `SELECT email FROM customers WHERE id = $1`, customer).Scan(&address); err != nil {
			return err
		}
		for _, c := range changes {
			c.CustomerID, c.Address, c.At = customer, address, s.clock.Now()
			did, err := s.changeConsent(ctx, tx, c)
			if err != nil {
				return err
			}
			if did {
				changed = append(changed, c)
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return s.audit(ctx, tx, deed{by: by, verb: "customer.topics", target: customer, detail: consentDetail(changed)})
	})
	return changed, err
}

func (s *Store) changeConsent(ctx context.Context, tx pgx.Tx, c journey.ConsentChange) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO consents (customer_id, topic, state, changed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (customer_id, topic) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
		WHERE consents.state <> excluded.state AND NOT (consents.state = 'confirmed' AND excluded.state = 'given')`,
		c.CustomerID, c.Topic, string(c.Is), c.At)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO consent_changes (customer_id, topic, state, source, wording, address, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.CustomerID, c.Topic, string(c.Is), c.Source, c.Wording, c.Address, c.At)
	if err != nil {
		return false, err
	}
	return true, s.tellOf(ctx, tx, c.CustomerID, consentEvent(c))
}

// consentEvent is a change of consent as her stream tells of it, with its proof.
func consentEvent(c journey.ConsentChange) *journey.Event {
	told := &journey.Event{Kind: journey.KindOwn, Name: journey.EventTopicSubscribed, CustomerID: c.CustomerID, At: c.At, Properties: map[string]any{
		"topic": c.Topic, "source": c.Source, "wording": c.Wording, "address": c.Address}}
	if c.Is == journey.ConsentConfirmed {
		told.Properties["confirmed"] = true
	}
	if c.Is == journey.ConsentWithdrawn {
		told.Name = journey.EventTopicUnsubscribed
	}
	return told
}

func consentDetail(changed []journey.ConsentChange) map[string]any {
	detail := map[string]any{}
	for _, c := range changed {
		detail[c.Topic] = c.Is
	}
	return detail
}

// ConsentsOf says where a customer stands with every topic that there is, whether she was asked or not.
func (s *Store) ConsentsOf(ctx context.Context, customer string) (_ []journey.ConsentState, err error) {
	defer wrap(&err, "reading the consents of customer %s", customer)
	return consentsOf(ctx, s.pool, customer)
}

func consentsOf(ctx context.Context, q querier, customer string) ([]journey.ConsentState, error) {
	rows, err := q.Query(ctx, `
		SELECT coalesce(t.key, c.topic), coalesce(t.name, c.topic), coalesce(c.state, ''), c.changed_at, coalesce((
			SELECT source FROM consent_changes p WHERE p.customer_id = $1 AND p.topic = c.topic ORDER BY id DESC LIMIT 1), ''), coalesce(t.double_opt_in, false),
			coalesce(t.names, '{}')
		FROM topics t FULL JOIN (SELECT * FROM consents WHERE customer_id = $1) c ON c.topic = t.key
		WHERE coalesce(t.key, c.topic) <> 'transactional'
		ORDER BY 1`, customer)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.ConsentState])
	return nonNil(list), err
}

// ConsentChanges is the proof of what a customer agreed to and withdrew: every change, the latest first, 200 at most.
func (s *Store) ConsentChanges(ctx context.Context, customer string) (_ []journey.ConsentChange, err error) {
	defer wrap(&err, "reading the proofs of customer %s", customer)
	rows, err := s.pool.Query(ctx, `
		SELECT customer_id, topic, state, source, wording, address, at FROM consent_changes WHERE customer_id = $1 ORDER BY id DESC LIMIT 200`, customer)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c journey.ConsentChange, err error) {
		err = row.Scan(&c.CustomerID, &c.Topic, &c.Is, &c.Source, &c.Wording, &c.Address, &c.At)
		return c, err
	})
}
