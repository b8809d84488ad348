-- +goose Up

-- Times: columns that end in _at hold product time (what journeys speak of); columns that end in _wall hold wall time
-- (leases, backoff, deadlines). No statement reads the clock of the server: every instant is a parameter.

-- The installation: one row.
CREATE TABLE settings (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch_wall    timestamptz,                     -- with epoch_product and speed: the one clock
    epoch_product timestamptz,
    speed         double precision NOT NULL DEFAULT 1 CHECK (speed > 0),
    seen_at       timestamptz,                     -- at a speed other than 1: the last moment at which the clock was seen to run
    sending       boolean NOT NULL DEFAULT true,   -- the kill switch
    live          boolean NOT NULL DEFAULT false,  -- until someone says so, only the sandbox relay and the allow-list
    allow_list    text[]  NOT NULL DEFAULT '{}',   -- addresses, or @domain
    token_key     bytea   NOT NULL,                -- signs the public links
    daily_ceiling int     NOT NULL DEFAULT 5 CHECK (daily_ceiling >= 0), -- marketing messages per customer in 24 hours; 0: no ceiling
    install       jsonb,                           -- where the installation lives; NULL: not noted yet
    held_reason   text    NOT NULL DEFAULT '',     -- why nothing is sent until a person releases it; '' when not held
    held_at       timestamptz,
    released_at   timestamptz                      -- the last time that someone did
);

-- What is not to be sent for now, beside the kill switch for everything: a row stops, its absence lets pass. Messages stay queued.
CREATE TABLE switches (
    scope  text NOT NULL CHECK (scope IN ('journey', 'template', 'domain')),
    target text NOT NULL,                          -- key; key/message; domain of the recipient in lower case
    reason text NOT NULL,
    by     text NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (scope, target)
);

CREATE TABLE keys (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    role       text NOT NULL CHECK (role IN ('admin', 'marketer', 'support', 'viewer', 'ingest')),
    hash       bytea NOT NULL UNIQUE,              -- SHA-256 of the key; the key itself is shown once
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Append only: who did what, to whom.
CREATE TABLE audit (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    actor  text NOT NULL,                          -- id of a key, or the name of a part of the system
    role   text NOT NULL,
    verb   text NOT NULL,                          -- e.g. customer.pause
    target text NOT NULL,                          -- e.g. cus_…, win-back
    detail jsonb NOT NULL DEFAULT '{}'
);

-- Answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency (
    key        text NOT NULL,
    actor      text NOT NULL,
    body_hash  bytea NOT NULL,
    status     int NOT NULL,
    response   bytea NOT NULL,
    created_wall timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE TABLE accounts (
    id          text PRIMARY KEY,
    external_id text UNIQUE,
    name        text NOT NULL DEFAULT '',
    attributes  jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE customers (
    id          text PRIMARY KEY,
    external_id text,
    email       text NOT NULL DEFAULT '',
    first_name  text NOT NULL DEFAULT '',
    last_name   text NOT NULL DEFAULT '',
    locale      text NOT NULL DEFAULT '',
    timezone    text NOT NULL DEFAULT '',
    account_id  text REFERENCES accounts,
    attributes  jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL,
    merged_into text REFERENCES customers,
    applied     bigint NOT NULL DEFAULT 0          -- number of the last event applied to her
);
CREATE INDEX customers_email ON customers (lower(email)) WHERE email <> '';
CREATE INDEX customers_name ON customers (lower(first_name || ' ' || last_name));

-- Every id by which callers know a customer; a merge moves the rows.
CREATE TABLE customer_ids (
    kind        text NOT NULL CHECK (kind IN ('user', 'anonymous')),
    external_id text NOT NULL,
    customer_id text NOT NULL REFERENCES customers,
    PRIMARY KEY (kind, external_id)
);
CREATE INDEX customer_ids_customer ON customer_ids (customer_id);

CREATE TABLE topics (
    key           text PRIMARY KEY,
    name          text NOT NULL,
    double_opt_in boolean NOT NULL DEFAULT false
);

CREATE TABLE consents (
    customer_id text NOT NULL REFERENCES customers,
    topic       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('given', 'confirmed', 'withdrawn')),
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, topic)
);

-- The proof: what, when, where, in what words, for which address. Append only.
CREATE TABLE consent_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customers,
    topic       text NOT NULL,
    state       text NOT NULL,
    source      text NOT NULL,
    wording     text NOT NULL DEFAULT '',
    address     text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL
);
CREATE INDEX consent_changes_customer ON consent_changes (customer_id, id);

