package store

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// exportPage is how many rows of a section are in memory at a time.
const exportPage = 200

type exportSection struct{ name, sql string }

// exportSections are the parts of an export, in their order. Each statement takes the customer, the key of the last row of the
// page before ("" for the first) and the size of a page, and returns a key to go on from, and the row.
func exportSections() []exportSection {
	return []exportSection{
		{"customer", `
		SELECT id, to_jsonb(c) - 'merged_into' - 'applied' - 'stage_due_at' FROM customers c WHERE c.id = $1 AND $2 < id LIMIT $3`},
		{"ids", `
		SELECT kind || ':' || external_id, jsonb_build_object('kind', kind, 'id', external_id)
		FROM customer_ids WHERE customer_id = $1 AND $2 < kind || ':' || external_id ORDER BY 1 LIMIT $3`},
		{"accounts", `
		SELECT a.id, to_jsonb(a) FROM accounts a JOIN customers c ON c.account_id = a.id WHERE c.id = $1 AND $2 < a.id LIMIT $3`},
		{"suppressions", `
		SELECT s.address, to_jsonb(s) || jsonb_build_object('address', lower(c.email)) FROM customers c CROSS JOIN settings st
		JOIN suppressions s ON s.address IN (lower(c.email), seal(lower(c.email), st.ipad, st.opad))
		WHERE c.id = $1 AND $2 < s.address ORDER BY 1 LIMIT $3`},
		{"consents", `
		SELECT topic, to_jsonb(c) - 'customer_id' FROM consents c WHERE customer_id = $1 AND $2 < topic ORDER BY 1 LIMIT $3`},
		{"segments", `
		SELECT segment, jsonb_build_object('segment', segment, 'since', since_at) FROM segment_members
		WHERE customer_id = $1 AND member AND $2 < segment ORDER BY segment LIMIT $3`},
		{"consent_changes", `
		SELECT lpad(id::text, 20, '0'), to_jsonb(c) - 'customer_id' - 'id' FROM consent_changes c
		WHERE customer_id = $1 AND c.id > coalesce(nullif($2, '')::bigint, 0) ORDER BY c.id LIMIT $3`},
		{"enrollments", `
		SELECT id, jsonb_build_object('id', id, 'journey', journey_key, 'version', version, 'status', status, 'reason', reason,
			'holdout', holdout, 'step', step, 'due_at', due_at, 'entered_at', entered_at, 'ended_at', ended_at, 'goal_at', goal_at,
			'goal_value', goal_value, 'trigger', state->'trigger', 'answer', state->'answer', 'vars', state->'vars', 'visits', state->'visits')
		FROM enrollments WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"decisions", `
		SELECT lpad(id::text, 20, '0'), jsonb_build_object('at', at, 'journey', journey_key, 'enrollment', enrollment_id, 'step', step,
			'what', what, 'detail', detail)
		FROM step_log l WHERE customer_id = $1 AND l.id > coalesce(nullif($2, '')::bigint, 0) ORDER BY l.id LIMIT $3`},
		{"messages", `
		SELECT id, jsonb_build_object('id', id, 'journey', journey_key, 'version', version, 'step', step, 'template', template, 'topic', topic,
			'channel', channel, 'state', state, 'reason', reason, 'queued_at', queued_at, 'not_before', not_before_at,
			'expires_at', expires_at, 'sent_at', sent_at, 'message_id', message_id, 'address', address, 'subject', subject, 'variant', variant,
			'data', CASE WHEN enrollment_id IN (SELECT id FROM enrollments WHERE customer_id = $1) OR enrollment_id = '' THEN data END,
			'links', links, 'reply_code', reply_code, 'reply_text', reply_text, 'mail_base64', translate(encode(bytes, 'base64'), E'\n', ''))
		FROM messages WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"clicks_and_views", `
		SELECT lpad(o.id::text, 20, '0'), to_jsonb(o) - 'id' FROM observations o JOIN messages m ON m.id = o.message_id
		WHERE m.customer_id = $1 AND o.id > coalesce(nullif($2, '')::bigint, 0) ORDER BY o.id LIMIT $3`},
		{"orders", `
		SELECT order_id, to_jsonb(o) - 'customer_id' FROM orders o WHERE customer_id = $1 AND $2 < order_id ORDER BY order_id LIMIT $3`},
		{"loss", `
		SELECT began_at::text, to_jsonb(r) - 'customer_id' FROM report_spells r
		WHERE customer_id = $1 AND began_at > coalesce(nullif($2, '')::timestamptz, '-infinity') ORDER BY r.began_at LIMIT $3`},
		{"coupons", `
		SELECT id, jsonb_build_object('id', id, 'pool', pool, 'code', code, 'state', state, 'enrollment', enrollment_id, 'as', alias,
			'issued_at', issued_at, 'expires_at', expires_at, 'redeemed_at', redeemed_at, 'order_id', order_id, 'value', value, 'currency', currency)
		FROM coupons WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"surveys", `
		SELECT id, jsonb_build_object('id', id, 'survey', ask, 'form', form, 'enrollment', enrollment_id, 'step', step, 'asked_at', opened_at,
			'expires_at', expires_at, 'answered_at', answered_at, 'score', score, 'choice', choice, 'comment', comment,
			'locale', locale)
		FROM survey_invites WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"calls", `
		SELECT id, jsonb_build_object('id', id, 'enrollment', enrollment_id, 'step', step, 'endpoint', endpoint, 'state', state,
			'reason', reason, 'status', status, 'created_at', created_at, 'finished_at', finished_at,
			'body', convert_from(body, 'UTF8')::jsonb, 'reply_base64', translate(encode(reply, 'base64'), E'\n', ''))
		FROM calls WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"notices", `
		SELECT id, jsonb_build_object('id', id, 'team', team, 'text', text, 'state', state, 'created_at', created_at)
		FROM parcels WHERE customer_id = $1 AND kind IN ('notice', 'mail') AND $2 < id ORDER BY id LIMIT $3`},
		{"tasks", `
		SELECT id, to_jsonb(t) - 'customer_id' FROM tasks t WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"notes", `
		SELECT id, to_jsonb(n) - 'customer_id' FROM notes n WHERE customer_id = $1 AND $2 < id ORDER BY id LIMIT $3`},
		{"pauses", `
		SELECT p.id, to_jsonb(p) - 'told' FROM pauses p
		WHERE (scope = 'customer' AND target = $1 OR scope = 'customer_topic' AND split_part(target, '/', 1) = $1 OR scope = 'enrollment' AND target IN (SELECT id FROM enrollments WHERE customer_id = $1))
			AND $2 < p.id ORDER BY p.id LIMIT $3`},
		{"requests", `
		SELECT lpad(r.id::text, 20, '0'), to_jsonb(r) - 'id' FROM requests r JOIN enrollments e ON e.id = r.enrollment_id
		WHERE e.customer_id = $1 AND r.id > coalesce(nullif($2, '')::bigint, 0) ORDER BY r.id LIMIT $3`},
		{"audit", `
		SELECT lpad(a.id::text, 20, '0'), to_jsonb(a) - 'id' FROM audit a
		WHERE (target = $1 OR target IN (SELECT id FROM enrollments WHERE customer_id = $1 UNION ALL SELECT id FROM tasks WHERE customer_id = $1
			UNION ALL SELECT id FROM coupons WHERE customer_id = $1 UNION ALL SELECT lower(email) FROM customers WHERE id = $1))
			AND a.id > coalesce(nullif($2, '')::bigint, 0) ORDER BY a.id LIMIT $3`},
		{"import_lines", `
		SELECT import_id || lpad(line::text, 20, '0'), to_jsonb(l) FROM import_lines l
		WHERE (address IN (SELECT lower(email) FROM customers WHERE id = $1 AND email <> '')
			OR user_id IN (SELECT external_id FROM customer_ids WHERE customer_id = $1 AND kind = 'user'))
			AND import_id || lpad(line::text, 20, '0') > $2 ORDER BY 1 LIMIT $3`},
		{"events", `
		SELECT lpad(number::text, 20, '0'), jsonb_build_object('id', e.id, 'message_id', i.message_id, 'number', number, 'kind', kind, 'name', name,
			'user_id', user_id, 'anonymous_id', anonymous_id, 'properties', properties, 'context', context, 'happened_at', happened_at,
			'received_at', e.received_at, 'historical', historical, 'outcome', outcome)
		FROM events e LEFT JOIN event_ids i ON i.event_id = e.id
		WHERE customer_id = $1 AND number > coalesce(nullif($2, '')::bigint, 0) ORDER BY number LIMIT $3`},
		{"events_waiting", `
		SELECT lpad(seq::text, 20, '0'), jsonb_build_object('id', id, 'kind', kind, 'name', name, 'user_id', user_id, 'anonymous_id', anonymous_id,
			'properties', properties, 'context', context, 'happened_at', happened_at, 'received_at', received_at)
		FROM events e WHERE applied_at IS NULL AND (customer_id = $1 OR user_id IN (SELECT external_id FROM customer_ids WHERE customer_id = $1)
			OR anonymous_id IN (SELECT external_id FROM customer_ids WHERE customer_id = $1))
			AND seq > coalesce(nullif($2, '')::bigint, 0) ORDER BY seq LIMIT $3`},
	}
}

