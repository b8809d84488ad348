package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// StepCounts counts who is in one version of a journey now, by the step at which they stand; "" is before the first decision.
func (s *Store) StepCounts(ctx context.Context, key string, version int) (_ map[string]int, err error) {
	defer wrap(&err, "counting who stands where in version %d of journey %q", version, key)
	rows, err := s.pool.Query(ctx, `
		SELECT step, count(*)::int FROM enrollments WHERE journey_key = $1 AND version = $2 AND status = 'active' GROUP BY step`, key, version)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var step string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&step, &n}, func() error {
		out[step] = n
		return nil
	})
	return out, err
}

// insideColumns are those that insideRow scans, of an enrollment e and its customer c.
const insideColumns = `c.id, coalesce(c.external_id, ''), c.email, c.first_name, c.last_name, c.created_at, e.id, e.version, e.entered_at, e.due_at, e.held`

func insideRow(row pgx.CollectableRow) (n journey.Inside, err error) {
	err = row.Scan(&n.ID, &n.ExternalID, &n.Email, &n.FirstName, &n.LastName, &n.CreatedAt, &n.Enrollment, &n.Version, &n.Since, &n.NextAt, &n.Held)
	return n, err
}

// InsideAt lists who stands at a step of a version of a journey, the latest to enter first; at any step where step is nil.
func (s *Store) InsideAt(ctx context.Context, key string, version int, step *string, r journey.PageRequest) (_ journey.Page[journey.Inside], err error) {
	defer wrap(&err, "listing who stands in version %d of journey %q", version, key)
	var none journey.Page[journey.Inside]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+insideColumns+`
		FROM enrollments e JOIN customers c ON c.id = e.customer_id
		WHERE e.journey_key = $1 AND e.version = $2 AND e.status = 'active' AND ($3::text IS NULL OR e.step = $3) AND ($4 = '' OR e.id < $4)
		ORDER BY e.id DESC LIMIT $5`, key, version, step, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, insideRow)
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(n journey.Inside) string { return cursor(n.Enrollment) }), nil
}
