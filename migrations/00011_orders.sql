-- +goose Up

-- What is known of each order that has a number, so that what is told of it twice, late or out of order counts once.
CREATE TABLE orders (
    customer_id  text NOT NULL REFERENCES customers,
    order_id     text NOT NULL,                     -- as the shop numbers it
    completed_at timestamptz,                       -- NULL: nothing has said so yet
    total        double precision NOT NULL,         -- what it was worth
    refunded     double precision NOT NULL,         -- what was given back of it, altogether
    void         boolean NOT NULL,                  -- cancelled, or given back as a whole
    PRIMARY KEY (customer_id, order_id)
);
INSERT INTO orders (customer_id, order_id, completed_at, total, refunded, void)
SELECT DISTINCT ON (customer_id, order_id) customer_id, order_id, happened_at, total, 0, false
FROM (SELECT customer_id, properties->>'order_id' AS order_id, happened_at,
             CASE WHEN jsonb_typeof(properties->'total') = 'number' THEN (properties->>'total')::double precision
                  WHEN jsonb_typeof(properties->'revenue') = 'number' THEN (properties->>'revenue')::double precision
                  WHEN jsonb_typeof(properties->'value') = 'number' THEN (properties->>'value')::double precision ELSE 0 END AS total
      FROM events WHERE name = 'Order Completed' AND kind = 'track' AND number IS NOT NULL AND customer_id IS NOT NULL
          AND jsonb_typeof(properties->'order_id') IN ('string', 'number')) o
WHERE order_id <> '' AND octet_length(order_id) <= 200
ORDER BY customer_id, order_id, happened_at, total DESC;

-- When time alone brings a customer into another stage of the lifecycle. Whoever has ordered before is looked at once.
ALTER TABLE customers ADD COLUMN stage_due_at timestamptz;
UPDATE customers SET stage_due_at = created_at WHERE merged_into IS NULL AND attributes ? 'last_order_at';
CREATE INDEX customers_stage_due ON customers (stage_due_at) WHERE stage_due_at IS NOT NULL;
