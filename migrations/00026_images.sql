-- +goose Up

-- Pictures in mails, by what is in them. Whoever has the name may see it.
CREATE TABLE images (
    seq    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name   text PRIMARY KEY,                       -- SHA-256 of the bytes in hex, a dot, and png, jpg or gif
    kind   text NOT NULL,                          -- image/png, image/jpeg or image/gif
    title  text NOT NULL,                          -- name of the file as it was sent
    width  integer NOT NULL,                       -- pixels
    height integer NOT NULL,
    size   integer NOT NULL,                       -- bytes
    bytes  bytea NOT NULL,
    by     text NOT NULL,                          -- id of a key or a user
    at     timestamptz NOT NULL
);
ALTER TABLE images ALTER COLUMN bytes SET STORAGE EXTERNAL; -- they are packed already
