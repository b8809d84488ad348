-- +goose Up

-- What people of ours wrote down about a customer.
CREATE TABLE notes (
    id          text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customers,
    text        text NOT NULL,
    by          text NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX notes_customer ON notes (customer_id, id);
