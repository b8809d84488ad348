package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// webhookColumns are those of journey.Webhook, in its order.
const webhookColumns = `w.id, w.url, w.events, CASE WHEN w.state = 'active' AND w.failures > 0 THEN 'failing' ELSE w.state END, w.reason, w.failing_at,
	(SELECT count(*) FROM parcels p WHERE p.webhook_id = w.id AND p.state = 'queued'), w.created_at, w.updated_at`

// Webhooks lists the systems that are told our own events, the oldest first.
func (s *Store) Webhooks(ctx context.Context) (_ []journey.Webhook, err error) {
	defer wrap(&err, "listing webhooks")
	rows, err := s.pool.Query(ctx, `SELECT `+webhookColumns+` FROM webhooks w ORDER BY w.id`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Webhook])
	return nonNil(list), err
}

// Webhook returns one of them.
func (s *Store) Webhook(ctx context.Context, id string) (w journey.Webhook, err error) {
	defer wrap(&err, "reading webhook %s", id)
	return webhook(ctx, s.pool, id)
}

func webhook(ctx context.Context, q querier, id string) (w journey.Webhook, err error) {
	rows, err := q.Query(ctx, `SELECT `+webhookColumns+` FROM webhooks w WHERE w.id = $1`, id)
	if err != nil {
		return w, err
	}
	w, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.Webhook])
	if errors.Is(err, pgx.ErrNoRows) {
		return w, journey.Faultf(journey.CodeNotFound, "there is no webhook %s", id)
	}
	return w, err
}

// AddWebhook lets a system be told the events that happen from now on.
func (s *Store) AddWebhook(ctx context.Context, url string, events []string, secret string, by journey.Actor) (w journey.Webhook, err error) {
	defer wrap(&err, "adding a webhook")
	id := journey.NewID(journey.PrefixWebhook)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO webhooks (id, url, events, secret, state, created_at, updated_at) VALUES ($1, $2, $3, $4, 'active', $5, $5)`,
			id, url, events, secret, s.clock.Now())
		if err != nil {
			return err
		}
		if err := s.audit(ctx, tx, deed{by: by, verb: "webhook.add", target: id, detail: map[string]any{"events": events}}); err != nil {
			return err
		}
		w, err = webhook(ctx, tx, id)
		return err
	})
	return w, err
}

// ChangeWebhook changes what is not nil. Active true lets a webhook that was disabled be told again, from now on.
func (s *Store) ChangeWebhook(ctx context.Context, id string, url *string, events []string, active *bool, by journey.Actor) (w journey.Webhook, err error) {
	defer wrap(&err, "changing webhook %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE webhooks SET url = coalesce($2, url), events = coalesce($3, events), updated_at = $5,
				state = CASE WHEN $4 THEN 'active' WHEN NOT $4 THEN 'disabled' ELSE state END,
				reason = CASE WHEN $4 THEN '' WHEN NOT $4 THEN 'by an admin' ELSE reason END,
				failures = CASE WHEN $4 THEN 0 ELSE failures END, failing_at = CASE WHEN $4 THEN NULL ELSE failing_at END,
				retry_wall = CASE WHEN $4 THEN NULL ELSE retry_wall END,
				failing_wall = CASE WHEN $4 THEN NULL ELSE failing_wall END
			WHERE id = $1`, id, url, events, active, s.clock.Now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no webhook %s", id)
		}
		if active != nil && !*active {
			if err := s.giveUpParcels(ctx, tx, id); err != nil {
				return err
			}
		}
		detail := map[string]any{"url": url != nil}
		if events != nil {
			detail["events"] = events
		}
		if active != nil {
			detail["active"] = *active
		}
		if err := s.audit(ctx, tx, deed{by: by, verb: "webhook.change", target: id, detail: detail}); err != nil {
			return err
		}
		w, err = webhook(ctx, tx, id)
		return err
	})
	return w, err
}

// giveUpParcels takes what a webhook was still to be told out of the queue; a replay brings it back.
func (s *Store) giveUpParcels(ctx context.Context, tx pgx.Tx, webhook string) error {
	_, err := tx.Exec(ctx, `UPDATE parcels SET state = 'failed', reason = $2, finished_at = $3 WHERE webhook_id = $1 AND state = 'queued'`,
		webhook, journey.ReasonDisabled, s.clock.Now())
	return err
}

// DeleteWebhook forgets a webhook and what it was to be told.
func (s *Store) DeleteWebhook(ctx context.Context, id string, by journey.Actor) (err error) {
	defer wrap(&err, "deleting webhook %s", id)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM webhooks WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no webhook %s", id)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "webhook.delete", target: id})
	})
}

