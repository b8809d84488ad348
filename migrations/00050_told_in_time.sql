-- +goose Up

-- Pauses of one customer that end by themselves, to be told of at that moment. Those that are there now end as they always did, untold.
ALTER TABLE pauses ADD COLUMN told boolean NOT NULL DEFAULT true;
ALTER TABLE pauses ALTER COLUMN told SET DEFAULT false;
CREATE INDEX pauses_over ON pauses (until_at, id)
    WHERE until_at IS NOT NULL AND ended_at IS NULL AND NOT told AND scope IN ('customer', 'customer_topic', 'enrollment');

-- That it was told stops nothing: it does not take the gate before the dot.
DROP TRIGGER pauses_gate ON pauses;
CREATE TRIGGER pauses_gate BEFORE INSERT OR UPDATE OF scope, target, since_at, until_at, ended_at, on_resume, spread ON pauses
    FOR EACH STATEMENT EXECUTE FUNCTION close_gate();

-- What a team has not done although it was told: when the next team is to be told (NULL: there is none, or it was), and when it was.
ALTER TABLE tasks ADD COLUMN pass_on_at timestamptz, ADD COLUMN passed_on_at timestamptz;
CREATE INDEX tasks_pass_on ON tasks (pass_on_at) WHERE done_at IS NULL AND pass_on_at IS NOT NULL;
