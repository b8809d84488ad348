-- +goose Up

-- A message that is being written has a desk, too: text that is not in the draft, for whoever wrote it.
ALTER TABLE draft_desks
    ADD COLUMN file text NOT NULL DEFAULT '',          -- we-miss-you.html; '': the journey's own text
    DROP CONSTRAINT draft_desks_pkey,
    ADD PRIMARY KEY (journey_key, user_id, file);
