-- +goose Up
-- Whose data a test mail shows; NULL: the sample's, or it is no test mail. Test mails belong to cus_test, who is nobody: a customer row
-- that is merged into itself and so never found. It is made by the first test.
ALTER TABLE messages ADD COLUMN shows_id text;
CREATE INDEX messages_shows ON messages (shows_id) WHERE shows_id IS NOT NULL;
