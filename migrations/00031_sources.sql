-- +goose Up

-- Systems that tell us of customers in shapes of their own, by webhooks that they sign.
CREATE TABLE sources (
    key          text PRIMARY KEY,
    name         text NOT NULL DEFAULT '',
    preset       text NOT NULL CHECK (preset IN ('shopify', 'woocommerce', 'stripe', 'standard', 'plain')),
    mapping      jsonb NOT NULL,
    secret       text NOT NULL,
    old_secret   text NOT NULL DEFAULT '',           -- good until old_wall, too
    old_wall     timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

-- What came in lately, and what became of it: without what it said.
CREATE TABLE source_deliveries (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_key text NOT NULL REFERENCES sources ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    name       text NOT NULL DEFAULT '',             -- as the sender calls what happened
    effect     text NOT NULL CHECK (effect IN ('taken', 'again', 'ignored', 'refused')),
    reason     text NOT NULL DEFAULT '',
    events     text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX source_deliveries_source ON source_deliveries (source_key, id);
