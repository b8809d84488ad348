package main

// past are the statements that give six customers in ten a journey behind them or before them, with what it wrote: a sixth of these are
// in it now. Journeys are published before; a message of each stands for all of its.
func past() []string {
	return []string{
		`CREATE TEMP TABLE walks AS
		 SELECT i, 'cus_' || lpad(i::text, 12, '0') AS customer, 'enr_' || lpad(i::text, 12, '0') AS enrollment,
		        (ARRAY['win-back','post-purchase','onboarding'])[1 + i % 3] AS journey, (ARRAY['we-miss-you','thank-you','welcome'])[1 + i % 3] AS message,
		        (ARRAY['offers','transactional','onboarding'])[1 + i % 3] AS topic, i % 6 = 0 AS active,
		        (ARRAY['a-few-days','takes-the-offer','until-it-is-over'])[1 + (i / 6) % 3] AS step,
		        @now - make_interval(mins => (@n - i)::int % 400000) AS entered
		 FROM generate_series(1, @n) i WHERE i % 10 < 6`,
		`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, reason, seq, state, plan, step, due_at, entered_at, ended_at, goal_at, goal_value)
		 SELECT enrollment, CASE WHEN active THEN 'win-back' ELSE journey END, 1, customer, 'k' || i, CASE WHEN active THEN 'active' ELSE 'ended' END, CASE WHEN active THEN '' WHEN i % 4 = 0 THEN 'won-back' ELSE 'finished' END, 4,
		        jsonb_build_object('status', CASE WHEN active THEN 'active' ELSE 'ended' END, 'entered_at', entered, 'step', CASE WHEN active THEN step ELSE '' END, 'phase', CASE WHEN active THEN 'waiting' ELSE '' END,
		            'since', entered, 'cursor', 2),
		        CASE WHEN active THEN jsonb_build_object('kind', 'sleep', 'step', step, 'at', @now + interval '3 days', 'summary', 'wait 5 days, then comeback-offer') END,
		        CASE WHEN active THEN step ELSE '' END, CASE WHEN active THEN @now + interval '3 days' END, entered, CASE WHEN NOT active THEN entered + interval '9 days' END,
		        CASE WHEN NOT active AND i % 4 = 0 THEN entered + interval '8 days' END, CASE WHEN NOT active AND i % 4 = 0 THEN i % 200 END
		 FROM walks`,
		`INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
		 SELECT enrollment, customer, journey, l, entered + make_interval(mins => l), CASE l WHEN 1 THEN '' ELSE step END, (ARRAY['entered','send','wait'])[l],
		        (ARRAY[jsonb_build_object('journey', journey, 'version', 1), jsonb_build_object('message', message), jsonb_build_object('until', entered + interval '5 days')])[l]
		 FROM walks, generate_series(1, 3) l`,
		`INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
		 SELECT enrollment, customer, journey, 4, entered + interval '1 day', step, 'not_sent', jsonb_build_object('message', message, 'reason', 'no_consent', 'topic', topic) FROM walks WHERE i % 20 = 1`,
		`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, state, reason, attempt,
		        not_before_at, expires_at, queued_at, sent_at, message_id, address, subject, links)
		 SELECT 'msg_' || lpad(i::text, 12, '0') || m, enrollment, 'mail-' || m, 1, customer, 'email', journey, 1, CASE WHEN topic = 'transactional' THEN 'email-transactional' ELSE 'email-marketing' END, topic, message,
		        CASE WHEN i % 25 = 2 THEN 'dropped' ELSE 'accepted' END, CASE WHEN i % 25 = 2 THEN 'expired' ELSE '' END, 1,
		        entered + make_interval(days => m), entered + make_interval(days => m + 3), entered, CASE WHEN i % 25 <> 2 THEN entered + make_interval(days => m, secs => 4) END,
		        'm' || i || '.' || m || '@bench', 'person' || i || '@example.com', 'About us', ARRAY['https://example.org/shop']
		 FROM walks, generate_series(1, 2) m`,
		`INSERT INTO events (id, kind, customer_id, name, properties, happened_at, received_at, applied_at, number)
		 SELECT 'evt_m' || id, 'own', customer_id, CASE state WHEN 'accepted' THEN 'Message Sent' ELSE 'Message Dropped' END, jsonb_build_object('message', template, 'message_id', id, 'enrollment', enrollment_id),
		        coalesce(sent_at, expires_at), coalesce(sent_at, expires_at), coalesce(sent_at, expires_at), 3 + right(id, 1)::int FROM messages`,
		`INSERT INTO event_names SELECT name, min(happened_at), max(happened_at), count(*) FROM events WHERE name <> '' GROUP BY name ON CONFLICT DO NOTHING`,
		`INSERT INTO orders (customer_id, order_id, completed_at, total, refunded, void)
		 SELECT customer_id, properties->>'order_id', happened_at, (properties->>'total')::float8, 0, false FROM events WHERE name = 'Order Completed'`,
		`INSERT INTO consent_changes (customer_id, topic, state, source, wording, address, at)
		 SELECT customer_id, topic, state, 'form', 'Yes, send me offers', 'person@example.com', changed_at FROM consents`,
		`INSERT INTO observations (message_id, kind, url, machine, at, told)
		 SELECT id, 'click', 'https://example.org/shop', substr(id, 16) < '3', sent_at + interval '1 hour', true FROM messages WHERE state = 'accepted' AND substr(id, 15, 1) < '3'`,
		`INSERT INTO tasks (id, customer_id, enrollment_id, step, visit, title, team, created_at, due_at, done_at, outcome)
		 SELECT 'tsk_' || lpad(i::text, 12, '0'), customer, enrollment, 'call-her', 1, 'Call her', 'support', entered, entered + interval '1 day', CASE WHEN i % 300 > 6 THEN entered + interval '5 hours' END,
		        CASE WHEN i % 300 > 6 THEN 'reached' ELSE '' END FROM walks WHERE i % 30 = 4`,
		`INSERT INTO coupons (id, pool, code, state, customer_id, enrollment_id, step, visit, alias, issued_at, expires_at, redeemed_at, order_id, value, currency)
		 SELECT 'cpn_' || lpad(i::text, 12, '0'), 'comeback', 'C' || i, CASE WHEN i % 4 = 0 THEN 'redeemed' WHEN entered + interval '14 days' <= @now THEN 'expired' ELSE 'issued' END, customer, enrollment, 'coupon-offer', 1, 'offer', entered, entered + interval '14 days',
		        CASE WHEN i % 4 = 0 THEN entered + interval '2 days' END, CASE WHEN i % 4 = 0 THEN 'o2' || customer ELSE '' END, CASE WHEN i % 4 = 0 THEN 80 END, CASE WHEN i % 4 = 0 THEN 'EUR' ELSE '' END
		 FROM walks WHERE journey = 'win-back'`,
		`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, journey_key, version, step, visit, opened_at, expires_at, answered_at, score, comment)
		 SELECT 'srv_' || lpad(i::text, 12, '0'), 'nps', '{"key":"nps","kind":"nps"}', customer, enrollment, journey, 1, 'how-are-we', 1, entered, entered + interval '30 days', CASE WHEN i % 2 = 0 THEN entered + interval '1 day' END,
		        CASE WHEN i % 2 = 0 THEN i % 11 END, CASE WHEN i % 8 = 0 THEN 'Quick and kind' ELSE '' END FROM walks WHERE journey = 'win-back' AND i % 5 < 2`,
		`INSERT INTO segments (key, name, source, etag, version, updated_at, updated_by) VALUES ('top', 'Top', 'if: { attribute: tier, eq: top }', 'one', 1, @now, 'bench')`,
		`INSERT INTO segment_members (segment, customer_id, member, since_at) SELECT 'top', id, true, @now FROM customers WHERE attributes->>'tier' = 'top'`,
		`INSERT INTO audit (at, actor, role, verb, target, detail) SELECT entered, 'bench', 'support', 'customer.pause', customer, '{}' FROM walks WHERE i % 50 = 5`,
		`INSERT INTO suppressions (address, scope, reason, at) SELECT 'person' || i || '@example.com', 'all', 'bounced', entered FROM walks WHERE i % 200 = 3`,
	}
}
