-- +goose Up

-- An event that comes a second time is compared with the event itself: nothing of what it said is kept beside it.
ALTER TABLE event_ids DROP COLUMN body_hash;
