package store

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// queueNotices adds what teams are told: one parcel for each address of theirs, and one for their webhook. Customer is whom it is about,
// "" nobody.
func (s *Store) queueNotices(b *pgx.Batch, customer string, notices []journey.Notice, now time.Time) {
	for _, n := range notices {
		b.Queue(`
			INSERT INTO parcels (id, kind, team, address, text, customer_id, state, due_wall, created_at)
			SELECT $1 || gen_random_uuid(), kind, $2, address, $3, nullif($4, ''), 'queued', $5, $6 FROM (
				SELECT 'mail' AS kind, unnest(emails) AS address FROM teams WHERE key = $2
				UNION ALL SELECT 'notice', '' FROM teams WHERE key = $2 AND url <> '') to_whom`,
			journey.PrefixParcel, n.Team, n.Text, customer, s.clock.Wall(), now)
	}
	if len(notices) > 0 {
		b.Queue(`SELECT pg_notify($1, '')`, channelParcels)
	}
}

// handsPerWebhook is how many events one webhook gets at a time, so that a slow one leaves hands for the others.
const handsPerWebhook = 4

// ClaimParcels gives out parcels that are due, the oldest first, to one carrier until the lease lapses; none while the kill switch is
// off or the installation is held. A webhook that fails is left alone for a while. Sandbox says that mail goes to the inbox of the
// installation.
func (s *Store) ClaimParcels(ctx context.Context, limit int, lease time.Duration, sandbox bool) (_ []journey.Parcel, err error) {
	defer wrap(&err, "claiming parcels")
	wall := s.clock.Wall()
	rows, err := s.pool.Query(ctx, `
		WITH open AS (SELECT live, allow_list FROM settings WHERE sending AND held_reason = ''),
		due AS MATERIALIZED (
			(SELECT id FROM parcels WHERE state = 'queued' AND webhook_id IS NULL AND due_wall <= $1 ORDER BY due_wall, seq LIMIT $2)
			UNION ALL SELECT d.id FROM webhooks w CROSS JOIN LATERAL (
				SELECT p.id FROM parcels p WHERE p.webhook_id = w.id AND p.state = 'queued' AND p.due_wall <= $1
				ORDER BY p.due_wall, p.seq LIMIT CASE w.failures WHEN 0 THEN $5::int ELSE 1 END) d
			WHERE w.state = 'active' AND (w.retry_wall IS NULL OR w.retry_wall <= $1)
		), mine AS MATERIALIZED (
			SELECT id FROM parcels WHERE id IN (SELECT id FROM due) AND state = 'queued' AND due_wall <= $1 AND EXISTS (SELECT FROM open)
			ORDER BY due_wall, seq LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
		), claimed AS (
			UPDATE parcels p SET attempt = p.attempt + 1, due_wall = $3 FROM mine WHERE p.id = mine.id RETURNING p.*
		)
		SELECT c.id, c.kind, c.attempt, coalesce(w.url, t.url, '') AS url, coalesce(w.secret, '') AS secret, c.address, c.text,
			c.event_id AS event, CASE c.kind
				WHEN 'event' THEN convert_to(jsonb_build_object('id', e.id, 'type', e.name, 'timestamp', `+stampSQL("e.happened_at")+`,
					'data', e.properties || jsonb_build_object('customer', e.customer_id, 'user_id', coalesce(cu.external_id, '')))::text, 'UTF8')
				WHEN 'test' THEN convert_to(jsonb_build_object('id', c.id, 'type', $6::text, 'timestamp', `+stampSQL("c.created_at")+`,
					'data', '{}'::jsonb)::text, 'UTF8') END AS body,
			o.live OR $4 OR lower(c.address) = ANY(o.allow_list) OR substr(lower(c.address), strpos(c.address, '@')) = ANY(o.allow_list) AS allowed,
			c.created_at AS at
		FROM claimed c CROSS JOIN open o LEFT JOIN teams t ON t.key = c.team LEFT JOIN webhooks w ON w.id = c.webhook_id
		LEFT JOIN events e ON e.id = c.event_id LEFT JOIN customers cu ON cu.id = e.customer_id ORDER BY c.seq`,
		wall, limit, wall.Add(lease), sandbox, handsPerWebhook, journey.WebhookTest)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[journey.Parcel])
}