CREATE TABLE suppressions (
    address text PRIMARY KEY,                      -- lower case
    scope   text NOT NULL CHECK (scope IN ('all', 'marketing', 'suspended')),
    reason  text NOT NULL,
    at      timestamptz NOT NULL,
    until_at timestamptz                           -- suspended: before that it takes nothing at all, whatever the scope
);

-- The inbox and the stream. A row is accepted when it is committed; applying it sets applied_at, customer_id and number.
CREATE TABLE events (
    id           text PRIMARY KEY,
    seq          bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- order of acceptance
    kind         text NOT NULL,
    customer_id  text,
    user_id      text NOT NULL DEFAULT '',
    anonymous_id text NOT NULL DEFAULT '',
    name         text NOT NULL DEFAULT '',
    properties   jsonb NOT NULL DEFAULT '{}',
    context      jsonb NOT NULL DEFAULT '{}',
    happened_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    historical   boolean NOT NULL DEFAULT false,
    applied_at   timestamptz,
    number       bigint,
    outcome      jsonb                              -- what it did, and why nothing
);
CREATE INDEX events_inbox ON events (seq) WHERE applied_at IS NULL;
CREATE UNIQUE INDEX events_stream ON events (customer_id, number) WHERE number IS NOT NULL;
CREATE INDEX events_name ON events (customer_id, name, number DESC) WHERE number IS NOT NULL;

-- The callers' own ids of events, kept apart so that events can be partitioned: duplicates within the window have no effect.
CREATE TABLE event_ids (
    message_id  text PRIMARY KEY,
    event_id    text NOT NULL,
    body_hash   bytea NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX event_ids_age ON event_ids USING brin (received_at); -- for forgetting them after the window

-- Per customer and name of event: how often and when. Serves `inactive` and attributes without scanning events.
CREATE TABLE event_totals (
    customer_id   text NOT NULL REFERENCES customers,
    name          text NOT NULL,
    count         bigint NOT NULL,
    first_at      timestamptz NOT NULL,
    last_at       timestamptz NOT NULL,
    last_event_id text NOT NULL,
    PRIMARY KEY (customer_id, name)
);
CREATE INDEX event_totals_last ON event_totals (name, last_at);

CREATE TABLE journeys (
    key          text PRIMARY KEY,
    id           text NOT NULL UNIQUE,
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'live', 'archived')),
    live_version int,
    draft_source text,                              -- YAML; NULL: no draft
    draft_files  jsonb NOT NULL DEFAULT '{}',       -- templates of the draft: file name → text
    draft_etag   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

-- Published versions never change.
CREATE TABLE versions (
    id           text PRIMARY KEY,
    journey_key  text NOT NULL REFERENCES journeys,
    number       int NOT NULL,
    hash         text NOT NULL,                     -- of source and files
    source       text NOT NULL,
    files        jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    UNIQUE (journey_key, number)
);

CREATE TABLE enrollments (
    id          text PRIMARY KEY,
    journey_key text NOT NULL REFERENCES journeys,
    version     int NOT NULL,
    customer_id text NOT NULL REFERENCES customers,
    entry_key   text NOT NULL,
    status      text NOT NULL CHECK (status IN ('active', 'ended')),
    reason      text NOT NULL DEFAULT '',
    held        text NOT NULL DEFAULT '',           -- why a person must release it; '' when not held
    released    boolean NOT NULL DEFAULT false,     -- a person let it go on: its driver may be ahead of what is stored, until it decides
    seq         bigint NOT NULL DEFAULT 0,          -- of the last Advance that was applied
    state       jsonb NOT NULL,                     -- journey.State
    plan        jsonb,                              -- journey.Plan of that Advance
    step        text NOT NULL DEFAULT '',
    due_at      timestamptz,
    listens     text[] NOT NULL DEFAULT '{}',
    holdout     boolean NOT NULL DEFAULT false,
    entered_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    goal_at     timestamptz,
    goal_value  double precision,
    FOREIGN KEY (journey_key, version) REFERENCES versions (journey_key, number),
    UNIQUE (journey_key, customer_id, entry_key)
);
CREATE INDEX enrollments_customer ON enrollments (customer_id);
CREATE INDEX enrollments_active ON enrollments (journey_key, version, step) WHERE status = 'active';
CREATE INDEX enrollments_held ON enrollments (id) WHERE held <> '';

