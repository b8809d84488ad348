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
	a.queueLinks(b)
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

// queueProfiles writes every customer who is new, and every one whose row changed, in one statement each: an import brings thousands a
// second.
func (a *application) queueProfiles(b *pgx.Batch) error {
	for _, p := range a.fresh {
		delete(a.touched, p.ID)
	}
	changed := make([]*person, 0, len(a.touched))
	for _, id := range slices.Sorted(maps.Keys(a.touched)) {
		changed = append(changed, a.people[id])
	}
	if len(a.fresh) > 0 {
		columns, err := a.columns(a.fresh)
		if err != nil {
			return err
		}
		b.Queue(`
			INSERT INTO customers (id, external_id, created_at, email, first_name, last_name, locale, timezone, account_id, attributes, applied,
			                       account_role, stage_due_at)
			SELECT id, nullif(external, ''), $13, email, first, last, locale, zone, nullif(account, ''), attributes, applied, role, due
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::bigint[],
			            $11::text[], $12::timestamptz[]) AS t (id, external, email, first, last, locale, zone, account, attributes, applied, role, due)`,
			append(columns, a.fresh[0].CreatedAt)...)
	}
	if len(changed) > 0 {
		columns, err := a.columns(changed)
		if err != nil {
			return err
		}
		b.Queue(`
			UPDATE customers c SET external_id = nullif(t.external, ''), email = t.email, first_name = t.first, last_name = t.last, locale = t.locale,
			       timezone = t.zone, account_id = nullif(t.account, ''), attributes = t.attributes, applied = t.applied, account_role = t.role,
			       stage_due_at = t.due
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::bigint[],
			            $11::text[], $12::timestamptz[]) AS t (id, external, email, first, last, locale, zone, account, attributes, applied, role, due)
			WHERE c.id = t.id`, columns...)
	}
	return nil
}

// columns are those of customers, each as an array, in the order of the statements above.
func (a *application) columns(people []*person) ([]any, error) {
	n := len(people)
	ids, externals, emails := make([]string, n), make([]string, n), make([]string, n)
	firsts, lasts, locales, zones := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	accounts, attributes, roles := make([]string, n), make([]string, n), make([]string, n)
	applied, due := make([]int64, n), make([]*time.Time, n)
	for i, p := range people {
		var err error
		if attributes[i], err = journey.JSONObject(p.Attributes); err != nil {
			return nil, err
		}
		ids[i], externals[i], emails[i], firsts[i], lasts[i], locales[i] = p.ID, p.ExternalID, p.Email, p.FirstName, p.LastName, p.Locale
		zones[i], accounts[i], roles[i], applied[i], due[i] = p.Timezone, p.AccountID, p.AccountRole, p.Applied, stageDue(p.Customer, a.now, a.bounds)
	}
	return []any{ids, externals, emails, firsts, lasts, locales, zones, accounts, attributes, applied, roles, due}, nil
}

// queueEvents notes what became of each event. Lines of an import become events only now.
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
	waiting := len(ids)
	if a.from != nil {
		waiting = min(waiting, a.from.waiting)
	}
	if waiting > 0 {
		b.Queue(`
			UPDATE events e SET applied_at = $5, customer_id = coalesce(nullif(t.customer, ''), e.customer_id),
			       number = nullif(t.number, 0), outcome = t.outcome, turn = nextval('event_turns')
			FROM unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[]) AS t (id, customer, number, outcome)
			WHERE e.id = t.id`, ids[:waiting], customers[:waiting], numbers[:waiting], outcomes[:waiting], a.now)
	}
	if waiting < len(ids) {
		a.from.queueEvents(b, ids[waiting:], customers[waiting:], numbers[waiting:], outcomes[waiting:], a.now)
	}
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
	if n := len(a.proofs); n > 0 {
		customers, topics, states, sources := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		wordings, addresses, at := make([]string, n), make([]string, n), make([]time.Time, n)
		for i, c := range a.proofs {
			customers[i], topics[i], states[i], sources[i] = c.CustomerID, c.Topic, string(c.Is), c.Source
			wordings[i], addresses[i], at[i] = c.Wording, c.Address, c.At
		}
		b.Queue(`
			INSERT INTO consent_changes (customer_id, topic, state, source, wording, address, at)
			SELECT customer, topic, state, source, wording, address, at
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
			     WITH ORDINALITY AS t (customer, topic, state, source, wording, address, at, n) ORDER BY n`,
			customers, topics, states, sources, wordings, addresses, at)
	}
	last := map[totalKey]journey.ConsentChange{} // an INSERT may name a row once
	for _, c := range a.consents {
		last[totalKey{c.CustomerID, c.Topic}] = c
	}
	if n := len(last); n > 0 {
		customers, topics, states, at := make([]string, 0, n), make([]string, 0, n), make([]string, 0, n), make([]time.Time, 0, n)
		for _, c := range last {
			customers, topics, states, at = append(customers, c.CustomerID), append(topics, c.Topic), append(states, string(c.Is)), append(at, c.At)
		}
		b.Queue(`
			INSERT INTO consents (customer_id, topic, state, changed_at) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
			ON CONFLICT (customer_id, topic) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
			customers, topics, states, at)
	}
}
