-- +goose Up

-- Coupons that customers were given, as the reports count them.
-- The index of that name was for reading them as they stand; listing those behind a figure goes by pool.
DROP INDEX report_coupons;
CREATE INDEX coupons_issued ON coupons (pool, issued_at, id) WHERE customer_id IS NOT NULL;

CREATE TABLE report_coupons (
    customer_id text NOT NULL REFERENCES customers,
    coupon_id   text NOT NULL,
    pool        text NOT NULL,
    issued_at   timestamptz NOT NULL,
    redeemed    boolean NOT NULL,
    worth       bigint NOT NULL,                   -- of the order that redeemed it, in ten-thousandths
    currency    text NOT NULL,                     -- of that order; '' where none was said, or it was not redeemed
    PRIMARY KEY (customer_id, coupon_id)
);

-- Whoever holds a coupon that changes is to be counted anew.
-- +goose StatementBegin
CREATE FUNCTION coupons_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_moves (customer_id) SELECT DISTINCT customer_id FROM added WHERE customer_id IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER coupons_given AFTER INSERT ON coupons REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION coupons_moved();
CREATE TRIGGER coupons_moved AFTER UPDATE ON coupons REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION coupons_moved();

-- Those of customers who have been erased are nobody's by now.
INSERT INTO report_nobody (what, grain, starts, age, label, n, total)
SELECT 'issued', 'month', date_trunc('month', issued_at AT TIME ZONE zone)::date, 0, pool || '/', count(*), 0
FROM coupons, reports WHERE customer_id IS NULL AND issued_at IS NOT NULL GROUP BY 3, pool
UNION ALL
SELECT 'redeemed', 'month', date_trunc('month', issued_at AT TIME ZONE zone)::date, 0, pool || '/' || upper(currency), count(*),
    sum(round(coalesce(value, 0)::numeric * 10000))
FROM coupons, reports WHERE customer_id IS NULL AND issued_at IS NOT NULL AND state = 'redeemed' GROUP BY 3, pool, upper(currency);
INSERT INTO report_counts SELECT * FROM report_nobody WHERE what IN ('issued', 'redeemed');

-- The reports count more than before: from the beginning. What they have counted stays until each customer's turn.
UPDATE reports SET walked_to = '', walked = 0, everybody = 0;
