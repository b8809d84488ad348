-- +goose Up

-- Invitations that are out: they keep the form that they went out with, which whoever changes a survey is told.
CREATE INDEX survey_invites_out ON survey_invites (ask, expires_at) WHERE answered_at IS NULL;
