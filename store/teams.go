package store

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// teamColumns are those of journey.TeamView, in its order.
const teamColumns = `key, name, emails, url <> '', created_at, updated_at, hours, coalesce(escalate_to, ''), is_default, escalate_after`

// Teams lists the teams, by key.
func (s *Store) Teams(ctx context.Context) (_ []journey.TeamView, err error) {
	defer wrap(&err, "listing teams")
	rows, err := s.pool.Query(ctx, `SELECT `+teamColumns+` FROM teams ORDER BY key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.TeamView])
	return nonNil(list), err
}

// PutTeam makes a team or changes it. With keepURL its webhook stays what it was. What was the default before is it no longer once
// another team is.
func (s *Store) PutTeam(ctx context.Context, t journey.Team, keepURL bool, by journey.Actor) (v journey.TeamView, err error) {
	defer wrap(&err, "changing team %q", t.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := clearWay(ctx, tx, t); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO teams AS t (key, name, emails, url, created_at, updated_at, hours, escalate_to, is_default, escalate_after)
			VALUES ($1, $2, $3, $4, $5, $5, $7, nullif($8, ''), $9, $10)
			ON CONFLICT (key) DO UPDATE SET name = $2, emails = $3, url = CASE WHEN $6 THEN t.url ELSE $4 END, updated_at = $5,
				hours = $7, escalate_to = nullif($8, ''), is_default = $9, escalate_after = $10
			RETURNING `+teamColumns, t.Key, t.Name, nonNil(t.Emails), t.URL, s.clock.Now(), keepURL, t.Hours, t.EscalateTo, t.Default,
			cmp.Or(t.EscalateAfter, journey.DefaultEscalateAfter))
		if err != nil {
			return err
		}
		if v, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.TeamView]); err != nil {
			return err
		}
		if len(v.Emails) == 0 && !v.Webhook {
			return &journey.Fault{Code: journey.CodeInvalid, Message: "nobody would be told", Problems: journey.Problems{{Path: "emails",
				Message: "the team has neither an address nor a webhook", Mend: "give emails, or the url of its chat"}}}
		}
		return s.audit(ctx, tx, deed{by: by, verb: "team.put", target: t.Key, detail: map[string]any{"emails": len(t.Emails), "webhook": v.Webhook}})
	})
	return v, err
}

// clearWay takes the default from the team that has it, where this one is to, and refuses a team to escalate to that is not there.
func clearWay(ctx context.Context, tx pgx.Tx, t journey.Team) error {
	if t.EscalateTo != "" {
		var there bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM teams WHERE key = $1)`, t.EscalateTo).Scan(&there); err != nil {
			return err
		}
		if !there {
			return &journey.Fault{Code: journey.CodeInvalid, Message: "the team cannot be kept", Problems: journey.Problems{{Path: "escalate_to",
				Message: "there is no team " + t.EscalateTo, Mend: "make that team first"}}}
		}
	}
	if !t.Default {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE teams SET is_default = false WHERE is_default AND key <> $1`, t.Key)
	return err
}

// teamHours reads the working hours of a team; nil where there are none, or no such team.
func teamHours(ctx context.Context, q querier, team string) (h *journey.Hours, err error) {
	err = q.QueryRow(ctx, `SELECT hours FROM teams WHERE key = $1`, team).Scan(&h)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // around the clock
	}
	return h, err
}

// defaultTeam is the key of the team that has what no other one has, "" where there is none.
func defaultTeam(ctx context.Context, q querier) (key string, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce((SELECT key FROM teams WHERE is_default), '')`).Scan(&key)
	return key, err
}

// queueHours adds the working hours of teams.
func queueHours(b *pgx.Batch, teams []string, into *journey.Facts) {
	if len(teams) == 0 {
		return
	}
	b.Queue(`SELECT key, hours FROM teams WHERE key = ANY($1) AND hours IS NOT NULL`, teams).Query(func(rows pgx.Rows) error {
		into.Hours = map[string]*journey.Hours{}
		for rows.Next() {
			var key string
			h := &journey.Hours{}
			if err := rows.Scan(&key, h); err != nil {
				return err
			}
			into.Hours[key] = h
		}
		return rows.Err()
	})
}

// DeleteTeam takes a team away. What journeys would tell it is told to nobody.
func (s *Store) DeleteTeam(ctx context.Context, key string, by journey.Actor) (err error) {
	defer wrap(&err, "deleting team %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM teams WHERE key = $1`, key)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no team %q", key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "team.delete", target: key})
	})
}
