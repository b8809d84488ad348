package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"perennial/journey"
)

// erasePage is how many events one transaction of an erasure takes. Everything else of a customer is bounded by what people and
// journeys did with her and goes in the first one.
const erasePage = 5000

// Erase forgets a customer, named as in Customer: when it answers, nothing of hers can be read and no mail of hers passes the
// dot. Her enrollments end, which their drivers find out by themselves. Rows that reports count stay, as nobody's, without
// anything that tells of her; suppressions of her addresses stay as keyed hashes. Events beyond one page are taken by EraseRest.
// Erasing again by her cus_… id answers with the erasure that there is; the fault is not_found.
func (s *Store) Erase(ctx context.Context, ref, reason string, by journey.Actor) (out journey.Erasure, err error) {
	defer wrap(&err, "erasing a customer")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// The inbox stands still meanwhile: what was accepted before goes, what is accepted after finds nobody.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, inboxLock); err != nil {
			return err
		}
		id, err := resolve(ctx, tx, ref)
		if journey.CodeOf(err) == journey.CodeNotFound {
			var found bool
			if out, found, err = erasure(ctx, tx, ref, err); found {
				return nil
			}
		}
		if err != nil {
			return err
		}
		h, err := lockHer(ctx, tx, id)
		if err != nil {
			return err
		}
		if out, err = s.erase(ctx, tx, h); err != nil {
			return err
		}
		// The reason stays: whoever gave it was told to name nobody.
		return s.audit(ctx, tx, deed{by: by, verb: "customer.erase", target: id, detail: map[string]any{"reason": reason}})
	})
	return out, err
}

// erasure reads how far an erasure is; missing is the fault to answer with where there is none.
func erasure(ctx context.Context, q querier, id string, missing error) (e journey.Erasure, found bool, err error) {
	e.InFlight = []string{}
	err = q.QueryRow(ctx, `SELECT customer_id, asked_at, finished_at, rows FROM erasures WHERE customer_id = $1`, id).
		Scan(&e.Customer, &e.AskedAt, &e.FinishedAt, &e.Rows)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, false, missing
	}
	e.State = journey.ErasureRunning
	if e.FinishedAt != nil {
		e.State = journey.ErasureDone
	}
	return e, true, err
}

// her is what an erasure has locked, and by what a customer is found in other tables.
type her struct {
	id               string
	customers        []string // she, and those who were merged into her
	users, anonymous []string // the callers' ids
	addresses        []string // lower case: every one that she is known to have had
	enrollments      []string
	messages         []string
	flying           []string // messages at the dot
	targets          []string // of the audit: all of these, and her tasks and coupons
}

// lockHer takes the locks of an erasure in their order and reads what is hers by them.
func lockHer(ctx context.Context, tx pgx.Tx, id string) (*her, error) {
	h := &her{id: id, flying: []string{}}
	var alive bool
	b := &pgx.Batch{}
	b.Queue(`SET LOCAL statement_timeout = '30s'`)
	b.Queue(`SELECT id FROM customers WHERE id = $1 OR merged_into = $1 ORDER BY id FOR UPDATE`, id).Query(column(&h.customers))
	b.Queue(`SELECT EXISTS (SELECT FROM customers WHERE id = $1 AND merged_into IS NULL)`, id).
		QueryRow(func(row pgx.Row) error { return row.Scan(&alive) })
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if !alive {
		return nil, errAgain // merged or erased while we waited
	}
	b = &pgx.Batch{}
	b.Queue(`SELECT id FROM enrollments WHERE customer_id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, h.customers).Query(column(&h.enrollments))
	b.Queue(`
		SELECT id, state FROM messages WHERE customer_id = ANY($1) OR enrollment_id IN (SELECT id FROM enrollments WHERE customer_id = ANY($1))
			OR shows_id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, h.customers). // what was written to colleagues tells of her, too
		Query(func(rows pgx.Rows) error {
			var id, state string
			_, err := pgx.ForEachRow(rows, []any{&id, &state}, func() error {
				h.messages = append(h.messages, id)
				if state == string(journey.MessageAtDot) {
					h.flying = append(h.flying, id)
				}
				return nil
			})
			return err
		})
	b.Queue(`SELECT external_id FROM customer_ids WHERE customer_id = ANY($1) AND kind = 'user'`, h.customers).Query(column(&h.users))
	b.Queue(`SELECT external_id FROM customer_ids WHERE customer_id = ANY($1) AND kind = 'anonymous'`, h.customers).Query(column(&h.anonymous))
	b.Queue(`
		SELECT lower(email) FROM customers WHERE id = ANY($1)
		UNION SELECT lower(address) FROM consent_changes WHERE customer_id = ANY($1)
		UNION SELECT lower(address) FROM messages WHERE customer_id = ANY($1)`, h.customers).Query(column(&h.addresses))
	b.Queue(`
		SELECT unnest($1::text[]) UNION ALL SELECT id FROM enrollments WHERE customer_id = ANY($1)
		UNION ALL SELECT id FROM messages WHERE customer_id = ANY($1) UNION ALL SELECT id FROM tasks WHERE customer_id = ANY($1)
		UNION ALL SELECT id FROM coupons WHERE customer_id = ANY($1)`, h.customers).Query(column(&h.targets))
	return h, tx.SendBatch(ctx, b).Close()
}

