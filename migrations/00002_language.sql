-- +goose Up

-- A pause of one customer's mail on one topic; its target is customer/topic.
ALTER TABLE pauses DROP CONSTRAINT pauses_scope_check, ADD CONSTRAINT pauses_scope_check
    CHECK (scope IN ('customer', 'enrollment', 'journey', 'topic', 'everything', 'customer_topic'));

-- The colleagues of a customer.
CREATE INDEX customers_account ON customers (account_id) WHERE account_id IS NOT NULL;

-- A further trigger of an enrollment that is active asks it to take the new values over, or to begin anew.
ALTER TABLE requests DROP CONSTRAINT requests_verb_check, ADD CONSTRAINT requests_verb_check
    CHECK (verb IN ('skip', 'move', 'exit', 'update', 'restart')),
    ADD COLUMN data jsonb NOT NULL DEFAULT '{}'; -- {trigger, vars}

-- Journeys that the calendar starts (date, schedule, once): up to when everybody has been looked at.
CREATE TABLE calendar_scans (
    journey_key text PRIMARY KEY REFERENCES journeys,
    until_at    timestamptz NOT NULL
);

-- Of the journeys of a group a customer is in one at a time. The version that she entered says which, and how high it stands.
ALTER TABLE enrollments ADD COLUMN grp text NOT NULL DEFAULT '', ADD COLUMN priority int NOT NULL DEFAULT 0;

-- How many messages on a topic one customer gets: {Messages, Per in nanoseconds, Over}; NULL: as many as there are.
ALTER TABLE topics ADD COLUMN cap jsonb;
