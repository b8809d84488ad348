package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SegmentMembers lists who is in a segment, the customers that came last first. The fault is not_found.
func (s *Store) SegmentMembers(ctx context.Context, key string, r journey.PageRequest) (_ journey.Page[journey.CustomerSummary], err error) {
	defer wrap(&err, "listing the members of segment %q", key)
	var none journey.Page[journey.CustomerSummary]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	if _, err := segment(ctx, s.pool, key); err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT c.id, coalesce(c.external_id, ''), c.email, c.first_name, c.last_name, c.created_at
		FROM segment_members m JOIN customers c ON c.id = m.customer_id
		WHERE m.segment = $1 AND m.member AND ($2 = '' OR m.customer_id < $2) AND c.merged_into IS NULL
		ORDER BY m.customer_id DESC LIMIT $3`, key, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CustomerSummary])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(c journey.CustomerSummary) string { return cursor(c.ID) }), nil
}

// attributesSeen is how many of the newest customers are looked at for the names of attributes.
const attributesSeen = 1000

// AttributeNames lists the names of the attributes that the newest customers have: what somebody who writes a condition can choose
// from, and not all that there may be.
func (s *Store) AttributeNames(ctx context.Context) (_ []string, err error) {
	defer wrap(&err, "listing the names of attributes")
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT jsonb_object_keys(newest.attributes) AS name
		FROM (SELECT attributes FROM customers WHERE merged_into IS NULL ORDER BY id DESC LIMIT $1) newest ORDER BY name LIMIT 200`, attributesSeen)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return nonNil(names), err
}
