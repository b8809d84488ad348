-- +goose Up

-- What each refund of an order gave back that has an id of its own, by that id: two that are told at once are two.
ALTER TABLE orders ADD COLUMN refunds jsonb NOT NULL DEFAULT '{}';
