package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SetPoolTeam says which team is told when a pool runs out of codes; "": the default one. The faults are not_found, and invalid for a team
// that is not there.
func (s *Store) SetPoolTeam(ctx context.Context, key, team string, by journey.Actor) (p journey.CouponPool, err error) {
	defer wrap(&err, "changing the team of pool %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var known bool
		if err := tx.QueryRow(ctx, `SELECT $1 = '' OR EXISTS (SELECT FROM teams WHERE key = $1)`, team).Scan(&known); err != nil {
			return err
		}
		if !known {
			return &journey.Fault{Code: journey.CodeInvalid, Message: "the pool cannot be changed", Problems: journey.Problems{{Path: "team",
				Message: "there is no team " + team, Mend: "make that team first"}}}
		}
		if _, err := tx.Exec(ctx, `UPDATE pools SET team = $2 WHERE key = $1`, key, team); err != nil {
			return err
		}
		if p, err = s.poolNamed(ctx, tx, key); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "pool.put", target: key, detail: map[string]any{"team": team}})
	})
	return p, err
}

// TellPoolLevels tells teams of pools that have become low or empty since they were told last: the pool's own team, or the default one.
// Each crossing is told once; codes that are added let it be told again. Say puts it into words. It returns how many pools it told of.
func (s *Store) TellPoolLevels(ctx context.Context, say func(pool string, free, lowWater int) string) (n int, err error) {
	defer wrap(&err, "telling of pools that run out")
	rows, err := s.pool.Query(ctx, poolLevels)
	if err != nil {
		return 0, err
	}
	crossed, err := pgx.CollectRows(rows, pgx.RowToStructByPos[poolLevel])
	if err != nil {
		return 0, err
	}
	for _, p := range crossed {
		told, err := s.tellPoolLevel(ctx, p, say)
		if err != nil {
			return n, err
		}
		if told {
			n++
		}
	}
	return n, nil
}

// poolLevel is a pool whose level is another one than it was.
type poolLevel struct {
	Key, Team, Was, Is string
	Free, LowWater     int
}

// poolLevels counts no further than it needs to.
const poolLevels = `
	SELECT * FROM (
		SELECT p.key, p.team, p.level, CASE
				WHEN f.free = 0 AND p.level = 'new' THEN 'new' WHEN f.free = 0 THEN 'empty' WHEN f.free <= p.low_water THEN 'low' ELSE 'ok' END AS level_now,
			f.free, p.low_water
		FROM pools p CROSS JOIN LATERAL (
			SELECT count(*)::int AS free FROM (SELECT FROM coupons c WHERE c.pool = p.key AND c.state = 'free' LIMIT p.low_water + 1) few) f
		WHERE p.length = 0) levels
	WHERE level <> level_now ORDER BY key`

// tellPoolLevel notes the level of a pool, and says whether its team was told. Of two processes one comes first.
func (s *Store) tellPoolLevel(ctx context.Context, p poolLevel, say func(pool string, free, lowWater int) string) (told bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		told = false
		tag, err := tx.Exec(ctx, `UPDATE pools SET level = $3 WHERE key = $1 AND level = $2`, p.Key, p.Was, p.Is)
		if err != nil || tag.RowsAffected() == 0 || p.Is == "ok" || p.Was == "empty" { // a few codes more are no news
			return err
		}
		team := p.Team
		if team == "" {
			if team, err = defaultTeam(ctx, tx); err != nil || team == "" {
				return err
			}
		}
		b := &pgx.Batch{}
		s.queueNotices(b, "", []journey.Notice{{Team: team, Text: say(p.Key, p.Free, p.LowWater)}}, s.clock.Now())
		told = true
		return tx.SendBatch(ctx, b).Close()
	})
	return told, err
}

// wantPool notes that somebody stands before a pool that never had a code: now its team is told.
func wantPool(ctx context.Context, tx pgx.Tx, key string) error {
	_, err := tx.Exec(ctx, `UPDATE pools SET level = 'wanted' WHERE key = $1 AND level = 'new' AND length = 0`, key)
	return err
}
