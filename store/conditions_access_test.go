package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Matching returns the customers for whom a condition holds, by SQL: asked of all at once, or of each.
func (s *Store) Matching(ctx context.Context, c *journey.Cond, declared map[string]*journey.Cond, atOnce bool) (map[string]bool, string, error) {
	q, err := s.condition(c, declared, atOnce)
	if err != nil {
		return nil, "", err
	}
	sql := fmt.Sprintf(`SELECT c.id FROM customers c %s WHERE c.merged_into IS NULL AND %s`, q.Joins, q.Where)
	rows, err := s.pool.Query(ctx, sql, q.Args...)
	if err != nil {
		return nil, sql, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, fmt.Sprint(sql, q.Args), err
}

// Known returns what conditions are evaluated on in Go, outside of any enrollment.
func (s *Store) Known(ctx context.Context, ids []string, needs journey.Needs) (map[string]*journey.Facts, error) {
	people, err := loadPeople(ctx, s.pool, ids)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*journey.Facts, len(people))
	for id, p := range people {
		all[id] = &journey.Facts{Customer: p.Customer, Zone: s.zoneOf(p.Customer), Applied: p.Applied}
	}
	return all, s.addMemory(ctx, s.pool, all, needs)
}
