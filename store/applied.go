package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// flush writes the batch in one round trip.
func (a *application) flush(ctx context.Context) error {
	b := &pgx.Batch{}
	if err := a.queueProfiles(b); err != nil {
		return err
	}
	if err := a.queueEvents(b); err != nil {
		return err
	}
	a.queueOrders(b)
	a.queueTotals(b)
	a.queueNames(b)
	a.queueConsents(b)
	a.queueMembers(b)
	a.queueChecks(b)
	a.queueForWebhooks(b)
	if a.entered {
		b.QueuedQueries = append(b.QueuedQueries, a.entries.QueuedQueries...)
		b.Queue(`SELECT pg_notify($1, '')`, channelWakeups)
	}
	if len(a.woken) > 0 {
		a.s.queueWake(b, slices.Sorted(maps.Keys(a.woken)))
	}
	if len(a.agreed) > 0 {
		if err := a.s.queueEvents(b, a.agreed); err != nil {
			return err
		}
		b.Queue(`SELECT pg_notify($1, '')`, channelEvents)
	}
	if err := a.tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := a.s.wakeAccounts(ctx, a.tx, slices.Sorted(maps.Keys(a.grouped))); err != nil {
		return err
	}
	return a.tellColleagues(ctx)
}

// queueProfiles writes every customer whose row changed, in one statement: an import changes thousands a second.
func (a *application) queueProfiles(b *pgx.Batch) error {
	touched := slices.Sorted(maps.Keys(a.touched))
	n := len(touched)
	if n == 0 {
		return nil
	}
	emails, firsts, lasts := make([]string, n), make([]string, n), make([]string, n)
	locales, zones, attributes := make([]string, n), make([]string, n), make([]string, n)
	accounts, roles, applied, due := make([]string, n), make([]string, n), make([]int64, n), make([]*time.Time, n)
	for i, id := range touched {
		p := a.people[id]
		var err error
		if attributes[i], err = journey.JSONObject(p.Attributes); err != nil {
			return err
		}
		emails[i], firsts[i], lasts[i], locales[i], zones[i] = p.Email, p.FirstName, p.LastName, p.Locale, p.Timezone
		accounts[i], roles[i], applied[i], due[i] = p.AccountID, p.AccountRole, p.Applied, stageDue(p.Customer, a.now, a.bounds)
	}
	b.Queue(`
		UPDATE customers c SET email = t.email, first_name = t.first, last_name = t.last, locale = t.locale, timezone = t.zone,
		       account_id = nullif(t.account, ''), attributes = t.attributes, applied = t.applied, account_role = t.role, stage_due_at = t.due
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::bigint[],
		            $10::text[], $11::timestamptz[]) AS t (id, email, first, last, locale, zone, account, attributes, applied, role, due)
		WHERE c.id = t.id`,
		touched, emails, firsts, lasts, locales, zones, accounts, attributes, applied, roles, due)
	return nil
}

func (a *application) queueEvents(b *pgx.Batch) error {
	var ids, customers, outcomes []string
	var numbers []int64
	for _, e := range a.done {
		text, err := e.Outcome.text()
		if err != nil {
			return err
		}
		ids, customers, outcomes = append(ids, e.ID), append(customers, e.Customer), append(outcomes, text)
		numbers = append(numbers, e.Number)
	}
	b.Queue(`
		UPDATE events e SET applied_at = $5, customer_id = coalesce(nullif(t.customer, ''), e.customer_id),
		       number = nullif(t.number, 0), outcome = t.outcome, turn = nextval('event_turns')
		FROM unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[]) AS t (id, customer, number, outcome)
		WHERE e.id = t.id`, ids, customers, numbers, outcomes, a.now)
	return nil
}

func (a *application) queueTotals(b *pgx.Batch) {
	var customers, names, last []string
	var counts []int64
	var firstAt, lastAt []time.Time
	for key, t := range a.totals {
		customers, names, last = append(customers, key.Customer), append(names, key.Name), append(last, t.LastEventID)
		counts, firstAt, lastAt = append(counts, t.Count), append(firstAt, t.First), append(lastAt, t.Last)
	}
	if len(customers) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO event_totals AS t (customer_id, name, count, first_at, last_at, last_event_id)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[])
		ON CONFLICT (customer_id, name) DO UPDATE SET
		    count = t.count + excluded.count, first_at = least(t.first_at, excluded.first_at),
		    last_at = greatest(t.last_at, excluded.last_at),
		    last_event_id = CASE WHEN excluded.last_at >= t.last_at THEN excluded.last_event_id ELSE t.last_event_id END`,
		customers, names, counts, firstAt, lastAt, last)
}

// queueConsents adds every proof, and of each topic the last word.
func (a *application) queueConsents(b *pgx.Batch) {
	for _, c := range a.proofs {
		b.Queue(`
			INSERT INTO consent_changes (customer_id, topic, state, source, wording, address, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, c.CustomerID, c.Topic, string(c.Is), c.Source, c.Wording, c.Address, c.At)
	}
	for _, c := range a.consents {
		b.Queue(`
			INSERT INTO consents (customer_id, topic, state, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (customer_id, topic) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
			c.CustomerID, c.Topic, string(c.Is), c.At)
	}
}
