package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Teams lists the teams, by key.
func (s *Store) Teams(ctx context.Context) (_ []journey.TeamView, err error) {
	defer wrap(&err, "listing teams")
	rows, err := s.pool.Query(ctx, `SELECT key, name, emails, url <> '' AS webhook, created_at, updated_at FROM teams ORDER BY key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.TeamView])
	return nonNil(list), err
}

// PutTeam makes a team or changes it. With keepURL its webhook stays what it was.
func (s *Store) PutTeam(ctx context.Context, t journey.Team, keepURL bool, by journey.Actor) (v journey.TeamView, err error) {
	defer wrap(&err, "changing team %q", t.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO teams AS t (key, name, emails, url, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
			ON CONFLICT (key) DO UPDATE SET name = $2, emails = $3, url = CASE WHEN $6 THEN t.url ELSE $4 END, updated_at = $5
			RETURNING key, name, emails, url <> '', created_at, updated_at`, t.Key, t.Name, nonNil(t.Emails), t.URL, s.clock.Now(), keepURL).
			Scan(&v.Key, &v.Name, &v.Emails, &v.Webhook, &v.CreatedAt, &v.UpdatedAt)
		if err != nil {
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