-- Wake-ups are levels: one versioned row per enrollment. Intake and control upsert it, only Advance deletes it, at the version
-- that it read under the lock; the relay signals (or starts) until it is gone.
CREATE TABLE wakeups (
    enrollment_id text PRIMARY KEY REFERENCES enrollments,
    version       bigint NOT NULL DEFAULT 1,
    start         boolean NOT NULL DEFAULT false,   -- never signalled yet: start first
    journey_key   text NOT NULL,
    tries         int NOT NULL DEFAULT 0,
    leased_wall   timestamptz,                      -- until when a relay has it
    created_wall  timestamptz NOT NULL
);
CREATE INDEX wakeups_due ON wakeups (start, leased_wall NULLS FIRST);
CREATE INDEX wakeups_starts ON wakeups (journey_key, created_wall) WHERE start;

-- What support asked of an enrollment; Advance carries it out and deletes it.
CREATE TABLE requests (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enrollment_id text NOT NULL REFERENCES enrollments,
    verb          text NOT NULL CHECK (verb IN ('skip', 'move', 'exit')),
    to_step       text NOT NULL DEFAULT '',
    reason        text NOT NULL DEFAULT '',
    by            text NOT NULL,
    at            timestamptz NOT NULL
);
CREATE INDEX requests_enrollment ON requests (enrollment_id, id);

