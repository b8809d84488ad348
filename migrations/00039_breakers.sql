-- +goose Up

-- Lanes and recipient domains that stand still for a while, as the sender that opened the breaker noted it: for people to see. The senders
-- themselves do not read it.
CREATE TABLE breakers (
    lane       text NOT NULL,
    domain     text NOT NULL,                      -- '': the lane as a whole
    why        text NOT NULL,
    until_wall timestamptz NOT NULL,
    PRIMARY KEY (lane, domain)
);

-- The page of today counts what was sent by day: from the index alone.
CREATE INDEX today_accepted ON messages (sent_at) WHERE state = 'accepted';
DROP INDEX today_sent;
