-- +goose Up

-- When a team works, who looks after what it has not done in time, and which team has what nobody else has.
ALTER TABLE teams
    ADD COLUMN hours       jsonb,                                -- {zone, open: [{days, from, to}], holidays}; null: around the clock
    ADD COLUMN escalate_to text REFERENCES teams ON DELETE SET NULL,
    ADD COLUMN is_default  boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX teams_default ON teams (is_default) WHERE is_default;

-- A task comes from a step of a journey, or from a reply to a mail; a reply may be from somebody whom we do not know.
ALTER TABLE tasks
    ALTER COLUMN customer_id DROP NOT NULL,
    ALTER COLUMN enrollment_id DROP NOT NULL,
    ALTER COLUMN step SET DEFAULT '',
    ALTER COLUMN visit SET DEFAULT 0,
    ADD COLUMN source       text NOT NULL DEFAULT 'journey' CHECK (source IN ('journey', 'reply')),
    ADD COLUMN sender       text NOT NULL DEFAULT '',            -- address that the reply came from
    ADD COLUMN text         text NOT NULL DEFAULT '',            -- of the reply
    ADD COLUMN answers      text NOT NULL DEFAULT '',            -- msg_… that was replied to; '' unknown
    ADD COLUMN reply_id     text,                                -- by which a reply is known that comes again
    ADD COLUMN claimed_at   timestamptz,
    ADD COLUMN escalated_at timestamptz;                         -- its team was told that it is overdue
CREATE UNIQUE INDEX tasks_reply ON tasks (reply_id) WHERE reply_id IS NOT NULL;
CREATE INDEX tasks_sender ON tasks (lower(sender)) WHERE sender <> '';
CREATE INDEX tasks_list ON tasks (coalesce(due_at, 'infinity'), id) WHERE done_at IS NULL;
CREATE INDEX tasks_done ON tasks (done_at, id) WHERE done_at IS NOT NULL;
CREATE INDEX tasks_overdue ON tasks (due_at) WHERE done_at IS NULL AND escalated_at IS NULL;
DROP INDEX tasks_open;

-- A note can be about a task; where the task is about nobody we know, so is the note.
ALTER TABLE notes ALTER COLUMN customer_id DROP NOT NULL, ADD COLUMN task_id text REFERENCES tasks ON DELETE CASCADE;
CREATE INDEX notes_task ON notes (task_id, id) WHERE task_id IS NOT NULL;
