-- +goose Up

-- Who is told when a pool runs out of codes, and what they were told last: 'new' nothing was ever in it, 'wanted' and somebody stands before
-- it, 'ok', 'low', 'empty'.
ALTER TABLE pools
    ADD COLUMN team  text NOT NULL DEFAULT '',
    ADD COLUMN level text NOT NULL DEFAULT 'new' CHECK (level IN ('new', 'wanted', 'ok', 'low', 'empty'));
