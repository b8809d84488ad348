-- +goose Up

-- Coupons whose time is over, to be told of at that moment.
CREATE INDEX coupons_expire ON coupons (expires_at, id) WHERE state = 'issued' AND expires_at IS NOT NULL;