// Export returns everything that is held about a customer, named as in Customer, to be read section by section, and notes in the
// audit who asked for it. The sections are read one after another, not at one moment. The fault is not_found.
func (s *Store) Export(ctx context.Context, ref string, by journey.Actor) (e journey.Export, err error) {
	defer wrap(&err, "exporting a customer")
	if e.Customer, err = resolve(ctx, s.pool, ref); err != nil {
		return e, err
	}
	e.At = s.clock.Now()
	for _, section := range exportSections() {
		e.Sections = append(e.Sections, journey.ExportSection{Name: section.name,
			Rows: func(ctx context.Context) iter.Seq2[json.RawMessage, error] {
				return s.exportRows(ctx, section.sql, e.Customer)
			}})
	}
	return e, s.Record(ctx, by, "customer.export", e.Customer, nil)
}

// exportRows reads one page after another; between two of them no connection is held, however slowly the caller reads.
func (s *Store) exportRows(ctx context.Context, sql, customer string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		after := ""
		for {
			keys, page, err := s.exportPage(ctx, sql, customer, after)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < exportPage {
				return
			}
			after = keys
		}
	}
}

func (s *Store) exportPage(ctx context.Context, sql, customer, after string) (last string, page []json.RawMessage, err error) {
	defer wrap(&err, "exporting a customer")
	rows, err := s.pool.Query(ctx, sql, customer, after, exportPage)
	if err != nil {
		return "", nil, err
	}
	var row json.RawMessage
	_, err = pgx.ForEachRow(rows, []any{&last, &row}, func() error {
		page = append(page, append(json.RawMessage(nil), row...))
		return nil
	})
	return last, page, err
}
