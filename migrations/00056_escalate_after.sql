-- +goose Up

-- How much working time a team has for a task that it was told is overdue, before the next team is told: a duration of the language.
ALTER TABLE teams ADD COLUMN escalate_after text NOT NULL DEFAULT '1h';