// stampSQL writes a moment as RFC 3339 in UTC.
func stampSQL(at string) string {
	return `to_char(` + at + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

// EndParcel stores what came of an attempt; when it may be tried again, the parcel is due again after a while. Of an attempt that is not
// the last one begun nothing is stored. A webhook that answers 410, or has failed for journey.WebhookPatience without a break, is disabled.
func (s *Store) EndParcel(ctx context.Context, id string, attempt int, reply journey.PostReply) (err error) {
	defer wrap(&err, "ending parcel %s", id)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var webhook string
		err := tx.QueryRow(ctx, `SELECT coalesce(webhook_id, '') FROM parcels WHERE id = $1 AND attempt = $2 AND state = 'queued' FOR NO KEY UPDATE`,
			id, attempt).Scan(&webhook)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if webhook != "" { // any answer but a 2xx may become another one, once somebody has looked
			reply.Final = reply.Status == http.StatusGone
		}
		if err := s.endParcel(ctx, tx, id, attempt, reply); err != nil || webhook == "" {
			return err
		}
		return s.judgeWebhook(ctx, tx, webhook, reply)
	})
}

func (s *Store) endParcel(ctx context.Context, tx pgx.Tx, id string, attempt int, reply journey.PostReply) error {
	waits, state, wall := journey.ParcelWaits(), "delivered", s.clock.Wall()
	due := wall
	switch {
	case reply.Reason == "":
	case reply.Final || attempt > len(waits):
		state = "failed"
	default:
		state, due = "queued", wall.Add(max(waits[attempt-1], min(reply.After, callAfter)))
	}
	_, err := tx.Exec(ctx, `
		UPDATE parcels SET state = $2, due_wall = $3, status = coalesce(nullif($4::int, 0), status), reason = $5,
			finished_at = CASE WHEN $2 <> 'queued' THEN $6::timestamptz END WHERE id = $1`,
		id, state, due, reply.Status, reply.Reason, s.clock.Now())
	return err
}

// judgeWebhook notes how a webhook does: one success opens it, each failure leaves it alone a little longer.
func (s *Store) judgeWebhook(ctx context.Context, tx pgx.Tx, id string, reply journey.PostReply) error {
	if reply.Reason == "" {
		_, err := tx.Exec(ctx, `
			UPDATE webhooks SET failures = 0, failing_at = NULL, failing_wall = NULL, retry_wall = NULL, reason = ''
			WHERE id = $1 AND failures > 0 AND state = 'active'`, id)
		return err
	}
	var failures int
	var since time.Time
	wall := s.clock.Wall()
	err := tx.QueryRow(ctx, `
		UPDATE webhooks SET failures = failures + 1, failing_at = coalesce(failing_at, $2), failing_wall = coalesce(failing_wall, $3), reason = $4
		WHERE id = $1 AND state = 'active' RETURNING failures, failing_wall`, id, s.clock.Now(), wall, reply.Reason).Scan(&failures, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if !reply.Final && wall.Sub(since) < journey.WebhookPatience {
		_, err := tx.Exec(ctx, `UPDATE webhooks SET retry_wall = $2 WHERE id = $1`, id, wall.Add(journey.WebhookGate(failures)))
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE webhooks SET state = 'disabled', updated_at = $2 WHERE id = $1`, id, s.clock.Now()); err != nil {
		return err
	}
	if err := s.giveUpParcels(ctx, tx, id); err != nil {
		return err
	}
	return s.audit(ctx, tx, deed{by: journey.Actor{ID: "courier", Role: journey.RoleAdmin}, verb: "webhook.disable", target: id,
		detail: map[string]any{"reason": reply.Reason, "status": reply.Status, "failures": failures}})
}

// queueForWebhooks adds a parcel for each of our own events that was applied and that a webhook is told. Where there is no webhook
// nothing is written.
func (a *application) queueForWebhooks(b *pgx.Batch) {
	if len(a.own) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO parcels (id, kind, webhook_id, event_id, customer_id, state, due_wall, created_at)
		SELECT $1 || gen_random_uuid(), 'event', w.id, e.id, e.customer_id, 'queued', $2, $3
		FROM webhooks w CROSS JOIN unnest($4::text[]) WITH ORDINALITY AS t (id, n) JOIN events e ON e.id = t.id
		WHERE w.state = 'active' AND e.name = ANY(w.events) ORDER BY t.n ON CONFLICT DO NOTHING`,
		journey.PrefixParcel, a.s.clock.Wall(), a.now, a.own)
}
