-- +goose Up

-- Audiences far above the usual: asked about, refused, let in by a ramp (1 %, 10 %, all), stopped, or through. Whoever enters such a
-- journey waits at its door: her wake-up is not leased.
CREATE TABLE audiences (
    id          text PRIMARY KEY,
    journey_key text NOT NULL REFERENCES journeys,
    version     int NOT NULL,
    state       text NOT NULL CHECK (state IN ('asked', 'refused', 'ramp', 'stopped', 'through')),
    count       bigint NOT NULL,                   -- how many they are: what whoever approves must type
    most        bigint NOT NULL,                   -- how many would have passed without asking
    asked_at    timestamptz NOT NULL,
    asked_by    text NOT NULL,                     -- key_… of who published the version
    decided_at  timestamptz,
    decided_by  text NOT NULL DEFAULT '',
    reason      text NOT NULL DEFAULT '',          -- of a refusal, of a stop
    share       int NOT NULL DEFAULT 0,            -- percent who are let in
    share_at    timestamptz,                       -- since when
    pace        interval NOT NULL DEFAULT '4 hours', -- how long a share is looked at
    judged_at   timestamptz                        -- mail queued since then counts: after a stop that a person lifted, what came after it
);
CREATE UNIQUE INDEX audiences_open ON audiences (journey_key) WHERE state IN ('asked', 'ramp', 'stopped');
CREATE INDEX audiences_decided ON audiences (journey_key, decided_at);
CREATE INDEX enrollments_entered ON enrollments (journey_key, entered_at);

-- Below which number of people nobody asks; 0: never.
ALTER TABLE settings ADD COLUMN audience_floor int NOT NULL DEFAULT 1000 CHECK (audience_floor >= 0);

-- Who is let in first, of those who wait at a door: evenly, and always the same.
ALTER TABLE wakeups ADD COLUMN lot smallint GENERATED ALWAYS AS ((hashtext(enrollment_id) & 2147483647) % 100) STORED;
CREATE INDEX wakeups_lots ON wakeups (journey_key, lot) WHERE start;
