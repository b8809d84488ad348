-- +goose Up

-- Segments that the server keeps. Who is in them stands in segment_members; whatever changes a customer keeps it current.
CREATE TABLE segments (
    key        text PRIMARY KEY,
    name       text NOT NULL DEFAULT '',
    source     text NOT NULL,                       -- YAML or JSON, as it was given
    etag       text NOT NULL,
    version    int NOT NULL,
    filled_to  text,                                -- the last customer that was looked at for this version; NULL: everybody was
    filled     bigint NOT NULL DEFAULT 0,           -- how many were
    everybody  bigint NOT NULL DEFAULT 0,           -- of how many, when it began
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE INDEX segments_building ON segments (updated_at) WHERE filled_to IS NOT NULL;

-- What a segment was, for the audit.
CREATE TABLE segment_versions (
    segment text NOT NULL,
    number  int NOT NULL,
    source  text NOT NULL,                          -- '': it was deleted
    at      timestamptz NOT NULL,
    by      text NOT NULL,
    PRIMARY KEY (segment, number)
);

-- Who is in a segment; also who is not, where time alone may change that.
CREATE TABLE segment_members (
    segment     text NOT NULL REFERENCES segments ON DELETE CASCADE,
    customer_id text NOT NULL REFERENCES customers,
    member      boolean NOT NULL,
    since_at    timestamptz NOT NULL,               -- of what member says
    due_at      timestamptz,                        -- the earliest moment at which time alone may change it
    PRIMARY KEY (segment, customer_id)
);
CREATE INDEX segment_members_customer ON segment_members (customer_id);
CREATE INDEX segment_members_due ON segment_members (due_at) WHERE due_at IS NOT NULL;

-- Customers whose facts changed outside of the inbox: they are looked at again, and the row goes.
CREATE TABLE segment_checks (
    customer_id text PRIMARY KEY REFERENCES customers ON DELETE CASCADE
);
