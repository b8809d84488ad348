package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// stock fills the tables of the reports themselves, as CountReports would from the orders and the enrollments of people, in a fraction of
// its time: for reading alone. Everybody is lost 90 days after her last order.
func stock(ctx context.Context, url string, n int) error {
	ways, err := walked()
	if err != nil {
		return err
	}
	return fill(ctx, url, n, append([]string{
		customers,
		`ALTER TABLE report_orders DROP CONSTRAINT report_orders_customer_id_fkey`,
		`ALTER TABLE report_spells DROP CONSTRAINT report_spells_customer_id_fkey`,
		`INSERT INTO report_orders (customer_id, month, currency, orders, total, last_at, first_month)
		 SELECT id, month, currency, count(*), sum(total), max(at), min(month) OVER (PARTITION BY id) FROM (
			SELECT 'cus_' || lpad(i::text, 12, '0') AS id, date_trunc('month', at AT TIME ZONE 'UTC')::date AS month, at,
			       CASE WHEN i % 50 = 0 THEN 'USD' ELSE 'EUR' END AS currency, ((i * o) % 300) * 10000 + 9900 AS total
			FROM (SELECT i, o, timestamptz '2030-05-06' - make_interval(mins => ((i::bigint * 61 * o) % 788400)::int) AS at
			      FROM generate_series(1, @n) i, generate_series(1, 1 + i % 4) o) e) e
		 GROUP BY id, month, currency`,
		`INSERT INTO report_spells (customer_id, began_at, ended_at, lost, reason)
		 SELECT customer_id, min(last_at), max(last_at) + interval '90 days', true, '' FROM report_orders GROUP BY customer_id`,
		`INSERT INTO report_counts SELECT 'orders', 'month', month, 0, currency, sum(orders), sum(total) FROM report_orders GROUP BY month, currency`,
		`INSERT INTO report_counts SELECT 'first', 'month', first_month, 0, '', count(DISTINCT customer_id), 0 FROM report_orders GROUP BY first_month`,
		`INSERT INTO report_counts SELECT 'buyers', g, date_trunc(g, month)::date, 0, '', count(DISTINCT customer_id), 0 FROM report_orders, unnest(ARRAY['month', 'quarter', 'year']) g GROUP BY 2, 3`,
		`INSERT INTO report_counts SELECT 'cohort', 'month', first_month, a, '', count(DISTINCT customer_id), 0 FROM (
			SELECT *, (extract(year FROM age(month, first_month)) * 12 + extract(month FROM age(month, first_month)))::int AS a FROM report_orders) o GROUP BY first_month, a`,
		`INSERT INTO report_counts SELECT 'cohort_money', 'month', first_month, a, currency, sum(orders), sum(total) FROM (
			SELECT *, (extract(year FROM age(month, first_month)) * 12 + extract(month FROM age(month, first_month)))::int AS a FROM report_orders) o GROUP BY first_month, a, currency`,
		`INSERT INTO report_counts SELECT 'began', 'month', date_trunc('month', began_at AT TIME ZONE 'UTC')::date, 0, '', count(*), 0 FROM report_spells GROUP BY 3`,
		`INSERT INTO report_counts SELECT 'lost', 'month', date_trunc('month', ended_at AT TIME ZONE 'UTC')::date, 0, '', count(*), 0 FROM report_spells GROUP BY 3`,
		`UPDATE reports SET walked_to = NULL`,
	}, ways...))
}

// customers who came within eighteen months, in the order of time.
const customers = `
	INSERT INTO customers (id, external_id, email, created_at, applied)
	SELECT 'cus_' || lpad(i::text, 12, '0'), 'u' || i, 'person' || i || '@example.com', timestamptz '2030-05-06' - make_interval(mins => (i * 61) % 788400), 1 + i % 4
	FROM generate_series(1, @n) i`

// fill runs statements, with @n for the number of customers. Nothing waits for the disk.
func fill(ctx context.Context, url string, n int, statements []string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	for _, sql := range append([]string{`SET synchronous_commit = off`, `SET work_mem = '256MB'`}, statements...) {
		if _, err := conn.Exec(ctx, strings.ReplaceAll(sql, "@n", fmt.Sprint(n))); err != nil {
			return fmt.Errorf("making rows (%.60s…): %w", sql, err)
		}
	}
	return nil
}
