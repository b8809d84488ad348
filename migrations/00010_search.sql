-- +goose Up

-- Finding a customer by the beginning of her address or name, by a caller's id in any case, or by the number of an order. Ranges of
-- texts by their bytes serve a beginning, also in statements that were prepared.
CREATE INDEX customers_email_begins ON customers ((lower(email) COLLATE "C")) WHERE email <> '';
CREATE INDEX customers_name_begins ON customers ((lower(first_name || ' ' || last_name) COLLATE "C"));
CREATE INDEX customers_last_name_begins ON customers ((lower(last_name) COLLATE "C")) WHERE last_name <> '';
DROP INDEX customers_name;
CREATE INDEX customer_ids_lower ON customer_ids ((lower(external_id)));
CREATE INDEX events_order ON events ((properties->>'order_id')) WHERE name = 'Order Completed' AND number IS NOT NULL;
