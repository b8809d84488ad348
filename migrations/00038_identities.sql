-- +goose Up

-- Who a provider of sign-ins says that a user is. Issuer and subject never change, whatever her address becomes.
CREATE TABLE user_identities (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    user_id   text NOT NULL REFERENCES users,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)                       -- an address that was given to somebody else does not open what was hers
);
