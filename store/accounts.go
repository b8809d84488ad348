package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// AccountMembers returns the account that ref names, "acc_…" or "account:" + the caller's own id, with a page of its members by id.
// The fault is not_found.
func (s *Store) AccountMembers(ctx context.Context, ref string, r journey.PageRequest) (v journey.AccountView, err error) {
	defer wrap(&err, "finding the account")
	after, err := idCursor(r.Cursor)
	if err != nil {
		return v, err
	}
	id, err := resolveAccount(ctx, s.pool, ref)
	if err != nil {
		return v, err
	}
	a, err := s.Account(ctx, id)
	if err != nil {
		return v, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, coalesce(external_id, ''), email, first_name, last_name, created_at, account_role FROM customers
		WHERE account_id = $1 AND merged_into IS NULL AND id > $2 ORDER BY id LIMIT $3`, id, after, r.Limit+1)
	if err != nil {
		return v, err
	}
	members, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m journey.Member, err error) {
		return m, row.Scan(&m.ID, &m.ExternalID, &m.Email, &m.FirstName, &m.LastName, &m.CreatedAt, &m.Role)
	})
	v = journey.AccountView{ID: a.ID, ExternalID: a.ExternalID, Name: a.Name, Attributes: a.Attributes,
		Members: page(members, r.Limit, func(m journey.Member) string { return cursor(m.ID) })}
	return v, err
}

// resolveAccount turns a reference into the id of an account.
func resolveAccount(ctx context.Context, q querier, ref string) (id string, err error) {
	if external, ok := strings.CutPrefix(ref, "account:"); ok {
		err = q.QueryRow(ctx, `SELECT id FROM accounts WHERE external_id = $1`, external).Scan(&id)
	} else {
		err = q.QueryRow(ctx, `SELECT id FROM accounts WHERE id = $1`, ref).Scan(&id)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = journey.Faultf(journey.CodeNotFound, "no account %q", ref)
	}
	return id, err
}

// SetAccount sets the attributes that are named and forgets those that are null; others stay. `name` is the name of the account, too.
// Whoever waits on an attribute of the account is woken, and segments that ask about it look at its members again.
func (s *Store) SetAccount(ctx context.Context, ref string, attributes map[string]any, by journey.Actor) (err error) {
	defer wrap(&err, "setting attributes of the account")
	set, forgotten := map[string]any{}, []string{}
	for key, value := range attributes {
		if value == nil {
			forgotten = append(forgotten, key)
			continue
		}
		set[key] = value
	}
	text, err := journey.JSONObject(set)
	if err != nil {
		return err
	}
	name, _ := attributes["name"].(string)
	_, named := attributes["name"]
	return s.inTx(ctx, func(tx pgx.Tx) error {
		id, err := resolveAccount(ctx, tx, ref)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE accounts SET attributes = (attributes || $2) - $3::text[], name = CASE WHEN $4 THEN $5 ELSE name END
			WHERE id = $1`, id, text, forgotten, named, name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO segment_checks (customer_id) SELECT id FROM customers
			WHERE account_id = $1 AND merged_into IS NULL AND EXISTS (SELECT FROM segments) ON CONFLICT DO NOTHING`, id); err != nil {
			return err
		}
		if err := s.wakeAccounts(ctx, tx, []string{id}); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "account.set", target: id,
			detail: map[string]any{"attributes": slices.Sorted(maps.Keys(attributes))}})
	})
}

// SetAccountRole says what a member is in the account; "": nothing that is known. It wakes nobody: no wait, exit or segment can ask for a
// role, and a send reads the roles when it is reached. Faults: not_found; conflict where she belongs to another account, or to none.
func (s *Store) SetAccountRole(ctx context.Context, ref, customer, role string, by journey.Actor) (err error) {
	defer wrap(&err, "setting a role in the account")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		account, err := resolveAccount(ctx, tx, ref)
		if err != nil {
			return err
		}
		p, err := lockPerson(ctx, tx, customer)
		if err != nil {
			return err
		}
		switch {
		case p.AccountID != account:
			return journey.Faultf(journey.CodeConflict, "she is not a member of this account: /v1/group says who belongs to which")
		case p.AccountRole == role:
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE customers SET account_role = $2 WHERE id = $1`, p.ID, role); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "account.role", target: p.ID, detail: map[string]any{"account": account, "role": role}})
	})
}
