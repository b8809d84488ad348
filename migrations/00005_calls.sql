-- +goose Up

-- Addresses outside that journeys call, declared on the server. The secret signs each request and is given out by nothing.
CREATE TABLE endpoints (
    key        text PRIMARY KEY,
    url        text NOT NULL,
    secret     text NOT NULL,                      -- whsec_…
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What webhook steps ask for: one row per call, made by the decision, before any socket opens.
CREATE TABLE calls (
    id            text PRIMARY KEY,                -- cal_…; the webhook-id of every attempt
    enrollment_id text NOT NULL REFERENCES enrollments,
    customer_id   text NOT NULL REFERENCES customers,
    step          text NOT NULL,
    visit         int NOT NULL,
    endpoint      text NOT NULL,                   -- key
    body          bytea,                           -- JSON; kept 30 days
    state         text NOT NULL CHECK (state IN ('open', 'answered', 'failed', 'dropped')),
    attempt       int NOT NULL DEFAULT 0,          -- the fence
    leased_wall   timestamptz,                     -- an attempt is under way, or the next one has to wait, until then
    status        int,                             -- HTTP, of the last attempt that got a reply
    reply         bytea,                           -- at most 64 KiB; kept 30 days
    reason        text NOT NULL DEFAULT '',        -- of the last attempt that was not answered with a 2xx
    created_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    UNIQUE (enrollment_id, step, visit)
);
CREATE INDEX calls_customer ON calls (customer_id);
CREATE INDEX calls_old ON calls (created_at) WHERE body IS NOT NULL;
