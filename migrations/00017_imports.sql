-- +goose Up

-- Files of customers on their way in.
CREATE TABLE imports (
    id          text PRIMARY KEY,
    by          text NOT NULL,                     -- id of the key that sent it
    key         text NOT NULL,                     -- tells the same file sent again from another one
    name        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('uploading', 'checked', 'applying', 'done', 'stopped')),
    columns     jsonb NOT NULL,                    -- journey.ImportColumn, in the order of the file
    source      text NOT NULL DEFAULT '',
    wording     text NOT NULL DEFAULT '',
    dry_run     boolean NOT NULL,
    lines       bigint NOT NULL DEFAULT 0,
    refused     bigint NOT NULL DEFAULT 0,
    known       bigint NOT NULL DEFAULT 0,
    suppressed  bigint NOT NULL DEFAULT 0,
    applied     bigint NOT NULL DEFAULT 0,
    staged_to   bigint NOT NULL DEFAULT 0,         -- line of the file up to which it was read
    applied_to  bigint NOT NULL DEFAULT 0,         -- line up to which it stands in the inbox
    inbox_seq   bigint NOT NULL DEFAULT 0,         -- of the last event that it made
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    UNIQUE (by, key)
);
CREATE INDEX imports_open ON imports (created_at) WHERE state IN ('uploading', 'applying');

-- Lines that wait to be applied, and those that were refused. Both go: the former when applied, the latter after 30 days.
CREATE TABLE import_lines (
    import_id text NOT NULL REFERENCES imports ON DELETE CASCADE,
    line      bigint NOT NULL,
    address   text NOT NULL,                       -- lower case
    user_id   text NOT NULL,
    traits    jsonb NOT NULL,
    fields    text[] NOT NULL,                     -- of a refused one, as they stood
    reason    text NOT NULL,                       -- '' when it was not refused
    PRIMARY KEY (import_id, line)
);