// column collects the only column of a query.
func column(into *[]string) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
}

// erase takes everything but what is beyond one page of events. Messages come first: a reply that is being stored is waited for,
// and finds nothing to tell of afterwards.
func (s *Store) erase(ctx context.Context, tx pgx.Tx, h *her) (journey.Erasure, error) {
	now := s.clock.Now()
	var rows int64
	b := &pgx.Batch{}
	queue := func(sql string, args ...any) {
		b.Queue(sql, args...).Exec(func(tag pgconn.CommandTag) error { rows += tag.RowsAffected(); return nil })
	}
	if err := forgetFigures(ctx, tx, h.customers, now); err != nil {
		return journey.Erasure{}, err
	}
	b.Queue(`INSERT INTO customers (id, created_at, merged_into) VALUES ($1, $2, $1) ON CONFLICT DO NOTHING`, erasedID, now)
	s.queueWake(b, h.enrollments)
	anonymise(queue, h, now)
	forget(queue, h)
	queue(`DELETE FROM customers WHERE id = ANY($1)`, h.customers)
	b.Queue(`SELECT pg_notify($1, '')`, channelEvents) // the inbox may go on
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return journey.Erasure{}, err
	}
	n, addresses, err := eraseEvents(ctx, tx, h.id)
	if err != nil {
		return journey.Erasure{}, err
	}
	rows += int64(n)
	e := journey.Erasure{Customer: h.id, State: journey.ErasureRunning, AskedAt: now, Rows: rows, InFlight: h.flying}
	if n < erasePage {
		e.State, e.FinishedAt = journey.ErasureDone, &now
	}
	_, err = tx.Exec(ctx, `INSERT INTO erasures (customer_id, asked_at, rows, finished_at) VALUES ($1, $2, $3, $4)`,
		e.Customer, e.AskedAt, e.Rows, e.FinishedAt)
	if err != nil {
		return e, err
	}
	return e, sealAddresses(ctx, tx, append(h.addresses, addresses...))
}

