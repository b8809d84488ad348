-- +goose Up

-- What people ask senders to try at once, although a breaker leaves it alone: the sender takes the row and the breaker's note away.
CREATE TABLE breaker_closings (
    lane       text NOT NULL,
    domain     text NOT NULL,                      -- '': the lane as a whole
    until_wall timestamptz NOT NULL,               -- until when the breaker would be open: later it closes nothing
    PRIMARY KEY (lane, domain)
);

-- Suppressions are found by the beginning of an address.
CREATE INDEX suppressions_begins ON suppressions ((address COLLATE "C"));
