-- +goose Up

-- Who was drawn into which variant of a split, once per enrollment and step. The contest is the hash of what makes variants the
-- same: what was counted goes on through versions that do not change them. Draws name no customer; they outlive her.
CREATE TABLE draws (
    enrollment_id text NOT NULL REFERENCES enrollments,
    step          text NOT NULL,
    contest       text NOT NULL,
    journey_key   text NOT NULL,
    variant       text NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (enrollment_id, step, contest)
);
CREATE INDEX draws_contest ON draws (journey_key, step, contest, at);

-- The same for subjects: '' where a message has only the one of its template.
ALTER TABLE messages ADD COLUMN variant text NOT NULL DEFAULT '', ADD COLUMN contest text NOT NULL DEFAULT '';
CREATE INDEX messages_contest ON messages (journey_key, step, contest, queued_at) WHERE contest <> '';

-- The variant that was chosen for good, once.
CREATE TABLE winners (
    journey_key text NOT NULL REFERENCES journeys,
    step        text NOT NULL,
    contest     text NOT NULL,
    variant     text NOT NULL,
    tallies     jsonb NOT NULL,                     -- [journey.Tally] that decided
    decided_at  timestamptz NOT NULL,
    PRIMARY KEY (journey_key, step, contest)
);

-- What she is in her account, e.g. admin; '' where nobody said.
ALTER TABLE customers ADD COLUMN account_role text NOT NULL DEFAULT '';
