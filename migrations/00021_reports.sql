-- +goose Up

-- The reports keep facts of each customer (report_orders, report_spells, report_answers), made of her events whenever some have been
-- applied, and counters of those facts. A cursor over the order of applying says how far they are.

-- Set while the inbox is applied, which one process does at a time: events become visible in this order. NULL: applied before
-- there was one.
CREATE SEQUENCE event_turns;
ALTER TABLE events ADD COLUMN turn bigint;
CREATE INDEX events_turn ON events (turn) WHERE turn IS NOT NULL;

CREATE TABLE reports (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    zone       text NOT NULL DEFAULT 'UTC',        -- in which months begin and end
    loss       jsonb NOT NULL DEFAULT '{"by": "no_order", "days": 90, "survey": "why-leaving"}', -- journey.LossDefinition
    turn       bigint NOT NULL DEFAULT 0,          -- of the last event that was counted
    walked_to  text DEFAULT '',                    -- the last customer of the first count, or of one anew; NULL: it is through
    walked     bigint NOT NULL DEFAULT 0,          -- how many customers it has seen
    everybody  bigint NOT NULL DEFAULT 0,          -- of how many, when it began; 0: it has not begun
    changed_at timestamptz,
    changed_by text NOT NULL DEFAULT ''
);
INSERT INTO reports DEFAULT VALUES;

-- Orders that stand, by month and currency.
CREATE TABLE report_orders (
    customer_id text NOT NULL REFERENCES customers,
    month       date NOT NULL,                     -- its first day
    currency    text NOT NULL,                     -- '' where none was said
    orders      int NOT NULL,
    total       bigint NOT NULL,                   -- ten-thousandths
    last_at     timestamptz NOT NULL,
    first_month date NOT NULL,                     -- of her first order of all
    PRIMARY KEY (customer_id, month, currency)
);
CREATE INDEX report_orders_month ON report_orders (month, customer_id);
CREATE INDEX report_orders_first ON report_orders (first_month, month, customer_id);

-- Times during which somebody was a customer, or her cart was open.
CREATE TABLE report_spells (
    customer_id text NOT NULL REFERENCES customers,
    began_at    timestamptz NOT NULL,
    ended_at    timestamptz,                       -- may lie ahead: then she is lost unless something comes in
    lost        boolean NOT NULL,
    reason      text NOT NULL,
    PRIMARY KEY (customer_id, began_at)
);
CREATE INDEX report_spells_lost ON report_spells (ended_at, customer_id, began_at) WHERE lost;
CREATE INDEX report_spells_began ON report_spells (began_at, customer_id);

CREATE TABLE report_answers (
    customer_id text NOT NULL REFERENCES customers,
    invitation  text NOT NULL,
    survey      text NOT NULL,
    kind        text NOT NULL,
    score       int,
    choice      text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (customer_id, invitation)
);
CREATE INDEX report_answers_survey ON report_answers (survey, at, customer_id);

-- The sum of what journey.Counts makes of all these facts.
CREATE TABLE report_counts (
    what   text NOT NULL,
    grain  text NOT NULL CHECK (grain IN ('month', 'quarter', 'year')),
    starts date NOT NULL,
    age    int NOT NULL,
    label  text NOT NULL,
    n      bigint NOT NULL,
    total  numeric NOT NULL,                       -- ten-thousandths of a currency
    PRIMARY KEY (what, grain, starts, age, label)
);

-- The part of it that nobody stands behind any more, because she was erased: a count anew begins with it.
CREATE TABLE report_nobody (LIKE report_counts INCLUDING ALL);
