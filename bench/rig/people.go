package rig

// People are the statements of Fill that make customers with a realistic past: three in ten have bought, few of them often, most of
// it long ago; half have agreed to offers; attributes are those that shops send. Order is that of time, as it would be. Five of
// her events count as applied: two more than there are, for those that a benchmark adds.
func People() []string {
	return []string{
		`INSERT INTO accounts (id, external_id, name, attributes)
		 SELECT 'acc_' || i, 'a' || i, 'Account ' || i, jsonb_build_object('plan', (ARRAY['free','pro','enterprise'])[1 + i % 3]) FROM generate_series(1, @n / 100) i`,
		`INSERT INTO customers (id, external_id, email, first_name, last_name, locale, timezone, account_id, attributes, created_at, applied)
		 SELECT 'cus_' || lpad(i::text, 12, '0'), 'u' || i, 'person' || i || '@example.com', (ARRAY['Ada','Bob','Cem','Dia','Eve'])[1 + i % 5],
		        'Name' || i % 9973, 'en', (ARRAY['Europe/Vienna','America/New_York','Asia/Tokyo',''])[1 + i % 4],
		        CASE WHEN i % 20 = 0 THEN 'acc_' || 1 + i % greatest(@n / 100 - 1, 1) END,
		        jsonb_build_object('tier', (ARRAY['basic','basic','basic','silver','top'])[1 + (i * 7) % 5], 'country', (ARRAY['AT','DE','FR','US'])[1 + (i * 13) % 4],
		            'points', (i * 31) % 5000, 'orders_count', CASE WHEN i % 10 < 3 THEN 1 + i % 7 ELSE 0 END, 'tags', jsonb_build_array('t' || i % 50, 'newsletter'),
		            'last_seen_at', to_char((@now) AT TIME ZONE 'UTC' - make_interval(mins => (i * 97) % 525600), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
		        @now - make_interval(mins => (@n - i) % 1500000), 5
		 FROM generate_series(1, @n) i`,
		`INSERT INTO customer_ids SELECT 'user', external_id, id FROM customers`,
		`INSERT INTO consents SELECT id, 'offers', CASE WHEN substr(id, 16) < '7' THEN 'given' ELSE 'withdrawn' END, created_at FROM customers WHERE substr(id, 15) < '75'`,
		`INSERT INTO events (id, kind, customer_id, name, properties, happened_at, received_at, applied_at, number)
		 SELECT 'evt_' || o || '_' || c.id, 'track', c.id, CASE o WHEN 1 THEN 'Page Viewed' ELSE 'Order Completed' END,
		        jsonb_build_object('total', (substr(c.id, 10)::int * o) % 300, 'currency', 'EUR', 'order_id', 'o' || o || c.id),
		        at, at, at, o
		 FROM (SELECT c.id, o, @now - make_interval(mins => (substr(c.id, 9)::int * 61 * o) % 788400) AS at
		       FROM customers c, generate_series(1, 3) o WHERE o = 1 OR substr(c.id, 16) < '3') c ORDER BY at`,
		`INSERT INTO event_totals SELECT customer_id, name, count(*), min(happened_at), max(happened_at), max(id) FROM events GROUP BY 1, 2`,
	}
}
