package store

import (
	"context"
	"strconv"
	"time"

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

// Audit returns who did what, newest first, as the filter narrows it.
func (s *Store) Audit(ctx context.Context, f journey.AuditFilter, r journey.PageRequest) (_ journey.Page[journey.AuditEntry], err error) {
	defer wrap(&err, "reading the audit")
	var none journey.Page[journey.AuditEntry]
	before, err := numberCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	var actors []string
	if f.Actor != "" {
		if actors, err = s.actorsNamed(ctx, f.Actor); err != nil {
			return none, err
		}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT a.id, a.at, a.actor, coalesce(k.name, nullif(u.name, ''), u.email, ''), a.role, a.verb, a.target, a.detail
		FROM audit a LEFT JOIN keys k ON k.id = a.actor LEFT JOIN users u ON u.id = a.actor
		WHERE ($1::bigint = 0 OR a.id < $1) AND ($3::text[] IS NULL OR a.actor = ANY($3)) AND ($4 = '' OR a.target = $4)
		  AND ($5 = '' OR a.verb = $5 OR starts_with(a.verb, $5 || '.'))
		  AND ($6::timestamptz IS NULL OR a.at >= $6) AND ($7::timestamptz IS NULL OR a.at < $7)
		ORDER BY a.id DESC LIMIT $2`, before, r.Limit+1, actors, f.Target, f.Verb, orNull(f.From), orNull(f.To))
	if err != nil {
		return none, err
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.AuditEntry])
	if err != nil {
		return none, err
	}
	return page(entries, r.Limit, func(e journey.AuditEntry) string { return cursor(strconv.FormatInt(e.ID, 10)) }), nil
}

// actorsNamed are the ids that somebody may mean by a text: itself, and the keys and users of that name or address.
func (s *Store) actorsNamed(ctx context.Context, text string) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT $1 UNION SELECT id FROM keys WHERE lower(name) = lower($1)
		UNION SELECT id FROM users WHERE lower(name) = lower($1) OR email = lower($1)`, text)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// orNull is NULL for no time at all.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
