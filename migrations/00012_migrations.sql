-- +goose Up

-- A migration of whoever is in flight to another version of a journey (or out of it): made with the version, carried out in the
-- background. Nothing in it is anybody's.
CREATE TABLE migrations (
    id          text PRIMARY KEY,                  -- mig_…
    journey_key text NOT NULL REFERENCES journeys,
    version     int NOT NULL,                      -- to which
    in_flight   text NOT NULL CHECK (in_flight IN ('migrate', 'exit')),
    map         jsonb NOT NULL DEFAULT '{}',       -- step → step, where ids differ
    waits       text NOT NULL CHECK (waits IN ('keep', 'recompute')),
    by          text NOT NULL,
    total       int NOT NULL,                      -- how many were on an older version when it began
    walked_to   text NOT NULL DEFAULT '',          -- the last enrollment that was asked; '': it begins, or begins again for latecomers
    horizon     xid8,                              -- it is not finished while a transaction from before its first look is open
    began_at    timestamptz NOT NULL,
    finished_at timestamptz,
    FOREIGN KEY (journey_key, version) REFERENCES versions (journey_key, number)
);
CREATE INDEX migrations_open ON migrations (id) WHERE finished_at IS NULL;
CREATE INDEX migrations_journey ON migrations (journey_key, id);

-- What a migration asks of an enrollment is a request like any other: Advance carries it out.
ALTER TABLE requests DROP CONSTRAINT requests_verb_check, ADD CONSTRAINT requests_verb_check
    CHECK (verb IN ('skip', 'move', 'exit', 'update', 'restart', 'migrate')),
    ADD COLUMN migration text REFERENCES migrations;
CREATE INDEX requests_migration ON requests (migration, enrollment_id) WHERE migration IS NOT NULL;
