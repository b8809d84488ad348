package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// switchedSQL is the condition that a switch of its journey or its template stops the message of that alias.
func switchedSQL(m string) string {
	return `EXISTS (SELECT FROM switches w WHERE w.scope = 'journey' AND w.target = ` + m + `.journey_key
		OR w.scope = 'template' AND w.target = ` + m + `.journey_key || '/' || ` + m + `.template OFFSET 0)`
}

// domainSQL is the domain of an address, in lower case.
func domainSQL(address string) string { return `split_part(lower(` + address + `), '@', -1)` }

// roomSQL is a row when the customer of the message m has had as much marketing mail within a day as the ceiling of the settings st
// lets through; room is the wall instant at which there is room again. wall is now, day is how long a day lasts in wall time.
// It counts dots: of what stood there and may have arrived, however it ended. The same for one who asked for fewer mails (the customer
// cu): one in so many days. Where both hold her back, the later room counts; why is the reason.
func roomSQL(wall, day string) string {
	had := func(days string) string {
		return `v.verdict = '' AND m.topic <> 'transactional' AND x.customer_id = m.customer_id AND x.id <> m.id AND x.topic <> 'transactional'
			AND x.state IN ('at_dot', 'accepted', 'unknown') AND x.dot_wall > ` + wall + `::timestamptz - ` + days + ` * ` + day + `::interval`
	}
	return `(SELECT room, why FROM (
			(SELECT x.dot_wall + ` + day + `::interval AS room, 'over_ceiling' AS why FROM messages x WHERE st.daily_ceiling > 0 AND ` + had("1") + `
			ORDER BY x.dot_wall DESC OFFSET greatest(0, st.daily_ceiling - 1) LIMIT 1)
			UNION ALL
			(SELECT x.dot_wall + cu.mail_days * ` + day + `::interval, 'fewer_mails' FROM messages x WHERE cu.mail_days > 0 AND ` + had("cu.mail_days") + `
			ORDER BY x.dot_wall DESC LIMIT 1)) f
		ORDER BY room DESC LIMIT 1)`
}

// day is how long a product day lasts in wall time.
func (s *Store) day() time.Duration {
	now := s.clock.Now()
	return s.clock.ToWall(now.Add(24 * time.Hour)).Sub(s.clock.ToWall(now))
}

// Stop keeps some of the mail from being sent. Once it has answered, nothing that it stops reaches the dot. Stopping the same again
// changes the reason. A journey or a template of it must exist; not_found otherwise.
func (s *Store) Stop(ctx context.Context, p journey.Stop, by journey.Actor) (out journey.Stop, err error) {
	defer wrap(&err, "stopping mail of %s %s", p.Scope, p.Target)
	p.By, p.At = by.Name, s.clock.Now()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := hasTarget(ctx, tx, p); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO switches (scope, target, reason, by, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (scope, target) DO UPDATE SET reason = excluded.reason, by = excluded.by, at = excluded.at`,
			string(p.Scope), p.Target, p.Reason, p.By, p.At)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "mail.stop", target: string(p.Scope) + " " + p.Target, detail: map[string]any{"reason": p.Reason}})
	})
	return p, err
}

// hasTarget refuses a stop of a journey, or of a message in it, that never was: a typing error must not look like a stop.
func hasTarget(ctx context.Context, tx pgx.Tx, p journey.Stop) (err error) {
	found := true
	switch p.Scope {
	case journey.StopJourney:
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM journeys WHERE key = $1)`, p.Target).Scan(&found)
	case journey.StopTemplate:
		err = tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM versions WHERE journey_key = split_part($1, '/', 1) AND files ? (split_part($1, '/', 2) || '.html'))
				OR EXISTS (SELECT FROM messages WHERE journey_key = split_part($1, '/', 1) AND template = split_part($1, '/', 2))`, p.Target).Scan(&found)
	}
	if err == nil && !found {
		err = journey.Faultf(journey.CodeNotFound, "there is no %s %q", p.Scope, p.Target)
	}
	return err
}

// Unstop takes a stop away: what it held goes out, unless it has expired. The fault is not_found.
func (s *Store) Unstop(ctx context.Context, scope journey.StopScope, target string, by journey.Actor) (err error) {
	defer wrap(&err, "letting mail of %s %s go", scope, target)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM switches WHERE scope = $1 AND target = $2`, string(scope), target)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "mail of %s %q is not stopped", scope, target)
		}
		if err := s.audit(ctx, tx, deed{by: by, verb: "mail.go", target: string(scope) + " " + target}); err != nil {
			return err
		}
		return notify(ctx, tx, channelMessages)
	})
}

