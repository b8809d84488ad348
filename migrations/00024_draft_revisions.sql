-- +goose Up

-- What a draft was before, so that a change can be undone and redone. The draft itself stands in journeys, and is the revision
-- of that number. A publish ends them: from then on the versions are the history.
CREATE TABLE draft_revisions (
    journey_key text NOT NULL REFERENCES journeys,
    number      int NOT NULL, -- from 1, the content with which the draft began
    at          timestamptz NOT NULL,
    made_wall   timestamptz NOT NULL, -- when it began; changes that follow each other closely are one revision
    by_id       text NOT NULL,
    by_name     text NOT NULL,
    source      text NOT NULL,
    files       jsonb NOT NULL,
    etag        text NOT NULL,
    PRIMARY KEY (journey_key, number)
);

ALTER TABLE journeys ADD COLUMN draft_revision int; -- NULL: there is no draft, or one from before there were revisions

-- Text of a journey that could not become its draft, because it has faults or somebody else was faster: kept for whoever typed it.
CREATE TABLE draft_desks (
    journey_key text NOT NULL,
    user_id     text NOT NULL,
    source      text NOT NULL,
    base_etag   text NOT NULL, -- of the draft that it began from
    at          timestamptz NOT NULL,
    PRIMARY KEY (journey_key, user_id)
);
