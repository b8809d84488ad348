package store

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// deed is what one actor did: the caller's half of an audit entry.
type deed struct {
	by     journey.Actor
	verb   string
	target string
	detail map[string]any
}

// audit adds an entry in the transaction of the deed itself: neither stands without the other.
func (s *Store) audit(ctx context.Context, q querier, d deed) error {
	if d.detail == nil {
		d.detail = map[string]any{}
	}
	_, err := q.Exec(ctx, `INSERT INTO audit (at, actor, role, verb, target, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.clock.Now(), d.by.ID, string(d.by.Role), d.verb, d.target, d.detail)
	return err
}

// Record adds an audit entry of its own, for deeds whose transaction stands elsewhere.
func (s *Store) Record(ctx context.Context, by journey.Actor, verb, target string, detail map[string]any) (err error) {
	defer wrap(&err, "recording %s of %s in the audit", verb, target)
	return s.audit(ctx, s.pool, deed{by: by, verb: verb, target: target, detail: detail})
}

// Audit returns who did what, newest first.
func (s *Store) Audit(ctx context.Context, r journey.PageRequest) (_ journey.Page[journey.AuditEntry], err error) {
	defer wrap(&err, "reading the audit")
	var none journey.Page[journey.AuditEntry]
	before, err := numberCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, at, actor, role, verb, target, detail FROM audit
		WHERE ($1::bigint = 0 OR id < $1) ORDER BY id DESC LIMIT $2`, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.AuditEntry])
	if err != nil {
		return none, err
	}
	return page(entries, r.Limit, func(e journey.AuditEntry) string { return cursor(strconv.FormatInt(e.ID, 10)) }), nil
}
