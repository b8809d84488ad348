-- +goose Up

-- Answers to one survey in a span of time.
CREATE INDEX survey_invites_answered ON survey_invites (ask, answered_at DESC, id DESC) WHERE answered_at IS NOT NULL;
CREATE INDEX survey_invites_opened ON survey_invites (ask, opened_at);