-- What happened to her at each step, and why: the timeline.
CREATE TABLE step_log (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enrollment_id text NOT NULL REFERENCES enrollments,
    customer_id   text NOT NULL,
    journey_key   text NOT NULL,
    seq           bigint NOT NULL,
    at            timestamptz NOT NULL,
    step          text NOT NULL DEFAULT '',
    what          text NOT NULL,
    detail        jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX step_log_enrollment ON step_log (enrollment_id, id);
CREATE INDEX step_log_customer ON step_log (customer_id, id);

-- The ledger: one row per message, made before any socket opens.
CREATE TABLE messages (
    id            text PRIMARY KEY,
    enrollment_id text NOT NULL,                    -- '' of one mail that was asked for by itself: its step holds the key
    enrollment_ref text GENERATED ALWAYS AS (nullif(enrollment_id, '')) STORED REFERENCES enrollments,
    step          text NOT NULL,
    visit         int NOT NULL,
    customer_id   text NOT NULL REFERENCES customers,
    channel       text NOT NULL,
    journey_key   text NOT NULL,
    version       int NOT NULL,
    lane          text NOT NULL,
    topic         text NOT NULL,
    template      text NOT NULL,
    sender        text NOT NULL DEFAULT '',
    reply_to      text NOT NULL DEFAULT '',
    survey_id     text NOT NULL DEFAULT '',
    coupons       jsonb NOT NULL DEFAULT '{}',      -- as → cpn_…
    data          jsonb NOT NULL DEFAULT '{}',      -- journey.MessageData
    state         text NOT NULL CHECK (state IN
                  ('queued', 'claimed', 'at_dot', 'accepted', 'deferred', 'failed', 'unknown', 'dropped')),
    reason        text NOT NULL DEFAULT '',
    attempt       int NOT NULL DEFAULT 0,           -- the fence
    not_before_at timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    queued_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    retry_wall    timestamptz,                      -- of a deferred message
    leased_wall   timestamptz,                      -- of a claimed one, or one at the dot
    dot_wall      timestamptz,                      -- when at_dot was committed
    message_id    text NOT NULL UNIQUE,
    address       text NOT NULL DEFAULT '',
    subject       text NOT NULL DEFAULT '',
    bytes         bytea,                            -- as sent; kept 30 days, then only their hash
    bytes_hash    bytea,
    resent        boolean NOT NULL DEFAULT false,   -- transactional, was in doubt: it goes out once more, and never again
    links         text[] NOT NULL DEFAULT '{}',     -- targets of its click links, in order
    reply_code    int,
    reply_text    text NOT NULL DEFAULT '',
    UNIQUE (enrollment_id, step, visit, customer_id, channel)
);
-- Fair between journeys: each journey of a lane is a queue of its own.
CREATE INDEX messages_claim ON messages (lane, journey_key, not_before_at, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX messages_retry ON messages (lane, retry_wall) WHERE state IN ('queued', 'deferred') AND retry_wall IS NOT NULL;
CREATE INDEX messages_open ON messages (customer_id, lane, not_before_at, id) WHERE state IN ('queued', 'deferred', 'claimed', 'at_dot');
CREATE INDEX messages_flight ON messages (lane, leased_wall) WHERE state IN ('claimed', 'at_dot');
CREATE INDEX messages_customer ON messages (customer_id, queued_at);

-- What was said of messages after a relay had taken or refused them, once of each kind. Whom it is about stands with the message.
CREATE TABLE bounces (
    message_id text NOT NULL REFERENCES messages ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('hard', 'soft', 'complaint')),
    code       int NOT NULL DEFAULT 0,             -- SMTP reply; 0 unknown
    status     text NOT NULL DEFAULT '',           -- RFC 3463
    source     text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (message_id, kind)
);

-- Clicks and views: observations, marked human or machine. They never change a customer by themselves.
CREATE TABLE observations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id text NOT NULL REFERENCES messages,
    kind       text NOT NULL CHECK (kind IN ('click', 'view')),
    url        text NOT NULL DEFAULT '',
    machine    boolean NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX observations_message ON observations (message_id);

CREATE TABLE pools (
    key       text PRIMARY KEY,
    alphabet  text NOT NULL DEFAULT '',             -- with length: codes are made on demand
    length    int NOT NULL DEFAULT 0,
    low_water int NOT NULL DEFAULT 0
);

CREATE TABLE coupons (
    id            text PRIMARY KEY,
    pool          text NOT NULL REFERENCES pools,
    code          text NOT NULL UNIQUE,             -- upper case
    state         text NOT NULL CHECK (state IN ('free', 'issued', 'redeemed', 'expired', 'released')),
    customer_id   text REFERENCES customers,
    enrollment_id text REFERENCES enrollments,
    step          text NOT NULL DEFAULT '',
    visit         int NOT NULL DEFAULT 0,
    alias         text NOT NULL DEFAULT '',         -- `as`
    expires       interval,                         -- from the promised time of the message that first carries it
    expires_at    timestamptz,
    issued_at     timestamptz,
    redeemed_at   timestamptz,
    order_id      text NOT NULL DEFAULT '',
    value         double precision,
    currency      text NOT NULL DEFAULT ''
);
CREATE INDEX coupons_free ON coupons (pool, id) WHERE state = 'free';
CREATE UNIQUE INDEX coupons_use ON coupons (enrollment_id, step, visit) WHERE enrollment_id IS NOT NULL;
CREATE INDEX coupons_customer ON coupons (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE surveys (
    key  text PRIMARY KEY,
    form jsonb NOT NULL                             -- journey.SurveyForm
);

CREATE TABLE survey_invites (
    id            text PRIMARY KEY,
    ask           text NOT NULL,
    form          jsonb NOT NULL,                   -- as it was when asked
    customer_id   text NOT NULL REFERENCES customers,
    enrollment_id text NOT NULL REFERENCES enrollments,
    step          text NOT NULL,
    visit         int NOT NULL,
    opened_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    answered_at   timestamptz,
    score         int,
    choice        text NOT NULL DEFAULT '',
    comment       text NOT NULL DEFAULT '',
    UNIQUE (enrollment_id, step, visit)
);
CREATE INDEX survey_invites_customer ON survey_invites (customer_id);

CREATE TABLE tasks (
    id            text PRIMARY KEY,
    customer_id   text NOT NULL REFERENCES customers,
    enrollment_id text NOT NULL REFERENCES enrollments,
    step          text NOT NULL,
    visit         int NOT NULL,
    title         text NOT NULL,
    team          text NOT NULL DEFAULT '',
    assignee      text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    due_at        timestamptz,
    done_at       timestamptz,
    outcome       text NOT NULL DEFAULT '',
    note          text NOT NULL DEFAULT '',
    done_by       text NOT NULL DEFAULT '',
    UNIQUE (enrollment_id, step, visit)
);
CREATE INDEX tasks_open ON tasks (due_at) WHERE done_at IS NULL;
CREATE INDEX tasks_customer ON tasks (customer_id);

CREATE TABLE pauses (
    id        text PRIMARY KEY,
    scope     text NOT NULL CHECK (scope IN ('customer', 'enrollment', 'journey', 'topic', 'everything')),
    target    text NOT NULL,
    reason    text NOT NULL,
    by        text NOT NULL,
    since_at  timestamptz NOT NULL,
    until_at  timestamptz,
    ended_at  timestamptz,
    ended_by  text NOT NULL DEFAULT '',
    on_resume text NOT NULL CHECK (on_resume IN ('keep', 'catch_up', 'skip'))
);
CREATE INDEX pauses_target ON pauses (scope, target, since_at);
CREATE INDEX pauses_open ON pauses (scope, target) WHERE ended_at IS NULL;

-- The gate before the dot. Letting messages pass takes this lock shared, then looks; whatever can stop a message takes it
-- alone until it commits. So a look comes either before a stop, and then the dot is committed before the stop is, or after it,
-- and then it sees it: when a stop has committed, nothing that it forbids reaches the dot. (Consents need no gate: the look
-- shares their rows, which a withdrawal changes.)
-- +goose StatementBegin
CREATE FUNCTION close_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7243010);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER pauses_gate BEFORE INSERT OR UPDATE ON pauses FOR EACH STATEMENT EXECUTE FUNCTION close_gate();
CREATE TRIGGER suppressions_gate BEFORE INSERT OR UPDATE ON suppressions FOR EACH STATEMENT EXECUTE FUNCTION close_gate();
CREATE TRIGGER switches_gate BEFORE INSERT OR UPDATE ON switches FOR EACH STATEMENT EXECUTE FUNCTION close_gate();
CREATE TRIGGER settings_gate BEFORE UPDATE ON settings FOR EACH STATEMENT EXECUTE FUNCTION close_gate();

-- Erasure. What is hers goes; rows that only count stay, and name cus_erased, who is nobody: a customer row that is merged into
-- itself and so never found. It is made by the first erasure.
CREATE TABLE erasures (
    customer_id text PRIMARY KEY,                  -- cus_… of her who was erased: it leads nowhere any more
    asked_at    timestamptz NOT NULL,
    rows        bigint NOT NULL DEFAULT 0,         -- gone or made anonymous so far
    finished_at timestamptz                        -- NULL: events of hers are still there, unreadable; a background step takes them
);
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX erasures_open ON erasures (customer_id) WHERE finished_at IS NULL;
CREATE INDEX event_ids_event ON event_ids (event_id);
CREATE INDEX events_parked ON events (user_id) WHERE applied_at IS NOT NULL AND number IS NULL;
CREATE INDEX audit_target ON audit (target);
ALTER TABLE idempotency ADD COLUMN customer_id text NOT NULL DEFAULT ''; -- whom the answer names
CREATE INDEX idempotency_customer ON idempotency (customer_id) WHERE customer_id <> '';

-- An anonymous message never changes again: a late reply or bounce would bring her address back.
-- +goose StatementBegin
CREATE FUNCTION leave_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
-- +goose StatementEnd
CREATE TRIGGER messages_erased BEFORE UPDATE ON messages FOR EACH ROW WHEN (OLD.customer_id = 'cus_erased')
    EXECUTE FUNCTION leave_alone();

-- The suppression of an erased address stays, as 'sealed:' and its HMAC-SHA256 under settings.token_key: it can be recognised
-- and not be read. Postgres has SHA-256 only, so the two padded keys of RFC 2104 are kept ready (a key is at most 64 bytes).
-- +goose StatementBegin
CREATE FUNCTION hmac_pad(key bytea, pad int) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE padded bytea := decode(repeat(lpad(to_hex(pad), 2, '0'), 64), 'hex');
BEGIN
    IF length(key) > 64 THEN RAISE EXCEPTION 'a token key has at most 64 bytes'; END IF;
    FOR i IN 0 .. length(key) - 1 LOOP
        padded := set_byte(padded, i, get_byte(key, i) # pad);
    END LOOP;
    RETURN padded;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION seal(address text, ipad bytea, opad bytea) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT 'sealed:' || encode(sha256(opad || sha256(ipad || convert_to(address, 'UTF8'))), 'hex') $$;
-- +goose StatementEnd
ALTER TABLE settings ADD COLUMN ipad bytea GENERATED ALWAYS AS (hmac_pad(token_key, 54)) STORED,
    ADD COLUMN opad bytea GENERATED ALWAYS AS (hmac_pad(token_key, 92)) STORED;

-- What Postgres knows of Temporal: one row.
CREATE TABLE temporal (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    namespace text NOT NULL DEFAULT '',            -- id of the namespace in which the drivers run; '': not noted yet
    walked_to text NOT NULL DEFAULT '',            -- the last enrollment that the reconciler has looked at; '': it begins anew
    tide      bigint NOT NULL DEFAULT 0            -- only grows; the lanes carry it in Temporal, so that a Postgres that went back is noticed
);
INSERT INTO temporal DEFAULT VALUES;
