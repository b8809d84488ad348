package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// herPause is who began a pause that the customer asked for herself: only those she can end, and only those are shown to her.
const herPause = "the customer"

// Preferences says what a customer, named by her cus_… id, chose for herself.
func (s *Store) Preferences(ctx context.Context, customer string) (p journey.Preferences, err error) {
	defer wrap(&err, "reading the preferences of customer %s", customer)
	if p.Topics, err = consentsOf(ctx, s.pool, customer); err != nil {
		return p, err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT mail_days, (SELECT max(until_at) FROM pauses WHERE scope = 'customer_topic' AND starts_with(target, c.id || '/') AND by = $2
			AND ended_at IS NULL AND until_at > $3)
		FROM customers c WHERE id = $1`, customer, herPause, s.clock.Now()).Scan(&p.MailDays, &p.PausedUntil)
	return p, err
}

// Choose stores what a customer chose, all of it or nothing, each change with its proof in her stream. Once it has answered, no
// message that it forbids reaches the dot. What is as it was already is left alone.
func (s *Store) Choose(ctx context.Context, customer string, c journey.Choice, by journey.Actor) (err error) {
	defer wrap(&err, "storing what customer %s chose", customer)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockCustomerRow(ctx, tx, customer); err != nil {
			return err
		}
		w := chosen{Store: s, tx: tx, Choice: c, customer: customer, now: s.clock.Now(), detail: map[string]any{}}
		var err error
		if err := tx.QueryRow(ctx, `SELECT email, mail_days FROM customers WHERE id = $1`, customer).Scan(&w.address, &w.days); err != nil {
			return err
		}
		for _, change := range []func(context.Context) error{w.pause, w.resume, w.consents, w.frequency} { // pauses take the gate: they come first
			if err = change(ctx); err != nil {
				return err
			}
		}
		if len(w.detail) == 0 {
			return nil
		}
		return s.audit(ctx, tx, deed{by: by, verb: "customer.preferences", target: customer, detail: w.detail})
	})
}

// chosen is a choice that is being stored.
type chosen struct {
	*Store
	tx pgx.Tx
	journey.Choice
	customer, address string
	days              int
	now               time.Time
	detail            map[string]any // of the audit: what did change
}

// proof adds what every change is proved by.
func (w *chosen) proof(properties map[string]any) map[string]any {
	properties["source"], properties["wording"], properties["address"] = w.Source, w.Wording, w.address
	return properties
}

func (w *chosen) consents(ctx context.Context) error {
	var changed []journey.ConsentChange
	for _, c := range w.Consents {
		c.CustomerID, c.Address, c.At = w.customer, w.address, w.now
		did, err := w.changeConsent(ctx, w.tx, c)
		if err != nil {
			return err
		}
		if did {
			changed = append(changed, c)
		}
	}
	if len(changed) > 0 {
		w.detail["topics"] = consentDetail(changed)
	}
	return nil
}

// frequency stores how often she wants mail; what waited because it was too early is looked at again.
func (w *chosen) frequency(ctx context.Context) error {
	if w.MailDays == nil || *w.MailDays == w.days {
		return nil
	}
	w.detail["mail_days"] = *w.MailDays
	if _, err := w.tx.Exec(ctx, `UPDATE customers SET mail_days = $2 WHERE id = $1`, w.customer, *w.MailDays); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, `
		UPDATE messages SET retry_wall = NULL WHERE customer_id = $1 AND lane = ANY($2) AND state IN ('queued', 'deferred') AND reason = 'fewer_mails'`,
		w.customer, journey.Lanes())
	if err != nil {
		return err
	}
	if err := notify(ctx, w.tx, channelMessages); err != nil {
		return err
	}
	return w.tellOf(ctx, w.tx, w.customer, &journey.Event{Name: journey.EventFrequencyChosen, At: w.now,
		Properties: w.proof(map[string]any{"days": *w.MailDays, "was": w.days})})
}

// pause lets her mail on every topic stand still, and with it the journeys of those topics. What is about her orders comes all the same.
func (w *chosen) pause(ctx context.Context) error {
	if w.Until == nil {
		return nil
	}
	topics, err := consentsOf(ctx, w.tx, w.customer)
	if err != nil {
		return err
	}
	var ids, targets, names []string
	for _, t := range topics {
		ids, targets = append(ids, journey.NewID(journey.PrefixPause)), append(targets, journey.TopicOf(w.customer, t.Topic))
		names = append(names, t.Topic)
	}
	tag, err := w.tx.Exec(ctx, `
		INSERT INTO pauses (id, scope, target, reason, by, since_at, until_at, on_resume)
		SELECT id, 'customer_topic', target, 'she asked for it', $3, $4, $5, 'keep' FROM unnest($1::text[], $2::text[]) AS p (id, target)
		WHERE NOT EXISTS (SELECT FROM pauses o WHERE o.scope = 'customer_topic' AND o.target = p.target AND o.by = $3 AND o.ended_at IS NULL AND o.until_at > $4)`,
		ids, targets, herPause, w.now, *w.Until)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	w.detail["until"] = *w.Until
	if err := w.lookAgain(ctx); err != nil {
		return err
	}
	return w.tellOf(ctx, w.tx, w.customer, &journey.Event{Name: journey.EventCustomerPaused, At: w.now, Properties: w.proof(map[string]any{
		"reason": "she asked for it", "by": herPause, "until": w.Until.Format(time.RFC3339), "on_resume": string(journey.Keep),
		"scope": string(journey.ScopeCustomerTopic), "topics": names})})
}

// resume ends the pause that she began; what others paused stays paused.
func (w *chosen) resume(ctx context.Context) error {
	if !w.EndPause {
		return nil
	}
	tag, err := w.tx.Exec(ctx, `
		UPDATE pauses SET ended_at = $3, ended_by = $2 WHERE scope = 'customer_topic' AND starts_with(target, $1 || '/') AND by = $2
			AND ended_at IS NULL AND until_at > $3`, w.customer, herPause, w.now)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	w.detail["resumed"] = true
	if err := w.lookAgain(ctx); err != nil {
		return err
	}
	if err := notify(ctx, w.tx, channelMessages); err != nil {
		return err
	}
	return w.tellOf(ctx, w.tx, w.customer, &journey.Event{Name: journey.EventCustomerResumed, At: w.now, Properties: w.proof(map[string]any{
		"by": herPause, "scope": string(journey.ScopeCustomerTopic)})})
}

// lookAgain wakes her enrollments: those of paused topics stand still, or go on.
func (w *chosen) lookAgain(ctx context.Context) error {
	active, err := activeOf(ctx, w.tx, w.customer)
	if err != nil {
		return err
	}
	return w.wake(ctx, w.tx, active)
}
