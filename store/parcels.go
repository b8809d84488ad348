package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueNotices adds what teams are told: one parcel for each address of theirs, and one for their webhook.
func (s *Store) queueNotices(b *pgx.Batch, customer string, notices []journey.Notice, now time.Time) {
	for _, n := range notices {
		b.Queue(`
			INSERT INTO parcels (id, kind, team, address, text, customer_id, state, due_wall, created_at)
			SELECT $1 || gen_random_uuid(), kind, $2, address, $3, $4, 'queued', $5, $6 FROM (
				SELECT 'mail' AS kind, unnest(emails) AS address FROM teams WHERE key = $2
				UNION ALL SELECT 'notice', '' FROM teams WHERE key = $2 AND url <> '') to_whom`,
			journey.PrefixParcel, n.Team, n.Text, customer, s.clock.Wall(), now)
	}
	if len(notices) > 0 {
		b.Queue(`SELECT pg_notify($1, '')`, channelParcels)
	}
}

// ClaimParcels gives out parcels that are due, the oldest first, to one carrier until the lease lapses; none while the kill switch is
// off or the installation is held. Sandbox says that mail goes to the inbox of the installation.
func (s *Store) ClaimParcels(ctx context.Context, limit int, lease time.Duration, sandbox bool) (_ []journey.Parcel, err error) {
	defer wrap(&err, "claiming parcels")
	wall := s.clock.Wall()
	rows, err := s.pool.Query(ctx, `
		WITH due AS (
			SELECT p.id FROM parcels p WHERE p.state = 'queued' AND p.due_wall <= $1 AND (SELECT sending AND held_reason = '' FROM settings)
			ORDER BY p.due_wall, p.seq LIMIT $2 FOR NO KEY UPDATE OF p SKIP LOCKED
		), claimed AS (
			UPDATE parcels p SET attempt = p.attempt + 1, due_wall = $3 FROM due WHERE p.id = due.id RETURNING p.*
		)
		SELECT c.id, c.kind, c.attempt, coalesce(t.url, '') AS url, '' AS secret, c.address, c.text,
			st.live OR $4 OR lower(c.address) = ANY(st.allow_list) OR substr(lower(c.address), strpos(c.address, '@')) = ANY(st.allow_list) AS allowed,
			c.created_at AS at
		FROM claimed c CROSS JOIN settings st LEFT JOIN teams t ON t.key = c.team ORDER BY c.seq`, wall, limit, wall.Add(lease), sandbox)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[journey.Parcel])
}

// EndParcel stores what came of an attempt; when it may be tried again, the parcel is due again after a while. Of an attempt that is not
// the last one begun nothing is stored.
func (s *Store) EndParcel(ctx context.Context, id string, attempt int, reply journey.PostReply) (err error) {
	defer wrap(&err, "ending parcel %s", id)
	waits, state, wall := journey.ParcelWaits(), "delivered", s.clock.Wall()
	due := wall
	switch {
	case reply.Reason == "":
	case reply.Final || attempt > len(waits):
		state = "failed"
	default:
		state, due = "queued", wall.Add(max(waits[attempt-1], min(reply.After, callAfter)))
	}
	_, err = s.pool.Exec(ctx, `
		UPDATE parcels SET state = $3, due_wall = $4, status = coalesce(nullif($5::int, 0), status), reason = $6,
			finished_at = CASE WHEN $3 <> 'queued' THEN $7::timestamptz END
		WHERE id = $1 AND attempt = $2 AND state = 'queued'`, id, attempt, state, due, reply.Status, reply.Reason, s.clock.Now())
	return err
}
