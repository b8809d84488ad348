-- +goose Up

-- Those who sign in to the console. Who is disabled keeps the row, for the audit names it.
CREATE TABLE users (
    id          text PRIMARY KEY,
    email       text NOT NULL UNIQUE,              -- lower case
    name        text NOT NULL DEFAULT '',
    role        text NOT NULL CHECK (role IN ('admin', 'marketer', 'support', 'viewer')),
    language    text NOT NULL DEFAULT '',          -- of the console; '': what the browser asks for
    password    text NOT NULL DEFAULT '',          -- argon2id in PHC's form; '': none was set yet
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz
);

-- A browser that is signed in. The token itself is only in its cookie.
CREATE TABLE sessions (
    hash         bytea PRIMARY KEY,                -- SHA-256 of the token
    user_id      text NOT NULL REFERENCES users,
    created_wall timestamptz NOT NULL,
    seen_wall    timestamptz NOT NULL,
    expires_wall timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_age ON sessions (expires_wall);

-- A link that signs its holder in, or lets her choose a password: once. Used ones are deleted.
CREATE TABLE sign_in_links (
    hash         bytea PRIMARY KEY,                -- SHA-256 of the token
    user_id      text NOT NULL REFERENCES users,
    purpose      text NOT NULL CHECK (purpose IN ('sign_in', 'password')),
    expires_wall timestamptz NOT NULL
);
CREATE INDEX sign_in_links_user ON sign_in_links (user_id);
CREATE INDEX sign_in_links_age ON sign_in_links (expires_wall);

-- Attempts to sign in that did not succeed, per account and per address of the network, within a window of their own.
CREATE TABLE sign_in_attempts (
    subject    bytea PRIMARY KEY,                  -- SHA-256 of what is counted: nobody's address is kept
    tries      int NOT NULL,
    since_wall timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_age ON sign_in_attempts (since_wall);
