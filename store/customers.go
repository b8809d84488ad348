package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Customer returns the customer that ref names: "cus_…" or "user:" + the caller's own id. One that was merged away answers
// as the customer that took her over. The fault is not_found.
func (s *Store) Customer(ctx context.Context, ref string) (_ journey.Customer, err error) {
	defer wrap(&err, "finding the customer")
	id, err := resolve(ctx, s.pool, ref)
	if err != nil {
		return journey.Customer{}, err
	}
	people, err := loadPeople(ctx, s.pool, []string{id})
	if err != nil {
		return journey.Customer{}, err
	}
	if people[id] == nil {
		return journey.Customer{}, journey.Faultf(journey.CodeNotFound, "no customer %q", ref)
	}
	return people[id].Customer, nil
}

// Account returns an account by its id. The fault is not_found.
func (s *Store) Account(ctx context.Context, id string) (_ journey.Account, err error) {
	defer wrap(&err, "finding the account")
	var a journey.Account
	var external *string
	err = s.pool.QueryRow(ctx, `SELECT id, external_id, name, attributes FROM accounts WHERE id = $1`, id).
		Scan(&a.ID, &external, &a.Name, &a.Attributes)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, journey.Faultf(journey.CodeNotFound, "no account %q", id)
	}
	if external != nil {
		a.ExternalID = *external
	}
	return a, err
}

// resolve turns a reference into the id of a customer who stands for herself.
func resolve(ctx context.Context, q querier, ref string) (string, error) {
	var id string
	var err error
	if external, ok := strings.CutPrefix(ref, "user:"); ok {
		err = q.QueryRow(ctx, `
			SELECT coalesce(c.merged_into, c.id) FROM customer_ids i JOIN customers c ON c.id = i.customer_id
			WHERE i.kind = 'user' AND i.external_id = $1`, external).Scan(&id)
	} else {
		err = q.QueryRow(ctx, `SELECT coalesce(merged_into, id) FROM customers WHERE id = $1 AND id NOT IN ('cus_erased', 'cus_test')`, ref).Scan(&id)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return "", journey.Faultf(journey.CodeNotFound, "no customer %q", ref)
	}
	return id, err
}

// person is a customer under her lock, with what intake needs besides.
type person struct {
	journey.Customer
	ConsentAt map[string]time.Time // when each consent last changed
}

// lockCustomers takes the locks of customers in the order of their ids, in a statement of its own (rule 2 of the driver):
// whatever is read after it is read under the locks. Ids that are gone are passed over.
func lockCustomers(ctx context.Context, tx pgx.Tx, ids []string) error {
	_, err := tx.Exec(ctx, `SELECT FROM customers WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, ids)
	return err
}

// loadPeople reads customers with their consents. Those that are not there are missing from the map.
func loadPeople(ctx context.Context, q querier, ids []string) (map[string]*person, error) {
	people := map[string]*person{}
	b := &pgx.Batch{}
	queuePeople(b, ids, people)
	return people, q.SendBatch(ctx, b).Close()
}

// lockPerson locks a customer, named as in Customer, and reads her. The fault is not_found.
func lockPerson(ctx context.Context, tx pgx.Tx, ref string) (*person, error) {
	id, err := resolve(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	if err := lockCustomers(ctx, tx, []string{id}); err != nil {
		return nil, err
	}
	people, err := loadPeople(ctx, tx, []string{id})
	if p := people[id]; err != nil || p != nil && p.MergedInto == "" {
		return p, err
	}
	return nil, errAgain // merged or erased while we waited
}

// queuePeople adds the reading of customers to a batch.
func queuePeople(b *pgx.Batch, ids []string, into map[string]*person) {
	b.Queue(`
		SELECT c.id, coalesce(c.external_id, ''), c.email, c.first_name, c.last_name, c.locale, c.timezone,
		       coalesce(c.account_id, ''), c.account_role, c.attributes, c.created_at, coalesce(c.merged_into, ''), c.applied,
		       (SELECT jsonb_object_agg(topic, jsonb_build_object('is', state, 'at', changed_at))
		        FROM consents WHERE customer_id = c.id)
		FROM customers c WHERE c.id = ANY($1)`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var p person
			var consents []byte
			err := rows.Scan(&p.ID, &p.ExternalID, &p.Email, &p.FirstName, &p.LastName, &p.Locale, &p.Timezone, &p.AccountID, &p.AccountRole,
				&p.Attributes, &p.CreatedAt, &p.MergedInto, &p.Applied, &consents)
			if err != nil {
				return err
			}
			if err := p.readConsents(consents); err != nil {
				return err
			}
			into[p.ID] = &p
		}
		return rows.Err()
	})
}

func (p *person) readConsents(raw []byte) error {
	p.Consents, p.ConsentAt = map[string]journey.Consent{}, map[string]time.Time{}
	if raw == nil {
		return nil
	}
	var read map[string]struct {
		Is journey.Consent `json:"is"`
		At time.Time       `json:"at"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	for topic, c := range read {
		p.Consents[topic], p.ConsentAt[topic] = c.Is, c.At
	}
	return nil
}

// zoneOf is the customer's own zone, or the installation's.
func (s *Store) zoneOf(c journey.Customer) *time.Location {
	if c.Timezone != "" {
		if zone, err := time.LoadLocation(c.Timezone); err == nil {
			return zone
		}
	}
	return s.zone
}
