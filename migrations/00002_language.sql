-- +goose Up

-- A pause of one customer's mail on one topic; its target is customer/topic.
ALTER TABLE pauses DROP CONSTRAINT pauses_scope_check, ADD CONSTRAINT pauses_scope_check
    CHECK (scope IN ('customer', 'enrollment', 'journey', 'topic', 'everything', 'customer_topic'));

-- The colleagues of a customer.
CREATE INDEX customers_account ON customers (account_id) WHERE account_id IS NOT NULL;