// Stops lists what is stopped, by scope and target.
func (s *Store) Stops(ctx context.Context) (_ []journey.Stop, err error) {
	defer wrap(&err, "listing what is stopped")
	rows, err := s.pool.Query(ctx, `SELECT scope, target, reason, by, at FROM switches ORDER BY scope, target`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Stop])
	return nonNil(list), err
}

// installation is what tells one installation from a copy of it: the database and the address under which customers reach it.
type installation struct {
	Server    string `json:"server"`   // system identifier; where it may not be read, the server's address
	Database  string `json:"database"` // its number on that server
	PublicURL string `json:"public_url"`
}

// Locate compares where the installation lives with what was noted, and notes it anew. When it has moved (a restored dump, a
// clone on another server, another PUBLIC_URL), nothing is sent until a person releases it: a copy must never write to the customers
// of the original. It returns the reason of the hold that stands, or "". The first call of an installation notes, and holds nothing.
func (s *Store) Locate(ctx context.Context, publicURL string) (held string, err error) {
	defer wrap(&err, "locating the installation")
	here := installation{PublicURL: publicURL}
	if here.Server, here.Database, err = s.whereabouts(ctx); err != nil {
		return "", err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var raw []byte
		if err := tx.QueryRow(ctx, `SELECT install, held_reason FROM settings FOR NO KEY UPDATE`).Scan(&raw, &held); err != nil {
			return err
		}
		var noted installation
		if raw != nil {
			if err := json.Unmarshal(raw, &noted); err != nil {
				return err
			}
		}
		if raw != nil && noted == here {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE settings SET install = $1`, here); err != nil || raw == nil {
			return err
		}
		reason := "the database has moved: it was restored or cloned"
		if noted.Server == here.Server && noted.Database == here.Database {
			reason = "PUBLIC_URL was " + noted.PublicURL + " and is " + here.PublicURL + ": is this a copy?"
		}
		held, err = s.holdAll(ctx, tx, reason)
		return err
	})
	return held, err
}

// whereabouts reads which server and which database this is. Not every role may read the system identifier.
func (s *Store) whereabouts(ctx context.Context) (server, database string, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN '' ELSE coalesce(host(inet_server_addr()), 'local') END,
			(SELECT oid::text FROM pg_database WHERE datname = current_database())`).Scan(&server, &database)
	if err != nil || server != "" {
		return server, database, err
	}
	err = s.pool.QueryRow(ctx, `SELECT system_identifier::text FROM pg_control_system()`).Scan(&server)
	return server, database, err
}

// itself is who acts when nobody asked.
var itself = journey.Actor{ID: "perennial", Name: "perennial", Role: journey.RoleAdmin}

// holdAll stops all sending until a person releases it, and returns the reason that holds: the first one.
func (s *Store) holdAll(ctx context.Context, tx pgx.Tx, reason string) (holds string, err error) {
	err = tx.QueryRow(ctx, `
		UPDATE settings SET held_reason = $1, held_at = $2 WHERE held_reason = '' RETURNING held_reason`, reason, s.clock.Now()).Scan(&holds)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tx.QueryRow(ctx, `SELECT held_reason FROM settings`).Scan(&holds)
		return holds, err
	}
	if err != nil {
		return "", err
	}
	return holds, s.audit(ctx, tx, deed{by: itself, verb: "installation.hold", target: "installation", detail: map[string]any{"reason": reason}})
}

// holdRestored stops all sending because the driver of an enrollment knows more than is stored: a backup was restored. Whoever
// released the installation since has seen that; only what was stored after that, and is gone again, holds anew.
func (s *Store) holdRestored(ctx context.Context, tx pgx.Tx, enrollmentID string) error {
	var seen bool
	err := tx.QueryRow(ctx, `
		SELECT held_reason <> '' OR coalesce(released_at >= coalesce((SELECT max(at) FROM step_log WHERE enrollment_id = $1), released_at), false)
		FROM settings`, enrollmentID).Scan(&seen)
	if err != nil || seen {
		return err
	}
	_, err = s.holdAll(ctx, tx, "Temporal knows more than Postgres: an older backup was restored")
	return err
}
