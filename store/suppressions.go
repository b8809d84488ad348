package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Suppress stops mail to an address: all of it, or marketing. Once it has answered, nothing that it forbids reaches the dot. An
// address that takes nothing at all is not widened to marketing only.
func (s *Store) Suppress(ctx context.Context, address string, scope journey.SuppressionScope, reason string, by journey.Actor) (err error) {
	defer wrap(&err, "suppressing an address")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := s.suppress(ctx, tx, []string{address}, scope, reason); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "suppression.add", target: strings.ToLower(address),
			detail: map[string]any{"scope": scope, "reason": reason}})
	})
}

func (s *Store) suppress(ctx context.Context, q querier, addresses []string, scope journey.SuppressionScope, reason string) error {
	if len(addresses) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `
		INSERT INTO suppressions (address, scope, reason, at)
		SELECT DISTINCT lower(a), $2, $3, $4::timestamptz FROM unnest($1::text[]) a WHERE a <> '' ORDER BY 1
		ON CONFLICT (address) DO UPDATE SET scope = excluded.scope, reason = excluded.reason, at = excluded.at
		WHERE suppressions.scope = 'suspended' OR suppressions.scope = 'marketing' AND excluded.scope = 'all'`,
		addresses, string(scope), reason, s.clock.Now())
	return err
}

// LiftSuppression lets an address be mailed again. The fault is not_found. Only a person lifts one: importing an address, or
// signing up again with it, does not. Allowed is asked with the suppression that there is.
func (s *Store) LiftSuppression(ctx context.Context, address, reason string, by journey.Actor, allowed func(was journey.Suppression) error) (err error) {
	defer wrap(&err, "lifting a suppression")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			DELETE FROM suppressions s USING settings st WHERE s.address IN ($1, `+sealedSQL(`$1`)+`)
			RETURNING s.address, s.scope, s.reason, s.at, s.until_at AS until`, strings.ToLower(address))
		if err != nil {
			return err
		}
		lifted, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.Suppression])
		if err != nil {
			return err
		}
		if len(lifted) == 0 {
			return journey.Faultf(journey.CodeNotFound, "the address is not suppressed")
		}
		for _, was := range lifted {
			if err := allowed(was); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, deed{by: by, verb: "suppression.lift", target: strings.ToLower(address),
			detail: map[string]any{"reason": reason, "was": lifted[0].Reason}})
	})
}

// Suppressions lists addresses that must not be mailed, in their order: those that begin with a text, or are the address that was
// sealed when its customer was erased.
func (s *Store) Suppressions(ctx context.Context, begins string, r journey.PageRequest) (_ journey.Page[journey.Suppression], err error) {
	defer wrap(&err, "listing suppressions")
	var none journey.Page[journey.Suppression]
	after, err := openCursor(r.Cursor, 1)
	if err != nil {
		return none, err
	}
	begins = strings.ToLower(strings.TrimSpace(begins))
	rows, err := s.pool.Query(ctx, `
		SELECT s.address, s.scope, s.reason, s.at, s.until_at AS until FROM suppressions s CROSS JOIN settings st
		WHERE s.address COLLATE "C" > $1 AND (s.scope <> 'suspended' OR s.until_at > $3)
		  AND ($4 = '' OR s.address COLLATE "C" >= $4 AND s.address COLLATE "C" < $5 OR s.address = `+sealedSQL(`$4`)+`)
		ORDER BY s.address COLLATE "C" LIMIT $2`, strings.Join(after, ""), r.Limit+1, s.clock.Now(), begins, begins+"\U0010FFFF")
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.Suppression])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(e journey.Suppression) string { return cursor(e.Address) }), nil
}
