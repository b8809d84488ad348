package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// sourceAddress is the source of consents that end, or go on, because the address is another one.
const sourceAddress = "change of address"

// ChangeAddress gives a customer, named as in Customer, another address. A consent is one for an address: each that allows mail
// is withdrawn, unless keep says that she stated it for the new one; then wording is its proof, and a confirmed one has to be confirmed
// again. Suppressions of either address stay. The same address again has no effect. The fault is not_found.
func (s *Store) ChangeAddress(ctx context.Context, ref string, c journey.AddressChange, by journey.Actor) (out journey.AddressChanged, err error) {
	defer wrap(&err, "changing the address of a customer")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		id, err := lockCustomerNamed(ctx, tx, ref)
		if err != nil {
			return err
		}
		out = journey.AddressChanged{Customer: id, Email: c.Email}
		if err := tx.QueryRow(ctx, `SELECT email FROM customers WHERE id = $1`, id).Scan(&out.Was); err != nil {
			return err
		}
		if out.Consents, err = consentsOf(ctx, tx, id); err != nil || strings.EqualFold(out.Was, c.Email) {
			return err
		}
		if err := s.moveAddress(ctx, tx, id, c.Email); err != nil {
			return err
		}
		if err := s.consentsOfAddress(ctx, tx, id, c, out.Consents); err != nil {
			return err
		}
		told := &journey.Event{Name: journey.EventAddressChanged, At: s.clock.Now(), Properties: map[string]any{
			"address": c.Email, "was": out.Was, "by": by.Name, "reason": c.Reason, "kept": c.Keep}}
		if err := s.tellOf(ctx, tx, id, told); err != nil {
			return err
		}
		if out.Consents, err = consentsOf(ctx, tx, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "customer.address", target: id, detail: map[string]any{"reason": c.Reason, "kept": c.Keep}})
	})
	return out, err
}

// moveAddress writes it down; segments and journeys that look at it look again.
func (s *Store) moveAddress(ctx context.Context, tx pgx.Tx, id, email string) error {
	active, err := activeOf(ctx, tx, id)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`
		UPDATE customers SET email = $2, attributes = attributes || jsonb_build_object('email', $2::text) WHERE id = $1`, id, email)
	queueCheck(b, id)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	return s.wake(ctx, tx, active)
}

func (s *Store) consentsOfAddress(ctx context.Context, tx pgx.Tx, id string, c journey.AddressChange, states []journey.ConsentState) error {
	for _, state := range states {
		if !state.State.Allows() {
			continue
		}
		change := journey.ConsentChange{CustomerID: id, Topic: state.Topic, Is: journey.ConsentWithdrawn, Source: sourceAddress, Wording: c.Reason,
			Address: c.Email, At: s.clock.Now()}
		if c.Keep {
			change.Is, change.Wording = journey.ConsentGiven, c.Wording
			// What was confirmed was confirmed for the old address: the state goes back, which a change of consent by itself never does.
			_, err := tx.Exec(ctx, `DELETE FROM consents WHERE customer_id = $1 AND topic = $2`, id, state.Topic)
			if err != nil {
				return err
			}
		}
		if _, err := s.changeConsent(ctx, tx, change); err != nil {
			return err
		}
	}
	return nil
}
