package store

import (
	"context"
)

// GatherCounts makes one row of those that statements have added to the counters of coupons and surveys, group by group. What the counters
// say is the same before, meanwhile and after.
func (s *Store) GatherCounts(ctx context.Context) (err error) {
	defer wrap(&err, "gathering counters")
	for _, sql := range []string{
		`WITH groups AS (SELECT pool, state, currency FROM coupon_counts GROUP BY 1, 2, 3 HAVING count(*) > 1),
			taken AS (DELETE FROM coupon_counts c USING groups g WHERE (c.pool, c.state, c.currency) = (g.pool, g.state, g.currency) RETURNING c.*)
		INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
		SELECT pool, state, currency, sum(n), sum(valued), sum(value) FROM taken GROUP BY 1, 2, 3 HAVING (sum(n), sum(valued), sum(value)) <> (0, 0, 0)`,
		`WITH groups AS (SELECT ask, journey_key FROM survey_counts GROUP BY 1, 2 HAVING count(*) > 1),
			taken AS (DELETE FROM survey_counts c USING groups g WHERE (c.ask, c.journey_key) = (g.ask, g.journey_key) RETURNING c.*)
		INSERT INTO survey_counts (ask, journey_key, asked, answered, scored, total, promoters, detractors)
		SELECT ask, journey_key, sum(asked), sum(answered), sum(scored), sum(total), sum(promoters), sum(detractors) FROM taken GROUP BY 1, 2`,
	} {
		if _, err := s.pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
