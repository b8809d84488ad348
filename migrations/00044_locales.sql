-- +goose Up

-- What customers read in other languages: names of topics by locale, {"fr": "Offres"}; the words of surveys stand in their forms.
ALTER TABLE topics ADD COLUMN names jsonb NOT NULL DEFAULT '{}';

-- The language of the page that she answered on; '' of answers from before, and of who was erased.
ALTER TABLE survey_invites ADD COLUMN locale text NOT NULL DEFAULT '';
