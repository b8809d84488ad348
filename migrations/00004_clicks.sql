-- +goose Up

-- A click by a person becomes an event in her stream, once: a scan tells of those that are not told. Those of before this
-- release are history.
ALTER TABLE observations ADD COLUMN told boolean NOT NULL DEFAULT true;
ALTER TABLE observations ALTER COLUMN told SET DEFAULT false;
CREATE INDEX observations_untold ON observations (id) WHERE kind = 'click' AND NOT machine AND NOT told;
