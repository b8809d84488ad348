-- +goose Up

-- What a customer chose on her preference page: one marketing message in so many days at most; 0: as many as there are.
ALTER TABLE customers ADD COLUMN mail_days int NOT NULL DEFAULT 0 CHECK (mail_days BETWEEN 0 AND 365);
