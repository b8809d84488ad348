-- +goose Up

-- People of ours who are told of customers, and who have tasks.
CREATE TABLE teams (
    key        text PRIMARY KEY,
    name       text NOT NULL DEFAULT '',
    emails     text[] NOT NULL DEFAULT '{}',
    url        text NOT NULL DEFAULT '',           -- takes {"text": …}; may hold a secret, so nothing gives it out
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What goes out beside the ledger: to teams. Nothing here is to a customer; what is about one goes with her.
CREATE TABLE parcels (
    id          text PRIMARY KEY,                  -- par_…; the Message-ID of a mail is made from it
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    kind        text NOT NULL CHECK (kind IN ('notice', 'mail')),
    team        text NOT NULL DEFAULT '',
    address     text NOT NULL DEFAULT '',          -- of a mail
    text        text NOT NULL DEFAULT '',
    customer_id text REFERENCES customers,
    state       text NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')),
    attempt     int NOT NULL DEFAULT 0,            -- the fence
    due_wall    timestamptz NOT NULL,              -- queued: not before; under way: until the attempt is given up
    status      int,                               -- of the last reply
    reason      text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX parcels_due ON parcels (due_wall, seq) WHERE state = 'queued';
CREATE INDEX parcels_customer ON parcels (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX parcels_old ON parcels (created_at) WHERE state <> 'queued';
