-- +goose Up

-- The names under which events have come in, views included, our own events aside.
CREATE TABLE event_names (
    name     text PRIMARY KEY,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    count    bigint NOT NULL
);
CREATE INDEX event_names_first ON event_names (first_at DESC, name);

INSERT INTO event_names (name, first_at, last_at, count)
SELECT name, min(received_at), max(received_at), count(*) FROM events WHERE kind = 'track' AND name <> '' AND applied_at IS NOT NULL GROUP BY name;
