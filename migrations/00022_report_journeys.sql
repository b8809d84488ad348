-- +goose Up

-- Times that somebody entered a journey, as the reports count them.
CREATE TABLE report_enrollments (
    customer_id   text NOT NULL REFERENCES customers,
    enrollment_id text NOT NULL,
    journey_key   text NOT NULL,
    entered_at    timestamptz NOT NULL,
    holdout       boolean NOT NULL,
    reason        text NOT NULL,                   -- why it ended; '' it goes on
    reached       boolean NOT NULL,                -- its goal
    worth         bigint NOT NULL,                 -- of the goal, in ten-thousandths
    currency      text NOT NULL,
    got           text[] NOT NULL,                 -- messages that went out in it
    PRIMARY KEY (customer_id, enrollment_id)
);
CREATE INDEX report_enrollments_journey ON report_enrollments (journey_key, entered_at, enrollment_id);

-- What became of a message of a journey to one customer, in the month in which it went out.
CREATE TABLE report_messages (
    customer_id  text NOT NULL REFERENCES customers,
    month        date NOT NULL,
    journey_key  text NOT NULL,
    message      text NOT NULL,
    sent         int NOT NULL,
    bounced      int NOT NULL,
    complained   int NOT NULL,
    clicked      int NOT NULL,
    unsubscribed int NOT NULL,
    last_at      timestamptz NOT NULL,
    PRIMARY KEY (customer_id, month, journey_key, message)
);
CREATE INDEX report_messages_message ON report_messages (journey_key, message, month, customer_id);

CREATE INDEX report_coupons ON coupons (issued_at) WHERE issued_at IS NOT NULL;
CREATE INDEX report_tasks ON tasks (done_at) WHERE done_at IS NOT NULL;

-- The reports count more than before: from the beginning.
TRUNCATE report_orders, report_spells, report_answers, report_counts;
INSERT INTO report_counts SELECT * FROM report_nobody;
UPDATE reports SET walked_to = '', walked = 0, everybody = 0;
