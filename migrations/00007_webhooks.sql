-- +goose Up

-- Systems of others that are told our own events. The secret signs each request and is shown once, when it is made.
CREATE TABLE webhooks (
    id         text PRIMARY KEY,                   -- whk_…
    url        text NOT NULL,
    events     text[] NOT NULL,                    -- names
    secret     text NOT NULL,                      -- whsec_…
    state      text NOT NULL CHECK (state IN ('active', 'disabled')),
    reason     text NOT NULL DEFAULT '',           -- why it is disabled; else of the last failure, while it fails
    failures   int NOT NULL DEFAULT 0,             -- in a row
    failing_at timestamptz,                        -- since when
    failing_wall timestamptz,                      -- the same by the wall
    retry_wall timestamptz,                        -- while it fails: nothing is handed over before that
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE parcels DROP CONSTRAINT parcels_kind_check,
    ADD CONSTRAINT parcels_kind_check CHECK (kind IN ('notice', 'mail', 'event', 'test')),
    ADD COLUMN webhook_id text REFERENCES webhooks ON DELETE CASCADE, -- of an event or a test
    ADD COLUMN event_id text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX parcels_event ON parcels (webhook_id, event_id) WHERE kind = 'event';
CREATE INDEX parcels_webhook ON parcels (webhook_id, seq) WHERE webhook_id IS NOT NULL;
CREATE INDEX parcels_webhook_due ON parcels (webhook_id, due_wall, seq) WHERE state = 'queued' AND webhook_id IS NOT NULL;
DROP INDEX parcels_due;
CREATE INDEX parcels_due ON parcels (due_wall, seq) WHERE state = 'queued' AND webhook_id IS NULL;
