-- +goose Up

-- A pause that catches up lets what fell due go out over a time, not in the moment in which it ends.
ALTER TABLE pauses ADD COLUMN spread interval NOT NULL DEFAULT '0' CHECK (spread BETWEEN '0' AND '1 day');
CREATE INDEX pauses_spread ON pauses (coalesce(ended_at, until_at)) WHERE spread > '0';

-- Those who hold because of a wide pause are woken in batches once it has ended, by whoever comes first, from where the last one
-- got to. The second round finds those who began to hold while the pause was being ended.
CREATE TABLE resumes (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journey  text NOT NULL,                        -- those of one journey; '' everybody's
    round    int  NOT NULL DEFAULT 1,
    horizon  xid8,                                 -- of round 2: what was running when it began is over when nothing older runs
    round_wall timestamptz,                        -- when it began: what outlives our timeouts is none of ours
    woken_to text NOT NULL DEFAULT ''              -- id of the last enrollment that was looked at
);
