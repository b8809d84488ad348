package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// countsLock is the advisory lock under which counters are gathered: two that do at once would wait for each other's rows.
const countsLock = 7243013

// GatherCounts makes one row of those that statements have added to the counters of coupons, surveys, consents and segments, group by group.
// What the counters say is the same before, meanwhile and after. It does nothing while another process is at it.
func (s *Store) GatherCounts(ctx context.Context) (err error) {
	defer wrap(&err, "gathering counters")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, countsLock).Scan(&mine); err != nil || !mine {
			return err
		}
		for _, sql := range []string{
			`WITH groups AS (SELECT pool, state, currency FROM coupon_counts GROUP BY 1, 2, 3 HAVING count(*) > 1),
				taken AS (DELETE FROM coupon_counts c USING groups g WHERE (c.pool, c.state, c.currency) = (g.pool, g.state, g.currency) RETURNING c.*)
			INSERT INTO coupon_counts (pool, state, currency, n, valued, value)
			SELECT pool, state, currency, sum(n), sum(valued), sum(value) FROM taken GROUP BY 1, 2, 3 HAVING (sum(n), sum(valued), sum(value)) <> (0, 0, 0)`,
			`WITH groups AS (SELECT ask, journey_key FROM survey_counts GROUP BY 1, 2 HAVING count(*) > 1),
				taken AS (DELETE FROM survey_counts c USING groups g WHERE (c.ask, c.journey_key) = (g.ask, g.journey_key) RETURNING c.*)
			INSERT INTO survey_counts (ask, journey_key, asked, answered, scored, total, promoters, detractors)
			SELECT ask, journey_key, sum(asked), sum(answered), sum(scored), sum(total), sum(promoters), sum(detractors) FROM taken GROUP BY 1, 2`,
			`WITH groups AS (SELECT topic, state FROM consent_counts GROUP BY 1, 2 HAVING count(*) > 1),
				taken AS (DELETE FROM consent_counts c USING groups g WHERE (c.topic, c.state) = (g.topic, g.state) RETURNING c.*)
			INSERT INTO consent_counts (topic, state, n) SELECT topic, state, sum(n) FROM taken GROUP BY 1, 2 HAVING sum(n) <> 0`,
			`WITH groups AS (SELECT segment FROM segment_counts GROUP BY 1 HAVING count(*) > 1),
				taken AS (DELETE FROM segment_counts c USING groups g WHERE c.segment = g.segment RETURNING c.*)
			INSERT INTO segment_counts (segment, n) SELECT segment, sum(n) FROM taken GROUP BY 1 HAVING sum(n) <> 0`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}