// anonymise makes the rows nobody's that reports count, and takes from them what tells of her. A reason that a person wrote is
// replaced by the word for it.
func anonymise(queue func(string, ...any), h *her, now time.Time) {
	queue(`
		UPDATE messages SET customer_id = $2, reason = CASE WHEN state IN ('queued', 'deferred', 'claimed', 'at_dot') THEN $3 ELSE reason END,
			state = CASE WHEN state = 'at_dot' OR resent AND state IN ('queued', 'deferred', 'claimed') THEN 'unknown'
				WHEN state IN ('queued', 'deferred', 'claimed') THEN 'dropped' ELSE state END,
			step = CASE WHEN enrollment_id = '' THEN id WHEN customer_id <> (SELECT e.customer_id FROM enrollments e WHERE e.id = enrollment_id)
				THEN step || ':' || id ELSE step END, message_id = id, address = '', subject = '', bytes = NULL, bytes_hash = NULL,
			data = '{}', coupons = '{}', links = '{}', survey_id = '', sender = '', reply_to = '', reply_text = '', retry_wall = NULL, leased_wall = NULL
		WHERE id = ANY($1)`, h.messages, erasedID, journey.ReasonErased)
	queue(`UPDATE observations SET url = '' WHERE message_id = ANY($1) AND url <> ''`, h.messages)
	queue(`UPDATE survey_invites SET customer_id = $2, choice = '', comment = '', locale = '' WHERE customer_id = ANY($1)`, h.customers, erasedID)
	queue(`
		UPDATE coupons SET customer_id = NULL, enrollment_id = NULL, order_id = '' WHERE customer_id = ANY($1) OR enrollment_id = ANY($2)`,
		h.customers, h.enrollments)
	queue(`
		UPDATE enrollments e SET customer_id = $2, entry_key = id, status = 'ended', held = '', plan = NULL, due_at = NULL, listens = '{}',
			reason = CASE WHEN status = 'active' THEN $3 WHEN reason <> $4 AND EXISTS (
				SELECT FROM audit a WHERE a.target = e.id AND a.verb = 'enrollment.exit') THEN $5 ELSE reason END,
			ended_at = coalesce(ended_at, $6::timestamptz),
			state = jsonb_build_object('status', 'ended', 'entered_at', entered_at, 'since', entered_at, 'cursor', 0)
		WHERE id = ANY($1)`, h.enrollments, erasedID, journey.ReasonErased, journey.ReasonFinished, journey.ReasonSupport, now)
	queue(`UPDATE audit SET detail = '{}' WHERE target = ANY($1) AND detail <> '{}'`, h.targets)
}

// forget deletes what is hers alone. Events that wait in the inbox, or could not be applied, are found by the callers' ids.
func forget(queue func(string, ...any), h *her) {
	queue(`DELETE FROM messages WHERE shows_id = ANY($1)`, h.customers) // tests count nowhere
	queue(`DELETE FROM requests WHERE enrollment_id = ANY($1)`, h.enrollments)
	queue(`DELETE FROM step_log WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM report_moves WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM notes WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM tasks WHERE customer_id = ANY($1) OR sender <> '' AND lower(sender) = ANY($2)`, h.customers, h.addresses)
	queue(`DELETE FROM parcels WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM calls WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM consents WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM segment_members WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM segment_checks WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM consent_changes WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM orders WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM event_totals WHERE customer_id = ANY($1)`, h.customers)
	queue(`DELETE FROM pauses WHERE scope = 'customer' AND target = ANY($1) OR scope = 'customer_topic' AND split_part(target, '/', 1) = ANY($1) OR scope = 'enrollment' AND target = ANY($2)`, h.customers, h.enrollments)
	queue(`DELETE FROM import_lines WHERE address = ANY($1) OR user_id = ANY($2)`, h.addresses, h.users)
	queue(`DELETE FROM idempotency WHERE customer_id = ANY($1) AND customer_id <> ''`, h.customers)
	queue(`
		WITH gone AS (
			DELETE FROM events WHERE applied_at IS NULL AND (customer_id = ANY($1) OR user_id = ANY($2) OR anonymous_id = ANY($3)
				OR kind = 'alias' AND properties->>'previous_id' = ANY($2::text[] || $3)) RETURNING id
		) DELETE FROM event_ids i USING gone WHERE i.event_id = gone.id`, h.customers, h.users, h.anonymous)
	queue(`
		WITH gone AS (
			DELETE FROM events WHERE applied_at IS NOT NULL AND number IS NULL
				AND (customer_id = ANY($1) OR user_id = ANY($2) OR anonymous_id = ANY($3)) RETURNING id
		) DELETE FROM event_ids i USING gone WHERE i.event_id = gone.id`, h.customers, h.users, h.anonymous)
	queue(`DELETE FROM customer_ids WHERE customer_id = ANY($1)`, h.customers)
}