// replayMost is how many events one replay hands over at most.
const replayMost = 100_000

// ReplayWebhook hands over once more what happened since, of the names that the webhook is told, the oldest first: also what it was told
// already. It returns how many; at most replayMost.
func (s *Store) ReplayWebhook(ctx context.Context, id string, since time.Time, by journey.Actor) (n int64, err error) {
	defer wrap(&err, "replaying webhook %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		w, err := webhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if w.State == "disabled" {
			return journey.Faultf(journey.CodeConflict, "webhook %s is disabled; enable it first", id)
		}
		b := &pgx.Batch{}
		b.Queue(`SET LOCAL statement_timeout = '25s'`)
		b.Queue(`
			INSERT INTO parcels (id, kind, webhook_id, event_id, customer_id, state, due_wall, created_at)
			SELECT $1 || gen_random_uuid(), 'event', $2, e.id, e.customer_id, 'queued', $3, $4 FROM (
				SELECT id, customer_id FROM events WHERE kind = 'own' AND name = ANY($5) AND received_at >= $6 AND number IS NOT NULL
				ORDER BY seq LIMIT $7) e
			ON CONFLICT (webhook_id, event_id) WHERE kind = 'event' DO UPDATE SET state = 'queued', attempt = 0, due_wall = $3, status = NULL,
				reason = '', finished_at = NULL`,
			journey.PrefixParcel, id, s.clock.Wall(), s.clock.Now(), w.Events, since, replayMost)
		results := tx.SendBatch(ctx, b)
		if _, err := results.Exec(); err != nil {
			return errors.Join(err, results.Close())
		}
		tag, err := results.Exec()
		if err = errors.Join(err, results.Close()); err != nil {
			return err
		}
		n = tag.RowsAffected()
		if err := notify(ctx, tx, channelParcels); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "webhook.replay", target: id, detail: map[string]any{"since": since, "events": n}})
	})
	return n, err
}

// TestWebhook hands over an event that means nothing, and returns the id of its delivery.
func (s *Store) TestWebhook(ctx context.Context, id string, by journey.Actor) (parcel string, err error) {
	defer wrap(&err, "testing webhook %s", id)
	parcel = journey.NewID(journey.PrefixParcel)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		w, err := webhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if w.State == "disabled" {
			return journey.Faultf(journey.CodeConflict, "webhook %s is disabled; enable it first", id)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO parcels (id, kind, webhook_id, state, due_wall, created_at) VALUES ($1, 'test', $2, 'queued', $3, $4)`,
			parcel, id, s.clock.Wall(), s.clock.Now())
		if err != nil {
			return err
		}
		if err := notify(ctx, tx, channelParcels); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "webhook.test", target: id})
	})
	return parcel, err
}

// WebhookDeliveries lists what a webhook was told, the newest first; of one state where it is named.
func (s *Store) WebhookDeliveries(ctx context.Context, id, state string, r journey.PageRequest) (_ journey.Page[journey.WebhookDelivery], err error) {
	defer wrap(&err, "listing deliveries of webhook %s", id)
	var none journey.Page[journey.WebhookDelivery]
	before, err := numberCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	if _, err := webhook(ctx, s.pool, id); err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT p.id, p.event_id, coalesce(e.name, $5), p.state, p.attempt, p.status, p.reason, p.created_at, p.finished_at, p.seq
		FROM parcels p LEFT JOIN events e ON e.id = p.event_id
		WHERE p.webhook_id = $1 AND ($2 = '' OR p.state = $2) AND ($3::bigint = 0 OR p.seq < $3) ORDER BY p.seq DESC LIMIT $4`,
		id, state, before, r.Limit+1, journey.WebhookTest)
	if err != nil {
		return none, err
	}
	type row struct {
		journey.WebhookDelivery
		Seq int64
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (x row, err error) {
		err = r.Scan(&x.ID, &x.Event, &x.Type, &x.State, &x.Attempts, &x.Status, &x.Reason, &x.CreatedAt, &x.FinishedAt, &x.Seq)
		return x, err
	})
	if err != nil {
		return none, err
	}
	out := page(list, r.Limit, func(x row) string { return cursor(strconv.FormatInt(x.Seq, 10)) })
	deliveries := journey.Page[journey.WebhookDelivery]{Data: []journey.WebhookDelivery{}, Next: out.Next}
	for _, x := range out.Data {
		deliveries.Data = append(deliveries.Data, x.WebhookDelivery)
	}
	return deliveries, nil
}
