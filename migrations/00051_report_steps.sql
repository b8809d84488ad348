-- +goose Up

-- Where an enrollment has been, as the reports count it.
ALTER TABLE report_enrollments
    ADD COLUMN came    text[] NOT NULL DEFAULT '{}',    -- steps, each once
    ADD COLUMN took    text[] NOT NULL DEFAULT '{}',    -- ways out of them, as step/way, each once
    ADD COLUMN at_step text NOT NULL DEFAULT '';        -- where she stands, or stood when it ended; '' before the first step

-- Customers of whom an enrollment has moved since the reports looked: a line for each decision, taken away by whoever counts.
CREATE TABLE report_moves (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id text NOT NULL
);

-- The reports count more than before: from the beginning. What they have counted stays until each customer's turn.
UPDATE reports SET walked_to = '', walked = 0, everybody = 0;