// eraseEvents takes one page of her stream, with the callers' ids of the events, and returns the addresses that stood in it.
func eraseEvents(ctx context.Context, tx pgx.Tx, customer string) (n int, addresses []string, err error) {
	err = tx.QueryRow(ctx, `
		WITH gone AS (
			DELETE FROM events WHERE id IN (SELECT id FROM events WHERE customer_id = $1 AND number IS NOT NULL ORDER BY number LIMIT $2)
			RETURNING id, kind, properties
		), ids AS (
			DELETE FROM event_ids i USING gone WHERE i.event_id = gone.id
		)
		SELECT count(*), coalesce(array_agg(DISTINCT lower(a)) FILTER (WHERE a <> ''), '{}')
		FROM gone CROSS JOIN LATERAL (SELECT CASE kind WHEN 'identify' THEN properties->>'email' WHEN 'own' THEN properties->>'address' END) t (a)`,
		customer, erasePage).Scan(&n, &addresses)
	return n, addresses, err
}

// sealAddresses keeps the suppressions of addresses that are nobody's any more as keyed hashes. It comes last in a transaction:
// changing a suppression closes the gate before the dot until the commit.
func sealAddresses(ctx context.Context, tx pgx.Tx, addresses []string) error {
	var hers []string
	var suppressed bool
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT a FROM unnest($1::text[]) a WHERE a <> '' AND NOT EXISTS (SELECT FROM customers WHERE lower(email) = a AND email <> '')`, addresses)
	if err != nil {
		return err
	}
	if hers, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(hers) == 0 {
		return err
	}
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM suppressions WHERE address = ANY($1))`, hers).Scan(&suppressed)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	if suppressed {
		queueSeals(b, hers)
	}
	b.Queue(`
		UPDATE audit SET target = seal(target, st.ipad, st.opad), detail = '{}' FROM settings st WHERE target = ANY($1)`, hers)
	return tx.SendBatch(ctx, b).Close()
}

// queueSeals adds the statements that seal suppressions. Where one is sealed already, from an earlier erasure, the stronger one
// stays; a reason that a person wrote is replaced.
func queueSeals(b *pgx.Batch, addresses []string) {
	b.Queue(`
		DELETE FROM suppressions o USING suppressions p CROSS JOIN settings st
		WHERE p.address = ANY($1) AND o.address = seal(p.address, st.ipad, st.opad) AND o.scope <> 'all' AND p.scope <> 'suspended'`, addresses)
	b.Queue(`
		DELETE FROM suppressions p USING settings st
		WHERE p.address = ANY($1) AND EXISTS (SELECT FROM suppressions o WHERE o.address = seal(p.address, st.ipad, st.opad))`, addresses)
	b.Queue(`
		UPDATE suppressions s SET address = seal(address, st.ipad, st.opad), reason = CASE WHEN EXISTS (
			SELECT FROM audit a WHERE a.target = s.address AND a.verb = 'suppression.add') THEN 'support' ELSE reason END
		FROM settings st WHERE address = ANY($1)`, addresses)
}

// EraseRest takes one page of the events that erasures have left, and returns how many; 0: there is nothing to do, or another
// process is at it. It goes on wherever it was cut off.
func (s *Store) EraseRest(ctx context.Context) (n int, err error) {
	defer wrap(&err, "going on with an erasure")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var customer string
		err := tx.QueryRow(ctx, `
			SELECT customer_id FROM erasures WHERE finished_at IS NULL ORDER BY customer_id LIMIT 1 FOR UPDATE SKIP LOCKED`).Scan(&customer)
		if errors.Is(err, pgx.ErrNoRows) {
			n = 0
			return nil
		}
		if err != nil {
			return err
		}
		var addresses []string
		if n, addresses, err = eraseEvents(ctx, tx, customer); err != nil {
			return err
		}
		var finished *time.Time
		if now := s.clock.Now(); n < erasePage {
			finished = &now
		}
		if _, err := tx.Exec(ctx, `UPDATE erasures SET rows = rows + $2, finished_at = $3 WHERE customer_id = $1`, customer, n, finished); err != nil {
			return err
		}
		return sealAddresses(ctx, tx, addresses)
	})
	return n, err
}
